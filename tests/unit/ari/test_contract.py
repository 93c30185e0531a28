"""The checker of our tables must be able to fail: each fault is found and named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ivr.ari.events import Event, Malformed, Unknown
from ivr.ari.model import channel, text
from ivr.ari.operations import Operation, Way
from tests.kit import ari_contract

DOCS: Mapping[str, Mapping[str, Any]] = {
    "channels.json": {
        "apis": [
            {
                "path": "/channels/{channelId}",
                "operations": [
                    {
                        "httpMethod": "DELETE",
                        "parameters": [
                            {"name": "channelId", "paramType": "path", "required": True},
                            {"name": "reason", "paramType": "query", "allowableValues": {"values": ["normal"]}},
                            {"name": "must", "paramType": "query", "required": True},
                        ],
                    },
                ],
            }
        ],
        "models": {
            "Channel": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
            "Message": {"properties": {"type": {"type": "string"}}},
            "Event": {"properties": {"timestamp": {"type": "Date"}, "application": {"type": "string"}}, "subTypes": ["StasisEnd"]},
            "StasisEnd": {"properties": {"channel": {"type": "Channel"}, "args": {"type": "List[string]"}}},
            "RESTRequest": {"properties": {"type": {"required": True}, "uri": {"required": True}}},
        },
    }
}
HANGUP = Operation(name="hangup", method="DELETE", path="/channels/{channelId}", way=Way.HTTP, needs=("must",), query=("reason",))


def test_a_right_table_has_no_problems() -> None:
    """The ground to stand on."""
    assert ari_contract.check_operations(DOCS, [HANGUP]) == []
    assert ari_contract.check_events(DOCS, lambda message: Event(application=text(message, "application")), ["StasisEnd"]) == []


def test_a_wrong_operation_is_found() -> None:
    """Path, method, a parameter that is not there, one that is missing, a body that is not taken."""
    assert ari_contract.check_operations(DOCS, [replace(HANGUP, path="/channel/{id}")]) == ["hangup: there is no DELETE /channel/{id}"]
    assert ari_contract.check_operations(DOCS, [replace(HANGUP, method="POST")]) == ["hangup: there is no POST /channels/{channelId}"]
    assert ari_contract.check_operations(DOCS, [replace(HANGUP, query=("reasons",), needs=(), body=("x",))]) == [
        "hangup: /channels/{channelId} has no parameter reasons",
        "hangup: /channels/{channelId} requires must",
        "hangup: /channels/{channelId} takes no body",
    ]


def test_a_wrong_value_is_found() -> None:
    """Of a parameter with a closed set."""
    assert ari_contract.check_values(DOCS, "/channels/{channelId}", "DELETE", "reason", ["normal", "tired"]) == [
        "DELETE /channels/{channelId}: reason can't be tired"
    ]
    assert ari_contract.check_values(DOCS, "/x", "DELETE", "reason", []) == ["there is no DELETE /x"]


def test_a_wrong_event_is_found() -> None:
    """A type that does not exist, a field that does not exist (also inside), a reader that cannot read it."""

    def reads_too_much(message: Mapping[str, object]) -> Event:
        inside = message.get("channel")
        assert isinstance(inside, dict)
        inside.get("nickname")
        message.get("weather")
        return Event()

    assert ari_contract.check_events(DOCS, reads_too_much, ["StasisEnd", "StasisBegin"]) == [
        "Channel has no field nickname",
        "StasisEnd has no field weather",
        "there is no event StasisBegin",
    ]
    assert ari_contract.check_events(DOCS, lambda _: Malformed(type="StasisEnd", reason="id"), ["StasisEnd"])
    assert ari_contract.check_events(DOCS, lambda _: Unknown(type="StasisEnd"), ["StasisEnd"])


def test_a_wrong_reading_of_a_model_is_found() -> None:
    """The real reader of channels against a model that has next to nothing."""
    assert "Channel has no field creationtime" in ari_contract.check_model(DOCS, "Channel", channel)


def test_a_wrong_message_of_ours_is_found() -> None:
    """Required fields and unknown ones."""
    assert ari_contract.check_message(DOCS, "RESTRequest", {"type": "RESTRequest", "url": "x"}) == [
        "RESTRequest requires uri",
        "RESTRequest has no field url",
    ]
