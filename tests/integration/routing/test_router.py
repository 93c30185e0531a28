"""The dispatcher over a real PostgreSQL, with the telephone played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from core.clock import SystemClock
from core.database import Database
from routing.model import Offer, OfferResult, Waiting
from routing.reservations import Reservations
from routing.router import Router
from tests.integration.routing.rows import add_contact, add_counsellor, system_state
from tests.kit.postgres import Postgres
from tests.kit.until import until


@dataclass
class Telephone:
    """Remembers what the router asks of it."""

    rung: list[Offer] = field(default_factory=list)
    handed_over: list[UUID] = field(default_factory=list)

    def ring(self, offer: Offer) -> None:
        """Ring nothing."""
        self.rung.append(offer)

    def unroutable(self, contact_id: UUID) -> None:
        """Remember it."""
        self.handed_over.append(contact_id)


@asynccontextmanager
async def dispatching(db: Database, *, wrapup_s: float = 0.0) -> AsyncIterator[tuple[Router, Telephone]]:
    """A running router whose slow check never comes: what happens here happens by events."""
    telephone = Telephone()
    router = Router(Reservations(db, ring_timeout_s=20, wrapup_s=wrapup_s), SystemClock(), refusal_memory_s=30, retry_s=3000)
    task = asyncio.create_task(router.run(telephone), name="router")
    try:
        yield router, telephone
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def waiting(contact_id: UUID, *, ago_s: float = 0.0) -> Waiting:
    """Somebody who waits since so long ago."""
    return Waiting(contact_id=contact_id, since=SystemClock().now() - timedelta(seconds=ago_s))


async def test_joining_rings_an_available_counsellor(db: Database) -> None:
    """At once, without any check by time."""
    await add_counsellor(db, "101")
    contact = await add_contact(db)
    async with dispatching(db) as (router, telephone):
        router.join(waiting(contact))
        await until(lambda: telephone.rung)
        assert telephone.rung[0].contact_id == contact


async def test_a_freed_counsellor_goes_to_the_longest_waiting(db: Database) -> None:
    """One counsellor, three callers."""
    counsellor = await add_counsellor(db, "101")
    first, second, third = [await add_contact(db) for _ in range(3)]
    async with dispatching(db) as (router, telephone):
        router.join(waiting(first))
        await until(lambda: telephone.rung)
        router.join(waiting(second, ago_s=10))
        router.join(waiting(third, ago_s=20))
        assert await router.answered(telephone.rung[0])
        await router.end_talk(counsellor, telephone.rung[0].epoch)
        await until(lambda: len(telephone.rung) == 2)
        assert telephone.rung[1].contact_id == third


async def test_a_refused_contact_goes_to_the_next_counsellor_and_not_back(db: Database) -> None:
    """And another caller may still have who refused this one."""
    await add_counsellor(db, "101", idle_s=100)
    await add_counsellor(db, "102")
    contact, other = await add_contact(db), await add_contact(db)
    async with dispatching(db) as (router, telephone):
        router.join(waiting(contact))
        await until(lambda: telephone.rung)
        await router.close(telephone.rung[0], OfferResult.REJECTED)
        await until(lambda: len(telephone.rung) == 2)
        await router.close(telephone.rung[1], OfferResult.RANG_OUT)
        router.join(waiting(other))
        await until(lambda: len(telephone.rung) == 3)
    assert [offer.extension for offer in telephone.rung] == ["101", "102", "101"]
    assert [offer.contact_id for offer in telephone.rung] == [contact, contact, other]


async def test_the_end_of_wrap_up_is_an_event(db: Database) -> None:
    """Nobody has to wait for the slow check."""
    counsellor = await add_counsellor(db, "101")
    first, second = await add_contact(db), await add_contact(db)
    async with dispatching(db, wrapup_s=0.2) as (router, telephone):
        router.join(waiting(first))
        await until(lambda: telephone.rung)
        await router.answered(telephone.rung[0])
        router.join(waiting(second))
        await router.end_talk(counsellor, telephone.rung[0].epoch)
        assert await system_state(db, counsellor) == "wrapup"
        await until(lambda: len(telephone.rung) == 2)


async def test_who_left_while_being_reserved_costs_nobody_anything(db: Database) -> None:
    """The counsellor is given back."""
    counsellor = await add_counsellor(db, "101")
    contact = await add_contact(db)
    async with dispatching(db) as (router, telephone):
        router.join(waiting(contact))
        await asyncio.sleep(0)
        router.leave(contact)

        async def idle() -> bool:
            return await system_state(db, counsellor) == "idle"

        await until(idle)
        assert telephone.rung == []


async def test_without_a_database_callers_are_handed_over_and_counsellors_freed_later(own_postgres: Postgres) -> None:
    """The dialplan reaches a human; what could not be written is written when the server is back."""
    url = own_postgres.fresh()
    db = Database(url, pool_size=4)
    watch = asyncio.create_task(db.watch(), name="watch")
    try:
        await until(lambda: db.available)
        counsellor = await add_counsellor(db, "101")
        first, second = await add_contact(db), await add_contact(db)
        async with dispatching(db) as (router, telephone):
            router.join(waiting(first))
            await until(lambda: telephone.rung)
            await router.answered(telephone.rung[0])
            own_postgres.kill()
            await until(lambda: not db.available)
            await router.end_talk(counsellor, telephone.rung[0].epoch)
            router.join(waiting(second))
            await until(lambda: telephone.handed_over == [second], 10)
            own_postgres.start()

            async def freed() -> bool:
                return await system_state(db, counsellor) == "idle"

            await until(lambda: db.available, 10)
            await until(freed, 10)
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await db.close()
