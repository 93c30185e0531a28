"""Reserving counsellors in a real PostgreSQL: who gets whom, once, and never by a stale hand."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from routing.model import Lane, Offer, OfferResult, Seat
from routing.policy import Policy
from routing.reservations import Reservations
from tests.integration.routing.rows import add_contact, add_counsellor, system_state

POLICY = Policy()


@pytest_asyncio.fixture
async def contact(db: Database) -> UUID:
    """A contact that waits."""
    return await add_contact(db)


def _reservations(db: Database, *, ring_timeout_s: float = 20.0, wrapup_s: float = 0.0) -> Reservations:
    return Reservations(db, ring_timeout_s=ring_timeout_s, wrapup_s=wrapup_s)


async def _reserve(reservations: Reservations, contact: UUID, counsellor: UUID) -> Offer:
    seat = await _seat(reservations, counsellor)
    offer, now = await reservations.reserve(contact, counsellor, seat.epoch)
    assert offer is not None
    assert now is not None
    assert (now.system, now.epoch) == ("offered", offer.epoch)
    return offer


async def _seat(reservations: Reservations, counsellor: UUID) -> Seat:
    return next(seat for seat in await reservations.seats(None) if seat.counsellor_id == counsellor)


async def test_a_counsellor_is_reserved_once_for_an_epoch(db: Database, contact: UUID) -> None:
    """Whoever comes second with the same picture gets nothing, and sees who is first."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    offer = await _reserve(reservations, contact, counsellor)
    assert (offer.counsellor_id, offer.extension) == (counsellor, "101")
    assert await system_state(db, counsellor) == "offered"
    nothing, seat = await reservations.reserve(await add_contact(db), counsellor, offer.epoch - 1)
    assert nothing is None
    assert seat is not None
    assert seat.system == "offered"


async def test_a_reservation_whose_answer_was_lost_is_found_by_the_next_attempt(db: Database, contact: UUID) -> None:
    """The same offer with the same leg, also when somebody else was to be asked this time."""
    first, second = await add_counsellor(db, "101"), await add_counsellor(db, "102")
    reservations = _reservations(db)
    offer = await _reserve(reservations, contact, first)
    again, _ = await reservations.reserve(contact, first, offer.epoch - 1)
    assert again == offer
    other, seat = await reservations.reserve(contact, second, 0)
    assert other is not None
    assert other == offer
    assert other.extension == "101"
    assert seat is not None
    assert (seat.counsellor_id, seat.system) == (second, "idle")


async def test_nobody_is_reserved_for_a_contact_that_has_ended_or_never_was(db: Database, contact: UUID) -> None:
    """A late hand changes nothing."""
    counsellor = await add_counsellor(db, "101")
    await db.execute(text("UPDATE contacts SET state = 'ended', outcome = 'talked', ended_at = now() WHERE id = :id"), {"id": contact})
    for nobody in (contact, new_id()):
        offer, seat = await _reservations(db).reserve(nobody, counsellor, 0)
        assert offer is None
        assert seat is not None
        assert seat.system == "idle"
    assert await _reservations(db).reserve(contact, new_id(), 0) == (None, None)


@pytest.mark.parametrize(
    "absent",
    [{"human": "off"}, {"human": "break"}, {"system": "talking"}, {"system": "wrapup"}, {"system": "offered"}, {"reachable": False}],
)
async def test_who_is_not_available_is_not_reserved(db: Database, contact: UUID, absent: dict[str, object]) -> None:
    """Ready, idle and reachable, all three."""
    counsellor = await add_counsellor(db, "101", **absent)  # type: ignore[arg-type]
    assert (await _reservations(db).reserve(contact, counsellor, 0))[0] is None


async def test_who_is_off_shift_is_not_reserved(db: Database, contact: UUID) -> None:
    """Whatever the line believed a moment ago."""
    counsellor = await add_counsellor(db, "101")
    await db.execute(text("UPDATE presence SET on_shift = false"))
    offer, seat = await _reservations(db).reserve(contact, counsellor, 0)
    assert offer is None
    assert seat is not None
    assert not seat.signed_in


async def test_many_hands_never_grant_one_counsellor_twice(db: Database) -> None:
    """Twenty contacts reach for each of seven counsellors at once: seven offers, all different."""
    counsellors = [await add_counsellor(db, str(101 + number)) for number in range(7)]
    contacts = [await add_contact(db) for _ in range(20)]
    reservations = _reservations(db)
    hands = [reservations.reserve(contact, counsellors[number % 7], 0) for number, contact in enumerate(contacts)]
    offers = [offer for offer, _ in await asyncio.gather(*hands) if offer]
    assert {offer.counsellor_id for offer in offers} == set(counsellors)
    assert len(offers) == 7


async def test_a_refusal_frees_the_counsellor_once_and_moves_them_back(db: Database, contact: UUID) -> None:
    """Closing twice changes nothing the second time."""
    counsellor = await add_counsellor(db, "101", idle_s=100)
    reservations = _reservations(db)
    before = await _seat(reservations, counsellor)
    offer = await _reserve(reservations, contact, counsellor)
    after = await reservations.close(offer, OfferResult.REJECTED, POLICY)
    assert after is not None
    assert after.idle_since is not None
    assert before.idle_since is not None
    assert after.idle_since > before.idle_since
    assert await reservations.close(offer, OfferResult.FAILED, POLICY) is None
    assert await system_state(db, counsellor) == "idle"


async def test_a_withdrawn_offer_keeps_the_counsellors_turn(db: Database, contact: UUID) -> None:
    """The caller left: that is not the counsellor's doing."""
    counsellor = await add_counsellor(db, "101", idle_s=100)
    reservations = _reservations(db)
    before = await _seat(reservations, counsellor)
    after = await reservations.close(await _reserve(reservations, contact, counsellor), OfferResult.WITHDRAWN, POLICY)
    assert after is not None
    assert after.idle_since == before.idle_since


async def test_an_unreachable_phone_is_left_alone(db: Database, contact: UUID) -> None:
    """Until it is seen again, and without blame."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    after = await reservations.close(await _reserve(reservations, contact, counsellor), OfferResult.UNREACHABLE, POLICY)
    assert after is not None
    assert not after.reachable
    assert after.paused_until is None


@pytest.mark.parametrize(
    "result", [OfferResult.BUSY, OfferResult.REJECTED, OfferResult.UNREACHABLE, OfferResult.WITHDRAWN, OfferResult.FAILED]
)
async def test_only_calls_that_rang_out_count_against_a_counsellor(db: Database, contact: UUID, result: OfferResult) -> None:
    """Blame-free: at the limit of rung-out calls in a row they are left alone; anything else never counts."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    for _ in range(POLICY.missed_limit):
        await db.execute(text("UPDATE presence SET reachable = true"))
        after = await reservations.close(await _reserve(reservations, contact, counsellor), result, POLICY)
        assert after is not None
        assert after.paused_until is None
    for number in range(POLICY.missed_limit):
        await db.execute(text("UPDATE presence SET reachable = true"))
        after = await reservations.close(await _reserve(reservations, contact, counsellor), OfferResult.RANG_OUT, POLICY)
        assert after is not None
        assert (after.paused_until is not None) == (number + 1 == POLICY.missed_limit)
    answered = await reservations.answered(await _reserve(reservations, contact, counsellor))
    assert answered is not None
    assert answered.paused_until is None


async def test_a_heavy_call_is_followed_by_rest_and_counted_in_a_row(db: Database) -> None:
    """A lighter one ends the row; rest comes on top of wrap-up."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    for heavy, run in ((True, 1), (True, 2), (False, 0)):
        offer = await _reserve(reservations, await add_contact(db), counsellor)
        await reservations.answered(offer)
        seat = await reservations.end_talk(counsellor, offer.epoch, heavy=heavy, wrapup=True, policy=POLICY)
        assert seat is not None
        assert seat.heavy_run == run
        assert seat.rest_until is not None


async def test_two_workers_see_each_others_callers(db: Database, contact: UUID) -> None:
    """Those who wait and have no offer, of workers that are alive."""
    await db.execute(text("UPDATE contacts SET queued_at = now(), lane = 'crisis'"))
    reservations = _reservations(db)
    assert await reservations.waiting_elsewhere("main/w2") == []
    await reservations.alive("main/w1")
    assert await reservations.waiting_elsewhere("main/w1") == []
    waiting = await reservations.waiting_elsewhere("main/w2")
    assert [(one.contact_id, one.lane, one.worker) for one in waiting] == [(contact, Lane.CRISIS, "main/w1")]
    await db.execute(text("UPDATE workers SET seen_at = now() - interval '1 minute'"))
    assert await reservations.waiting_elsewhere("main/w2") == []


async def test_a_frozen_program_that_comes_back_changes_nothing(db: Database, contact: UUID) -> None:
    """Its lease ran out and somebody else has the counsellor: its answer is refused, its ends change no row."""
    counsellor = await add_counsellor(db, "101")
    frozen = _reservations(db, ring_timeout_s=-10.0)
    stale = await _reserve(frozen, contact, counsellor)
    assert [seat.counsellor_id for seat in await frozen.expire()] == [counsellor]
    fresh = await _reserve(_reservations(db), await add_contact(db), counsellor)
    assert fresh.epoch > stale.epoch
    assert not await frozen.answered(stale)
    assert not await frozen.close(stale, OfferResult.RANG_OUT, POLICY)
    assert not await frozen.end_talk(counsellor, stale.epoch, heavy=False, wrapup=True, policy=POLICY)
    assert await system_state(db, counsellor) == "offered"
    assert await _reservations(db).answered(fresh)


async def test_answering_twice_is_answering_once(db: Database, contact: UUID) -> None:
    """A restarted program connects what its predecessor had just answered."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    offer = await _reserve(reservations, contact, counsellor)
    assert await reservations.answered(offer)
    assert await reservations.answered(offer)
    assert await system_state(db, counsellor) == "talking"


async def test_wrap_up_lasts_as_long_as_set_and_ends_by_itself(db: Database, contact: UUID) -> None:
    """Ten milliseconds here."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db, wrapup_s=0.01)
    offer = await _reserve(reservations, contact, counsellor)
    await reservations.answered(offer)
    assert await reservations.end_talk(counsellor, offer.epoch, heavy=False, wrapup=True, policy=POLICY)
    assert await system_state(db, counsellor) == "wrapup"
    clock = SystemClock()
    deadline = clock.monotonic() + 5
    while not await reservations.expire():
        assert clock.monotonic() < deadline
    assert await system_state(db, counsellor) == "idle"


async def test_counsellors_of_an_ended_contact_are_freed(db: Database, contact: UUID) -> None:
    """After a crash nobody stays busy with a call that is over."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    await reservations.answered(await _reserve(reservations, contact, counsellor))
    await db.execute(text("UPDATE contacts SET state = 'ended', outcome = 'talked', ended_at = now() WHERE id = :id"), {"id": contact})
    assert [seat.counsellor_id for seat in await reservations.free_ended()] == [counsellor]
    assert await system_state(db, counsellor) == "idle"
