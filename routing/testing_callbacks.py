"""Call-backs and codes in memory; see `routing.testing`. The list that people work through is not here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.clock import Clock
from core.ids import new_id
from routing.callback_model import (
    RESULT_OF,
    CallbackResult,
    CallbackState,
    CallHours,
    Consent,
    Due,
    NoNumber,
    Reason,
    UnknownContact,
)
from routing.callbacks import SWEEP_BACK, Callbacks
from routing.model import Lane, Outcome
from routing.place_codes import PlaceCodes, Taken
from routing.policy import Policy
from routing.testing import Contact, Gate, MemoryDatabase, at_once

_BEFORE_TALK = frozenset({"abandoned_waiting", "callback_arranged", "dropped", "cut_off", "abandoned_safety_net"})


@dataclass(slots=True)
class Attempt:
    """A row of `callback_attempts`."""

    contact_id: UUID
    at: datetime
    result: str | None = None


@dataclass(slots=True)
class Request:
    """A row of `callbacks`."""

    id: UUID
    contact_id: UUID
    reason: str
    number: str
    language: str
    created_at: datetime
    virtual_start: datetime
    lane: Lane
    consent: Consent
    due_at: datetime
    state: str = "open"
    outcome: str | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    epoch: int = 0
    worker: str | None = None
    lease_until: datetime | None = None
    made: list[Attempt] = field(default_factory=list)

    def end(self, state: str, outcome: str, at: datetime) -> None:
        """Over; whoever has it finds that it is not theirs any more."""
        self.state, self.outcome, self.ended_at = state, outcome, at
        self.let_go()

    def let_go(self) -> None:
        """Nobody's."""
        self.epoch += 1
        self.worker = self.lease_until = None


class MemoryCallbacks(Callbacks):
    """`routing.callbacks.Callbacks`; a statement or a transaction is one piece of work."""

    def __init__(self, db: MemoryDatabase, clock: Clock, *, gate: Gate = at_once, policy: Callable[[], Policy] = Policy) -> None:
        self._memory = db
        self._clock = clock
        self._gate = gate
        self._policy = policy

    # --- onto the list, and off it

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
        now = self._clock.now()

        def work() -> UUID:
            contact = self._memory.contacts.get(contact_id)
            if contact is None:
                raise UnknownContact(f"there is no contact {contact_id}")
            called = number or contact.number
            if called is None:
                raise NoNumber
            start = virtual_start
            for older in self._live():
                if older.number == called and older.contact_id != contact_id:
                    start = min(start, older.virtual_start)
                    older.end("cancelled", "called_again", now)
            mine = self._of(contact_id)
            if consent.may_call is False and mine is not None:
                mine.end("cancelled", "cancelled", now)
                mine.consent = replace(mine.consent, may_call=False)
                mine = None
            kept = self._kept(called, consent)
            if mine is None:
                mine = self._add(contact_id, "asked", called, language, now, start, lane, kept)
            else:
                mine.reason, mine.number, mine.language, mine.lane, mine.consent = "asked", called, language, lane, kept
                mine.virtual_start, mine.due_at = min(mine.virtual_start, start), now
                mine.state, mine.attempts = "open", 0
                mine.let_go()
            if consent.may_call is False:
                mine.state, mine.outcome, mine.ended_at = "cancelled", "cancelled", now
            return mine.id

        return await self._gate(work)

    async def dropped_out(self, contact_id: UUID, *, reason: str = "dropped_out") -> bool:
        """See `Callbacks.dropped_out`."""
        why, now = Reason(reason), self._clock.now()
        if why is Reason.DROPPED_OUT and not self._policy().callback_dropped_out:
            return False

        def work() -> bool:
            contact = self._memory.contacts.get(contact_id)
            if contact is None:
                raise UnknownContact(f"there is no contact {contact_id}")
            if contact.number is None or not self._wanted(contact):
                return False
            since = contact.more.get("virtual_start") or contact.queued_at or contact.entered_at
            assert isinstance(since, datetime)
            kept = self._kept(contact.number, Consent())
            self._add(contact_id, str(why), contact.number, contact.language, now, since, Lane(str(contact.more["lane"])), kept)
            return True

        return await self._gate(work)

    async def sweep(self) -> int:
        """See `Callbacks.sweep`."""
        since = self._clock.now() - SWEEP_BACK

        def missed() -> list[tuple[UUID, str]]:
            listed = {request.contact_id for request in self._memory.callbacks.values()}
            rows = [
                row for row in self._memory.contacts.values()
                if row.outcome in _BEFORE_TALK and row.id not in listed and row.ended_at is not None and row.ended_at > since
                and self._wanted(row)
            ]  # fmt: skip
            return [(row.id, "cut_off" if row.outcome == "cut_off" else "dropped_out") for row in rows]

        listed = 0
        for contact_id, reason in await self._gate(missed):
            listed += await self.dropped_out(contact_id, reason=reason)
        return listed

    async def cancel_for(self, contact_id: UUID, outcome: str = "called_again") -> int:
        """See `Callbacks.cancel_for`."""
        now = self._clock.now()

        def work() -> int:
            contact = self._memory.contacts.get(contact_id)
            if contact is None:
                return 0
            found = [
                request for request in self._live()
                if request.contact_id == contact_id or (contact.number is not None and request.number == contact.number)
                if request.id != contact.more.get("callback_id")
            ]  # fmt: skip
            for request in found:
                request.end("cancelled", outcome, now)
            return len(found)

        return await self._gate(work)

    async def finish(self, callback_id: UUID, *, outcome: str, why: str = "", refused: bool = False) -> bool:
        """See `Callbacks.finish`."""
        now = self._clock.now()

        def work() -> bool:
            request = self._memory.callbacks.get(callback_id)
            if request is None or request.outcome is not None:
                return False
            request.end("done" if outcome == CallbackResult.TALKED else "cancelled", outcome, now)
            return True

        return await self._gate(work)

    # --- calling

    async def claim(self, worker: str, limit: int, lease_s: float) -> list[Due]:
        """See `Callbacks.claim`."""
        now = self._clock.now()

        def work() -> list[Due]:
            there, numbers = self._on_the_line()
            due = [
                request for request in self._live()
                if request.state == "open" and request.consent.may_call and request.due_at <= now and request.consent.timely(now)
                and request.contact_id not in there and request.number not in numbers
            ]  # fmt: skip
            claimed = sorted(due, key=lambda request: (request.due_at, request.id))[: max(0, limit)]
            for request in claimed:
                request.state, request.worker, request.lease_until = "calling", worker, now + timedelta(seconds=lease_s)
                request.epoch += 1
            return [
                Due(
                    id=request.id, contact_id=request.contact_id, number=request.number, language=request.language,
                    virtual_start=request.virtual_start, lane=request.lane, attempts=request.attempts, consent=request.consent,
                    epoch=request.epoch,
                )
                for request in claimed
            ]  # fmt: skip

        return await self._gate(work)

    async def keep(self, due: Due, lease_s: float) -> bool:
        """See `Callbacks.keep`."""
        until = self._clock.now() + timedelta(seconds=lease_s)

        def work() -> bool:
            if (request := self._held(due.id, due.epoch)) is None:
                return False
            request.lease_until = until
            return True

        return await self._gate(work)

    async def attempt(self, due: Due, contact_id: UUID) -> bool:
        """See `Callbacks.attempt`."""
        now = self._clock.now()

        def work() -> bool:
            if contact_id not in self._memory.contacts:
                raise UnknownContact(f"there is no contact {contact_id}")
            if (request := self._held(due.id, due.epoch)) is None or not due.consent.timely(now):
                return False
            request.made.append(Attempt(contact_id, now))
            return True

        return await self._gate(work)

    async def reclaim(self) -> list[tuple[UUID, CallbackState]]:
        """See `Callbacks.reclaim`."""
        now = self._clock.now()

        def forgotten() -> list[tuple[UUID, int, int, str | None]]:
            found, live = [], self._memory.live_contacts()
            for request in self._live():
                if request.state != "calling" or request.lease_until is None or request.lease_until > now:
                    continue
                last = next((made.contact_id for made in reversed(request.made) if made.result is None), None)
                if not any(row.more.get("callback_id") == request.id or row.id == last for row in live):
                    outcome = self._memory.contacts[last].outcome if last else None
                    found.append((request.id, request.epoch, request.attempts, outcome))
            return found

        ended = []
        for request_id, epoch, attempts, outcome in await self._gate(forgotten):
            result = RESULT_OF.get(Outcome(outcome), CallbackResult.INTERRUPTED) if outcome else CallbackResult.INTERRUPTED
            state = await self._attempted(request_id, epoch, attempts, result, self._policy())
            if state is not None:
                ended.append((request_id, state))
        return ended

    async def _end_attempt(
        self, callback_id: UUID, epoch: int, result: CallbackResult, state: CallbackState, attempts: int, due_at: datetime | None
    ) -> bool:
        now = self._clock.now()

        def work() -> bool:
            if (request := self._held(callback_id, epoch)) is None:
                return False
            request.state, request.attempts, request.due_at = str(state), attempts, due_at or request.due_at
            if state is not CallbackState.OPEN:
                request.outcome = str(CallbackResult.NO_ANSWER if result is CallbackResult.BUSY else result)
                request.ended_at = now
            request.let_go()
            if result is CallbackResult.WRONG_PERSON:
                request.consent = replace(request.consent, shared_phone=True)
            for made in request.made:
                made.result = made.result or str(result)
            return True

        return await self._gate(work)

    # --- rows

    def _on_the_line(self) -> tuple[set[UUID], set[str | None]]:
        """Whoever is with us now, as contacts and as numbers, is not called meanwhile."""
        live = self._memory.live_contacts()
        return {row.id for row in live}, {row.number for row in live}

    def _live(self) -> list[Request]:
        return [request for request in self._memory.callbacks.values() if request.outcome is None]

    def _of(self, contact_id: UUID) -> Request | None:
        return next((request for request in self._live() if request.contact_id == contact_id), None)

    def _held(self, callback_id: UUID, epoch: int) -> Request | None:
        request: Request | None = self._memory.callbacks.get(callback_id)
        return request if request is not None and request.epoch == epoch and request.state == "calling" else None

    def _wanted(self, contact: Contact) -> bool:
        """`callback_statements._WANTED`."""
        requests = list(self._memory.callbacks.values())
        if contact.number is None or contact.more["kind"] != "phone":
            return False
        if any(request.contact_id == contact.id or (request.number == contact.number and not request.outcome) for request in requests):
            return False
        asked = [
            request.consent.may_call for request in requests if request.number == contact.number and request.consent.may_call is not None
        ]
        again = any(
            row.number == contact.number and row.id != contact.id and row.entered_at >= contact.entered_at
            and (row.outcome is None or row.answered_at is not None)
            for row in self._memory.contacts.values()
        )  # fmt: skip
        return (not asked or asked[-1]) and not again

    def _kept(self, number: str, consent: Consent) -> Consent:
        """What was careful stays so until the person says otherwise."""
        before = [request.consent for request in self._memory.callbacks.values() if request.number == number]

        def last(answers: list[bool | None], careful: bool) -> bool | None:
            known = [answer for answer in answers if answer is not None]
            return known[-1] if known and known[-1] is careful else None

        def or_kept(answer: bool | None, kept: bool | None) -> bool | None:
            return kept if answer is None else answer

        return Consent(
            may_call=consent.may_call,
            may_say_who=or_kept(consent.may_say_who, last([one.may_say_who for one in before], careful=False)),
            may_leave_message=or_kept(consent.may_leave_message, last([one.may_leave_message for one in before], careful=False)),
            shared_phone=or_kept(consent.shared_phone, last([one.shared_phone for one in before], careful=True)),
            hours=consent.hours or (before[-1].hours if before else CallHours.ANY),
        )

    def _add(
        self, contact_id: UUID, reason: str, number: str, language: str, now: datetime, since: datetime, lane: Lane, consent: Consent
    ) -> Request:
        request = Request(new_id(), contact_id, reason, number, language, now, since, lane, consent, now)
        self._memory.callbacks[request.id] = request
        return request


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
