"""What isolation reports keep of people, for the retention job and for whoever asks for their data.

A report is its subject's and goes with it; a reporter's own row goes when the reporter asks. What the reporter noticed is not given to the subject:
it would tell who it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from sqlalchemy import DateTime, cast, delete, null, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from care.holding import Gone, Holding, by_call, by_number
from care.people import Person
from care.reports import tables as t
from care.reports.reports import REPORTER, SUBJECT
from care.reports.traces import Traces
from care.retention import Retention
from core.database import Database
from core.errors import CipherError
from core.sealing import Sealer

log = structlog.get_logger()

#: Rows of a program of the version before, looked at in one go.
BATCH = 500
_report, _subject, _reporter = t.isolation_reports, t.report_subjects, t.report_reporters
_IN_USE = text(
    """
    SELECT r.id, r.contact_id, s.id AS subject, w.id AS reporter, c.id AS caller
    FROM isolation_reports r
    LEFT JOIN report_subjects rs ON rs.report_id = r.id LEFT JOIN care_people s ON s.number_index = rs.number_index
    LEFT JOIN report_reporters rr ON rr.report_id = r.id LEFT JOIN care_people w ON w.number_index = rr.number_index
    LEFT JOIN contacts k ON k.id = r.contact_id LEFT JOIN care_people c ON c.number_index = k.number_index
    WHERE r.state <> 'closed'
    """
)


def _told_by() -> list[Holding]:
    subjects = _report.join(_subject, _subject.c.report_id == _report.c.id)
    reporters = _report.join(_reporter, _reporter.c.report_id == _report.c.id)
    return [
        Holding(
            retention=Retention.REPORT,
            table=_report,
            id=_report.c.id,
            contact=_report.c.contact_id,
            of=(by_number(subjects, _subject.c.number_index),),
            kept_for=(by_number(reporters, _reporter.c.number_index),),
            since=_report.c.closed_at,
            remove=_remove_reports,
        ),
        Holding(
            retention=Retention.REPORT,
            table=_reporter,
            joined=reporters,
            id=_reporter.c.report_id,
            contact=_report.c.contact_id,
            of=(by_number(reporters, _reporter.c.number_index), by_call(reporters, _report.c.contact_id)),
            # With its report.
            since=cast(null(), DateTime(timezone=True)),
            remove=_remove_reporters,
        ),
    ]


class ReportKeeping:
    """See `care.holding.Room`. `sealer`: of reports."""

    def __init__(self, db: Database, sealer: Sealer, traces: Traces) -> None:
        self._db = db
        self._sealer = sealer
        self._traces = traces
        self._reports, self._reporters = _told_by()

    def holdings(self) -> Sequence[Holding]:
        """Reports by their subjects; reporters."""
        return (self._reports, self._reporters)

    async def in_use(self) -> Mapping[UUID, str]:
        """Reports that are not closed, with both people."""
        rows = await self._db.execute(_IN_USE)
        return {one: "open_report" for row in rows for one in row if one is not None}

    async def copy(self, person: Person) -> Mapping[str, object]:
        """What they reported, without the other's data; and that they were reported, without whoever did it."""
        told = select(_reporter, _report.c.made_at).join(_report, _report.c.id == _reporter.c.report_id)
        about = select(_subject, _report).join(_report, _report.c.id == _subject.c.report_id)
        by_them = await self._db.execute(
            told.where(_reporter.c.report_id.in_(self._reporters.theirs(person.id))).order_by(_report.c.made_at)
        )
        of_them = await self._db.execute(about.where(_report.c.id.in_(self._reports.theirs(person.id))).order_by(_report.c.made_at))
        return {
            "reports_made": [
                {"at": row.made_at, "relation": row.relation, "consent_to_feedback_at": row.consent_at, "feedback_at": row.feedback_at}
                | self._opened(row.details, row.report_id, REPORTER)
                for row in by_them
            ],
            "reports_about": [
                {name: value for name, value in self._opened(row.details, row.report_id, SUBJECT).items() if name != "noticed"}
                | {"at": row.made_at, "urgency": row.urgency, "signs": row.signs, "district": row.district, "age_band": row.age_band}
                | {"state": row.state, "outcome": row.outcome, "closed_at": row.closed_at}
                for row in of_them
            ],
        }

    async def catch_up(self) -> None:
        """Find out whose number stands in reports that were written before there was a column for it."""
        for table, part in ((_subject, SUBJECT), (_reporter, REPORTER)):
            missing = select(table.c.report_id, table.c.details).where(table.c.number_index.is_(None)).limit(BATCH)
            while rows := await self._db.execute(missing):
                for row in rows:
                    try:
                        index = self._traces.person(str(self._opened(row.details, row.report_id, part)["number"]))
                    except CipherError as error:
                        # One that can't be opened must not keep all others from their deletion.
                        log.error("report_not_opened", report_id=str(row.report_id), error=str(error))
                        index = b""
                    await self._db.execute(update(table).where(table.c.report_id == row.report_id).values(number_index=index))

    def _opened(self, sealed: bytes, report_id: UUID, part: bytes) -> dict[str, object]:
        found: dict[str, object] = json.loads(self._sealer.open(sealed, owner=report_id.bytes + part))
        return found


async def _remove_reports(session: AsyncConnection, ids: Sequence[UUID]) -> Gone:
    found: list[tuple[UUID, bytes]] = []
    for table, column in ((_subject, _subject.c.details), (_reporter, _reporter.c.details), (t.report_events, t.report_events.c.note)):
        rows = await session.execute(select(table.c.report_id, column).where(table.c.report_id.in_(ids), column.is_not(None)))
        found += [(row[0], bytes(row[1])) for row in rows]
    # What lies below goes with it.
    await session.execute(delete(_report).where(_report.c.id.in_(ids)))
    return found


async def _remove_reporters(session: AsyncConnection, ids: Sequence[UUID]) -> Gone:
    rows = await session.execute(
        delete(_reporter).where(_reporter.c.report_id.in_(ids)).returning(_reporter.c.report_id, _reporter.c.details)
    )
    return [(row[0], bytes(row[1])) for row in rows]
