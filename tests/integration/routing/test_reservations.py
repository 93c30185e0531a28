"""Reserving counsellors in a real PostgreSQL: who gets whom, once, and never by a stale hand."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from core.clock import SystemClock
from core.database import Database
from routing.model import Offer, OfferResult
from routing.reservations import Reservations
from tests.integration.routing.rows import add_contact, add_counsellor, system_state


@pytest_asyncio.fixture
async def contact(db: Database) -> UUID:
    """A contact that waits."""
    return await add_contact(db)


def _reservations(db: Database, *, ring_timeout_s: float = 20.0, wrapup_s: float = 0.0) -> Reservations:
    return Reservations(db, ring_timeout_s=ring_timeout_s, wrapup_s=wrapup_s)


async def _reserve(reservations: Reservations, contact: UUID, *not_now: UUID) -> Offer:
    offer = await reservations.reserve(contact, list(not_now))
    assert offer is not None
    return offer


async def test_longest_idle_is_reserved_first(db: Database, contact: UUID) -> None:
    """The one who has waited longest for a call."""
    await add_counsellor(db, "101", idle_s=10)
    longest = await add_counsellor(db, "102", idle_s=100)
    offer = await _reserve(_reservations(db), contact)
    assert offer.counsellor_id == longest
    assert offer.extension == "102"
    assert await system_state(db, longest) == "offered"


@pytest.mark.parametrize(
    "absent",
    [{"human": "off"}, {"human": "break"}, {"system": "talking"}, {"system": "wrapup"}, {"system": "offered"}, {"reachable": False}],
)
async def test_who_is_not_available_is_not_reserved(db: Database, contact: UUID, absent: dict[str, object]) -> None:
    """Ready, idle and reachable, all three."""
    await add_counsellor(db, "101", **absent)  # type: ignore[arg-type]
    assert await _reservations(db).reserve(contact, []) is None


async def test_who_just_refused_is_passed_over(db: Database, contact: UUID) -> None:
    """The next one instead."""
    first = await add_counsellor(db, "101", idle_s=100)
    second = await add_counsellor(db, "102")
    assert (await _reserve(_reservations(db), contact, first)).counsellor_id == second
    assert await _reservations(db).reserve(await add_contact(db), [first]) is None


async def test_many_hands_never_grant_one_counsellor_twice(db: Database) -> None:
    """Twenty contacts reach for seven counsellors at once: seven offers, all different."""
    for number in range(7):
        await add_counsellor(db, str(101 + number))
    contacts = [await add_contact(db) for _ in range(20)]
    reservations = _reservations(db)
    offers = [offer for offer in await asyncio.gather(*(reservations.reserve(contact, []) for contact in contacts)) if offer]
    # A row that another hand holds is skipped, so a round may leave somebody free: the next one finds them.
    left = [contact for contact in contacts if contact not in {offer.contact_id for offer in offers}]
    offers += [offer for contact in left if (offer := await reservations.reserve(contact, []))]
    assert len(offers) == 7
    assert len({offer.counsellor_id for offer in offers}) == 7


async def test_a_refusal_frees_the_counsellor_once_and_moves_them_back(db: Database, contact: UUID) -> None:
    """Closing twice changes nothing the second time."""
    first = await add_counsellor(db, "101", idle_s=100)
    await add_counsellor(db, "102", idle_s=50)
    reservations = _reservations(db)
    offer = await _reserve(reservations, contact)
    assert await reservations.close(offer, OfferResult.RANG_OUT)
    assert not await reservations.close(offer, OfferResult.FAILED)
    assert await system_state(db, first) == "idle"
    assert (await _reserve(reservations, contact)).extension == "102"


async def test_a_withdrawn_offer_keeps_the_counsellors_turn(db: Database, contact: UUID) -> None:
    """The caller left: that is not the counsellor's doing."""
    await add_counsellor(db, "101", idle_s=100)
    await add_counsellor(db, "102", idle_s=50)
    reservations = _reservations(db)
    await reservations.close(await _reserve(reservations, contact), OfferResult.WITHDRAWN)
    assert (await _reserve(reservations, contact)).extension == "101"


async def test_an_unreachable_phone_is_left_alone(db: Database, contact: UUID) -> None:
    """Until it is seen again."""
    await add_counsellor(db, "101")
    reservations = _reservations(db)
    await reservations.close(await _reserve(reservations, contact), OfferResult.UNREACHABLE)
    assert await reservations.reserve(contact, []) is None


async def test_a_frozen_program_that_comes_back_changes_nothing(db: Database, contact: UUID) -> None:
    """Its lease ran out and somebody else has the counsellor: its answer is refused, its ends change no row."""
    counsellor = await add_counsellor(db, "101")
    frozen = _reservations(db, ring_timeout_s=-10.0)
    stale = await _reserve(frozen, contact)
    assert await frozen.expire() == 1
    fresh = await _reserve(_reservations(db), await add_contact(db))
    assert fresh.epoch > stale.epoch
    assert not await frozen.answered(stale)
    assert not await frozen.close(stale, OfferResult.RANG_OUT)
    assert not await frozen.end_talk(counsellor, stale.epoch)
    assert await system_state(db, counsellor) == "offered"
    assert await _reservations(db).answered(fresh)


async def test_answering_twice_is_answering_once(db: Database, contact: UUID) -> None:
    """A restarted program connects what its predecessor had just answered."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db)
    offer = await _reserve(reservations, contact)
    assert await reservations.answered(offer)
    assert await reservations.answered(offer)
    assert await system_state(db, counsellor) == "talking"


async def test_wrap_up_lasts_as_long_as_set_and_ends_by_itself(db: Database, contact: UUID) -> None:
    """Ten milliseconds here."""
    counsellor = await add_counsellor(db, "101")
    reservations = _reservations(db, wrapup_s=0.01)
    offer = await _reserve(reservations, contact)
    await reservations.answered(offer)
    assert await reservations.end_talk(counsellor, offer.epoch)
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
    await reservations.answered(await _reserve(reservations, contact))
    await db.execute(text("UPDATE contacts SET state = 'ended', outcome = 'talked', ended_at = now() WHERE id = :id"), {"id": contact})
    assert await reservations.free_ended() == 1
    assert await system_state(db, counsellor) == "idle"
