"""The event socket when things break: Asterisk dies, freezes, vanishes without a word; another process takes our name."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest
import structlog

from ivr.ari import (
    ApplicationReplacedError,
    AriError,
    DtmfReceived,
    EnteredBridge,
    OutcomeUnknown,
    Request,
    StasisEnd,
    StasisStart,
    Timing,
    Unreachable,
)
from tests.integration.ari.server import AriAsterisk
from tests.kit.ari_client import connect, expect
from tests.kit.proxy import TcpProxy
from tests.kit.until import until

#: FAILURES 7. A black hole begins at worst right after a pong: it is seen when the next ping is due and has gone unanswered.
BLACK_HOLE_S = 5.0
UNANSWERED = "no answer to a ping"
PING = Request(operation="ping", method="GET", uri="asterisk/ping")


async def test_a_killed_asterisk_is_noticed_at_once_and_its_successor_found(own_asterisk: AriAsterisk, name: str) -> None:
    """A request under way has an unknown outcome, later ones find nobody; after the restart everything works again by itself."""
    async with connect(own_asterisk, name) as client:
        before = (await client.ari.asterisk_info()).started_at
        bridge = await client.ari.create_bridge(f"{name}-b1", "mixing")
        mailbox = client.mailbox(f"{name}-c1")
        own_asterisk.call("quiet", f"direct-{name}", f"{name}-c1")
        await expect(mailbox, StasisStart)
        await client.ari.play_on_channel(f"{name}-c1", ["tone:ring"], f"{name}-p1")
        hanging = asyncio.ensure_future(client.ari.add_to_bridge(bridge.id, f"{name}-c1"))
        await client.ari.ping()
        own_asterisk.stop()
        # At once, not by a ping that goes unanswered.
        await until(lambda: client.lost)
        assert client.lost != [UNANSWERED]
        assert not client.connection.connected
        with pytest.raises(OutcomeUnknown):
            await hanging
        with pytest.raises(Unreachable):
            await client.ari.hangup(f"{name}-c1")
        await asyncio.to_thread(own_asterisk.start)
        await client.connected(2)
        after = (await client.ari.asterisk_info()).started_at
        assert before is not None
        assert after is not None
        # This is how a resync tells a new Asterisk from the old one: every call of before is gone.
        assert after > before
        own_asterisk.call("quiet", f"direct-{name}", f"{name}-c2")
        assert (await expect(client.unowned, StasisStart)).channel.id == f"{name}-c2"


def test_the_pings_keep_the_promise() -> None:
    """What is seen by a ping that goes unanswered is seen in time."""
    assert Timing().ping_s + Timing().pong_s < BLACK_HOLE_S


async def test_a_frozen_asterisk_is_noticed_by_its_silence(own_asterisk: AriAsterisk, name: str) -> None:
    """SIGSTOP: the sockets stay open, nothing answers; and when it goes on, so do we."""
    async with connect(own_asterisk, name) as client:
        os.kill(own_asterisk.pid, signal.SIGSTOP)
        try:
            await until(lambda: client.lost, BLACK_HOLE_S)
            assert client.lost == [UNANSWERED]
        finally:
            os.kill(own_asterisk.pid, signal.SIGCONT)
        await client.connected(2)


async def test_a_freeze_of_our_own_is_no_black_hole(asterisk: AriAsterisk, name: str) -> None:
    """After SIGSTOP or a blocked loop the pong lies in the socket, although its time is over."""
    async with connect(asterisk, name, timing=Timing(ping_s=0.02, pong_s=1.0)) as client:
        for _ in range(3):
            # Blocks the whole process on purpose; pings are sent so often that one is under way or due.
            time.sleep(1.2)  # noqa: ASYNC251
            await client.connection.request(PING, 2)
        assert client.lost == []


@pytest.mark.parametrize("after_s", [0.0, 1.9])
async def test_a_black_hole_is_noticed_by_its_silence(asterisk: AriAsterisk, name: str, after_s: float) -> None:
    """No FIN, no reset, wherever in the rhythm of the pings it begins; afterwards the old socket's late end does no harm."""
    async with TcpProxy(asterisk.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/ari"
        async with connect(asterisk, name, url=url) as client:
            # Not a wait for something to happen, but the moment at which the line is cut.
            await asyncio.sleep(after_s)
            proxy.black_hole()
            with pytest.raises(OutcomeUnknown):
                await client.connection.request(PING, 0.5)
            await until(lambda: client.lost, BLACK_HOLE_S)
            assert client.lost == [UNANSWERED]
            with pytest.raises(AriError):
                await client.ari.ping()
            proxy.heal()
            await client.connected(2)
            # Now Asterisk reads the end of the old socket; the new one must not go with it.
            for number in range(3):
                asterisk.call("keys", f"direct-{name}", f"{name}-c{number}")
                assert (await expect(client.unowned, StasisStart)).channel.id == f"{name}-c{number}"
            await expect(client.unowned, DtmfReceived)
            assert not client.replaced


async def test_a_cut_line_loses_no_call(asterisk: AriAsterisk, name: str) -> None:
    """The channel stays in our application; what happened in the gap is not told, but can be seen."""
    async with TcpProxy(asterisk.port) as proxy, connect(asterisk, name, url=f"http://127.0.0.1:{proxy.port}/ari") as client:
        for number in range(2):
            asterisk.call("quiet", f"direct-{name}", f"{name}-c{number}")
            await expect(client.unowned, StasisStart)
        await proxy.refuse()
        proxy.cut()
        await until(lambda: client.lost)
        asterisk.ask("DELETE", f"channels/{name}-c0")
        await proxy.accept()
        await client.connected(2)
        application = await client.ari.application()
        assert application is not None
        assert application.channel_ids == (f"{name}-c1",)
        assert not [event for event in client.seen if isinstance(event, StasisEnd)]
        mailbox = client.mailbox(f"{name}-c1")
        await client.ari.hangup(f"{name}-c1")
        await expect(mailbox, StasisEnd)


async def test_the_loser_of_a_name_stops_at_once_and_for_good(asterisk: AriAsterisk, name: str) -> None:
    """The second process goes on; the first ends its `run` with the error and sends nothing more."""
    async with connect(asterisk, name) as first, connect(asterisk, name) as second:
        await asyncio.wait({first.task}, timeout=20)
        assert isinstance(first.task.exception(), ApplicationReplacedError)
        assert first.replaced
        with pytest.raises(ApplicationReplacedError):
            await first.ari.ping()
        asterisk.call("quiet", f"direct-{name}", f"{name}-c1")
        await expect(second.unowned, StasisStart)
        assert second.connection.connected


async def test_a_dead_programs_calls_are_adopted(asterisk: AriAsterisk, name: str) -> None:
    """By a connection under both names: their events come, and they can be commanded; when the dead one is back, it has them again."""
    dead, own = f"{name}-dead", f"{name}-own"
    async with connect(asterisk, dead) as victim:
        asterisk.call("quiet", f"direct-{dead}", f"{name}-c1")
        await expect(victim.unowned, StasisStart)
    async with connect(asterisk, own, adopt=[dead]) as heir:
        left = await heir.ari.application(dead)
        assert left is not None
        assert left.channel_ids == (f"{name}-c1",)
        mailbox = heir.mailbox(f"{name}-c1")
        await heir.ari.create_bridge(f"{name}-b1", "mixing")
        await heir.ari.add_to_bridge(f"{name}-b1", f"{name}-c1")
        entered = await expect(mailbox, EnteredBridge)
        assert entered.application in {dead, own}
        async with connect(asterisk, dead):
            await until(lambda: heir.connection.applications == (own,))
            assert heir.connection.connected
            assert not heir.replaced
        await heir.ari.hangup(f"{name}-c1")
        await heir.ari.destroy_bridge(f"{name}-b1")


async def test_an_asterisk_that_starts_later_is_waited_for(own_asterisk: AriAsterisk, name: str) -> None:
    """Said once; ready by itself within two seconds of its being there."""
    own_asterisk.stop()
    with structlog.testing.capture_logs() as logs:
        async with connect(own_asterisk, name, wait=False) as client:
            await until(lambda: [entry for entry in logs if entry["event"] == "ari_not_connected"])
            await asyncio.to_thread(own_asterisk.start)
            await client.connected()
    assert len([entry for entry in logs if entry["event"] == "ari_not_connected"]) <= 2


async def test_a_wrong_password_is_said_so_and_put_right_on_the_other_side(own_asterisk: AriAsterisk, name: str) -> None:
    """An error that says what to do; no restart of ours is needed."""
    password, own_asterisk.password = own_asterisk.password, "mistaken"
    with structlog.testing.capture_logs() as logs:
        async with connect(own_asterisk, name, wait=False) as client:
            await until(lambda: [entry for entry in logs if entry["event"] == "ari_refused"])
            path = own_asterisk.folder / "etc" / "ari.conf"
            path.write_text(path.read_text().replace(password, "mistaken"))
            own_asterisk.command("module reload res_ari.so")
            await client.connected()
    assert "mistaken" not in str(logs)
