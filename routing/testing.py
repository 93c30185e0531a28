"""The line's stores in memory, with PostgreSQL's semantics and the faces of the real ones: for tests and for the simulation.

`tests/integration/routing/test_twins.py` does the same things to these and to a real PostgreSQL. Every method does its work at one
instant, as one statement does; a `Gate` around it may delay it, refuse it, or lose its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from core.errors import DatabaseConflict
from core.ids import new_id
from routing.model import ContactState, Kind, Lane, Offer, OfferResult, Seat, Waiting
from routing.policy import Policy
from routing.presence_model import PresenceEvent, System
from routing.reservations import WORKER_LEASE_S
from routing.testing_tables import Contact, Counsellor, Gate, MemoryDatabase, OfferRow, at_once, seat_of

_MISSED = frozenset({OfferResult.RANG_OUT, OfferResult.REJECTED, OfferResult.BUSY})


class MemoryReservations:
    """`routing.reservations.Reservations`."""

    def __init__(
        self, db: MemoryDatabase, *, ring_timeout_s: float, wrapup_s: float, gate: Gate = at_once, leg_id_prefix: str = "leg-"
    ) -> None:
        self._db = db
        self._gate = gate
        self._lease = timedelta(seconds=ring_timeout_s + 10.0)
        self._wrapup = timedelta(seconds=wrapup_s)
        self._prefix = leg_id_prefix

    @property
    def wrapup(self) -> timedelta:
        """See `Reservations.wrapup`."""
        return self._wrapup

    async def reserve(self, contact_id: UUID, counsellor_id: UUID, epoch: int) -> tuple[Offer | None, Seat | None]:
        """See `Reservations.reserve`."""
        offer_id = new_id()
        return await self._gate(lambda: self._reserve(contact_id, counsellor_id, epoch, offer_id))

    async def answered(self, offer: Offer) -> Seat | None:
        """See `Reservations.answered`."""
        return await self._gate(lambda: self._answered(offer))

    async def close(self, offer: Offer, result: OfferResult, policy: Policy) -> Seat | None:
        """See `Reservations.close`."""
        return await self._gate(lambda: self._close(offer, result, policy))

    async def end_talk(self, counsellor_id: UUID, epoch: int, *, heavy: bool, wrapup: bool, policy: Policy) -> Seat | None:
        """See `Reservations.end_talk`."""
        return await self._gate(lambda: self._end_talk(counsellor_id, epoch, heavy, wrapup, policy))

    async def expire(self) -> list[Seat]:
        """See `Reservations.expire`."""
        return [*await self._gate(self._expire_wrapups), *await self._gate(self._reclaim)]

    async def free_ended(self) -> list[Seat]:
        """See `Reservations.free_ended`."""
        return await self._gate(self._free_ended)

    async def hold(self, offers: Collection[Offer]) -> set[UUID]:
        """See `Reservations.hold`."""
        return await self._gate(lambda: {offer.id for offer in offers if self._hold(offer)})

    async def seats(self, since: datetime | None) -> list[Seat]:
        """See `Reservations.seats`."""
        rows = self._db.counsellors.values()
        return await self._gate(lambda: [self._seat(row) for row in rows if since is None or (row.changed_at and row.changed_at >= since)])

    async def alive(self, worker: str) -> None:
        """See `Reservations.alive`."""
        await self._gate(lambda: self._db.workers.update({worker: self._db.now()}))

    async def waiting_elsewhere(self, worker: str) -> list[Waiting]:
        """See `Reservations.waiting_elsewhere`."""
        return await self._gate(lambda: self._elsewhere(worker))

    # --- the statements --------------------------------------------------------------------------------------------------------------

    def _reserve(self, contact_id: UUID, counsellor_id: UUID, epoch: int, offer_id: UUID) -> tuple[Offer | None, Seat | None]:
        db = self._db
        row, contact = db.counsellors.get(counsellor_id), db.contacts.get(contact_id)
        if row is None:
            return None, None
        mine = [live for live in db.live_offers.values() if live.offer.contact_id == contact_id]
        if self.may_reserve(row, epoch) and not mine and contact is not None and contact.outcome is None:
            if any(live.offer.counsellor_id == counsellor_id for live in db.live_offers.values()):
                raise DatabaseConflict(constraint="uq_offers_live_counsellor")
            offer = Offer(
                id=offer_id, contact_id=contact_id, counsellor_id=counsellor_id, epoch=row.epoch + 1, extension=row.extension,
                leg_id=f"{self._prefix}{offer_id}",
            )  # fmt: skip
            before = seat_of(row)
            row.epoch += 1
            row.presence = replace(row.presence, system=System.OFFERED)
            row.contact_id, row.deadline = contact_id, db.now() + self._lease
            db.touch(row)
            db.offers[offer_id] = db.live_offers[offer_id] = OfferRow(offer, db.now())
            db.on_grant(offer, before)
            return offer, self._seat(row)
        # One of an earlier attempt whose answer was lost, whoever it is for.
        return next((live.offer for live in mine), None), self._seat(row)

    def may_reserve(self, row: Counsellor, epoch: int) -> bool:
        """Whether the row is still what the decision was made on."""
        presence = row.presence
        return row.epoch == epoch and not row.disabled and presence.available and row.on_shift

    def holds(self, row: Counsellor, epoch: int) -> bool:
        """Whether a write that names this epoch may change the row: the fence."""
        return row.epoch == epoch

    def _hold(self, offer: Offer) -> bool:
        row = self._db.counsellors.get(offer.counsellor_id)
        if offer.id not in self._db.live_offers or row is None or row.deadline is None:
            return False
        if not self.holds(row, offer.epoch) or row.presence.system is not System.OFFERED:
            return False
        row.deadline = max(row.deadline, self._db.now() + self._lease)
        return True

    def _answered(self, offer: Offer) -> Seat | None:
        db = self._db
        offered = db.offers.get(offer.id)
        if offered is None or offered.result not in (None, "answered"):
            return None
        db.close_offer(offered, OfferResult.ANSWERED)
        row = db.counsellors[offer.counsellor_id]
        if not self.holds(row, offer.epoch) or row.presence.system not in (System.OFFERED, System.TALKING):
            return None
        row.presence = replace(row.presence, system=System.TALKING, missed=0, paused_until=None)
        row.deadline = None
        db.touch(row)
        return self._seat(row)

    def _close(self, offer: Offer, result: OfferResult, policy: Policy) -> Seat | None:
        db = self._db
        offered = db.live_offers.get(offer.id)
        if offered is None:
            return None
        db.close_offer(offered, result)
        row = db.counsellors[offer.counsellor_id]
        if not self.holds(row, offer.epoch) or row.presence.system is not System.OFFERED:
            return None
        now, was = db.now(), row.presence
        rang_out = result is OfferResult.RANG_OUT
        row.presence = replace(
            was,
            system=System.IDLE,
            reachable=was.reachable and result is not OfferResult.UNREACHABLE,
            idle_since=now if result in _MISSED else was.idle_since,
            missed=was.missed + rang_out,
            paused_until=now + timedelta(seconds=policy.pause_s)
            if rang_out and was.missed + 1 >= policy.missed_limit
            else was.paused_until,
        )
        row.contact_id = row.deadline = None
        db.touch(row)
        return self._seat(row)

    def _end_talk(self, counsellor_id: UUID, epoch: int, heavy: bool, wrapup: bool, policy: Policy) -> Seat | None:
        row = self._db.counsellors.get(counsellor_id)
        if row is None or not self.holds(row, epoch) or row.presence.system not in (System.TALKING, System.OFFERED):
            return None
        now = self._db.now()
        lasts = self._wrapup if wrapup else timedelta()
        rest = timedelta(seconds=policy.crisis_rest_s)
        row.presence = replace(
            row.presence,
            system=System.WRAPUP if lasts else System.IDLE,
            idle_since=row.presence.idle_since if lasts else now,
            rest_until=now + lasts + rest if heavy and rest else row.presence.rest_until,
        )
        row.deadline = now + lasts if lasts else None
        row.heavy_run = row.heavy_run + 1 if heavy else 0
        row.contact_id = None
        self._db.touch(row)
        return self._seat(row)

    def _expire_wrapups(self) -> list[Seat]:
        freed = [row for row in self._late() if row.presence.system is System.WRAPUP]
        return [self._free(row, idle=True) for row in freed]

    def _reclaim(self) -> list[Seat]:
        db, late = self._db, [row for row in self._late() if row.presence.system is System.OFFERED]
        for live in list(db.live_offers.values()):
            row = db.counsellors[live.offer.counsellor_id]
            if row in late or row.epoch != live.offer.epoch or row.presence.system is not System.OFFERED:
                db.close_offer(live, OfferResult.FAILED)
        return [self._free(row, idle=False) for row in late]

    def _late(self) -> list[Counsellor]:
        now = self._db.now()
        return [row for row in self._db.counsellors.values() if row.deadline is not None and row.deadline <= now]

    def _free_ended(self) -> list[Seat]:
        db = self._db
        for live in list(db.live_offers.values()):
            if db.contacts[live.offer.contact_id].outcome is not None:
                db.close_offer(live, OfferResult.WITHDRAWN)
        busy = [row for row in db.counsellors.values() if row.presence.system in (System.OFFERED, System.TALKING) and row.contact_id]
        ended = [row for row in busy if row.contact_id in db.contacts and db.contacts[row.contact_id].outcome is not None]
        return [self._free(row, idle=True) for row in ended]

    def _free(self, row: Counsellor, *, idle: bool) -> Seat:
        row.presence = replace(row.presence, system=System.IDLE, idle_since=self._db.now() if idle else row.presence.idle_since)
        row.contact_id = row.deadline = None
        self._db.touch(row)
        return self._seat(row)

    def _seat(self, row: Counsellor) -> Seat:
        return replace(seat_of(row), read_at=self._db.now())

    def _elsewhere(self, worker: str) -> list[Waiting]:
        db = self._db
        seen = db.now() - timedelta(seconds=WORKER_LEASE_S)
        offered = {live.offer.contact_id for live in db.live_offers.values()}
        return [
            Waiting(
                contact_id=row.id,
                since=row.more.get("virtual_start") or row.queued_at,  # type: ignore[arg-type]
                lane=Lane(str(row.more["lane"])),
                kind=Kind(str(row.more["kind"])),
                language=row.language,
                named=row.more.get("named_id"),  # type: ignore[arg-type]
                worker=f"{row.node}/{row.worker}",
            )
            for row in db.live_contacts()
            if row.queued_at is not None and row.state in (ContactState.WAITING, ContactState.CALLING_BACK)
            and f"{row.node}/{row.worker}" != worker and row.id not in offered
            and f"{row.node}/{row.worker}" in db.workers and db.workers[f"{row.node}/{row.worker}"] > seen
        ]  # fmt: skip


class MemoryPhones:
    """What `ivr.reachability` needs of `routing.counsellors.Counsellors`."""

    def __init__(self, db: MemoryDatabase, *, gate: Gate = at_once, on_change: Callable[[], None] = lambda: None) -> None:
        self._db = db
        self._gate = gate
        self._on_change = on_change

    async def set_reachable(self, extension: str, reachable: bool, node: str = "main") -> object:
        """See `Counsellors.set_reachable`."""
        event = PresenceEvent.PHONE_REACHABLE if reachable else PresenceEvent.PHONE_UNREACHABLE
        changed = await self._gate(lambda: self._db.happen(extension, event, node=node))
        if changed:
            self._on_change()
        return changed

    async def set_reachable_phones(self, extensions: Collection[str], node: str = "main") -> int:
        """See `Counsellors.set_reachable_phones`."""
        changed = await self._gate(lambda: self._compare(extensions, node))
        if changed:
            self._on_change()
        return changed

    def _compare(self, extensions: Collection[str], node: str) -> int:
        events = (PresenceEvent.PHONE_UNREACHABLE, PresenceEvent.PHONE_REACHABLE)
        rows = [row for row in self._db.counsellors.values() if not row.disabled]
        return sum(self._db.happen(row.extension, events[row.extension in extensions], node=node) for row in rows)


__all__ = ["Contact", "Counsellor", "Gate", "MemoryDatabase", "MemoryPhones", "MemoryReservations", "at_once"]
