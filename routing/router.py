"""The dispatcher: gives the pure `Engine` what happens, carries out what it asks for in PostgreSQL, and rings.

Event-driven, no polling: every change that concerns the line is handed to the engine at once, and a `Reserve` it answers with is one
statement. A slow check every `retry_s` only repairs what an event missed: other processes' changes whose hint was lost, reservations of
a worker that vanished.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core import metrics
from core.alarms import AlarmKind, Alarms
from core.clock import Clock
from core.errors import DatabaseError, DatabaseUnavailable
from routing import engine_model as e
from routing.engine import Engine
from routing.estimate import Estimator
from routing.leases import Leases
from routing.model import Kind, Lane, Offer, OfferResult, Seat, Waiting
from routing.policy import Policy
from routing.ports import Hinter, NoHints, Place, Store, Telephony

log = structlog.get_logger()

#: How long a caller waits for a database that is away before the dialplan takes over (it rings counsellors without us).
UNROUTABLE_AFTER_S = 2.0
#: Pause between two attempts while the database is away.
AWAY_RETRY_S = 0.25
#: How often all counsellors are read, whether or not they say that they changed.
FULL_EVERY_S = 30.0
#: Rows that were changed by a transaction still under way at the last look have an older time than what it saw.
OVERLAP = timedelta(seconds=5)
#: Channel on which workers tell each other that the line changed.
LINE_CHANGED = "line_changed"


class Router:
    """Owns the waiting line of this worker and the reservations made for it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        retry_s: float,
        policy: Policy | None = None,
        worker: str = "",
        alarms: Alarms | None = None,
        estimator: Estimator | None = None,
        hints: Hinter | None = None,
    ) -> None:
        self.engine = Engine(policy or Policy())
        self.estimator = estimator or Estimator()
        self._store = store
        self._clock = clock
        self._worker = worker
        self._alarms = alarms
        self._hints = hints or NoHints()
        self._retry_s = retry_s
        self._wake = asyncio.Event()
        self._commands: deque[e.Command] = deque()
        self._away_since: float | None = None
        #: Writes that met an absent database; repeated until they are done, so that no counsellor stays reserved for nobody.
        self._unwritten: list[Callable[[], Awaitable[object]]] = []
        #: Monotonic instants at which somebody's wrap-up ends.
        self._due: list[float] = []
        self._check_at = clock.monotonic()
        self._leases = Leases(store, clock)
        self._full_at = clock.monotonic()
        self._seen_at: datetime | None = None
        self._stale = True
        self._talks: dict[tuple[UUID, int], float] = {}
        self._foreign: set[UUID] = set()
        self._closing = False

    # --- contacts ------------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Our contacts in the line, those being offered included."""
        return sum(not contact.worker for contact in self.engine.contacts.values())

    @property
    def policy(self) -> Policy:
        """What the line decides by."""
        return self.engine.policy

    def set_policy(self, policy: Policy) -> None:
        """Decide by this one from now on."""
        self._happen(e.PolicyChanged(policy=policy))

    def join(self, contact: Waiting) -> Mapping[str, object] | None:
        """A contact waits for a counsellor from now on. For a caller who is new: what the estimate learns from, for the timeline."""
        known = contact.contact_id in self.engine.contacts
        # Another worker's until now: it must not leave the line because it is no more among the others'.
        self._foreign.discard(contact.contact_id)
        self._happen(e.Joined(contact=contact))
        self._tell()
        ahead = self.engine.ahead(contact.contact_id)
        if known or contact.kind is not Kind.PHONE or ahead is None:
            return None
        seats = self.engine.on_duty
        predicted_s = self.estimator.joined(contact.contact_id, self._clock.now(), ahead=ahead, seats=seats)
        return {"ahead": ahead, "seats": seats} | ({} if predicted_s is None else {"predicted_s": predicted_s})

    def leave(self, contact_id: UUID) -> None:
        """The contact does not wait any more: talking, transferred or gone."""
        if contact_id in self.engine.contacts:
            self._happen(e.Left(contact_id=contact_id))
            self.estimator.gone(contact_id, self._clock.now())
            self._tell()

    def raise_lane(self, contact_id: UUID, lane: Lane) -> None:
        """The contact is served from another lane from now on."""
        self._happen(e.Raised(contact_id=contact_id, lane=lane))
        self._tell()

    def overflow_over(self, contact_id: UUID) -> None:
        """Standby and partner were tried in vain."""
        self._happen(e.OverflowOver(contact_id=contact_id))

    def place(self, contact_id: UUID) -> Place | None:
        """Where a waiting contact stands; what is said never grows for the same contact. None: it does not wait."""
        ahead = self.engine.ahead(contact_id)
        if ahead is None:
            return None
        interval = self.estimator.interval(contact_id, ahead=ahead, seats=self.engine.on_duty, at=self._clock.now())
        return Place(ahead=ahead, interval=interval)

    def promised(self, contact_id: UUID, until: datetime | None, place: int | None) -> None:
        """What a contact had been told before a restart."""
        self.estimator.promised(contact_id, until, place)

    # --- offers --------------------------------------------------------------------------------------------------------

    async def answered(self, offer: Offer) -> bool:
        """A counsellor took the call. False: the reservation was lost (reclaimed while we were frozen); do not bridge."""
        self.estimator.answered(offer.contact_id, self._clock.now())
        self._happen(e.Left(contact_id=offer.contact_id))
        self._talks[offer.counsellor_id, offer.epoch] = self._clock.monotonic()
        try:
            seat = await self._store.answered(offer)
        except DatabaseUnavailable:
            # Two people are on the line: connect them, note it when the database is back.
            self._unwritten.append(lambda: self._store.answered(offer))
            return True
        self._see(seat)
        return seat is not None

    async def close(self, offer: Offer, result: OfferResult) -> None:
        """An offer came to nothing: the counsellor is free again and the contact, if still waiting, is next."""
        # The row first: while this offer stands there, the contact cannot be reserved anybody else.
        await self._write(lambda: self._closed(offer, result))
        if result in (OfferResult.WITHDRAWN, OfferResult.FAILED):
            self._happen(e.Returned(contact_id=offer.contact_id), expected=False)
        else:
            self._happen(e.Refused(contact_id=offer.contact_id, counsellor_id=offer.counsellor_id), expected=False)

    async def end_talk(self, counsellor_id: UUID, epoch: int, *, heavy: bool = False, wrapup: bool = True) -> None:
        """A talk is over; the counsellor goes to wrap-up, or is free where there is none or (`wrapup=False`) their phone died."""
        lasts = self._store.wrapup.total_seconds() if wrapup else 0.0
        began = self._talks.pop((counsellor_id, epoch), None)
        if began is not None:
            self.estimator.handled(self._clock.monotonic() - began + lasts, self._clock.now())

        async def ended() -> None:
            self._freed(await self._store.end_talk(counsellor_id, epoch, heavy=heavy, wrapup=wrapup, policy=self.policy))

        await self._write(ended)
        if lasts:
            self._due.append(self._clock.monotonic() + lasts + 0.005)
            self._wake.set()

    async def free_ended(self) -> None:
        """After a crash: free counsellors whose contact has ended."""
        if freed := await self._store.free_ended():
            log.warning("counsellors_freed", count=len(freed))
            self._freed(*freed)

    async def _closed(self, offer: Offer, result: OfferResult) -> None:
        seat = await self._store.close(offer, result, self.policy)
        self._freed(seat)
        if result is OfferResult.RANG_OUT and seat is not None and seat.paused_until is not None and self._alarms is not None:
            self._alarms.raise_(AlarmKind.COUNSELLOR_PAUSED, about=seat.counsellor_id, detail={"counsellor": seat.extension})

    # --- counsellors ---------------------------------------------------------------------------------------------------

    def stop_offering(self) -> None:
        """Ring nobody any more: this program is about to end, and the next one goes on with the same line."""
        self._closing = True

    def wake(self) -> None:
        """Somebody's presence may have changed: read what changed, then decide."""
        self._stale = True
        self._wake.set()

    def reload(self) -> None:
        """Somebody was added, changed or removed, perhaps by another process: read everybody, then decide."""
        self._full_at = self._clock.monotonic()
        self.wake()

    def _freed(self, *seats: Seat | None) -> None:
        """What was just written; other workers may have somebody for whoever is idle now."""
        for seat in seats:
            self._see(seat)
        if any(seat is not None and seat.system == "idle" for seat in seats):
            self._tell()

    def _see(self, seat: Seat | None) -> None:
        if seat is not None:
            self._happen(e.SeatSeen(seat=seat.dated_by(self._clock.now())), expected=False)
            if self._seen_at is None or (seat.changed_at is not None and seat.changed_at > self._seen_at):
                self._seen_at = seat.changed_at

    async def _read_seats(self) -> None:
        now = self._clock.monotonic()
        full = now >= self._full_at or self._seen_at is None
        since = None if full or self._seen_at is None else self._seen_at - OVERLAP
        self._stale = False
        seats = await self._store.seats(since)
        for seat in seats:
            self._see(seat)
        if full:
            self._full_at = now + FULL_EVERY_S
            for counsellor_id in set(self.engine.seats) - {seat.counsellor_id for seat in seats}:
                self._happen(e.SeatGone(counsellor_id=counsellor_id))

    def clock_set(self) -> None:
        """The line's time is another one from now on."""
        self._happen(e.ClockSet())
        self.reload()

    # --- the loop ------------------------------------------------------------------------------------------------------

    async def run(self, telephony: Telephony) -> None:
        """Dispatch until cancelled."""
        while True:
            # The clock is ours, the event is asyncio's: whichever comes first, a full pass is made.
            try:
                async with asyncio.timeout(self._until_next_look()):
                    await self._wake.wait()
            except TimeoutError:
                self._happen(e.Tick())
            self._wake.clear()
            try:
                # First: what nobody took from a program that was frozen is still its own.
                await self._leases.renew(telephony)
                await self._housekeeping()
                if self._stale:
                    await self._read_seats()
                while self._commands and not self._closing:
                    await self._carry_out(self._commands.popleft(), telephony)
                self._away_since = None
            except DatabaseError as error:
                # Away, or refusing: either way nobody can be reserved, and the loop must not end.
                self._stale = True
                self._database_away(telephony, error)

    def _until_next_look(self) -> float:
        if self._away_since is not None or self._unwritten:
            return AWAY_RETRY_S
        now = self._clock.monotonic()
        due = self.engine.next_due()
        waits = [self._check_at - now, self._leases.due - now, *(at - now for at in self._due)]
        if due is not None:
            waits.append((due - self._clock.now()).total_seconds() + 0.001)
        return max(0.0, min(waits))

    async def _housekeeping(self) -> None:
        while self._unwritten:
            await self._repeat(self._unwritten[0])
            del self._unwritten[0]
        now = self._clock.monotonic()
        if now < min([self._check_at, *self._due]):
            return
        self._due = [due for due in self._due if due > now]
        if now >= self._check_at:
            self._check_at = now + self._retry_s
            self._stale = True
            self._count()
            if self._worker:
                await self._look_elsewhere()
        freed = await self._store.expire()
        self._freed(*freed)
        if freed:
            log.info("counsellors_available_again", count=len(freed))

    async def _look_elsewhere(self) -> None:
        """Other workers' callers are in the same line."""
        await self._store.alive(self._worker)
        contacts = await self._store.waiting_elsewhere(self._worker)
        # What is ours by now was another's when the question was asked.
        others = [one for one in contacts if one.contact_id not in self.engine.contacts or one.contact_id in self._foreign]
        for contact in others:
            self._happen(e.Joined(contact=contact))
        present = {contact.contact_id for contact in others}
        for contact_id in self._foreign - present:
            self._happen(e.Left(contact_id=contact_id), expected=False)
        self._foreign = present

    def line_changed(self) -> None:
        """Another worker says that its part of the line changed."""
        self._check_at = self._clock.monotonic()
        self._wake.set()

    def _tell(self) -> None:
        if self._foreign or self._worker:
            self._hints.send(LINE_CHANGED)

    async def _repeat(self, statement: Callable[[], Awaitable[object]]) -> None:
        """Raises `DatabaseUnavailable` to be tried again; what the database refuses is given up, loudly."""
        try:
            await statement()
        except DatabaseUnavailable:
            raise
        except DatabaseError:
            log.exception("write_refused")

    async def _write(self, statement: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._repeat(statement)
        except DatabaseUnavailable:
            self._unwritten.append(statement)
            self._wake.set()

    # --- what the engine asks for --------------------------------------------------------------------------------------

    def _happen(self, event: e.Event, *, expected: bool = True) -> None:
        """`expected=False`: that it comes late or twice is ordinary."""
        for command in self.engine.handle(event, self._clock.now()):
            if not isinstance(command, e.Ignored):
                self._commands.append(command)
            elif expected:
                metrics.routing_events_ignored_total.labels(event=command.event).inc()
                log.info("routing_event_ignored", event_type=command.event)
        # Also without a command: when to look next may be another instant now.
        self._wake.set()

    async def _carry_out(self, command: e.Command, telephony: Telephony) -> None:
        match command:
            case e.Reserve():
                await self._reserve(command, telephony)
            case e.Overflow(contact_id=contact_id, reason=reason):
                metrics.overflows_total.labels(reason=str(reason)).inc()
                telephony.overflow(contact_id, reason)
            case e.Hint():
                self._hints.send(LINE_CHANGED)

    async def _reserve(self, command: e.Reserve, telephony: Telephony) -> None:
        contact_id, counsellor_id = command.contact_id, command.counsellor_id
        lost = e.ReserveLost(contact_id=contact_id, counsellor_id=counsellor_id, epoch=command.epoch)
        if self.engine.offers.get(contact_id) != counsellor_id:
            # Left while the command waited for its turn.
            self._happen(lost)
            return
        try:
            offer, seat = await self._store.reserve(contact_id, counsellor_id, command.epoch)
        except DatabaseError:
            # Whether it was granted is unknown; if so, the next attempt finds the same reservation.
            self._happen(lost)
            raise
        self._see(seat)
        if offer is None or offer.counsellor_id != counsellor_id:
            self._happen(e.SeatGone(counsellor_id=counsellor_id) if seat is None else lost)
            if offer is not None:
                # Reserved by an attempt whose answer was lost, and nobody was rung: given back.
                await self._write(lambda: self._closed(offer, OfferResult.FAILED))
            return
        self._happen(e.Granted(contact_id=contact_id, counsellor_id=counsellor_id))
        if self.engine.offers.get(contact_id) == counsellor_id:
            telephony.ring(offer)
        else:
            # Left while we were asking.
            await self.close(offer, OfferResult.WITHDRAWN)

    def _database_away(self, telephony: Telephony, error: DatabaseError) -> None:
        now = self._clock.monotonic()
        if self._away_since is None:
            self._away_since = now
            log.error("nobody_can_be_reserved", reason=str(error), waiting=self.waiting)
        elif now - self._away_since >= UNROUTABLE_AFTER_S:
            for contact in list(self.engine.contacts.values()):
                if contact.kind is Kind.PHONE and not contact.worker and contact.contact_id not in self.engine.offers:
                    # Whoever goes to the dialplan leaves the line; who is kept here (a partner is being called) is still in it.
                    telephony.unroutable(contact.contact_id)

    def _count(self) -> None:
        lanes = dict.fromkeys(Lane, 0)
        for contact in self.engine.contacts.values():
            lanes[contact.lane] += not contact.worker
        for lane, count in lanes.items():
            metrics.callers_waiting.labels(lane=str(lane)).set(count)
        metrics.counsellors_available.set(self.engine.available)
