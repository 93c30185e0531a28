"""Nobody can be reserved since the database is away: callers go to the dialplan, and who cannot go just then is served when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import pytest

from core.errors import DatabaseUnavailable
from core.testing import ManualClock
from routing.model import Lane, Offer, Waiting
from routing.policy import Policy
from routing.presence_model import Human
from routing.router import UNROUTABLE_AFTER_S, Router
from routing.testing import Contact, MemoryDatabase, MemoryReservations

T = TypeVar("T")
CONTACT, COUNSELLOR = UUID(int=1), UUID(int=2)


class Calls:
    """One call that goes to the dialplan when it is told to, or is kept by an emergency partner who is being called."""

    def __init__(self, *, kept: bool) -> None:
        self.kept = kept
        self.router: Router
        self.rung: list[UUID] = []
        self.told = 0

    def ring(self, offer: Offer) -> None:
        """See `routing.ports.Telephony`."""
        self.rung.append(offer.contact_id)

    def unroutable(self, contact_id: UUID) -> None:
        """See `routing.ports.Telephony`."""
        self.told += 1
        if not self.kept:
            self.router.leave(contact_id)

    def overflow(self, contact_id: UUID, reason: object) -> None:
        """Not here."""

    def open_offers(self) -> Collection[Offer]:
        """None."""
        return ()

    def reservation_lost(self, offer: Offer) -> None:
        """Not here."""


@pytest.mark.parametrize("kept", [True, False])
async def test_who_stays_is_told_again_and_is_in_the_line_when_it_is_back(*, kept: bool) -> None:
    """A caller in a crisis whose counsellor's phone died in the outage: forgotten by the line they would wait for ever."""
    clock, away = ManualClock(), True
    db = MemoryDatabase(clock.now)
    row = db.add_counsellor(COUNSELLOR, "101")
    row.presence = replace(row.presence, human=Human.READY, reachable=True, idle_since=clock.now())
    db.contacts[CONTACT] = Contact(CONTACT, "main", "w1", "caller", "menu", "", "ko", None, "waiting", clock.now(), clock.now())

    async def gate(work: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if away:
            raise DatabaseUnavailable
        return work()

    calls = Calls(kept=kept)
    router = calls.router = Router(
        MemoryReservations(db, ring_timeout_s=20, wrapup_s=0, gate=gate), clock, retry_s=5, worker="main/w1", policy=Policy()
    )
    task = asyncio.create_task(router.run(calls))

    async def passes(seconds: float) -> None:
        clock.advance(seconds)
        router.wake()
        for _ in range(60):
            await asyncio.sleep(0)

    await passes(0)
    router.join(Waiting(contact_id=CONTACT, since=clock.now(), lane=Lane.CRISIS))
    for _ in range(4):
        await passes(UNROUTABLE_AFTER_S)
    assert calls.told >= 2 if kept else calls.told == 1
    away = False
    for _ in range(4):
        await passes(5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert calls.rung == ([CONTACT] if kept else [])
