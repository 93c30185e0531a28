"""The supervisor of the event socket, against an Asterisk that does what the real one can't be made to do."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import structlog

from core import metrics
from ivr.ari import (
    ApplicationReplaced,
    ApplicationReplacedError,
    DtmfReceived,
    Event,
    OutcomeUnknown,
    Request,
    StasisEnd,
    StasisStart,
    Timing,
    Unreachable,
)
from ivr.ari.supervision import Backoff, Lost, Refused
from tests.kit.ari_client import connect
from tests.kit.ari_fake import Answer, FakeAsterisk, channel, event
from tests.kit.until import until

#: Everything ten to a hundred times as fast.
QUICK = Timing(ping_s=0.05, pong_s=0.1, retry_min_s=0.01, retry_max_s=0.05, refused_min_s=0.02, refused_max_s=0.05, settled_s=0.5)
RECONNECTS = ("annyeong120_ari_reconnects_total", {"node": "missing"})
PING = Request(operation="ping", method="GET", uri="asterisk/ping")


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    """Running; closed with the test."""
    async with FakeAsterisk() as server:
        yield server


def ignored(reason: str) -> float:
    """How many messages were dropped for this reason so far."""
    return metrics.registry.get_sample_value("annyeong120_events_ignored_total", {"reason": reason}) or 0.0


def logged(logs: list[Any], name: str) -> list[Mapping[str, Any]]:
    """The log entries of this name."""
    return [entry for entry in logs if entry["event"] == name]


def started(channel_id: str) -> dict[str, object]:
    """A call that arrives."""
    return event("StasisStart", args=[], channel=channel(channel_id))


async def test_events_are_held_back_until_the_resync_is_done_and_then_come_in_order(fake: FakeAsterisk) -> None:
    """Nobody acts on half a picture, and nothing is lost or overtaken."""
    gate = asyncio.Event()
    async with connect(fake, "app", wait=False, timing=QUICK) as client:
        client.on_connected_also = gate.wait
        for number in range(5):
            await fake.send(started(f"c{number}"))
        # The socket works already: the resync itself needs it.
        await until(lambda: client.connection.available)
        await client.connection.request(PING, 1)
        assert (client.seen, client.connection.connected) == ([], False)
        gate.set()
        await client.connected()
        await fake.send(started("c5"))
        await until(lambda: len(client.seen) == 6)
        assert [one.subjects for one in client.seen] == [(f"c{number}",) for number in range(6)]


async def test_a_failed_resync_closes_the_socket_and_tries_again(fake: FakeAsterisk) -> None:
    """Live is only who has the whole picture."""
    failures = 2

    async def resync() -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise RuntimeError("database away")

    with structlog.testing.capture_logs() as logs:
        async with connect(fake, "app", wait=False, timing=QUICK) as client:
            client.on_connected_also = resync
            await client.connected(3)
    assert len(fake.attempts) == 3
    assert len(logged(logs, "ari_resync_failed")) == 2
    assert [reason for reason in client.lost if "resync failed" in reason] == ["resync failed (RuntimeError)"] * 2


async def test_a_resync_that_hangs_is_given_up(fake: FakeAsterisk) -> None:
    """It must not keep the line deaf for ever."""
    async with connect(fake, "app", wait=False, timing=Timing(resync_s=0.05, retry_min_s=0.01, retry_max_s=0.02)) as client:
        client.on_connected_also = asyncio.Event().wait
        await until(lambda: len(fake.attempts) >= 2)
        client.on_connected_also = None
        await client.connected()


async def test_a_lost_socket_fails_what_is_under_way_as_unknown_and_comes_back(fake: FakeAsterisk) -> None:
    """The request may have happened; and from the moment of the loss others go over HTTP."""
    never = asyncio.Event()

    async def handle(request: str, _query: Mapping[str, str]) -> Answer:
        if request == "GET asterisk/ping":
            await never.wait()
        return 204, None

    fake.handle = handle
    async with connect(fake, "app", timing=QUICK) as client:
        waiting = asyncio.ensure_future(client.connection.request(PING, 5))
        await until(lambda: fake.requests)
        await fake.sockets[0].close()
        with pytest.raises(OutcomeUnknown, match="socket closed"):
            await waiting
        assert not client.connection.available
        with pytest.raises(Unreachable):
            await client.connection.request(PING, 5)
        await client.ari.hangup("c1")
        assert fake.requests[-1][0] == "http"
        await client.connected(2)
        assert len(client.lost) == 1


async def test_a_late_answer_is_counted_and_meets_nobody(fake: FakeAsterisk) -> None:
    """After the time-out, and after answers to requests that were never made."""
    before = ignored("late_response")
    gate = asyncio.Event()

    async def handle(_request: str, _query: Mapping[str, str]) -> Answer:
        await gate.wait()
        return 200, {}

    fake.handle = handle
    async with connect(fake, "app", timing=QUICK) as client:
        with pytest.raises(OutcomeUnknown, match="no answer"):
            await client.connection.request(PING, 0.05)
        gate.set()
        await until(lambda: ignored("late_response") == before + 1)
        await fake.send({"type": "RESTResponse", "request_id": "99", "transaction_id": "99", "status_code": 200, "uri": "x"})
        await until(lambda: ignored("late_response") == before + 2)
        assert (await client.connection.request(PING, 1)).status == 200


async def test_nonsense_and_unknown_events_are_counted_and_change_nothing(fake: FakeAsterisk) -> None:
    """Between two good events; and a handler that fails costs nobody the socket."""
    malformed, unknown, failed = ignored("malformed"), ignored("unknown"), ignored("handler_failed")
    async with connect(fake, "app", timing=QUICK) as client:
        await fake.send(started("c1"))
        for nonsense in ("", "{", "[]", b"\x00\x01", event("StasisStart"), {"no": "type"}, {"type": "RESTResponse", "request_id": 5}):
            await fake.send(nonsense)
        await fake.send(event("ChannelDreamt"))
        await until(lambda: len(client.seen) == 1)

        def fails(_event: Event) -> None:
            raise KeyError("a fault of ours")

        client.switchboard.fallback = fails
        await fake.send(event("StasisEnd", channel=channel("c1")))
        await until(lambda: ignored("handler_failed") == failed + 1)
        client.switchboard.fallback = client.seen.append
        await fake.send(event("StasisEnd", channel=channel("c2")))
        await until(lambda: len(client.seen) == 2)
        assert isinstance(client.seen[0], StasisStart)
        assert isinstance(client.seen[1], StasisEnd)
        assert (ignored("malformed"), ignored("unknown")) == (malformed + 7, unknown + 1)
        assert client.lost == []


async def test_a_repeated_event_is_delivered_as_often_as_it_comes(fake: FakeAsterisk) -> None:
    """Two equal digits are two key presses: to tell repetitions is the call's business."""
    async with connect(fake, "app", timing=QUICK) as client:
        for _ in range(2):
            await fake.send(event("ChannelDtmfReceived", channel=channel("c1"), digit="5", duration_ms=100))
        await until(lambda: len(client.seen) == 2)
        assert all(isinstance(one, DtmfReceived) for one in client.seen)


async def test_a_silent_peer_is_noticed_although_the_socket_stays_open(fake: FakeAsterisk) -> None:
    """No pong within the time: lost, even while events still come."""
    async with connect(fake, "app", timing=QUICK) as client:
        fake.answer_pings = False
        async with asyncio.timeout(20):
            while not client.lost:
                await fake.send(started("c1"))
                await asyncio.sleep(0)
        assert client.lost == ["no answer to a ping"]
        fake.answer_pings = True
        await client.connected(2)


async def test_a_replaced_application_stops_at_once_and_for_good(fake: FakeAsterisk) -> None:
    """The callback, a client that refuses, the error out of `run`, no reconnect; also in the middle of a resync."""
    for held in (False, True):
        async with connect(fake, "app", wait=not held, timing=QUICK) as client:
            if held:
                client.on_connected_also = asyncio.Event().wait
            attempts = len(fake.attempts)
            await fake.send(event("ApplicationReplaced", application="app"))
            await asyncio.wait({client.task}, timeout=20)
            assert isinstance(client.task.exception(), ApplicationReplacedError)
            assert client.replaced
            with pytest.raises(ApplicationReplacedError):
                await client.ari.hangup("c1")
            assert len(fake.attempts) <= attempts + held


async def test_an_attempt_of_our_own_that_comes_through_late_is_not_taken_for_another_process(fake: FakeAsterisk) -> None:
    """Asterisk was frozen and reads it after the one that stands: we connect again. Losing the name once more is another process."""
    fake.silent = True
    timing = dataclasses.replace(QUICK, open_s=0.1)
    async with connect(fake, "app", wait=False, timing=timing) as client:
        await until(lambda: len(fake.attempts) == 2)
        fake.silent = False
        await client.connected()
        given_up = len(fake.attempts) - 1
        for number in range(given_up):
            await fake.send(event("ApplicationReplaced", application="app"))
            await client.connected(2 + number)
        assert client.lost == ["an earlier attempt to connect came through late"] * given_up
        assert not client.replaced
        await fake.send(event("ApplicationReplaced", application="app"))
        await asyncio.wait({client.task}, timeout=20)
        assert isinstance(client.task.exception(), ApplicationReplacedError)


async def test_an_adopted_application_that_is_taken_back_ends_only_the_adoption(fake: FakeAsterisk) -> None:
    """The dead worker lives again; we go on under our own name."""
    async with connect(fake, "app", adopt=["dead"], timing=QUICK) as client:
        names = client.connection.applications
        assert names == ("app", "dead")
        await fake.send(event("ApplicationReplaced", application="dead"))
        await until(lambda: client.seen)
        assert isinstance(client.seen[0], ApplicationReplaced)
        names = client.connection.applications
        assert names == ("app",)
        assert client.connection.connected
        assert not client.replaced


async def test_an_asterisk_that_is_not_there_is_waited_for_and_said_once(fake: FakeAsterisk) -> None:
    """No flood of log lines, and ready by itself when it comes."""
    await fake.stop()
    with structlog.testing.capture_logs() as logs:
        async with connect(fake, "app", wait=False, timing=QUICK, node="missing") as client:
            await until(lambda: (metrics.registry.get_sample_value(*RECONNECTS) or 0) >= 5)
            assert not client.connection.connected
            assert len(logged(logs, "ari_not_connected")) == 1
            await fake.start()
            await client.connected()
    assert len(logged(logs, "ari_connected")) == 1
    assert client.lost == ["stopped"]


async def test_a_wrong_password_says_what_to_do_and_keeps_trying(fake: FakeAsterisk) -> None:
    """Once, not with every attempt; then it is put right on Asterisk's side."""
    fake.password = "changed"
    with structlog.testing.capture_logs() as logs:
        async with connect(fake, "app", wait=False, timing=QUICK) as client:
            client.ari.authorization = "Basic wrong"
            await until(lambda: len(fake.attempts) >= 3)
            errors = logged(logs, "ari_refused")
            assert len(errors) == 1
            assert errors[0]["log_level"] == "error"
            assert "ari.conf" in errors[0]["reason"]
            client.ari.authorization = "Basic dGVzdDpjaGFuZ2Vk"
            await client.connected()
    assert "changed" not in str(logs)


@pytest.mark.parametrize("fault", ["refuse", "hang_up", "resync"])
async def test_no_failure_makes_a_tight_loop(fake: FakeAsterisk, fault: str) -> None:
    """Between two attempts there is always a wait, and it grows."""
    timing = Timing(retry_min_s=0.05, retry_max_s=0.2, refused_min_s=0.1, refused_max_s=0.2)

    async def resync() -> None:
        if fault == "resync":
            raise RuntimeError

    fake.refuse = 503 if fault == "refuse" else None
    fake.hang_up = fault == "hang_up"
    async with connect(fake, "app", wait=False, timing=timing) as client:
        client.on_connected_also = resync
        await until(lambda: len(fake.attempts) >= 6, 10)
    gaps = [later - earlier for earlier, later in zip(fake.attempts, fake.attempts[1:], strict=False)]
    assert min(gaps) >= 0.05


def test_waits_grow_and_stay_between_their_bounds() -> None:
    """0.1 to 2 s, 2 to 5 s after a refusal; a session that lasted starts again."""
    backoff = Backoff(Timing(), random.Random(120))
    waits = [backoff.after(Lost("x"), lasted_s=0.01) for _ in range(200)]
    assert min(waits) >= 0.1
    assert max(waits[:2]) <= 0.4
    assert 1.5 < max(waits) <= 2.0
    assert backoff.after(Lost("x"), lasted_s=60) <= 0.2
    refused = [backoff.after(Refused("x"), lasted_s=0.01) for _ in range(200)]
    assert min(refused) >= 2.0
    assert max(refused) <= 5.0


async def test_nothing_is_left_running_when_it_is_stopped(fake: FakeAsterisk) -> None:
    """Cancelled while live: socket closed, no task without an owner."""
    before = asyncio.all_tasks()
    async with connect(fake, "app", timing=QUICK) as client:
        pass
    assert client.task.cancelled()
    assert client.lost == ["stopped"]
    await until(lambda: not fake.sockets)
    names = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in names if name.startswith("ari")}


async def test_a_cancellation_in_the_moment_of_a_loss_is_not_lost(fake: FakeAsterisk) -> None:
    """Whenever it comes, the supervisor ends."""
    fake.hang_up = True
    for turns in range(40):
        async with asyncio.timeout(20), connect(fake, "app", wait=False, timing=QUICK):
            attempts = len(fake.attempts)
            await until(_more_than(fake.attempts, attempts), every_s=0)
            for _ in range(turns):
                await asyncio.sleep(0)


def _more_than(items: list[float], count: int) -> Callable[[], bool]:
    return lambda: len(items) > count
