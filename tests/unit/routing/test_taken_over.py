"""A contact of another worker becomes ours: it stays in the line."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from core.testing import ManualClock
from routing.model import Waiting
from routing.policy import Policy
from routing.presence_model import Human
from routing.router import Router
from routing.testing import Contact, MemoryDatabase, MemoryReservations

CONTACT, COUNSELLOR = UUID(int=1), UUID(int=2)


class Phones:
    """Remembers whom it was to ring for."""

    def __init__(self) -> None:
        self.rung: list[UUID] = []

    def ring(self, offer: object) -> None:
        """See `routing.ports.Telephony`."""
        self.rung.append(offer.contact_id)  # type: ignore[attr-defined]  # an offer

    def unroutable(self, contact_id: UUID) -> None:
        """Not here."""

    def overflow(self, contact_id: UUID, reason: object) -> None:
        """Not here."""

    def open_offers(self) -> Collection[object]:
        """None."""
        return ()

    def reservation_lost(self, offer: object) -> None:
        """Not here."""


async def test_a_contact_taken_over_from_another_worker_is_served() -> None:
    """It is no more among the others' contacts, and for that it must not leave the line."""
    clock = ManualClock()
    db = MemoryDatabase(clock.now)
    row = db.add_counsellor(COUNSELLOR, "101")
    row.presence = replace(row.presence, human=Human.BREAK, reachable=True, idle_since=clock.now())
    contact = db.contacts[CONTACT] = Contact(CONTACT, "main", "w2", "caller", "menu", "", "ko", None, "waiting", clock.now(), clock.now())
    db.workers["main/w2"] = clock.now()
    store, phones = MemoryReservations(db, ring_timeout_s=20, wrapup_s=0), Phones()
    router = Router(store, clock, retry_s=5, worker="main/w1", policy=Policy())
    task = asyncio.create_task(router.run(phones))  # type: ignore[arg-type]  # of one type here

    async def look() -> None:
        router.line_changed()
        for _ in range(40):
            await asyncio.sleep(0)

    await look()
    assert CONTACT in router.engine.contacts
    contact.worker = "w1"
    router.join(Waiting(contact_id=CONTACT, since=clock.now()))
    await look()
    await look()
    row.presence = replace(row.presence, human=Human.READY)
    db.touch(row)
    router.wake()
    await look()
    task.cancel()
    assert phones.rung == [CONTACT]
