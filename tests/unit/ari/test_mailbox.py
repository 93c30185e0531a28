"""Mailboxes and the switchboard."""

from __future__ import annotations

import asyncio

import pytest

from ivr.ari import BridgeDestroyed, EndpointState, EnteredBridge, Event, Mailbox, StasisEnd, Switchboard
from ivr.ari.model import Bridge, Channel, Endpoint

ENTERED = EnteredBridge(channel=Channel(id="c1"), bridge=Bridge(id="b1"))


async def test_items_come_in_the_order_in_which_they_were_put() -> None:
    """Those put before and those put while somebody waits."""
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    mailbox.put(2)
    assert [await mailbox.get(), await mailbox.get()] == [1, 2]
    async with asyncio.timeout(1), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(mailbox.get())
        await asyncio.sleep(0)
        mailbox.put(3)
        mailbox.put(4)
    assert (waiting.result(), mailbox.get_nowait(), mailbox.get_nowait(), len(mailbox)) == (3, 4, None, 0)


async def test_a_cancelled_get_loses_nothing() -> None:
    """Not even if the item came in the same instant as the cancellation."""
    mailbox: Mailbox[int] = Mailbox()
    waiting = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    mailbox.put(1)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert await mailbox.get() == 1


async def test_a_mailbox_has_one_reader() -> None:
    """Two would share the events of a call between them."""
    mailbox: Mailbox[int] = Mailbox("call")
    waiting = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="two readers"):
        await mailbox.get()
    waiting.cancel()
    await asyncio.wait({waiting})


def test_everything_left_can_be_drained() -> None:
    """Oldest first."""
    mailbox: Mailbox[int] = Mailbox()
    for number in range(3):
        mailbox.put(number)
    assert list(mailbox.drain()) == [0, 1, 2]
    assert not len(mailbox)


def test_an_event_goes_to_the_owner_of_its_nearest_subject_and_to_nobody_else() -> None:
    """The channel's owner before the bridge's; the fallback only where there is none."""
    fallen: list[Event] = []
    switchboard = Switchboard(fallen.append)
    of_channel: Mailbox[Event] = Mailbox()
    of_bridge: Mailbox[Event] = Mailbox()
    switchboard.attach("b1", of_bridge)
    switchboard.deliver(ENTERED)
    switchboard.attach("c1", of_channel)
    switchboard.deliver(ENTERED)
    switchboard.deliver(BridgeDestroyed(bridge=Bridge(id="b1")))
    phone = EndpointState(endpoint=Endpoint(technology="PJSIP", resource="101"))
    switchboard.deliver(phone)
    assert (len(of_channel), len(of_bridge), fallen) == (1, 2, [phone])


def test_a_detached_object_belongs_to_nobody() -> None:
    """Also all of an actor's at once; unknown ids are fine."""
    fallen: list[Event] = []
    switchboard = Switchboard(fallen.append)
    mailbox: Mailbox[Event] = Mailbox()
    for object_id in ("c1", "b1", "p1"):
        switchboard.attach(object_id, mailbox)
    switchboard.detach("c1")
    switchboard.detach("c1")
    assert switchboard.owner("c1") is None
    assert switchboard.owner("b1") is mailbox
    switchboard.detach_all(mailbox)
    assert not len(switchboard)
    ended = StasisEnd(channel=Channel(id="c1"))
    switchboard.deliver(ended)
    assert fallen == [ended]


def test_an_object_can_change_hands() -> None:
    """A counsellor's leg moves to the call it was dialled for."""
    switchboard = Switchboard()
    first: Mailbox[Event] = Mailbox()
    second: Mailbox[Event] = Mailbox()
    switchboard.attach("c1", first)
    switchboard.attach("c1", second)
    switchboard.deliver(ENTERED)
    assert (len(first), len(second)) == (0, 1)
