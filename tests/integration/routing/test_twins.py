"""The twins in memory and the real PostgreSQL: the same random operations on both give the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import DatabaseConflict
from core.ids import new_id
from routing.model import Offer, OfferResult, Seat
from routing.policy import Policy
from routing.presence_model import Human, PresenceEvent
from routing.presence_store import PresenceStore
from routing.reservations import Reservations
from routing.testing import Contact, MemoryDatabase, MemoryReservations
from tests.integration.routing.rows import add_contact, add_counsellor

POLICY = Policy(missed_limit=2)
RING_S, WRAPUP_S = 20.0, 30.0
Answer = object


class Both:
    """One operation on the real store and on its twin."""

    def __init__(self, db: Database, memory: MemoryDatabase) -> None:
        self.db = db
        self.memory = memory
        self.real = Reservations(db, ring_timeout_s=RING_S, wrapup_s=WRAPUP_S)
        self.twin = MemoryReservations(memory, ring_timeout_s=RING_S, wrapup_s=WRAPUP_S)
        self.presence = PresenceStore(db)
        #: The real offer and the twin's, which differ in their ids only.
        self.offers: list[tuple[Offer, Offer]] = []

    async def reserve(self, contact: UUID, counsellor: UUID, epoch: int) -> tuple[Answer, Answer]:
        async def on(store: Reservations | MemoryReservations) -> tuple[Offer | None, Answer]:
            try:
                offer, seat = await store.reserve(contact, counsellor, epoch)
            except DatabaseConflict as error:
                return None, error.constraint
            # One of an earlier attempt may be somebody else's.
            return offer, (offer and (offer.epoch, offer.counsellor_id, offer.extension), _comparable(seat))

        (real, first), (twin, second) = await on(self.real), await on(self.twin)
        if real is not None and twin is not None:
            self.offers.append((real, twin))
        return first, second

    async def on_offer(self, pair: tuple[Offer, Offer], what: Callable[[Reservations | MemoryReservations, Offer], Awaitable[Seat | None]]) -> tuple[Answer, Answer]:  # fmt: skip
        return _comparable(await what(self.real, pair[0])), _comparable(await what(self.twin, pair[1]))

    async def hold(self, pairs: list[tuple[Offer, Offer]]) -> tuple[Answer, Answer]:
        real = await self.real.hold([real for real, _ in pairs])
        twin = await self.twin.hold([twin for _, twin in pairs])
        return sorted(real), sorted({real.id for real, of_twin in pairs if of_twin.id in twin})

    async def expire(self) -> tuple[Answer, Answer]:
        return _all(await self.real.expire()), _all(await self.twin.expire())

    async def free_ended(self) -> tuple[Answer, Answer]:
        return _all(await self.real.free_ended()), _all(await self.twin.free_ended())

    async def time_passes(self) -> None:
        """Every deadline is over."""
        await self.db.execute(text("UPDATE presence SET deadline = now() - interval '1 second' WHERE deadline IS NOT NULL"))
        for row in self.memory.counsellors.values():
            row.deadline = row.deadline and datetime(2000, 1, 1, tzinfo=UTC)

    async def ends(self, contact: UUID) -> None:
        """A contact gets its outcome."""
        await self.db.execute(text("UPDATE contacts SET outcome = 'talked', ended_at = now() WHERE id = :id"), {"id": contact})
        self.memory.contacts[contact].outcome = "talked"

    async def happens(self, extension: str, event: PresenceEvent) -> None:
        await self.presence.apply(extension, event, node="main")
        self.memory.happen(extension, event, node="main")

    async def everybody(self) -> tuple[Answer, Answer]:
        return _all(await self.real.seats(None)), _all(await self.twin.seats(None))

    async def open_offers(self) -> tuple[Answer, Answer]:
        rows = await self.db.execute(text("SELECT contact_id, counsellor_id, epoch FROM offers WHERE result IS NULL"))
        twins = [live.offer for live in self.memory.live_offers.values()]
        return sorted(tuple(row) for row in rows), sorted((offer.contact_id, offer.counsellor_id, offer.epoch) for offer in twins)


def _comparable(seat: Seat | None) -> Answer:
    """Times differ by microseconds; whether there is one does not."""
    if seat is None:
        return None
    until = {name: getattr(seat, name) is not None for name in ("idle_since", "rest_until", "paused_until")}
    return replace(seat, idle_since=None, rest_until=None, paused_until=None, changed_at=None), tuple(until.items())


def _all(seats: list[Seat]) -> Answer:
    return sorted((_comparable(seat) for seat in seats), key=str)


@pytest.mark.parametrize("seed", range(6))
async def test_the_twin_answers_as_postgresql_does(db: Database, seed: int) -> None:
    """Reserving, answering, closing, ending, expiring, presence: 120 random operations, stale epochs and doubled calls among them."""
    dice = Random(seed)
    memory = MemoryDatabase(lambda: datetime.now(UTC))
    both = Both(db, memory)
    counsellors = [(await add_counsellor(db, f"{101 + index}"), f"{101 + index}") for index in range(3)]
    for counsellor, extension in counsellors:
        row = memory.add_counsellor(counsellor, extension)
        row.presence = replace(row.presence, human=Human.READY, reachable=True, idle_since=datetime.now(UTC))
    contacts = [await add_contact(db) for _ in range(5)]
    for contact in contacts:
        memory.contacts[contact] = Contact(contact, "main", "w1", str(contact), "menu", "", "ko", None, "waiting", datetime.now(UTC))
    for step in range(120):
        what = dice.random()
        if what < 0.4:
            counsellor = dice.choice(counsellors)[0]
            epoch = memory.counsellors[counsellor].epoch - dice.choice((0, 0, 0, 0, 1))
            first, second = await both.reserve(dice.choice([*contacts, new_id()]), counsellor, epoch)
        elif what < 0.7 and both.offers:
            pair = dice.choice(both.offers[-4:])
            first, second = await both.on_offer(pair, _operation(dice))
        elif what < 0.76:
            first, second = await both.hold(dice.sample(both.offers, min(len(both.offers), 3)))
        elif what < 0.78:
            first, second = await both.expire()
        elif what < 0.84:
            first, second = await both.free_ended()
        elif what < 0.9:
            await both.time_passes()
            if dice.random() < 0.5:
                # The program is alive after all.
                assert _pair(await both.hold(both.offers[-3:]))
            first, second = await both.expire()
        elif what < 0.92:
            await both.ends(dice.choice(contacts))
            first = second = None
        else:
            await both.happens(dice.choice(counsellors)[1], dice.choice(list(PresenceEvent)))
            first = second = None
        assert first == second, f"step {step}: {first} | {second}"
        assert _pair(await both.everybody()), f"step {step}"
        assert _pair(await both.open_offers()), f"step {step}"


def _pair(answers: tuple[Answer, Answer]) -> bool:
    assert answers[0] == answers[1]
    return True


def _operation(dice: Random) -> Callable[[Reservations | MemoryReservations, Offer], Awaitable[Seat | None]]:
    what, heavy, wrapup = dice.randrange(3), dice.random() < 0.3, dice.random() < 0.8
    result = dice.choice([result for result in OfferResult if result is not OfferResult.ANSWERED])

    async def act(store: Reservations | MemoryReservations, offer: Offer) -> Seat | None:
        if what == 0:
            return await store.answered(offer)
        if what == 1:
            return await store.close(offer, result, POLICY)
        return await store.end_talk(offer.counsellor_id, offer.epoch, heavy=heavy, wrapup=wrapup, policy=POLICY)

    return act


async def test_both_take_the_same_place_for_a_gate(db: Database) -> None:
    """What the simulation puts around the twin sees one piece of work an operation, as one statement is one round trip."""
    seen: list[str] = []

    async def gate(work: Callable[[], object]) -> object:
        seen.append("work")
        await asyncio.sleep(0)
        return work()

    memory = MemoryDatabase(lambda: datetime.now(UTC))
    twin = MemoryReservations(memory, ring_timeout_s=RING_S, wrapup_s=WRAPUP_S, gate=gate)  # type: ignore[arg-type]  # of one type here
    assert await twin.reserve(new_id(), new_id(), 0) == (None, None)
    assert await Reservations(db, ring_timeout_s=RING_S, wrapup_s=WRAPUP_S).reserve(new_id(), new_id(), 0) == (None, None)
    assert seen == ["work"]


async def test_an_offer_found_again_is_of_the_phone_that_was_reserved(db: Database) -> None:
    """Its answer was lost and the next attempt names somebody else: neither store says that other one's extension, which would be rung."""
    memory = MemoryDatabase(lambda: datetime.now(UTC))
    both, contact = Both(db, memory), await add_contact(db)
    memory.contacts[contact] = Contact(contact, "main", "w1", str(contact), "menu", "", "ko", None, "waiting", datetime.now(UTC))
    kim, lee = [await add_counsellor(db, extension) for extension in ("101", "102")]
    for counsellor, extension in ((kim, "101"), (lee, "102")):
        row = memory.add_counsellor(counsellor, extension)
        row.presence = replace(row.presence, human=Human.READY, reachable=True, idle_since=datetime.now(UTC))
    for store in (both.real, both.twin):
        first, _ = await store.reserve(contact, kim, 0)
        again, asked = await store.reserve(contact, lee, 0)
        assert first == again
        assert again is not None
        assert (again.counsellor_id, again.extension) == (kim, "101"), type(store).__name__
        assert asked is not None
        assert (asked.extension, asked.system) == ("102", "idle")


async def test_a_lease_is_renewed_and_never_shortened(db: Database) -> None:
    """By both stores alike; what is no reservation any more is not one by being asked for."""
    memory = MemoryDatabase(lambda: datetime.now(UTC))
    both, contact = Both(db, memory), await add_contact(db)
    memory.contacts[contact] = Contact(contact, "main", "w1", str(contact), "menu", "", "ko", None, "waiting", datetime.now(UTC))
    kim = await add_counsellor(db, "101")
    row = memory.add_counsellor(kim, "101")
    row.presence = replace(row.presence, human=Human.READY, reachable=True, idle_since=datetime.now(UTC))
    await both.reserve(contact, kim, 0)
    await both.time_passes()
    assert _pair(await both.hold(both.offers))
    assert await both.expire() == ([], [])
    later = datetime.now(UTC) + timedelta(hours=1)
    await db.execute(text("UPDATE presence SET deadline = :later"), {"later": later})
    row.deadline = later
    assert _pair(await both.hold(both.offers))
    assert (await db.execute(text("SELECT deadline FROM presence")))[0].deadline == row.deadline == later
    assert _pair(await both.on_offer(both.offers[0], lambda store, offer: store.close(offer, OfferResult.BUSY, POLICY)))
    assert await both.hold(both.offers) == ([], [])
