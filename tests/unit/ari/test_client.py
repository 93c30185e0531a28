"""What the client sends, over which transport, and what becomes of each answer."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ivr.ari import (
    ApplicationReplacedError,
    Ari,
    AriError,
    BadRequest,
    Bridge,
    Conflict,
    Gone,
    HangupReason,
    InvalidState,
    NotFound,
    OutcomeUnknown,
    Request,
    Response,
    ServerFault,
    Unauthorised,
    Unprocessable,
    Unreachable,
)
from ivr.ari.events import READERS
from ivr.ari.operations import OPERATIONS, Way
from tests.kit.ari_fake import channel

Outcome = Response | Exception


class Script:
    """A transport that gives the outcomes it was told to, and notes what it was asked."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Request] = []
        self.available = True

    async def request(self, request: Request, timeout_s: float) -> Response:
        assert timeout_s > 0
        self.requests.append(request)
        outcome = self.outcomes.pop(0) if self.outcomes else Response(status=204)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def client(*, http: Iterable[Outcome] = (), socket: Iterable[Outcome] = ()) -> tuple[Ari, Script, Script]:
    """A client with a script for each transport."""
    over_http, over_socket = Script(*http), Script(*socket)
    ari = Ari("http://asterisk:8088/ari/", "user", "pass", "app", http=over_http)
    ari.use_socket(over_socket)
    return ari, over_http, over_socket


async def test_each_operation_goes_the_way_that_the_table_says() -> None:
    """A hang-up over the socket, a bridging over HTTP."""
    ari, http, socket = client()
    await ari.hangup("c1", HangupReason.BUSY)
    await ari.add_to_bridge("b1", "c1", role="participant")
    assert [(request.method, request.uri, request.query) for request in socket.requests] == [
        ("DELETE", "channels/c1", (("reason", "busy"),))
    ]
    assert [(request.method, request.uri, request.query) for request in http.requests] == [
        ("POST", "bridges/b1/addChannel", (("channel", "c1"), ("role", "participant")))
    ]


async def test_without_a_socket_everything_goes_over_http() -> None:
    """Asterisk keeps our channels while the socket is down, so a hang-up reaches the human now."""
    ari, http, socket = client()
    socket.available = False
    await ari.hangup("c1")
    ari.use_socket(None)
    await ari.hangup("c2")
    assert [request.uri for request in http.requests] == ["channels/c1", "channels/c2"]
    assert socket.requests == []


async def test_a_socket_lost_just_before_sending_is_not_noticed() -> None:
    """Nothing was sent, so even what may not be repeated goes over HTTP at once."""
    ari, http, _ = client(socket=[Unreachable("claim")])
    assert await ari.claim("c1")
    assert [request.uri for request in http.requests] == ["events/claim"]


@pytest.mark.parametrize("first", [Response(status=503, reason="busy"), OutcomeUnknown("hangup")])
async def test_what_may_be_repeated_is_tried_once_more_over_http(first: Outcome) -> None:
    """A hang-up; two attempts are the bound."""
    ari, http, socket = client(socket=[first])
    assert await ari.hangup("c1")
    assert (len(socket.requests), len(http.requests)) == (1, 1)
    ari, http, socket = client(socket=[first], http=[Response(status=500, reason="still")])
    with pytest.raises(ServerFault):
        await ari.hangup("c1")
    assert (len(socket.requests), len(http.requests)) == (1, 1)


@pytest.mark.parametrize("first", [Response(status=500, reason="Allocation failed"), OutcomeUnknown("originate")])
async def test_a_phone_is_never_dialled_twice(first: Outcome) -> None:
    """An originate is not repeated, whatever comes back."""
    ari, http, socket = client(socket=[first])
    with pytest.raises((ServerFault, OutcomeUnknown)):
        await ari.originate(endpoint="PJSIP/101", channel_id="c1", app_args=["leg"], timeout_s=20)
    assert len(socket.requests) + len(http.requests) == 1


async def test_a_second_try_that_finds_the_work_done_is_a_success() -> None:
    """A bridge that exists and a channel that has left: the first attempt, whose answer was lost, did it."""
    conflict = Response(status=409, reason="already")
    ari, _, _ = client(socket=[OutcomeUnknown("create_bridge")], http=[conflict])
    assert await ari.create_bridge("b1", "holding", "wait") == Bridge(id="b1", kind="holding", name="wait")
    ari, _, _ = client(socket=[OutcomeUnknown("move_to_dialplan")], http=[conflict])
    await ari.move_to_dialplan("c1", "safety-net")
    ari, _, _ = client(socket=[conflict])
    with pytest.raises(Conflict):
        await ari.create_bridge("b1", "holding", "wait")


async def test_a_conflict_of_an_originate_is_believed_only_if_the_channel_exists() -> None:
    """Asterisk's 409 may stem from another request; without a channel it means that the phone cannot be reached."""
    request = {"endpoint": "PJSIP/101", "channel_id": "c1", "app_args": "leg", "timeout_s": 20.0}
    conflict, missing = Response(status=409, reason="exists"), Response(status=404, reason="Channel not found")
    ari, _, _ = client(socket=[conflict], http=[missing])
    with pytest.raises(ServerFault, match="Allocation failed"):
        await ari.originate(**request)  # type: ignore[arg-type]
    ari, _, _ = client(socket=[conflict], http=[Response(status=200, body=channel("c1"))])
    with pytest.raises(Conflict):
        await ari.originate(**request)  # type: ignore[arg-type]


async def test_a_whisper_that_is_there_already_is_no_fault() -> None:
    """Asterisk says 500 for a second one of the same name (the first one's answer was lost, or an earlier program made it)."""
    fault, missing = Response(status=500, reason="Snoop channel could not be created"), Response(status=404, reason="Channel not found")
    ari, _, _ = client(http=[fault, fault, Response(status=200, body=channel("whisper-c1"))])
    assert not await ari.whisper("c1", "whisper-c1")
    ari, _, _ = client(http=[fault, fault, missing])
    with pytest.raises(ServerFault):
        await ari.whisper("c1", "whisper-c1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest), (401, Unauthorised), (403, Unauthorised), (404, NotFound), (409, Conflict), (412, InvalidState),
        (418, AriError), (422, Unprocessable), (500, ServerFault), (503, ServerFault),
    ],
)  # fmt: skip
async def test_every_status_has_its_type(status: int, kind: type[AriError]) -> None:
    """And carries the operation, the status and Asterisk's words."""
    answer = Response(status=status, reason="because")
    ari, _, _ = client(http=[answer, answer])
    with pytest.raises(kind) as caught:
        await ari.answer("c1")
    assert type(caught.value) is kind
    assert (caught.value.operation, caught.value.status, caught.value.reason) == ("answer", status, "because")
    assert str(caught.value) == f"answer: {kind.__name__}: {status} because"


async def test_a_400_is_gone_only_where_asterisk_says_so() -> None:
    """The channel to bridge, the originator; not a nonsensical endpoint."""
    ari, _, _ = client(http=[Response(status=400, reason="Channel not found")])
    with pytest.raises(Gone):
        await ari.add_to_bridge("b1", "c1")
    ari, _, _ = client(
        socket=[
            Response(status=400, reason="Provided originator channel was not found"),
            Response(status=400, reason="Invalid endpoint specified"),
        ]
    )
    with pytest.raises(Gone):
        await ari.originate(endpoint="PJSIP/101", channel_id="c2", app_args="x", timeout_s=5, originator="c1")
    with pytest.raises(BadRequest) as caught:
        await ari.originate(endpoint="nonsense", channel_id="c2", app_args="x", timeout_s=5)
    assert not isinstance(caught.value, Gone)


async def test_already_gone_is_an_ordinary_outcome() -> None:
    """False or None, not an error."""
    gone = Response(status=404, reason="not found")
    ari, _, _ = client(socket=[gone] * 4 + [Response(status=409)], http=[gone] * 4)
    assert not await ari.hangup("c1")
    assert not await ari.stop_playback("p1")
    assert not await ari.destroy_bridge("b1")
    assert not await ari.claim("c1")
    assert not await ari.claim("c1")
    assert await ari.application() is None
    assert await ari.endpoint("PJSIP", "101") is None
    assert await ari.endpoints("PJSIP") == []
    assert await ari.get_variable("c1", "X") is None


async def test_an_originate_says_everything() -> None:
    """Endpoint, application, whole seconds (rounded up), arguments, caller, originator, formats, variables; ids are quoted."""
    ari, _, socket = client(socket=[Response(status=200, body=channel("leg/1"))])
    made = await ari.originate(
        endpoint="PJSIP/101", channel_id="leg/1", app_args=["leg", "7"], timeout_s=19.2, caller_id="외로움안녕 <120>", originator="c1",
        variables={"X": "1"}, formats="alaw",
    )  # fmt: skip
    assert made.id == "leg/1"
    request = socket.requests[0]
    assert request.uri == "channels/leg%2F1"
    assert dict(request.query) == {
        "endpoint": "PJSIP/101", "app": "app", "timeout": "20", "appArgs": "leg,7", "callerId": "외로움안녕 <120>", "originator": "c1",
        "formats": "alaw",
    }  # fmt: skip
    assert request.body == {"variables": {"X": "1"}}
    with pytest.raises(ValueError, match="comma"):
        await ari.originate(endpoint="PJSIP/101", channel_id="c1", app_args=["a,b"], timeout_s=1)


async def test_an_answer_that_cannot_be_read_is_asterisks_fault() -> None:
    """Never a KeyError in a call's actor."""
    ari, _, _ = client(http=[Response(status=200, body={"id": "c1"}), Response(status=200, body=[{"name": "x"}]), Response(status=200)])
    for _ in range(3):
        with pytest.raises(ServerFault, match="unreadable"):
            await ari.channels()


async def test_a_replaced_client_refuses_everything() -> None:
    """Another process is us: nothing more is sent."""
    ari, http, socket = client()
    ari.stop_acting()
    with pytest.raises(ApplicationReplacedError):
        await ari.hangup("c1")
    with pytest.raises(ApplicationReplacedError):
        await ari.add_to_bridge("b1", "c1")
    assert http.requests + socket.requests == []


async def test_the_filter_names_every_event_that_is_read_and_the_answers() -> None:
    """Asterisk filters the answers on the socket, too."""
    ari, http, _ = client()
    await ari.filter_events()
    body = http.requests[0].body
    assert body is not None
    assert body["allowed"] == [{"type": kind} for kind in (*READERS, "RESTResponse")]


def test_the_password_is_in_no_url() -> None:
    """It travels in a header of our own."""
    ari, _, _ = client()
    assert ari.authorization == "Basic dXNlcjpwYXNz"
    assert ari.url == "http://asterisk:8088/ari"


def test_nothing_that_waits_for_a_channel_or_answers_at_length_goes_over_the_socket() -> None:
    """The rule of the operations table."""
    waiting = {"answer", "add_to_bridge", "remove_from_bridge", "set_variable", "get_variable"}
    long = {"channels", "bridges", "endpoints", "application"}
    assert {name for name in waiting | long if OPERATIONS[name].way is not Way.HTTP} == set()
