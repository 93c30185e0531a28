"""Operations against the real Asterisk: claim, what waits behind a prompt, texts in every script, answers in numbers."""

from __future__ import annotations

import asyncio

import pytest

from ivr.ari import (
    CallBroadcast,
    Conflict,
    EnteredBridge,
    OutcomeUnknown,
    PlaybackStarted,
    Request,
    ServerFault,
    StasisEnd,
    StasisStart,
)
from ivr.ari.operations import OPERATIONS, Way
from tests.integration.ari.server import AriAsterisk
from tests.kit.ari_client import Client, connect, expect
from tests.kit.until import until


async def test_of_two_programs_that_claim_one_gets_the_call(asterisk: AriAsterisk, name: str) -> None:
    """204 and 409; only the winner's StasisStart, with the arguments of the dialplan; later claims and strangers' are False."""
    async with connect(asterisk, f"{name}-a") as one, connect(asterisk, f"{name}-b") as two:
        asterisk.call("quiet", f"offer-{name}-[ab]", f"{name}-c1")
        for client in (one, two):
            offered = await expect(client.unowned, CallBroadcast)
            assert (offered.channel.id, offered.channel.language) == (f"{name}-c1", "ko")
        claims = await asyncio.gather(one.ari.claim(f"{name}-c1"), two.ari.claim(f"{name}-c1"))
        assert sorted(claims) == [False, True]
        winner, loser = (one, two) if claims[0] else (two, one)
        started = await expect(winner.unowned, StasisStart)
        assert started.args == ("call", "menu", "120")
        assert not await winner.ari.claim(f"{name}-c1")
        assert not await winner.ari.claim(f"{name}-never")
        assert not [event for event in loser.seen if isinstance(event, StasisStart)]


async def test_a_call_that_nobody_claims_goes_on_in_the_dialplan(asterisk: AriAsterisk, name: str) -> None:
    """The line after StasisBroadcast; a claim that comes too late is False."""
    async with connect(asterisk, name) as client:
        asterisk.call("quiet", f"offer-{name}", f"{name}-c1")
        await expect(client.unowned, CallBroadcast)
        await until(lambda: _context(asterisk, f"{name}-c1") == "nobody", 6, every_s=0.1)
        assert not await client.ari.claim(f"{name}-c1")


def _context(asterisk: AriAsterisk, channel_id: str) -> str:
    """Where in the dialplan a channel is."""
    found = asterisk.ask("GET", f"channels/{channel_id}")
    assert isinstance(found, dict)
    return str(found["dialplan"]["context"])


async def _playing(asterisk: AriAsterisk, client: Client, channel_id: str) -> None:
    """A call that hears a prompt without end."""
    mailbox = client.mailbox(channel_id, f"{channel_id}-p")
    asterisk.call("quiet", f"direct-{client.ari.app}", channel_id)
    await expect(mailbox, StasisStart)
    await client.ari.play_on_channel(channel_id, ["tone:ring"], f"{channel_id}-p")
    await expect(mailbox, PlaybackStarted)


@pytest.mark.parametrize("operation", ["add_to_bridge", "answer", "set_variable"])
async def test_what_waits_behind_a_prompt_delays_nobody_else(asterisk: AriAsterisk, name: str, operation: str) -> None:
    """It hangs until the prompt is stopped; meanwhile the socket answers within milliseconds. That is why it goes over HTTP."""
    async with connect(asterisk, name) as client:
        ari, channel_id, bridge_id = client.ari, f"{name}-c1", f"{name}-b1"
        await ari.create_bridge(bridge_id, "mixing")
        await _playing(asterisk, client, channel_id)
        waits = {
            "add_to_bridge": lambda: ari.add_to_bridge(bridge_id, channel_id),
            "answer": lambda: ari.answer(channel_id),
            "set_variable": lambda: ari.set_variable(channel_id, "X", "1"),
        }
        assert OPERATIONS[operation].way is Way.HTTP
        waiting = asyncio.ensure_future(waits[operation]())
        for _ in range(50):
            await client.connection.request(Request(operation="ping", method="GET", uri="asterisk/ping"), 1)
        assert not waiting.done()
        assert await ari.stop_playback(f"{channel_id}-p")
        async with asyncio.timeout(2):
            await waiting
        await ari.destroy_bridge(bridge_id)


@pytest.mark.parametrize("operation", [name for name, operation in OPERATIONS.items() if operation.way is Way.SOCKET])
async def test_nothing_that_goes_over_the_socket_waits_behind_a_prompt(asterisk: AriAsterisk, name: str, operation: str) -> None:
    """Each operation of the socket, on a channel that hears a prompt: done within two seconds, where it would wait for ever."""
    async with connect(asterisk, name) as client:
        ari, channel_id, bridge_id = client.ari, f"{name}-c1", f"{name}-b1"
        await ari.create_bridge(bridge_id, "holding")
        await _playing(asterisk, client, channel_id)
        runs = {
            "claim": lambda: ari.claim(channel_id),
            "ring": lambda: ari.ring(channel_id),
            "ring_stop": lambda: ari.ring_stop(channel_id),
            "hangup": lambda: ari.hangup(channel_id),
            "move_to_dialplan": lambda: ari.move_to_dialplan(channel_id, "nobody"),
            "play_on_channel": lambda: ari.play_on_channel(channel_id, ["tone:busy"], f"{name}-p2"),
            "play_on_bridge": lambda: ari.play_on_bridge(bridge_id, ["tone:busy"], f"{name}-p3"),
            "stop_playback": lambda: ari.stop_playback(f"{channel_id}-p"),
            "create_bridge": lambda: ari.create_bridge(f"{name}-b2", "mixing"),
            "destroy_bridge": lambda: ari.destroy_bridge(bridge_id),
            "start_bridge_music": lambda: ari.start_bridge_music(bridge_id, "waiting"),
            "stop_bridge_music": lambda: _stop_music(client, bridge_id),
            "originate": lambda: ari.originate(
                endpoint="Local/quiet@caller/n", channel_id=f"{name}-c2", app_args="x", timeout_s=5, originator=channel_id
            ),
            "channel": lambda: ari.channel(channel_id),
            "ping": ari.ping,
        }
        async with asyncio.timeout(2):
            await runs[operation]()
        for left in (channel_id, f"{name}-c2"):
            await ari.hangup(left)
        for left in (bridge_id, f"{name}-b2"):
            await ari.destroy_bridge(left)


async def _stop_music(client: Client, bridge_id: str) -> None:
    await client.ari.start_bridge_music(bridge_id, "waiting")
    await client.ari.stop_bridge_music(bridge_id)


async def test_a_bridging_that_timed_out_may_still_happen(asterisk: AriAsterisk, name: str) -> None:
    """Why a time-out is called an unknown outcome: Asterisk does it when the prompt ends."""
    async with connect(asterisk, name) as client:
        ari, channel_id, bridge_id = client.ari, f"{name}-c1", f"{name}-b1"
        await ari.create_bridge(bridge_id, "mixing")
        await _playing(asterisk, client, channel_id)
        request = Request(operation="x", method="POST", uri=f"bridges/{bridge_id}/addChannel", query=(("channel", channel_id),))
        with pytest.raises(OutcomeUnknown):
            await ari.over_http.request(request, 0.2)
        mailbox = client.mailbox(channel_id)
        await ari.stop_playback(f"{channel_id}-p")
        await expect(mailbox, EnteredBridge)
        await ari.destroy_bridge(bridge_id)


@pytest.mark.parametrize("over_socket", [True, False])
async def test_texts_arrive_as_they_were_sent(asterisk: AriAsterisk, name: str, over_socket: bool) -> None:
    """Hangul, quotes, signs that mean something in URLs; in query and body, over both ways."""
    text = 'ㅎ & 100% "외로움" +=#;/? <120>'
    async with connect(asterisk, name) as client:
        ari = client.ari
        mailbox = client.mailbox(f"{name}-c1")
        if not over_socket:
            ari.use_socket(None)
        await ari.originate(
            endpoint="Local/quiet@caller/n", channel_id=f"{name}-c1", app_args=["leg"], timeout_s=5, caller_id="외로움안녕 <120>",
            variables={"SENT": text},
        )  # fmt: skip
        started = await expect(mailbox, StasisStart)
        assert await ari.get_variable(started.channel.id, "SENT") == text
        assert await ari.get_variable(started.channel.id, "CONNECTEDLINE(name)") == "외로움안녕"
        await ari.set_variable(started.channel.id, "SENT", text[::-1])
        assert await ari.get_variable(started.channel.id, "SENT") == text[::-1]
        assert await ari.get_variable(started.channel.id, "NEVER_SET") is None
        await ari.hangup(started.channel.id)


async def test_an_unreachable_phone_is_a_server_fault_also_after_a_duplicate(asterisk: AriAsterisk, name: str) -> None:
    """A second leg with the same id is a conflict; a phone that can't be reached never is, although Asterisk may say so then."""
    async with connect(asterisk, name) as client:
        for ways in (False, True):
            if ways:
                client.ari.use_socket(None)
            leg = f"{name}-leg{ways}"
            await client.ari.originate(endpoint="Local/ring@caller/n", channel_id=leg, app_args="x", timeout_s=5)
            with pytest.raises(Conflict):
                await client.ari.originate(endpoint="Local/ring@caller/n", channel_id=leg, app_args="x", timeout_s=5)
            for number in range(3):
                with pytest.raises(ServerFault):
                    await client.ari.originate(endpoint="NoTech/101", channel_id=f"{leg}-{number}", app_args="x", timeout_s=5)
            await client.ari.hangup(leg)


async def test_a_channel_can_go_on_in_the_dialplan(asterisk: AriAsterisk, name: str) -> None:
    """StasisEnd without an end of the channel: the way into the safety net."""
    async with connect(asterisk, name) as client:
        mailbox = client.mailbox(f"{name}-c1")
        asterisk.call("quiet", f"direct-{name}", f"{name}-c1")
        await expect(mailbox, StasisStart)
        await client.ari.move_to_dialplan(f"{name}-c1", "nobody")
        await expect(mailbox, StasisEnd)
        await until(lambda: _context(asterisk, f"{name}-c1") == "nobody")
        with pytest.raises(Conflict):
            await client.ari.move_to_dialplan(f"{name}-c1", "nobody")


async def test_everything_can_be_listed(asterisk: AriAsterisk, name: str) -> None:
    """What a resync compares with the rows."""
    async with connect(asterisk, name) as client:
        ari = client.ari
        mailbox = client.mailbox(f"{name}-c1")
        asterisk.call("quiet", f"direct-{name}", f"{name}-c1")
        await expect(mailbox, StasisStart)
        await ari.create_bridge(f"{name}-b1", "holding", "wait")
        await ari.add_to_bridge(f"{name}-b1", f"{name}-c1")
        application = await ari.application()
        assert application is not None
        assert f"{name}-c1" in application.channel_ids
        assert f"{name}-b1" in application.bridge_ids
        assert f"{name}-c1" in {channel.id for channel in await ari.channels()}
        bridge = next(bridge for bridge in await ari.bridges() if bridge.id == f"{name}-b1")
        assert (bridge.kind, bridge.name, bridge.channel_ids) == ("holding", "wait", (f"{name}-c1",))
        assert await ari.application(f"{name}-nobody") is None
        info = await ari.asterisk_info()
        assert info.version.startswith("22.")
        assert info.started_at is not None
        assert await ari.endpoints("NoTech") == []
        await ari.destroy_bridge(f"{name}-b1")
