"""The dispatcher over a real PostgreSQL, with the telephone played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from core.clock import SystemClock
from core.database import Database
from routing.model import Offer, OfferResult, OverflowReason, Waiting
from routing.policy import Policy
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
    overflowed: list[tuple[UUID, OverflowReason]] = field(default_factory=list)
    tended: list[Offer] = field(default_factory=list)
    lost: list[Offer] = field(default_factory=list)

    def ring(self, offer: Offer) -> None:
        """Ring nothing."""
        self.rung.append(offer)

    def unroutable(self, contact_id: UUID) -> None:
        """Remember it."""
        self.handed_over.append(contact_id)

    def overflow(self, contact_id: UUID, reason: OverflowReason) -> None:
        """Remember it."""
        self.overflowed.append((contact_id, reason))

    def open_offers(self) -> list[Offer]:
        """Those that are tended."""
        return self.tended

    def reservation_lost(self, offer: Offer) -> None:
        """Remember it."""
        self.lost.append(offer)


@asynccontextmanager
async def dispatching(
    db: Database, *, wrapup_s: float = 0.0, worker: str = "", policy: Policy | None = None
) -> AsyncIterator[tuple[Router, Telephone]]:
    """A running router whose slow check never comes: what happens here happens by events."""
    telephone = Telephone()
    router = Router(Reservations(db, ring_timeout_s=20, wrapup_s=wrapup_s), SystemClock(), retry_s=3000, worker=worker, policy=policy)
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


async def test_rest_and_pause_end_by_time_alone(db: Database) -> None:
    """No event, no slow check: the engine says when to look again."""
    counsellor = await add_counsellor(db, "101")
    await db.execute(text("UPDATE presence SET rest_until = now() + interval '0.3 s'"))
    contact = await add_contact(db)
    async with dispatching(db) as (router, telephone):
        router.join(waiting(contact))
        await until(lambda: telephone.rung)
    assert telephone.rung[0].counsellor_id == counsellor


async def test_an_empty_line_overflows_by_itself(db: Database) -> None:
    """Nobody is there: somebody outside is tried without anything else happening."""
    contact = await add_contact(db)
    async with dispatching(db, policy=Policy(overflow_empty_s=0.2)) as (router, telephone):
        router.join(waiting(contact))
        await until(lambda: telephone.overflowed == [(contact, OverflowReason.NOBODY_ON_SHIFT)])


async def test_two_workers_serve_one_line(db: Database) -> None:
    """Who waits longest is served first although the other worker is asked first; nobody gets two."""
    counsellor = await add_counsellor(db, "101", human="break")
    early, late = await add_contact(db), await add_contact(db)
    mark = text("UPDATE contacts SET worker = :worker, queued_at = now() - make_interval(secs => :ago) WHERE id = :id")
    await db.execute(mark, {"id": early, "worker": "w1", "ago": 60.0})
    await db.execute(mark, {"id": late, "worker": "w2", "ago": 1.0})
    async with dispatching(db, worker="main/w1") as (first, one), dispatching(db, worker="main/w2") as (second, two):
        first.join(waiting(early, ago_s=60))
        second.join(waiting(late, ago_s=1))

        def sees_both() -> bool:
            second.line_changed()
            return second.engine.ahead(late) == 1

        await until(sees_both)
        await db.execute(text("UPDATE presence SET human = 'ready', changed_at = now()"))
        second.wake()
        first.wake()
        await until(lambda: one.rung)
        assert two.rung == []
        assert await first.answered(one.rung[0])
        await first.end_talk(counsellor, one.rung[0].epoch)
        # Its caller is served: the other one is told by the line's hint.
        second.wake()
        await until(lambda: two.rung)
    assert [offer.contact_id for offer in one.rung + two.rung] == [early, late]


async def test_a_workers_caller_does_not_wait_for_a_dead_worker(db: Database) -> None:
    """The other one's caller is further ahead, but nobody rings for it: after a moment ours is served."""
    await add_counsellor(db, "101")
    early, late = await add_contact(db), await add_contact(db)
    await db.execute(text("UPDATE contacts SET worker = 'w1', queued_at = now() - interval '1 minute' WHERE id = :id"), {"id": early})
    await Reservations(db, ring_timeout_s=20, wrapup_s=0).alive("main/w1")
    async with dispatching(db, worker="main/w2", policy=Policy(patience_s=0.3)) as (router, telephone):
        await until(lambda: early in router.engine.contacts)
        router.join(waiting(late))
        assert router.engine.ahead(late) == 1
        await until(lambda: telephone.rung)
    assert telephone.rung[0].contact_id == late
