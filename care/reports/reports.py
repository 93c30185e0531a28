"""Isolation reports: made by whoever takes the call, worked through by the centre, told back to the reporter if they want it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Executable, Row, Select, and_, case, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from care.proposals import Proposal, Proposals
from care.records.model import AgeBand
from care.reports import tables as t
from care.reports.errors import NoFeedbackWanted, ReportMoved, UnknownContact, UnknownReport
from care.reports.model import (
    DUE,
    Happened,
    Hint,
    Listed,
    NewReport,
    Outcome,
    Relation,
    Report,
    Reporter,
    Sign,
    State,
    Subject,
    Urgency,
    check,
    dangers,
    due,
)
from care.reports.traces import Traces
from care.scrub import scrub
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseConflict
from core.sealing import Sealer

log = structlog.get_logger()

#: What `Sealer` is made for here.
PURPOSE = "isolation report"
#: Reports listed at once.
PAGE = 200
#: Hints given with one.
MOST_HINTS = 20
#: Whose a sealed text is, behind the report's id.
REPORTER, SUBJECT, NOTE = b"reporter", b"subject", b"note"
#: What of a subject stands in columns.
_PLAIN = ("district", "age_band")


class Reports:
    """See the module. Raises the errors of `care.reports.errors`, and as `core.database.Database` does."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sealer: Sealer,
        traces: Traces,
        proposals: Proposals,
        *,
        times: Mapping[Urgency, timedelta] = DUE,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._traces = traces
        self._proposals = proposals
        self._times = times

    async def make(self, report: NewReport, by: UUID) -> tuple[Report, bool]:
        """Keep it; the same id again is the same report. Also whether an incident was proposed, where it says that there is danger.

        The proposal goes first: whatever is wrong with the report, somebody hears of the danger. Raises ReportIncomplete, UnknownContact.
        """
        proposed = await self._propose(report, by)
        now = self._clock.now()
        check(report, now)
        row = {
            "id": report.id,
            "contact_id": report.contact_id,
            "made_at": now,
            "made_by": by,
            "urgency": str(report.urgency),
            "due_at": due(report, now, self._times),
            "district": report.subject.district,
            "signs": sorted(report.signs),
        }
        try:
            async with self._db.begin() as session:
                once = upsert(t.isolation_reports).values(row).on_conflict_do_nothing(index_elements=["id"])
                if (await session.execute(once.returning(t.isolation_reports.c.id))).first() is not None:
                    await self._write_people(session, report)
                    await session.execute(insert(t.report_events), {"report_id": report.id, "at": now, "by": by, "what": "made"})
        except DatabaseConflict as conflict:
            if conflict.constraint == "fk_isolation_reports_contact_id":
                raise UnknownContact from None
            raise
        return await self.report(report.id), proposed

    async def worklist(self, *, state: State | None = None, district: str = "") -> list[Listed]:
        """Those that are not closed (or those in one state), by urgency and then by when they are due."""
        rank = func.array_position(text("ARRAY['now', 'today', 'soon', 'routine']"), t.isolation_reports.c.urgency)
        wanted = t.isolation_reports.c.state != "closed" if state is None else t.isolation_reports.c.state == str(state)
        if district:
            wanted = and_(wanted, t.isolation_reports.c.district == district)
        order = (rank, t.isolation_reports.c.due_at, t.isolation_reports.c.id)
        return [_listed(row) for row in await self._db.execute(_list().where(wanted).order_by(*order).limit(PAGE))]

    async def made_by(self, user_id: UUID) -> list[Listed]:
        """Those that somebody wrote down, the latest first."""
        table = t.isolation_reports
        return [_listed(row) for row in await self._db.execute(
            _list().where(table.c.made_by == user_id).order_by(table.c.made_at.desc()).limit(PAGE)
        )]  # fmt: skip

    async def overdue(self) -> list[Listed]:
        """Those that nobody has closed in time, the longest overdue first: for alarms."""
        table = t.isolation_reports
        late = and_(table.c.state != "closed", table.c.due_at <= self._clock.now())
        return [_listed(row) for row in await self._db.execute(_list().where(late).order_by(table.c.due_at).limit(PAGE))]

    async def feedback_open(self) -> list[Listed]:
        """Closed ones whose reporter agreed to be told and was not yet, the oldest first."""
        table = t.isolation_reports
        wanted = and_(table.c.state == "closed", _feedback_wanted())
        return [_listed(row) for row in await self._db.execute(_list().where(wanted).order_by(table.c.closed_at).limit(PAGE))]

    async def report(self, report_id: UUID) -> Report:
        """One, without its reporter. Raises UnknownReport."""
        rows = await self._db.execute(_list().where(t.isolation_reports.c.id == report_id))
        if not rows:
            raise UnknownReport
        subject = (await self._db.execute(select(t.report_subjects).where(t.report_subjects.c.report_id == report_id)))[0]
        events = select(t.report_events).where(t.report_events.c.report_id == report_id).order_by(t.report_events.c.id)
        return Report(
            listed=_listed(rows[0]),
            contact_id=rows[0].contact_id,
            made_by=rows[0].made_by,
            subject=Subject(
                **json.loads(self._sealer.open(subject.details, owner=report_id.bytes + SUBJECT)),
                district=rows[0].district,
                age_band=None if subject.age_band is None else AgeBand(subject.age_band),
            ),
            events=tuple(self._happened(row) for row in await self._db.execute(events)),
            hints=await self._hints(report_id),
        )

    async def reporter(self, report_id: UUID) -> Reporter | None:
        """Who told of it; None: they would not say. Raises UnknownReport."""
        rows = await self._db.execute(select(t.report_reporters).where(t.report_reporters.c.report_id == report_id))
        if not rows:
            await self._state(report_id)
            return None
        row = rows[0]
        return Reporter(
            **json.loads(self._sealer.open(row.details, owner=report_id.bytes + REPORTER)),
            relation=Relation(row.relation),
            wants_feedback=row.wants_feedback,
            consent_script=row.consent_script or "",
        )

    async def claim(self, report_id: UUID, by: UUID) -> Report:
        """Take it on. Raises ReportMoved when somebody else has, UnknownReport."""
        return await self._move(report_id, by, "claimed", {"state": "claimed", "claimed_by": by}, t.isolation_reports.c.state == "open")

    async def release(self, report_id: UUID, by: UUID, note: str) -> Report:
        """Put it back onto the list. Raises ReportMoved unless it is theirs."""
        held = and_(t.isolation_reports.c.state == "claimed", t.isolation_reports.c.claimed_by == by)
        return await self._move(report_id, by, "released", {"state": "open", "claimed_by": None}, held, note)

    async def note(self, report_id: UUID, by: UUID, note: str) -> Report:
        """Write down what was done."""
        return await self._move(report_id, by, "noted", {}, t.isolation_reports.c.id == report_id, note)

    async def set_urgency(self, report_id: UUID, by: UUID, urgency: Urgency, note: str) -> Report:
        """Another urgency: due when it asks for, counted from now; where that was to be earlier already, it stays so.

        What is put off says why. Raises ReportMoved for one that is closed.
        """
        due_at = self._clock.now() + self._times[urgency]
        table = t.isolation_reports
        longer = [str(one) for one in Urgency if self._times[one] >= self._times[urgency]]
        sooner = case((table.c.urgency.in_(longer), func.least(table.c.due_at, due_at)), else_=due_at)
        return await self._move(report_id, by, "urgency", {"urgency": str(urgency), "due_at": sooner}, table.c.state != "closed", note)

    async def close(self, report_id: UUID, by: UUID, outcome: Outcome, note: str) -> Report:
        """It is done with. Raises ReportMoved if it was closed already."""
        values = {"state": "closed", "claimed_by": None, "closed_at": self._clock.now(), "outcome": str(outcome)}
        return await self._move(report_id, by, "closed", values, t.isolation_reports.c.state != "closed", note)

    async def reopen(self, report_id: UUID, by: UUID, note: str) -> Report:
        """It was not done with after all: due again as its urgency asks, from now on."""
        now = self._clock.now()
        rows = await self._db.execute(select(t.isolation_reports.c.urgency).where(t.isolation_reports.c.id == report_id))
        if not rows:
            raise UnknownReport
        due_at = now + self._times[Urgency(rows[0].urgency)]
        values = {"state": "open", "closed_at": None, "outcome": None, "due_at": due_at}
        return await self._move(report_id, by, "reopened", values, t.isolation_reports.c.state == "closed", note)

    async def feedback_given(self, report_id: UUID, by: UUID, note: str) -> Report:
        """The reporter was told that somebody looked after it, as they had agreed. Raises NoFeedbackWanted, UnknownReport."""
        told = (
            update(t.report_reporters)
            .where(
                t.report_reporters.c.report_id == report_id,
                t.report_reporters.c.wants_feedback,
                t.report_reporters.c.feedback_at.is_(None),
            )
            .values(feedback_at=self._clock.now(), feedback_by=by)
        )
        async with self._db.begin() as session:
            if not (await session.execute(told)).rowcount:
                await self._state(report_id)
                raise NoFeedbackWanted
            await session.execute(*self._event(report_id, by, "feedback", note))
        return await self.report(report_id)

    async def _propose(self, report: NewReport, by: UUID) -> bool:
        proposed = False
        for danger, reasons in dangers(report).items():
            proposal = Proposal(
                danger=danger, source="isolation_report", about=report.id, contact_id=report.contact_id, by=by, reasons=reasons
            )  # fmt: skip
            try:
                await self._proposals.propose(proposal)
            except Exception as error:  # noqa: BLE001 - whatever it is, the report is kept and the page says that nobody was told
                log.error("report_danger_not_proposed", report_id=str(report.id), error=type(error).__name__)
            else:
                proposed = True
        return proposed

    async def _write_people(self, session: AsyncConnection, report: NewReport) -> None:
        subject, reporter = report.subject, report.reporter
        told = {name: scrub(value).text for name, value in asdict(subject).items() if name not in _PLAIN}
        row = {
            "report_id": report.id,
            "age_band": subject.age_band,
            "details": self._sealer.seal(json.dumps(told).encode(), owner=report.id.bytes + SUBJECT),
            "number_index": self._traces.person(subject.number),
        }
        await session.execute(insert(t.report_subjects), row)
        if reporter is not None:
            said = {name: scrub(getattr(reporter, name)).text for name in ("name", "number", "how_they_know")}
            await session.execute(
                insert(t.report_reporters),
                {
                    "report_id": report.id,
                    "relation": str(reporter.relation),
                    "details": self._sealer.seal(json.dumps(said).encode(), owner=report.id.bytes + REPORTER),
                    "number_index": self._traces.person(reporter.number),
                    "wants_feedback": reporter.wants_feedback,
                    "consent_at": self._clock.now() if reporter.consent_script else None,
                    "consent_script": reporter.consent_script or None,
                },
            )
        for kind, trace in self._traces.of(subject).items():
            await session.execute(insert(t.report_traces), {"report_id": report.id, "kind": kind, "trace": trace})

    async def _move(
        self, report_id: UUID, by: UUID, what: str, values: Mapping[str, object], state: ColumnElement[bool], note: str = ""
    ) -> Report:
        """One conditional update and its line of the story, or nothing."""
        table = t.isolation_reports
        change = update(table).where(table.c.id == report_id, state).values(**values, version=table.c.version + 1)
        async with self._db.begin() as session:
            moved = (await session.execute(change)).rowcount
            if moved:
                await session.execute(*self._event(report_id, by, what, note))
        if not moved:
            raise ReportMoved(await self._state(report_id))
        return await self.report(report_id)

    def _event(self, report_id: UUID, by: UUID, what: str, note: str) -> tuple[Executable, dict[str, object]]:
        sealed = self._sealer.seal(scrub(note).text.encode(), owner=report_id.bytes + NOTE) if note else None
        return insert(t.report_events), {"report_id": report_id, "at": self._clock.now(), "by": by, "what": what, "note": sealed}

    async def _state(self, report_id: UUID) -> str:
        rows = await self._db.execute(select(t.isolation_reports.c.state).where(t.isolation_reports.c.id == report_id))
        if not rows:
            raise UnknownReport
        return str(rows[0].state)

    async def _hints(self, report_id: UUID) -> tuple[Hint, ...]:
        other, own, report = t.report_traces.alias("other"), t.report_traces.alias("own"), t.isolation_reports
        kinds = func.array_agg(other.c.kind).label("kinds")
        statement = (
            select(other.c.report_id, kinds, report.c.state, report.c.made_at)
            .join(own, and_(own.c.trace == other.c.trace, own.c.kind == other.c.kind))
            .join(report, report.c.id == other.c.report_id)
            .where(own.c.report_id == report_id, other.c.report_id != report_id)
            .group_by(other.c.report_id, report.c.state, report.c.made_at)
            .order_by(func.count().desc(), report.c.made_at.desc())
            .limit(MOST_HINTS)
        )
        rows = await self._db.execute(statement)
        return tuple(
            Hint(report_id=row.report_id, by=tuple(sorted(row.kinds)), state=State(row.state), made_at=row.made_at) for row in rows
        )

    def _happened(self, row: Row[Any]) -> Happened:
        note = self._sealer.open(row.note, owner=row.report_id.bytes + NOTE).decode() if row.note is not None else ""
        return Happened(at=row.at, by=row.by, what=row.what, note=note)


def _feedback_wanted() -> ColumnElement[bool]:
    reporter = t.report_reporters
    return exists().where(
        reporter.c.report_id == t.isolation_reports.c.id, reporter.c.wants_feedback, reporter.c.feedback_at.is_(None)
    )  # fmt: skip


def _list() -> Select[Any]:
    return select(t.isolation_reports, _feedback_wanted().label("feedback_wanted"))


def _listed(row: Row[Any]) -> Listed:
    return Listed(
        id=row.id,
        made_at=row.made_at,
        urgency=Urgency(row.urgency),
        due_at=row.due_at,
        district=row.district,
        signs=tuple(Sign(sign) for sign in row.signs),
        state=State(row.state),
        claimed_by=row.claimed_by,
        feedback_wanted=row.feedback_wanted,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        version=row.version,
    )
