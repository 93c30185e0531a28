"""Call-backs and codes in memory; see `routing.testing`. What a call asks of them, not the list that people work through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.clock import Clock
from core.ids import new_id
from routing.callback_model import CallbackState, Consent, Due, NoNumber, UnknownContact
from routing.callbacks import Callbacks
from routing.model import Lane
from routing.place_codes import PlaceCodes, Taken
from routing.policy import Policy
from routing.testing import Gate, MemoryDatabase, at_once


@dataclass(slots=True)
class Request:
    """A row of `callbacks`."""

    id: UUID
    contact_id: UUID
    reason: str
    number: str
    virtual_start: datetime
    lane: Lane
    consent: Consent
    outcome: str | None = None


class MemoryCallbacks(Callbacks):
    """`routing.callbacks.Callbacks` as far as calls need it."""

    def __init__(self, db: MemoryDatabase, clock: Clock, *, gate: Gate = at_once, policy: Callable[[], Policy] = Policy) -> None:
        self._memory = db
        self._clock = clock
        self._gate = gate
        self._policy = policy

    async def ask(
        self,
        contact_id: UUID,
        *,
        number: str | None,
        consent: Consent,
        language: str,
        virtual_start: datetime,
        lane: Lane = Lane.NORMAL,
    ) -> UUID:
        """See `Callbacks.ask`."""

        def work() -> UUID:
            contact = self._memory.contacts.get(contact_id)
            if contact is None:
                raise UnknownContact
            called = number or contact.number
            if called is None:
                raise NoNumber
            return self._add(contact_id, "asked", called, virtual_start, lane, consent)

        return await self._gate(work)

    async def dropped_out(self, contact_id: UUID, *, reason: str = "dropped_out") -> bool:
        """See `Callbacks.dropped_out`."""

        def work() -> bool:
            contact = self._memory.contacts.get(contact_id)
            if contact is None or contact.number is None or self._live(contact_id) is not None:
                return False
            self._add(contact_id, str(reason), contact.number, contact.queued_at or contact.entered_at, Lane.NORMAL, Consent())
            return True

        return await self._gate(work)

    async def sweep(self) -> int:
        """See `Callbacks.sweep`."""
        ended = [
            row for row in self._memory.contacts.values()
            if row.outcome in ("abandoned_waiting", "cut_off", "abandoned_safety_net", "dropped") and row.number is not None
            and all(request.contact_id != row.id for request in self._memory.callbacks.values())
        ]  # fmt: skip
        listed = 0
        for row in ended:
            listed += await self.dropped_out(row.id, reason="cut_off" if row.outcome == "cut_off" else "dropped_out")
        return listed

    async def cancel_for(self, contact_id: UUID, outcome: str = "called_again") -> int:
        """See `Callbacks.cancel_for`."""

        def work() -> int:
            contact = self._memory.contacts.get(contact_id)
            if contact is None or contact.number is None:
                return 0
            found = [request for request in self._memory.callbacks.values() if request.outcome is None and request.number == contact.number]
            for request in found:
                request.outcome = outcome
            return len(found)

        return await self._gate(work)

    async def claim(self, worker: str, limit: int, lease_s: float) -> list[Due]:
        """Nobody is called back here."""
        return []

    async def reclaim(self) -> list[tuple[UUID, CallbackState]]:
        """Nobody is called back here."""
        return []

    def _live(self, contact_id: UUID) -> Request | None:
        return next((r for r in self._memory.callbacks.values() if r.contact_id == contact_id and r.outcome is None), None)

    def _add(self, contact_id: UUID, reason: str, number: str, virtual_start: datetime, lane: Lane, consent: Consent) -> UUID:
        if (live := self._live(contact_id)) is not None:
            live.reason, live.number, live.consent = reason, number, consent
            return live.id
        request = Request(new_id(), contact_id, reason, number, virtual_start, lane, consent)
        self._memory.callbacks[request.id] = request
        return request.id


class MemoryPlaceCodes(PlaceCodes):
    """`routing.place_codes.PlaceCodes`."""

    def __init__(self, db: MemoryDatabase, clock: Clock, *, gate: Gate = at_once, policy: Callable[[], Policy] = Policy) -> None:
        self._memory = db
        self._clock = clock
        self._gate = gate
        self._policy = policy

    async def give(self, contact_id: UUID, virtual_start: datetime) -> str:
        """See `PlaceCodes.give`."""

        def work() -> str:
            code = str(100_000 + len(self._memory.codes))
            self._memory.codes[code] = (contact_id, virtual_start)
            return code

        return await self._gate(work)

    async def take(self, code: str) -> Taken | None:
        """See `PlaceCodes.take`."""

        def work() -> Taken | None:
            found = self._memory.codes.pop(code, None)
            return Taken(contact_id=found[0], virtual_start=found[1]) if found else None

        return await self._gate(work)
