"""Lessons about restarts and about events that overtake replies."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from core.testing import ManualClock
from ivr import call_model as m
from ivr.ari import Ari, Bridge, Channel, ChannelDestroyed, Conflict, Event, Mailbox, StasisStart, Switchboard
from ivr.call_model import Phase
from ivr.legs import Leg
from ivr.recovery import Picture, resumed
from ivr.services import Services
from routing.contacts import LiveContact
from routing.model import ContactState, Lane, Offer, OfferResult
from tests.regression.heard import Heard

THEN = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
CONTACT = UUID(int=2)
OFFER = Offer(id=UUID(int=1), contact_id=CONTACT, counsellor_id=UUID(int=3), epoch=7, extension="101", leg_id="leg-1")
ROW = LiveContact(
    id=CONTACT, channel_id="caller", state=ContactState.WAITING, entry="menu", language="en", entered_at=THEN, queued_at=THEN,
    answered_at=None, virtual_start=THEN, lane=Lane.CRISIS, promised_place=2,
)  # fmt: skip


def picture(*channels: str, up: bool = True, talk: tuple[str, ...] = ()) -> Picture:
    """Asterisk with these channels besides the caller's."""
    found = {key: Channel(id=key, state="Up" if up or key == "caller" else "Ringing") for key in ("caller", *channels)}
    bridges = {f"talk-{CONTACT}": Bridge(id=f"talk-{CONTACT}", kind="mixing", channel_ids=talk)} if talk else {}
    return Picture(channels=found, bridges=bridges, started_at=THEN)


@pytest.mark.parametrize(
    ("state", "offer", "seen", "phase"),
    [
        (ContactState.MENU, None, picture(), Phase.MENU),
        (ContactState.WAITING, None, picture(), Phase.WAITING),
        (ContactState.WAITING, OFFER, picture(), Phase.WAITING),
        (ContactState.WAITING, OFFER, picture("leg-1", up=False), Phase.WAITING),
        (ContactState.WAITING, OFFER, picture("leg-1"), Phase.TALKING),
        (ContactState.TALKING, OFFER, picture("leg-1", talk=("caller", "leg-1")), Phase.TALKING),
        (ContactState.TALKING, OFFER, picture(), Phase.WAITING),
        (ContactState.OVERFLOW, None, picture(f"over-{CONTACT}-1", talk=("caller", f"over-{CONTACT}-1")), Phase.OVERFLOW),
        (ContactState.OVERFLOW, None, picture(f"over-{CONTACT}-1"), Phase.WAITING),
        (ContactState.TRANSFER, None, picture(f"desk-{CONTACT}-1", up=False), Phase.DIALLING),
        (ContactState.TRANSFER, None, picture(f"desk-{CONTACT}-1", talk=("caller", f"desk-{CONTACT}-1")), Phase.TRANSFERRED),
        (ContactState.SAFETY_NET, None, picture(), Phase.WAITING),
    ],
)
def test_cycoresystems_ari_144_a_restarted_program_takes_every_call_up_again(
    state: ContactState, offer: Offer | None, seen: Picture, phase: Phase
) -> None:
    """There, no StasisStart was replayed after a restart and calls were orphans; ours reads rows and channels and goes on audibly."""
    call = Heard(resumed(replace(ROW, state=state), offer, seen))
    commands = call(m.Resumed())
    assert call.call.phase is phase
    assert not any(isinstance(command, m.HangUp | m.Finish) for command in call.all)
    assert (call.call.lane, call.call.language, call.call.since) == (Lane.CRISIS, "en", THEN)
    if phase in (Phase.OVERFLOW, Phase.TRANSFERRED) or seen.bridges:
        assert commands == [], "a talk is not touched"


def test_cycoresystems_ari_144_a_lost_counsellor_and_an_announced_place_survive_the_restart() -> None:
    """There, everything known of a call was gone with the process; ours keeps the place, the promise and whom the caller talked with."""
    lost = replace(ROW, lane=Lane.NORMAL, answered_at=THEN, counsellor_id=OFFER.counsellor_id)
    call = Heard(resumed(lost, OFFER, picture()))
    call(m.Resumed())
    assert m.Join(lane=Lane.DROPPED, named=OFFER.counsellor_id, since=THEN) in call.all
    call(m.Place(why=m.PlaceFor.INTRO, ahead=5))
    assert "place_before" not in call.prompts(), "three more than was said before"


class SlowAri:
    """Asterisk whose answer to an originate comes when the test says so."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked: list[str] = []

    async def originate(self, *, channel_id: str, **_: object) -> None:
        """Wait for the test."""
        self.asked.append(channel_id)
        await self.answer


class Rig:
    """A leg over that Asterisk, its mailbox attached as the stage does it."""

    def __init__(self) -> None:
        self.ari = SlowAri()
        self.tasks: list[asyncio.Task[None]] = []
        self.posted: list[m.Happening] = []
        self.switchboard = Switchboard()
        self.mailbox: Mailbox[Event | m.Happening] = Mailbox("caller")
        book = SimpleNamespace(answered=lambda _: None, ended=lambda *_: None)
        self.services = cast(
            Services, SimpleNamespace(ari=cast(Ari, self.ari), clock=ManualClock(), leg_book=book, caller_id="120", spawn=self.spawn)
        )
        self.leg = Leg("leg-1", self.services, self.posted.append)

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Own a task."""
        task = asyncio.create_task(work, name=name)
        self.tasks.append(task)
        return task

    def ring(self) -> None:
        """The mailbox first, then the request."""
        self.switchboard.attach("leg-1", self.mailbox)
        self.leg.ring(endpoint="PJSIP/101", timeout_s=20, call_id="c", originator="caller")


def up() -> StasisStart:
    """The leg answered."""
    return StasisStart(channel=Channel(id="leg-1", state="Up"), args=("leg", "c"))


async def test_dograh_284_an_answer_before_the_reply_to_the_dialling_counts() -> None:
    """There, StasisStart came before the POST returned and addChannel met a channel nobody knew; our ids and mailboxes are there first."""
    rig = Rig()
    rig.ring()
    assert rig.switchboard.owner("leg-1") is rig.mailbox
    rig.leg.handle(up())
    assert rig.posted == [m.LegUp(leg_id="leg-1", at=1000.0)]
    rig.ari.answer.set_result(None)
    await asyncio.gather(*rig.tasks)
    assert (rig.ari.asked, len(rig.posted)) == (["leg-1"], 1), "dialled once, told once"


async def test_dograh_284_an_end_before_the_reply_is_one_end() -> None:
    """There, late replies and early events made two stories of one leg; ours posts one end, whichever is first."""
    rig = Rig()
    rig.ring()
    rig.leg.handle(ChannelDestroyed(channel=Channel(id="leg-1"), cause=17))
    rig.ari.answer.set_exception(Conflict("originate", status=409))
    await asyncio.gather(*rig.tasks)
    downs = [happening for happening in rig.posted if isinstance(happening, m.LegDown)]
    assert [down.result for down in downs] == [OfferResult.BUSY]
