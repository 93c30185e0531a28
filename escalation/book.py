"""The book of incidents on PostgreSQL, for the process that has the calls. See `escalation.ports.Book` for what its methods promise.

What must survive a kill is committed before it is acted on: the incident before the first word about it, the attempt before its INVITE. That
is waited for only so long: a crisis is dialled with the database away, too. Then the same rows go through the journal, which keeps
them in order, on disk if the program is stopped meanwhile; only a kill -9 while the database is away loses them. What a statement that
was given up does in the end is no matter: its row has the same id.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import structlog

from core.alarms import AlarmKind, Alarms
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseConflict, DatabaseError, DatabaseUnavailable
from core.ids import new_id
from core.journal import Journal
from escalation import happenings as h
from escalation import statements as sql
from escalation.errors import CallElsewhere, IncidentOver, UnknownIncident
from escalation.incident import STAGES, advance, state_of
from escalation.model import Danger, Dial, Incident, OpenIncident, Order, OrderKind, Raised, RaisedBy, Result
from escalation.orders import Orders
from escalation.partners import Partner, Partners
from escalation.raising import raise_alone, values_of
from escalation.rows import detail_of, incident_of
from escalation.statements import JOURNAL_STATEMENTS

__all__ = [
    "DIAL_WITHIN_S", "JOURNAL_STATEMENTS", "RAISE_WITHIN_S", "Dial", "IncidentBook", "OpenIncident", "Order", "OrderKind", "Raised", "leg_id",
]  # fmt: skip

log = structlog.get_logger()

#: How long the database is waited for before the journal is used instead. Together they leave half a second of the two in which a
#: partner has to be dialled.
RAISE_WITHIN_S = 0.6
DIAL_WITHIN_S = 0.9
#: Incidents of which this process remembers more than the database needs to be asked for.
REMEMBERED = 500
#: Another process was faster so often.
TRIES = 5

T = TypeVar("T")


def leg_id(attempt_id: UUID) -> str:
    """The id of the leg that an attempt gets."""
    return f"crisis-{attempt_id}"


class IncidentBook:
    """See the module. Its journal must know `JOURNAL_STATEMENTS`."""

    def __init__(
        self,
        db: Database,
        journal: Journal,
        clock: Clock,
        partners: Partners,
        alarms: Alarms,
        *,
        raise_within_s: float = RAISE_WITHIN_S,
        dial_within_s: float = DIAL_WITHIN_S,
    ) -> None:
        self._db = db
        self._journal = journal
        self._clock = clock
        self._partners = partners
        self._alarms = alarms
        self._orders = Orders(db, clock, partners)
        self._raise_within_s = raise_within_s
        self._dial_within_s = dial_within_s
        # What this process has noted and the database may not have yet; the latest last.
        self._known: OrderedDict[UUID, Incident] = OrderedDict()
        #: The contact by which this process has an incident: its own, or the one by which its caller is back.
        self._by: dict[UUID, UUID] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}
        #: Statements that were not waited for any longer; each ends by the database's own time-outs.
        self._late: set[asyncio.Task[object]] = set()

    @property
    def partners(self) -> Partners:
        """Who can be called, and whether in test mode."""
        return self._partners

    async def raise_(
        self,
        contact_id: UUID,
        *,
        raised_by: RaisedBy,
        counsellor_id: UUID | None = None,
        danger: Danger | None = None,
        proposed: bool = False,
        third_party: bool = False,
    ) -> Raised:
        """See `Book.raise_`."""
        happened = h.Raised(
            incident_id=new_id(),
            contact_id=contact_id,
            raised_by=raised_by,
            counsellor_id=counsellor_id,
            danger=danger,
            proposed=proposed,
            third_party=third_party,
        )
        async with self._lock(contact_id):
            try:
                raised = await self._within(self._raise_within_s, raise_alone(self._db, happened, self._clock.now()))
            except DatabaseError as error:
                log.warning("incident_raised_without_database", contact_id=str(contact_id), reason=type(error).__name__)
                raised = self._raise_by_journal(happened)
            known = self._known.get(raised.incident_id)
            if known is None and raised.incident_id != happened.incident_id:
                known = await self._look_up(raised.incident_id)
            self._by[raised.incident_id] = contact_id
            of = known.contact_id if known else contact_id
            self._remember(advance(known, replace(happened, incident_id=raised.incident_id, contact_id=of), self._clock.now()))
        log.info("incident_raised", contact_id=str(contact_id), incident_id=str(raised.incident_id), by=str(raised_by), new=raised.new)
        return raised

    async def next_attempt(self, incident_id: UUID, partner_id: str | None = None) -> Dial | None:
        """See `Book.next_attempt`."""
        async with self._lock(incident_id):
            until = self._clock.monotonic() + self._dial_within_s
            for _ in range(TRIES):
                incident = await self._look_up(incident_id, until) or self._known.get(incident_id)
                if incident is None:
                    raise UnknownIncident
                if (choice := self._choose(incident, partner_id)) is None:
                    return None
                try:
                    written = await self._within(until - self._clock.monotonic(), self._write(incident, choice[1]))
                except DatabaseError as error:
                    if isinstance(error, DatabaseConflict) and error.constraint == sql.NUMBER_TAKEN:
                        # Another process dials: what it does is in the rows by now.
                        continue
                    log.warning("partner_dialled_without_database", incident_id=str(incident_id), reason=type(error).__name__)
                    written = False
                if not written:
                    # Also an incident that the journal has not come to yet.
                    self._write_down(incident_id, choice[1])
                return self._dial(incident, *choice)
            raise DatabaseUnavailable("another process dials for this incident, again and again")

    def note(self, incident_id: UUID, happening: h.Fact) -> None:
        """See `Book.note`."""
        known = self._known.get(incident_id)
        if known is not None:
            self._remember(advance(known, happening, self._clock.now()))
        self._write_down(incident_id, happening)
        log.info("incident_event", incident_id=str(incident_id), kind=happening.kind, **detail_of(happening))
        match happening:
            case h.AttemptFailed(result=result) if result not in {Result.WITHDRAWN, Result.LEFT, Result.TAKEN_OVER}:
                self._alarms.remind(AlarmKind.PARTNER_UNREACHED, about=incident_id, detail=detail_of(happening))
            case h.NobodyLeft() if not self._db.available:
                # Otherwise the confirmation loop says it, from the rows.
                self._alarms.raise_(AlarmKind.INCIDENT_UNREACHED, about=incident_id)
            case _:
                pass

    async def open_of(self, contact_id: UUID, *, earlier: UUID | None = None) -> OpenIncident | None:
        """See `Book.open_of`."""
        incident = incident_of(await self._db.execute(sql.OPEN_OF, {"contact_id": earlier or contact_id}, retry=True))
        if incident is None:
            incident = self._known_of(earlier or contact_id) if self._journal.waiting else None
        if incident is None:
            return None
        self._by[incident.id] = contact_id
        return OpenIncident(incident=self._merge(incident))

    async def dropped(self, contact_id: UUID) -> UUID | None:
        """See `Book.dropped`."""
        try:
            rows = await self._within(self._raise_within_s, self._db.execute(sql.DROPPED, {"contact_id": contact_id}))
        except DatabaseError as error:
            log.warning("earlier_crisis_not_known", contact_id=str(contact_id), reason=type(error).__name__)
            return None
        return rows[0].id if rows else None

    async def order(
        self,
        kind: OrderKind,
        contact_id: UUID,
        *,
        counsellor_id: UUID | None = None,
        partner_id: str | None = None,
        danger: Danger | None = None,
        third_party: bool = False,
        raised_by: RaisedBy = RaisedBy.COUNSELLOR_DESK,
    ) -> Order:
        """See `Book.order`."""
        return await self._orders.order(
            kind,
            contact_id,
            counsellor_id=counsellor_id,
            partner_id=partner_id,
            danger=danger,
            third_party=third_party,
            raised_by=raised_by,
        )

    async def take_orders(self, owner: UUID) -> tuple[Order, ...]:
        """See `Book.take_orders`."""
        return await self._orders.take_orders(owner)

    # --- who is next

    def _choose(self, incident: Incident, partner_id: str | None) -> tuple[Partner, h.Dialled] | None:
        if incident.over:
            raise IncidentOver
        partner = self._partners.next(incident, self._clock.now(), partner_id)
        if partner is None:
            self.note(incident.id, h.NobodyLeft())
            return None
        attempt_id = new_id()
        dialled = h.Dialled(attempt_id=attempt_id, partner_id=partner.id, leg_id=leg_id(attempt_id), test=self._partners.test_mode)
        return partner, dialled

    def _dial(self, incident: Incident, partner: Partner, dialled: h.Dialled) -> Dial:
        incident = advance(incident, dialled, self._clock.now())
        self._remember(incident)
        dial = self._partners.dial(partner, incident.attempts[-1])
        log.info("partner_dialled", incident_id=str(incident.id), partner=partner.id, attempt=dial.number, test=dial.test)
        return dial

    async def _look_up(self, incident_id: UUID, until: float | None = None) -> Incident | None:
        """The incident as the database and this process together know it; None: not there, or it can't be known now."""
        within_s = self._raise_within_s if until is None else until - self._clock.monotonic()
        try:
            rows = await self._within(within_s, self._db.execute(sql.LOAD, {"incident_id": incident_id}, retry=True))
        except DatabaseError:
            return None
        stored = incident_of(rows)
        return None if stored is None else self._merge(stored)

    def _merge(self, stored: Incident) -> Incident:
        """What is stored and what this process has noted since: of the calls it knows more, of people's decisions the database."""
        known = self._known.get(stored.id)
        if known is None:
            self._remember(stored)
            return stored
        mine = {attempt.id for attempt in known.attempts}
        others = (attempt for attempt in stored.attempts if attempt.id not in mine)
        merged = replace(
            known,
            danger=stored.danger or known.danger,
            third_party=stored.third_party,
            proposed=stored.proposed and known.proposed,
            attempts=tuple(sorted((*known.attempts, *others), key=lambda attempt: attempt.number)),
            taken_over_at=known.taken_over_at or stored.taken_over_at,
            ended_at=stored.ended_at,
            ended_by=stored.ended_by,
            close_reason=stored.close_reason,
        )
        merged = replace(merged, state=state_of(merged))
        self._remember(merged)
        return merged

    async def _write(self, incident: Incident, dialled: h.Dialled) -> bool:
        """False: there is no such incident yet. Raises CallElsewhere."""
        number = 1 + max((attempt.number for attempt in incident.attempts), default=0)
        rows = await self._db.execute(
            sql.DIAL,
            {
                "incident_id": incident.id,
                "contact_id": self._contact_by(incident.id),
                "owner": self._journal.id,
                "attempt_id": dialled.attempt_id,
                "number": number,
                "partner_id": dialled.partner_id,
                "leg_id": dialled.leg_id,
                "at": self._clock.now(),
                "test": dialled.test,
                "detail": detail_of(dialled),
            },
        )
        if not rows[0].mine:
            log.warning("attempt_refused", incident_id=str(incident.id), partner=dialled.partner_id)
            raise CallElsewhere
        return bool(rows[0].made)

    # --- without the database

    def _raise_by_journal(self, happened: h.Raised) -> Raised:
        now = self._clock.now()
        values = {key: value for key, value in values_of(happened, now).items() if key not in {"id", "detail"}}
        if (known := self._known_of(happened.contact_id)) is None:
            self._journal.add("incident_raised", {"incident_id": happened.incident_id, **values})
            self._line(happened.incident_id, happened.contact_id, happened)
            return Raised(incident_id=happened.incident_id, new=True)
        if known.proposed and not happened.proposed:
            self._journal.add("incident_accepted", {"incident_id": known.id, "contact_id": happened.contact_id})
        self._line(known.id, happened.contact_id, happened)
        return Raised(incident_id=known.id, new=known.proposed and not happened.proposed)

    def _write_down(self, incident_id: UUID, happened: h.Dialled | h.Fact) -> None:
        known = self._known.get(incident_id)
        contact_id = self._contact_by(incident_id)
        where: dict[str, object] = {"incident_id": incident_id, "contact_id": contact_id}
        at: dict[str, object] = {"at": self._clock.now()}
        add = self._journal.add
        match happened:
            case h.Dialled():
                numbers = {attempt.id: attempt.number for attempt in known.attempts} if known else {}
                row = {
                    "attempt_id": happened.attempt_id,
                    "partner_id": happened.partner_id,
                    "leg_id": happened.leg_id,
                    "test": happened.test,
                    "number": numbers.get(happened.attempt_id),
                }
                add("incident_attempt", {**where, **at, **row})
                add("incident_accepted", where)
            case h.Answered() | h.Briefed() | h.Private() | h.Joined():
                stage, before = STAGES[happened.kind]
                row = {"attempt_id": happened.attempt_id, "stage": str(stage), "stages": sorted(map(str, before))}
                add("incident_stage", {**where, **at, **row})
            case h.PartnerLeft(attempt_id=attempt_id):
                add("incident_attempt_over", {**where, **at, "attempt_id": attempt_id, "result": None})
            case h.AttemptFailed(attempt_id=attempt_id, result=result):
                add("incident_attempt_over", {**where, **at, "attempt_id": attempt_id, "result": str(result)})
            case h.TakenOver():
                add("incident_taken_over", {**where, **at})
            case h.NobodyLeft():
                add("incident_exhausted", {**where, "attempts": None if known is None else len(known.attempts)})
            case h.CalledOff():
                # Its line in the timeline says it.
                pass
            case h.CallerGone():
                add("incident_caller_gone", {**where, **at})
            case h.CallerBack():
                add("incident_caller_back", where)
            case h.Redialled():
                add("incident_redialled", where)
            case h.CounsellorGone():
                add("incident_counsellor_gone", {**where, **at})
            case h.CounsellorBack(counsellor_id=counsellor_id):
                add("incident_counsellor_back", {**where, "new_counsellor": counsellor_id})
            case h.Described(danger=danger, third_party=third_party):
                add("incident_described", {**where, "danger": danger and str(danger), "third_party": third_party})
        self._line(incident_id, contact_id, happened)

    def _line(self, incident_id: UUID, contact_id: UUID | None, happened: h.Raised | h.Dialled | h.Fact) -> None:
        where = {"incident_id": incident_id, "contact_id": contact_id}
        attempt_id = getattr(happened, "attempt_id", None)
        line = {"at": self._clock.now(), "kind": happened.kind, "attempt_id": attempt_id, "detail": detail_of(happened)}
        self._journal.add("incident_event", {**where, **line})
        self._journal.add("incident_state", where)
        self._journal.add("incident_changed", {"incident_id": incident_id})

    # --- small things

    def _remember(self, incident: Incident) -> None:
        self._known[incident.id] = incident
        self._known.move_to_end(incident.id)
        while len(self._known) > REMEMBERED:
            forgotten, _ = self._known.popitem(last=False)
            self._by.pop(forgotten, None)

    def _known_of(self, contact_id: UUID) -> Incident | None:
        """The latest open one that this process knows of in a contact."""
        open_ones = (one for one in reversed(self._known.values()) if not one.over)
        return next((one for one in open_ones if contact_id in (one.contact_id, self._by.get(one.id))), None)

    def _contact_by(self, incident_id: UUID) -> UUID | None:
        """The contact in whose name this process writes of an incident."""
        known = self._known.get(incident_id)
        return self._by.get(incident_id) or (known.contact_id if known else None)

    def _lock(self, about: UUID) -> asyncio.Lock:
        """One thing at a time for each contact and each incident."""
        self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()} if len(self._locks) > REMEMBERED else self._locks
        return self._locks.setdefault(about, asyncio.Lock())

    async def _within(self, seconds: float, work: Coroutine[object, object, T]) -> T:
        """The answer, or DatabaseUnavailable after so long; what was asked goes on, because cancelling it would wait for the server."""
        task = asyncio.get_running_loop().create_task(work, name="incident statement")
        done, _ = await asyncio.wait({task}, timeout=max(0.0, seconds))
        if done:
            return task.result()
        self._late.add(task)
        task.add_done_callback(self._settled)
        raise DatabaseUnavailable("the database does not answer in time")

    def _settled(self, task: asyncio.Task[T]) -> None:
        self._late.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("incident_statement_given_up", reason=type(error).__name__)
