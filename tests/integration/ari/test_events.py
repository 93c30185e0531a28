"""The order of events, and mailboxes that are there before the request."""

from __future__ import annotations

import asyncio

import pytest

from ivr.ari import (
    ChannelDestroyed,
    ChannelStateChange,
    Dial,
    DtmfReceived,
    EnteredBridge,
    Event,
    HangupRequest,
    LeftBridge,
    Mailbox,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
)
from tests.integration.ari.server import AriAsterisk
from tests.kit.ari_client import connect, expect
from tests.kit.until import until

KEYS = 5


async def _until_ended(mailbox: Mailbox[Event], channel_id: str) -> list[Event]:
    """Everything up to the channel's end."""
    events: list[Event] = []
    try:
        async with asyncio.timeout(10):
            while not (events and isinstance(events[-1], ChannelDestroyed) and events[-1].channel.id == channel_id):
                events.append(await mailbox.get())
    except TimeoutError:
        pytest.fail(f"the channel did not end; it did {[type(event).__name__ for event in events]}")
    return events


def _order(events: list[Event], *kinds: type[Event]) -> list[type[Event]]:
    """The first of each of these kinds, in the order in which they came."""
    firsts: list[type[Event]] = []
    for event in events:
        if type(event) in kinds and type(event) not in firsts:
            firsts.append(type(event))
    return firsts


async def test_keys_come_in_the_order_in_which_they_were_pressed(asterisk: AriAsterisk, name: str) -> None:
    """1 2 3 4 5, in several calls at once, each in its own mailbox."""
    async with connect(asterisk, name) as client:
        boxes = {f"{name}-{number}": client.mailbox(f"{name}-{number}") for number in range(KEYS)}
        for channel_id in boxes:
            asterisk.call("keys", f"direct-{name}", channel_id)
        for mailbox in boxes.values():
            digits = [(await expect(mailbox, DtmfReceived)).digit for _ in range(KEYS)]
            assert digits == ["1", "2", "3", "4", "5"]


async def test_the_far_end_receives_the_digits_that_we_send(asterisk: AriAsterisk, name: str) -> None:
    """Both halves of the Local channel are ours here."""
    async with connect(asterisk, name) as client:
        near, far = client.mailbox(f"{name}-c1"), client.mailbox(f"{name}-c1-far")
        asterisk.ask(
            "POST", "channels", endpoint=f"Local/direct-{name}@in/n", app=name, channelId=f"{name}-c1", otherChannelId=f"{name}-c1-far"
        )
        await expect(far, StasisStart)
        await client.ari.answer(f"{name}-c1-far")
        await expect(near, StasisStart)
        await client.ari.send_dtmf(f"{name}-c1", "19#")
        assert [(await expect(far, DtmfReceived)).digit for _ in range(3)] == ["1", "9", "#"]


async def test_a_call_tells_its_story_in_order(asterisk: AriAsterisk, name: str) -> None:
    """Start, prompt, bridge, hang-up; nothing overtakes, whatever was first in the reply."""
    async with connect(asterisk, name) as client:
        ari, channel_id, bridge_id, playback_id = client.ari, f"{name}-c1", f"{name}-b1", f"{name}-p1"
        mailbox = client.mailbox(channel_id, playback_id)
        asterisk.call("quiet", f"direct-{name}", channel_id)
        await until(lambda: len(mailbox))
        await expect(mailbox, StasisStart)
        await ari.play_on_channel(channel_id, ["tone:ring"], playback_id)
        await expect(mailbox, PlaybackStarted)
        assert await ari.stop_playback(playback_id)
        finished = await expect(mailbox, PlaybackFinished)
        assert finished.playback.target == channel_id
        await ari.create_bridge(bridge_id, "mixing")
        await ari.add_to_bridge(bridge_id, channel_id)
        await expect(mailbox, EnteredBridge)
        assert await ari.hangup(channel_id, "busy")
        await expect(mailbox, HangupRequest)
        await expect(mailbox, LeftBridge)
        await expect(mailbox, StasisEnd)
        assert await ari.destroy_bridge(bridge_id)


async def test_a_callers_own_hangup_has_a_cause_and_no_destroyed_after_it(asterisk: AriAsterisk, name: str) -> None:
    """An incoming channel is ours only while it is in Stasis: its StasisEnd is the last that we hear of it."""
    async with connect(asterisk, name) as client:
        mailbox = client.mailbox(f"{name}-c1")
        asterisk.call("short", f"direct-{name}", f"{name}-c1")
        await expect(mailbox, StasisStart)
        assert (await expect(mailbox, HangupRequest)).cause == 16
        await expect(mailbox, StasisEnd)
        await until(lambda: f"{name}-c1" not in {item["id"] for item in _channels(asterisk)})
        # Whatever Asterisk had to say of it came before this answer.
        await client.ari.ping()
        assert not [event for event in mailbox.drain() if isinstance(event, ChannelDestroyed)]


async def test_a_leg_that_we_dialled_ends_in_order_and_with_a_cause(asterisk: AriAsterisk, name: str) -> None:
    """Such a channel is ours until it is destroyed."""
    async with connect(asterisk, name) as client:
        mailbox = client.mailbox(f"{name}-c1")
        await client.ari.originate(endpoint="Local/quiet@caller/n", channel_id=f"{name}-c1", app_args="leg", timeout_s=5)
        await expect(mailbox, StasisStart)
        assert await client.ari.hangup(f"{name}-c1", "answered_elsewhere")
        events = await _until_ended(mailbox, f"{name}-c1")
        kinds = (HangupRequest, StasisEnd, ChannelDestroyed)
        assert _order(events, *kinds) == list(kinds)
        destroyed = events[-1]
        assert isinstance(destroyed, ChannelDestroyed)
        assert destroyed.cause == 26


def _channels(asterisk: AriAsterisk) -> list[dict[str, object]]:
    found = asterisk.ask("GET", "channels")
    assert isinstance(found, list)
    return found


async def test_nothing_is_missed_that_comes_before_the_reply(asterisk: AriAsterisk, name: str) -> None:
    """The id is ours and the mailbox is there before the request: forty legs, each complete from its first event on."""
    async with connect(asterisk, name) as client:
        for number in range(40):
            channel_id = f"{name}-{number}"
            mailbox = client.mailbox(channel_id)
            made = await client.ari.originate(endpoint="Local/short@caller/n", channel_id=channel_id, app_args=["leg", "x"], timeout_s=5)
            assert made.id == channel_id
            started = await expect(mailbox, StasisStart)
            assert started.args == ("leg", "x")
            await client.ari.hangup(channel_id)
            await _until_ended(mailbox, channel_id)
            client.switchboard.detach(channel_id)
        # What comes after the end (the hang-up of the other half may) belongs to nobody any more.
        ids = {f"{name}-{number}" for number in range(40)}
        assert not [event for event in client.seen if ids & set(event.subjects[:1]) and not isinstance(event, ChannelDestroyed | Dial)]


async def test_a_leg_that_rings_tells_of_ringing_and_of_nobody_answering(asterisk: AriAsterisk, name: str) -> None:
    """No StasisStart; the end has cause 19."""
    async with connect(asterisk, name) as client:
        mailbox = client.mailbox(f"{name}-c1")
        await client.ari.originate(endpoint="Local/ring@caller/n", channel_id=f"{name}-c1", app_args="x", timeout_s=1)
        events = await _until_ended(mailbox, f"{name}-c1")
        assert [event.status for event in events if isinstance(event, Dial)][:2] == ["", "RINGING"]
        assert not [event for event in events if isinstance(event, StasisStart)]
        destroyed = events[-1]
        assert isinstance(destroyed, ChannelDestroyed)
        assert destroyed.cause == 19
        assert any(isinstance(event, ChannelStateChange) and event.channel.state == "Ringing" for event in events)
