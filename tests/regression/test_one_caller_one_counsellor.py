"""Lessons about who gets whom: once, in order, not again at once, and not while they write."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.database import Database
from core.errors import DatabaseConflict
from core.ids import new_id
from core.testing import ManualClock
from ivr import call_model as m
from routing import engine_model as e
from routing.model import Kind, Lane, Offer, OfferResult, Seat
from routing.policy import Policy
from routing.presence_model import Human, Presence, PresenceEvent
from routing.reservations import Reservations
from routing.testing import Contact, MemoryDatabase, MemoryReservations
from tests.integration.routing.rows import add_contact, add_counsellor
from tests.regression.heard import holding
from tests.unit.ivr.test_call import OFFER, OTHER
from tests.unit.routing.lines import NOW, POLICY, after, contact, grant, join, line, pairs, seat


class Books:
    """The tables in memory with one counsellor at work, and a clock in hand."""

    def __init__(self, *, wrapup_s: float = 0.0) -> None:
        self.clock = ManualClock()
        self.db = MemoryDatabase(self.clock.now)
        self.store = MemoryReservations(self.db, ring_timeout_s=20, wrapup_s=wrapup_s)
        self.kim = new_id()
        self.row = self.db.add_counsellor(self.kim, "101")
        self.row.presence = Presence(human=Human.READY, reachable=True, idle_since=self.clock.now())

    def caller(self) -> UUID:
        """Somebody who waits."""
        row = Contact(new_id(), "main", "w1", str(new_id()), "menu", "120", "ko", None, "waiting", self.clock.now(), self.clock.now())
        self.db.contacts[row.id] = row
        return row.id

    async def seat(self) -> Seat:
        """The counsellor as the row is."""
        return (await self.store.seats(None))[0]

    async def reserve(self) -> Offer | None:
        """For a new caller, on the newest picture."""
        return (await self.store.reserve(self.caller(), self.kim, (await self.seat()).epoch))[0]


async def test_asterisk_176_two_agents_never_answer_one_caller(db: Database) -> None:
    """There, two agents both got one caller; ours reserves one counsellor for a contact however many hands reach at once."""
    reservations = Reservations(db, ring_timeout_s=20, wrapup_s=0)
    caller = await add_contact(db)
    counsellors = [await add_counsellor(db, str(number)) for number in range(101, 107)]
    results = await asyncio.gather(*(reservations.reserve(caller, one, 0) for one in counsellors), return_exceptions=True)
    assert all(isinstance(result, tuple | DatabaseConflict) for result in results), results
    offers = {result[0].id for result in results if isinstance(result, tuple) and result[0] is not None}
    assert len(offers) == 1
    assert [one.system for one in await reservations.seats(None)].count("offered") == 1


def test_asterisk_176_two_agents_never_answer_one_caller_in_one_call() -> None:
    """There, both legs were bridged; here a second offer is given back and a second answer is hung up."""
    call = holding()
    call(m.OfferGranted(offer=OFFER))
    commands = call(m.OfferGranted(offer=OTHER))
    assert m.CloseOffer(offer=OTHER, result=OfferResult.WITHDRAWN) in commands
    call(m.LegUp(leg_id="leg-1", at=1.0), m.LegUp(leg_id="leg-2", at=1.0))
    assert m.DropLeg(leg_id="leg-2", elsewhere=True) in call.last
    assert call.kinds(m.Connect) == [m.Connect(leg_id="leg-1", offer=OFFER)]


def test_asterisk_1561_1691_freepbx_621_priority_starves_nobody() -> None:
    """There, a queue of higher weight starved the others for ever; here a lane is a head start, and whoever waits long enough passes it."""
    engine = line()
    join(engine, contact(1))
    served: list[int] = []
    for minute in range(1, 241):
        at = after(60 * minute)
        join(engine, contact(1000 + minute, waited=-60 * minute, lane=Lane.CRISIS), at=at)
        served += [number for number, _ in pairs(engine.handle(e.SeatSeen(seat=seat(minute, changed_at=at)), at))]
        if served[-1] == 1:
            break
    assert served[-1] == 1, "a caller in danger every minute, and the ordinary caller is reached all the same"
    assert 60 * len(served) <= POLICY.crisis_bonus_s + 60
    assert served[:-1] == sorted(served[:-1]), "and those in danger among themselves in order"


def test_asterisk_1561_1691_freepbx_621_a_call_back_is_not_raised_above_its_place() -> None:
    """There, a call-back came before callers who had waited longer; here it has the place of its first call, no better and no worse."""
    engine = line()
    join(engine, contact(1, waited=600), contact(2, waited=300, kind=Kind.CALLBACK), contact(3, waited=100))
    order = [pairs(engine.handle(e.SeatSeen(seat=seat(number)), NOW))[0][0] for number in range(3)]
    assert order == [1, 2, 3]


async def test_asterisk_607_1006_wrapup_is_a_state_that_nobody_overlooks() -> None:
    """There, wrap-up was ignored for agents of several queues; here it is a state of the row, so that no worker can reserve them."""
    books = Books(wrapup_s=60)
    offer = await books.reserve()
    assert offer is not None
    await books.store.answered(offer)
    ended = await books.store.end_talk(books.kim, offer.epoch, heavy=False, wrapup=True, policy=POLICY)
    assert ended is not None
    assert ended.system == "wrapup"
    assert pairs(join(line(ended), contact(1))) == []
    assert await books.reserve() is None, "nor by another worker that goes by the newest epoch"
    books.clock.advance(59)
    assert await books.store.expire() == []
    books.clock.advance(1)
    assert [one.system for one in await books.store.expire()] == ["idle"]
    assert await books.reserve() is not None


def test_mikopbx_1043_who_just_rejected_is_not_offered_the_same_caller() -> None:
    """There, the caller rang again at who had just rejected; here the next one is asked, and others may still have the one who refused."""
    kim, lee = seat(1, idle=90), seat(2, idle=10)
    engine = line(kim, lee)
    assert pairs(join(engine, contact(1))) == [(1, 1)]
    grant(engine, 1, kim)
    free = replace(kim, epoch=2, changed_at=after(2))
    commands = engine.handle(e.Refused(contact_id=UUID(int=1), counsellor_id=kim.counsellor_id), after(1))
    commands += engine.handle(e.SeatSeen(seat=free), after(2))
    assert pairs(commands) == [(1, 2)]
    assert pairs(join(engine, contact(2), at=after(2))) == [(2, 1)]


@pytest.mark.parametrize("limit", [1, 3, 5])
async def test_freepbx_816_one_missed_call_pauses_nobody(limit: int) -> None:
    """There, one missed call paused an agent for good; here N do (a number of the policy), for a while, and the phone's return ends it."""
    books, policy = Books(), Policy(missed_limit=limit)
    for missed in range(1, limit + 1):
        offer = await books.reserve()
        assert offer is not None
        closed = await books.store.close(offer, OfferResult.RANG_OUT, policy)
        assert closed is not None
        assert (closed.paused_until is not None) is (missed == limit)
    now = books.clock.now()
    paused = await books.seat()
    assert pairs(join(line(paused), replace(contact(1), since=now), at=now)) == []
    later = now + timedelta(seconds=policy.pause_s)
    assert pairs(join(line(paused), replace(contact(1), since=now), at=later)) == [(1, books.kim.int - 1000)], "it ends by itself"
    books.db.happen("101", PresenceEvent.PHONE_UNREACHABLE)
    books.db.happen("101", PresenceEvent.PHONE_REACHABLE)
    assert (await books.seat()).paused_until is None


@pytest.mark.parametrize("result", [OfferResult.BUSY, OfferResult.REJECTED, OfferResult.WITHDRAWN, OfferResult.FAILED])
async def test_freepbx_816_only_what_rang_out_counts(result: OfferResult) -> None:
    """There, whatever came of a call counted as missed; here the cause decides."""
    books = Books()
    for _ in range(5):
        offer = await books.reserve()
        assert offer is not None
        closed = await books.store.close(offer, result, Policy(missed_limit=1))
        assert closed is not None
        assert closed.paused_until is None
