"""Our tables against the running Asterisk's own description of ARI; with a newer Asterisk this is what fails first."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ivr.ari import HangupReason, Request, model, parse
from ivr.ari.events import READERS
from ivr.ari.operations import OPERATIONS
from ivr.ari.wire import REST_RESPONSE, encode, response
from tests.integration.ari.server import AriAsterisk
from tests.kit import ari_contract


@pytest.fixture(scope="module")
def docs(asterisk: AriAsterisk) -> ari_contract.Docs:
    """What it serves under /ari/api-docs."""
    return asterisk.docs()


def test_every_operation_exists_with_its_parameters(docs: ari_contract.Docs) -> None:
    """Method, path, what we send and what must be sent."""
    assert ari_contract.check_operations(docs, OPERATIONS.values()) == []


def test_every_event_and_field_that_is_read_exists(docs: ari_contract.Docs) -> None:
    """And an event that has every field of its model is read without complaint."""
    assert ari_contract.check_events(docs, parse, READERS) == []


def _answer(message: dict[str, object]) -> object:
    # The sample's body is no JSON of an answer; what matters here are the names.
    message["message_body"] = "{}"
    return response(message)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Channel", model.channel),
        ("Bridge", model.bridge),
        ("Playback", model.playback),
        ("Endpoint", model.endpoint),
        ("Application", model.application),
        ("AsteriskInfo", model.asterisk_info),
        ("Variable", model.variable),
        (REST_RESPONSE, _answer),
    ],
)
def test_every_field_of_an_answer_that_is_read_exists(docs: ari_contract.Docs, name: str, read: Callable[..., object]) -> None:
    """The models behind the answers."""
    assert ari_contract.check_model(docs, name, read) == []


def test_a_request_on_the_socket_is_as_asterisk_describes_it(docs: ari_contract.Docs) -> None:
    """RESTRequest and its query parameters."""
    message = json.loads(encode(Request(operation="x", method="POST", uri="x", query=(("a", "b"),), body={"c": "d"}), "1"))
    assert ari_contract.check_message(docs, "RESTRequest", message) == []
    assert ari_contract.check_message(docs, "RESTQueryStringParameter", message["query_strings"][0]) == []


def test_every_hangup_reason_exists(docs: ari_contract.Docs) -> None:
    """The closed set of reasons."""
    assert ari_contract.check_values(docs, "/channels/{channelId}", "DELETE", "reason", HangupReason) == []
