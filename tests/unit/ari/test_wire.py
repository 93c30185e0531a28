"""Requests and answers on the socket."""

from __future__ import annotations

import json

import pytest

from ivr.ari import Request, wire
from ivr.ari.model import Unreadable


def test_a_request_carries_query_and_body_unquoted() -> None:
    """Asterisk takes the values of `query_strings` as they are."""
    request = Request(
        operation="x", method="POST", uri="channels/a%2Fb", query=(("callerId", "안녕 <120> & %"),), body={"variables": {"X": "1"}}
    )
    message = json.loads(wire.encode(request, "7"))
    assert message == {
        "type": "RESTRequest",
        "transaction_id": "7",
        "request_id": "7",
        "method": "POST",
        "uri": "channels/a%2Fb",
        "query_strings": [{"name": "callerId", "value": "안녕 <120> & %"}],
        "content_type": "application/json",
        "message_body": '{"variables": {"X": "1"}}',
    }


def test_an_answer_brings_asterisks_own_words() -> None:
    """From the body where there is one, else the phrase of the status; none for a success."""
    base = {"type": "RESTResponse", "request_id": "7", "status_code": 404, "reason_phrase": "Not Found"}
    assert wire.response(base)[1].reason == "Not Found"
    assert wire.response({**base, "message_body": '{"message": "Channel not found"}'})[1].reason == "Channel not found"
    request_id, answer = wire.response({**base, "status_code": 200, "message_body": "[]"})
    assert (request_id, answer.status, answer.reason, answer.body) == ("7", 200, "", [])


@pytest.mark.parametrize("change", [{"request_id": 7}, {"status_code": "200"}, {"message_body": "{"}])
def test_an_unreadable_answer_is_said_to_be_so(change: dict[str, object]) -> None:
    """Whoever waits for it runs into its time-out."""
    with pytest.raises(Unreadable):
        wire.response({"request_id": "7", "status_code": 200, "message_body": "", **change})


@pytest.mark.parametrize("data", ["", "{", "7", "[]", "null", "[" * 100_000])
def test_what_is_no_message_is_said_to_be_so(data: str) -> None:
    """Also what is nested so deep that reading it would break."""
    with pytest.raises(Unreadable):
        wire.decode(data)
