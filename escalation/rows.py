"""Incidents read from the database, and the timeline's lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import Row

from core.database import Database
from escalation import happenings as h
from escalation import statements as sql
from escalation.model import Attempt, CloseReason, Danger, Incident, Order, OrderKind, RaisedBy, Result, Stage, State

AnyRow = Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the timeline; `detail` holds codes and ids."""

    at: datetime
    kind: str
    attempt_id: UUID | None
    detail: Mapping[str, object]


async def find(db: Database, incident_id: UUID) -> Incident | None:
    """One incident, open or over. Raises DatabaseUnavailable."""
    return incident_of(await db.execute(sql.LOAD, {"incident_id": incident_id}))


async def open_incidents(db: Database) -> tuple[Incident, ...]:
    """All that no human has ended, oldest first. Raises DatabaseUnavailable."""
    rows = await db.execute(sql.OPEN)
    found = (incident_of(list(group)) for _, group in groupby(rows, key=lambda row: row.id))
    return tuple(incident for incident in found if incident is not None)


async def timeline(db: Database, incident_id: UUID) -> tuple[Line, ...]:
    """Everything that happened, in the order in which it was written. Raises DatabaseUnavailable."""
    rows = await db.execute(sql.TIMELINE, {"incident_id": incident_id})
    return tuple(Line(at=row.at, kind=row.kind, attempt_id=row.attempt_id, detail=row.detail) for row in rows)


def incident_of(rows: Sequence[AnyRow]) -> Incident | None:
    """The incident of rows that are one for each attempt."""
    if not rows:
        return None
    row = rows[0]
    return Incident(
        id=row.id,
        contact_id=row.contact_id,
        raised_at=row.raised_at,
        raised_by=RaisedBy(row.raised_by),
        state=State(row.state),
        counsellor_id=row.counsellor_id,
        danger=Danger(row.danger) if row.danger else None,
        proposed=row.proposed,
        third_party=row.third_party,
        attempts=tuple(_attempt(one) for one in rows if one.attempt_id is not None),
        exhausted=row.exhausted,
        taken_over_at=row.taken_over_at,
        caller_gone_at=row.caller_gone_at,
        counsellor_gone_at=row.counsellor_gone_at,
        called_off=row.called_off,
        redials=row.redials,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        close_reason=CloseReason(row.close_reason) if row.close_reason else None,
    )


def _attempt(row: AnyRow) -> Attempt:
    return Attempt(
        id=row.attempt_id,
        number=row.number,
        partner_id=row.partner_id,
        leg_id=row.leg_id,
        started_at=row.started_at,
        stage=Stage(row.stage),
        answered_at=row.answered_at,
        ended_at=row.attempt_ended_at,
        result=Result(row.result) if row.result else None,
        test=row.test,
    )


def order_of(row: AnyRow) -> Order:
    """An order as a record."""
    return Order(
        id=row.id,
        kind=OrderKind(row.kind),
        contact_id=row.contact_id,
        incident_id=row.incident_id,
        at=row.at,
        partner_id=row.partner_id,
        counsellor_id=row.counsellor_id,
    )


def detail_of(happened: h.Happening) -> dict[str, object]:
    """What the timeline adds to a happening's kind: codes and ids."""
    match happened:
        case h.Raised():
            found: dict[str, object] = {
                "by": str(happened.raised_by),
                "counsellor": happened.counsellor_id,
                "danger": happened.danger,
                "proposed": happened.proposed,
                "third_party": happened.third_party,
            }
        case h.Dialled(partner_id=partner_id, test=test):
            found = {"partner": partner_id, "test": test}
        case h.Described(danger=danger, third_party=third_party, by=by):
            found = {"danger": danger, "third_party": third_party, "by": by}
        case h.AttemptFailed(result=result):
            found = {"result": result}
        case h.TakenOver(by=by) | h.Confirmed(by=by):
            found = {"by": by}
        case h.Closed(by=by, reason=reason):
            found = {"by": by, "reason": reason}
        case h.CounsellorBack(counsellor_id=counsellor_id):
            found = {"counsellor": counsellor_id}
        case _:
            found = {}
    return {name: value if isinstance(value, bool) else str(value) for name, value in found.items() if value is not None}
