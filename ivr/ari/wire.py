"""A request and its answer as messages on the event WebSocket (Asterisk's RESTRequest and RESTResponse models)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ivr.ari.model import Unreadable, number, text, words
from ivr.ari.transport import Request, Response, reason_of

#: `type` of an answer; everything else on the socket is an event.
REST_RESPONSE = "RESTResponse"


def encode(request: Request, request_id: str) -> str:
    """The message that asks for `request`."""
    message: dict[str, object] = {
        "type": "RESTRequest",
        "transaction_id": request_id,
        "request_id": request_id,
        "method": request.method,
        "uri": request.uri,
    }
    if request.query:
        message["query_strings"] = [{"name": name, "value": value} for name, value in request.query]
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = json.dumps(request.body)
    return json.dumps(message)


def decode(data: str) -> Mapping[str, object]:
    """A message as a mapping; `Unreadable` if it is none."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(message, dict):
        raise Unreadable("not an object")
    return message


def response(message: Mapping[str, object]) -> tuple[str, Response]:
    """The request's id and the answer in a RESTResponse; `Unreadable` if it is none."""
    request_id = text(message, "request_id")
    status = number(message, "status_code")
    raw = words(message, "message_body")
    body: object = None
    if raw:
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise Unreadable("message_body") from error
    reason = (reason_of(body) or words(message, "reason_phrase")) if status >= 300 else ""
    return request_id, Response(status=status, reason=reason, body=body)
