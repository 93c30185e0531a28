"""The dispatcher: joins waiting contacts with available counsellors as soon as either appears. Event-driven, no polling.

Everything that may change who is available calls `wake()`. A slow check every `retry_s` only repairs what an event missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import DatabaseError, DatabaseUnavailable
from routing.line import Line
from routing.model import Offer, OfferResult, Waiting
from routing.reservations import Reservations

log = structlog.get_logger()

#: How long a caller waits for a database that is away before the dialplan takes over (it rings counsellors without us).
UNROUTABLE_AFTER_S = 2.0
#: Pause between two attempts while the database is away.
AWAY_RETRY_S = 0.25


class Telephony(Protocol):
    """What the router needs from the telephone; implemented in `ivr`, handed in by bootstrap."""

    def ring(self, offer: Offer) -> None:
        """Ring the reserved counsellor for the contact. Must not block; the result comes back through `Router.close`."""

    def unroutable(self, contact_id: UUID) -> None:
        """No counsellor can be reserved because the database is away: reach a human without it."""


class Router:
    """Owns the waiting line of this worker and the reservations made for it."""

    def __init__(self, reservations: Reservations, clock: Clock, *, refusal_memory_s: float, retry_s: float) -> None:
        self._reservations = reservations
        self._clock = clock
        self._line = Line(timedelta(seconds=refusal_memory_s))
        self._retry_s = retry_s
        self._wake = asyncio.Event()
        self._away_since: float | None = None
        #: Writes that met an absent database; repeated until they are done, so that no counsellor stays reserved for nobody.
        self._unwritten: list[Callable[[], Awaitable[object]]] = []
        #: Monotonic instants at which somebody's wrap-up ends.
        self._due: list[float] = []

    @property
    def waiting(self) -> int:
        """Contacts in the line, those being offered included."""
        return len(self._line)

    def join(self, contact: Waiting) -> None:
        """A contact waits for a counsellor from now on."""
        self._line.join(contact)
        self.wake()

    def leave(self, contact_id: UUID) -> None:
        """The contact does not wait any more: talking, transferred or gone."""
        self._line.leave(contact_id)

    def wake(self) -> None:
        """Somebody may have become available."""
        self._wake.set()

    async def answered(self, offer: Offer) -> bool:
        """A counsellor took the call. False: the reservation was lost (reclaimed while we were frozen); do not bridge."""
        self._line.leave(offer.contact_id)
        try:
            return await self._reservations.answered(offer)
        except DatabaseUnavailable:
            # Two people are on the line: connect them, note it when the database is back.
            self._unwritten.append(lambda: self._reservations.answered(offer))
            return True

    async def close(self, offer: Offer, result: OfferResult) -> None:
        """An offer came to nothing: the counsellor is free again and the contact, if still waiting, is next."""
        if result in (OfferResult.WITHDRAWN, OfferResult.FAILED):
            self._line.returned(offer.contact_id)
        else:
            self._line.refused(offer.contact_id, offer.counsellor_id, self._clock.now())
        await self._write(lambda: self._reservations.close(offer, result))

    async def end_talk(self, counsellor_id: UUID, epoch: int) -> None:
        """A talk is over; the counsellor goes to wrap-up, or is free where there is none."""
        await self._write(lambda: self._reservations.end_talk(counsellor_id, epoch))
        if wrapup_s := self._reservations.wrapup.total_seconds():
            self._due.append(self._clock.monotonic() + wrapup_s + 0.005)

    async def free_ended(self) -> None:
        """After a crash: free counsellors whose contact has ended."""
        if freed := await self._reservations.free_ended():
            log.warning("counsellors_freed", count=freed)
            self.wake()

    async def run(self, telephony: Telephony) -> None:
        """Dispatch until cancelled."""
        while True:
            # The clock is ours, the event is asyncio's: whichever comes first, a full pass is made.
            try:
                async with asyncio.timeout(self._until_next_check()):
                    await self._wake.wait()
            except TimeoutError:
                await self._housekeeping(telephony)
            self._wake.clear()
            try:
                await self._dispatch(telephony)
            except DatabaseError as error:
                # Away, or refusing: either way nobody can be reserved, and the loop must not end.
                self._database_away(telephony, error)

    def _until_next_check(self) -> float:
        if self._away_since is not None or self._unwritten:
            return AWAY_RETRY_S
        now = self._clock.monotonic()
        return max(0.0, min([self._retry_s, *(due - now for due in self._due)]))

    async def _housekeeping(self, telephony: Telephony) -> None:
        now = self._clock.monotonic()
        self._due = [due for due in self._due if due > now]
        try:
            while self._unwritten:
                await self._repeat(self._unwritten[0])
                del self._unwritten[0]
            if freed := await self._reservations.expire():
                log.info("counsellors_available_again", count=freed)
        except DatabaseError as error:
            self._database_away(telephony, error)

    async def _repeat(self, statement: Callable[[], Awaitable[object]]) -> None:
        """Raises `DatabaseUnavailable` to be tried again; what the database refuses is given up, loudly."""
        try:
            await statement()
        except DatabaseUnavailable:
            raise
        except DatabaseError:
            log.exception("write_refused")

    async def _dispatch(self, telephony: Telephony) -> None:
        for contact in self._line.next():
            not_now = self._line.not_now(contact.contact_id, self._clock.now())
            offer = await self._reservations.reserve(contact.contact_id, not_now)
            self._away_since = None
            if offer is None:
                if not_now:
                    # Only this contact's refusers may be free; the next contact can still have them.
                    continue
                return
            if contact.contact_id not in self._line:
                # Left while we were asking.
                await self.close(offer, OfferResult.WITHDRAWN)
                continue
            self._line.offered(contact.contact_id)
            telephony.ring(offer)

    async def _write(self, statement: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._repeat(statement)
        except DatabaseUnavailable:
            self._unwritten.append(statement)
        self.wake()

    def _database_away(self, telephony: Telephony, error: DatabaseError) -> None:
        now = self._clock.monotonic()
        if self._away_since is None:
            self._away_since = now
            log.error("nobody_can_be_reserved", reason=str(error), waiting=len(self._line))
        elif now - self._away_since >= UNROUTABLE_AFTER_S:
            for contact in list(self._line.next()):
                self._line.leave(contact.contact_id)
                telephony.unroutable(contact.contact_id)
