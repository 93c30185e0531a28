"""Lessons about phones that ring on, counsellors who stay busy, and callers whose counsellor vanished."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import pytest

from core.errors import DatabaseUnavailable
from core.testing import ManualClock
from ivr import call_model as m
from ivr import callback_commands as c
from ivr import flow as flows
from ivr import happenings as h
from ivr.call_model import Phase
from ivr.overflow import Plan
from routing.model import Lane, Offer, OfferResult, Outcome, OverflowReason, Waiting
from routing.policy import Policy
from routing.router import Router
from routing.testing import MemoryReservations
from tests.kit.until import until
from tests.regression.heard import Heard, holding
from tests.regression.test_one_caller_one_counsellor import Books
from tests.unit.ivr.test_call import FLOW, OFFER
from tests.unit.ivr.test_callback_call import OFFERED, PERSON, SEATED, run

T = TypeVar("T")
POLICY = Policy()
OUTSIDE = FLOW.model_copy(update={"outside": Plan(standby=2, partner=True)})
LONG_WAIT = m.Overflowed(reason=OverflowReason.LONG_WAIT)


@pytest.mark.parametrize(
    ("before", "leg"),
    [
        ((m.Entered(), m.Digit(digit="5"), m.OfferGranted(offer=OFFER)), "leg-1"),
        ((m.Entered(), m.Digit(digit="5"), m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1")), "leg-1"),
        ((m.Entered(), m.Digit(digit="5"), LONG_WAIT), "over-c-1"),
        ((m.Entered(), m.Digit(digit="1")), "desk-c-1"),
    ],
)
def test_freeswitch_2529_agents_js_2008_no_phone_rings_on_after_the_caller_hung_up(before: tuple[m.Happening, ...], leg: str) -> None:
    """There, the agent's phone rang on for nobody; here the hang-up of the leg is the first thing that is asked for."""
    call = Heard(flow=OUTSIDE)
    call(*before)
    commands = call(m.CallerGone())
    drops = [command for command in commands if isinstance(command, m.DropLeg)]
    assert [drop.leg_id for drop in drops] == [leg]
    before_it = commands[: commands.index(drops[0])]
    assert all(isinstance(command, m.Stop) for command in before_it), "nothing that waits for a database or for Asterisk comes first"
    assert len(call.outcomes()) == 1


def test_freeswitch_2529_agents_js_2008_nor_the_persons_phone_when_the_counsellor_of_a_call_back_hung_up() -> None:
    """There, the other leg of a dialled call rang on; here it is dropped in the same step."""
    state, commands = run(OFFERED, SEATED, h.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=True))
    assert c.Drop(leg_id=PERSON) in commands
    assert state.result is not None


async def test_freeswitch_2540_1973_opensips_3123_a_dead_workers_counsellor_is_free_again() -> None:
    """There, an agent stayed busy when the server died in between; here a reservation is a lease."""
    books = Books()
    assert await books.reserve() is not None
    books.clock.advance(29)
    assert await books.store.expire() == []
    books.clock.advance(1)
    assert [seat.system for seat in await books.store.expire()] == ["idle"]
    assert await books.reserve() is not None


async def test_freeswitch_2540_1973_opensips_3123_a_counsellor_of_an_ended_call_is_free_again() -> None:
    """There, a lost hang-up event left the agent talking for ever; here the comparison frees whoever belongs to an ended contact."""
    books = Books()
    offer = await books.reserve()
    assert offer is not None
    await books.store.answered(offer)
    assert await books.store.free_ended() == []
    books.db.contacts[offer.contact_id].outcome = str(Outcome.TALKED)
    assert [seat.system for seat in await books.store.free_ended()] == ["idle"]


class Gate:
    """A database that can be away."""

    def __init__(self) -> None:
        self.away = False

    async def __call__(self, work: Callable[[], T]) -> T:
        """Do the work, if it is there."""
        if self.away:
            raise DatabaseUnavailable
        return work()


class Telephone:
    """Remembers who was rung."""

    def __init__(self) -> None:
        self.rung: list[Offer] = []
        self.tended: list[Offer] = []
        self.lost: list[Offer] = []

    def ring(self, offer: Offer) -> None:
        """Ring nothing."""
        self.rung.append(offer)

    def unroutable(self, contact_id: UUID) -> None:
        """Nothing."""

    def overflow(self, contact_id: UUID, reason: OverflowReason) -> None:
        """Nothing."""

    def open_offers(self) -> list[Offer]:
        """Those that are tended."""
        return self.tended

    def reservation_lost(self, offer: Offer) -> None:
        """Remember it."""
        self.lost.append(offer)


async def test_freeswitch_2540_1973_opensips_3123_an_end_that_met_an_absent_database_is_written_later() -> None:
    """There, one failed write left the agent busy; here it is repeated until it is done, and the next caller rings."""
    books, gate, telephone, clock = Books(), Gate(), Telephone(), ManualClock()
    router = Router(MemoryReservations(books.db, ring_timeout_s=20, wrapup_s=0, gate=gate), clock, retry_s=3000)
    task = asyncio.create_task(router.run(telephone))
    try:
        router.join(Waiting(contact_id=books.caller(), since=clock.now()))
        await until(lambda: telephone.rung)
        assert await router.answered(telephone.rung[0])
        gate.away = True
        await router.end_talk(books.kim, telephone.rung[0].epoch)
        router.join(Waiting(contact_id=books.caller(), since=clock.now()))
        assert books.row.presence.system == "talking"
        gate.away = False
        await until(lambda: len(telephone.rung) == 2)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def talking(flow: flows.Flow = FLOW) -> Heard:
    """A caller who talks with 101."""
    call = holding(flow)
    call(m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1", at=100.0), m.Connected(leg_id="leg-1", at=100.0))
    return call


DIED = m.LegDown(leg_id="leg-1", result=OfferResult.FAILED, by_hand=False, at=160.0)


def test_amazon_connect_streams_625_428_33_browser_phone_267_a_dead_desk_does_not_drop_the_caller() -> None:
    """There, a closed tab ended the caller's call; here the caller hears a voice, is first, and the same counsellor comes first."""
    call = talking()
    commands = call(DIED)
    assert call.call.phase is Phase.WAITING
    assert call.prompts() == ("reconnecting",)
    assert m.Join(lane=Lane.DROPPED, named=OFFER.counsellor_id) in commands
    assert [command.kind for command in commands if isinstance(command, m.Alarm)] == ["counsellor_lost"]
    assert m.EndTalk(offer=OFFER, wrapup=False) in commands
    assert not call.kinds(m.HangUp)
    call.done()
    again = replace(OFFER, id=UUID(int=9), epoch=9, leg_id="leg-9")
    call(m.OfferGranted(offer=again), m.LegUp(leg_id="leg-9", at=170.0), m.Connected(leg_id="leg-9", at=170.0))
    call(m.LegDown(leg_id="leg-9", result=OfferResult.ANSWERED, by_hand=True, at=200.0))
    assert call.outcomes() == [Outcome.TALKED]


def test_amazon_connect_streams_625_428_33_browser_phone_267_it_may_die_again_and_again() -> None:
    """There, the desk's picture and the server's parted for good; here each death is one rescue, and a late event of an old leg is nobody's."""
    call = talking()
    for number in range(2, 7):
        call(replace(DIED, leg_id=f"leg-{number - 1}"))
        call(replace(DIED, leg_id=f"leg-{number - 1}"))
        assert len(call.kinds(m.EndTalk)) == number - 1, "told twice, done once"
        call.done()
        offer = replace(OFFER, id=UUID(int=100 + number), leg_id=f"leg-{number}")
        call(m.OfferGranted(offer=offer), m.LegUp(leg_id=offer.leg_id, at=100.0), m.Connected(leg_id=offer.leg_id, at=100.0))
        assert call.call.phase is Phase.TALKING
    assert not call.kinds(m.HangUp)
    assert not call.outcomes()
