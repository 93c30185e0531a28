"""Keeps reserved who is being connected, however long the caller still listens to something. What a dead program had runs out."""

from __future__ import annotations

import structlog

from core.clock import Clock
from routing.ports import Store, Telephony

log = structlog.get_logger()

#: How often open offers are renewed: several times within the shortest lease.
EVERY_S = 3.0


class Leases:
    """Of the offers that are open at the telephone."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        #: When they are renewed next; monotonic seconds.
        self.due = clock.monotonic() + EVERY_S

    async def renew(self, telephony: Telephony) -> None:
        """Renew them if it is time, all with one statement. Raises `DatabaseError`."""
        now = self._clock.monotonic()
        if now < self.due:
            return
        self.due = now + EVERY_S
        if not (offers := telephony.open_offers()):
            return
        held = await self._store.hold(offers)
        # What was connected or given up meanwhile is open no more.
        for offer in telephony.open_offers():
            if offer in offers and offer.id not in held:
                log.warning("reservation_lost", leg_id=offer.leg_id)
                telephony.reservation_lost(offer)
