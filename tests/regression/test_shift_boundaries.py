"""Lessons about the edges of shifts: the last minutes, midnight, the time zone, and what is under way at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.clock import SEOUL
from core.database import Database
from core.testing import ManualClock
from routing import engine_model as e
from routing.counsellors import Counsellors
from routing.model import OfferResult, OverflowReason
from routing.policy import Policy
from routing.reservations import Reservations
from tests.integration.routing.rows import add_contact, add_counsellor
from tests.regression.test_one_caller_one_counsellor import Books
from tests.unit.routing.lines import POLICY, contact, join, line, pairs, seat

DRAIN = timedelta(seconds=POLICY.drain_s)
SECOND = timedelta(seconds=1)
#: The end of an evening shift: midnight in Seoul, and still the afternoon before in UTC.
MIDNIGHT = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
ENDS = {
    "midnight of the new year in Seoul": datetime(2027, 1, 1, tzinfo=SEOUL),
    "the same instant in UTC": MIDNIGHT,
    "midnight in UTC": datetime(2027, 1, 1, tzinfo=UTC),
    "leap day": datetime(2028, 2, 29, tzinfo=SEOUL),
    "a shift's change at seven": datetime(2026, 3, 2, 7, 0, tzinfo=SEOUL),
}


def offered(end: datetime, at: datetime) -> bool:
    """Whether a caller at this instant gets a counsellor whose shift ends then."""
    shift = seat(1, shift_until=end, idle_since=at - timedelta(hours=1), changed_at=at - timedelta(hours=1))
    return bool(pairs(join(line(shift), replace(contact(1), since=at), at=at.astimezone(UTC))))


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_yap_159_37_1121_no_call_outside_a_shift_whatever_the_zone_or_date(end: datetime) -> None:
    """There, calls went to people after their shift, around midnight and in another zone; here an end is an instant."""
    assert offered(end, end - DRAIN - SECOND)
    assert not offered(end, end - DRAIN)
    assert not offered(end, end)
    assert not offered(end, end + timedelta(hours=6))


def test_yap_159_37_1121_midnight_in_seoul_and_in_utc_are_two_instants() -> None:
    """There, one was taken for the other; here nine hours lie between them."""
    assert ENDS["midnight in UTC"] - ENDS["midnight of the new year in Seoul"] == timedelta(hours=9)
    noon_of_the_line = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    assert offered(ENDS["midnight in UTC"], noon_of_the_line)
    assert not offered(ENDS["midnight of the new year in Seoul"], noon_of_the_line)


def test_yap_159_37_1121_the_drain_of_the_last_one_is_an_empty_line() -> None:
    """There, the roster said that somebody was there and nobody came; here who takes no new call any more counts as nobody."""
    engine = line(seat(1, shift_until=MIDNIGHT, changed_at=MIDNIGHT - timedelta(hours=2)), seat(2, human="off"))
    start = MIDNIGHT - DRAIN - SECOND
    engine.handle(e.Tick(), start)
    assert engine.on_duty == 1
    engine.handle(e.SeatSeen(seat=seat(1, shift_until=MIDNIGHT, system="talking", changed_at=start)), start)
    join(engine, replace(contact(1), since=start), at=start)
    begins = MIDNIGHT - DRAIN
    assert engine.handle(e.Tick(), begins) == []
    assert engine.on_duty == 0, "no estimate is made with somebody who is about to leave"
    empty = timedelta(seconds=POLICY.overflow_empty_s)
    assert engine.handle(e.Tick(), begins + empty) == [e.Overflow(contact_id=UUID(int=1), reason=OverflowReason.NOBODY_ON_SHIFT)]
    due = seat(3, changed_at=MIDNIGHT, idle_since=MIDNIGHT)
    assert pairs(engine.handle(e.SeatSeen(seat=due), MIDNIGHT)) == [(1, 3)], "the next shift takes whoever still waits"


def test_yap_159_37_1121_nobody_waits_for_a_named_counsellor_who_is_about_to_leave() -> None:
    """There, a call was kept for somebody whose shift was over; here the next one takes it at once."""
    at = MIDNIGHT - DRAIN
    leaving = seat(1, shift_until=MIDNIGHT, changed_at=at - SECOND)
    engine = line(leaving, seat(2))
    assert pairs(join(engine, replace(contact(1, named=leaving.counsellor_id), since=at), at=at)) == [(1, 2)]


@pytest.mark.parametrize("drain_s", [0, 60, 3600])
def test_yap_159_37_1121_the_drain_is_a_number_that_can_change_while_it_runs(drain_s: float) -> None:
    """There, the edge was in the code; here a changed policy moves it at once."""
    at = MIDNIGHT - timedelta(seconds=600)
    engine = line(seat(1, shift_until=MIDNIGHT, changed_at=at))
    engine.handle(e.PolicyChanged(policy=Policy(drain_s=drain_s)), at)
    assert bool(pairs(join(engine, replace(contact(1), since=at), at=at))) is (drain_s < 600)


async def test_yap_159_37_1121_an_offer_that_rings_when_the_shift_ends_may_be_answered_and_is_the_last(db: Database) -> None:
    """There, the end of a shift cut a call off or let the next one in; here what rings may be answered, and then nothing more comes."""
    kim = await add_counsellor(db, "101")
    reservations, desk = Reservations(db, ring_timeout_s=20, wrapup_s=0), Counsellors(db, ManualClock())
    offer, _ = await reservations.reserve(await add_contact(db), kim, 0)
    assert offer is not None
    await desk.set_shift("101", on_shift=False)
    ringing = (await reservations.seats(None))[0]
    assert (ringing.system, ringing.on_shift) == ("offered", False)
    talking = await reservations.answered(offer)
    assert talking is not None
    assert talking.system == "talking", "and the talk goes on past the end"
    over = await reservations.end_talk(kim, offer.epoch, heavy=False, wrapup=True, policy=POLICY)
    assert over is not None
    assert await reservations.reserve(await add_contact(db), kim, over.epoch) == (None, over)


async def test_yap_159_37_1121_an_offer_that_is_not_taken_when_the_shift_ends_goes_to_somebody_else() -> None:
    """There, it came back to who had gone home; here they are free and are not asked."""
    books = Books()
    offer = await books.reserve()
    assert offer is not None
    books.row.on_shift = False
    closed = await books.store.close(offer, OfferResult.RANG_OUT, POLICY)
    assert closed is not None
    assert closed.system == "idle"
    now = books.clock.now()
    later = seat(2, changed_at=now)
    assert pairs(join(line(closed, later), replace(contact(1), since=now), at=now)) == [(1, 2)]
