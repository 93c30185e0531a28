"""Incidents as the API answers them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.clock import seoul
from core.phone import normalise
from core.settings_escalation import EscalationSettings
from desk.incidents import models as m
from desk.incidents.store import Seen
from escalation.confirmation import due
from escalation.model import Attempt
from escalation.partners import Partner, Partners
from escalation.rows import Line


def incident(seen: Seen, settings: EscalationSettings) -> m.IncidentOut:
    """An incident."""
    it = seen.incident
    return m.IncidentOut(
        id=it.id,
        contact=it.contact_id,
        raised_at=seoul(it.raised_at),
        raised_by=str(it.raised_by),
        state=str(it.state),
        danger=_text(it.danger),
        proposed=it.proposed,
        third_party=it.third_party,
        counsellor=it.counsellor_id,
        counsellor_name=seen.counsellor_name,
        on_line=seen.on_line,
        attempts=[attempt(one) for one in it.attempts],
        taken_over_at=_at(it.taken_over_at),
        caller_gone_at=_at(it.caller_gone_at),
        counsellor_gone_at=_at(it.counsellor_gone_at),
        redials=it.redials,
        nags=seen.standing.nags,
        next=None if it.over else reminder_due(seen, settings),
        ended_at=_at(it.ended_at),
        ended_by=seen.ended_by_name,
        close_reason=_text(it.close_reason),
    )


def reminder_due(seen: Seen, settings: EscalationSettings) -> m.DueOut:
    """What is said next."""
    found = due(seen.standing, settings)
    return m.DueOut(kind=str(found.kind), level=str(found.level), at=seoul(found.at))


def attempt(one: Attempt) -> m.AttemptOut:
    """A call to a partner."""
    return m.AttemptOut(
        id=one.id,
        number=one.number,
        partner=one.partner_id,
        stage=str(one.stage),
        result=_text(one.result),
        started_at=seoul(one.started_at),
        answered_at=_at(one.answered_at),
        ended_at=_at(one.ended_at),
        test=one.test,
    )


def people_of(lines: Sequence[Line]) -> frozenset[UUID]:
    """Whom the timeline names."""
    return frozenset(found for line in lines if (found := _who(line)) is not None)


def line(one: Line, names: Mapping[UUID, str]) -> m.LineOut:
    """A line of the timeline."""
    who = _who(one)
    detail = {key: value if isinstance(value, bool) else str(value) for key, value in one.detail.items()}
    return m.LineOut(at=seoul(one.at), kind=one.kind, attempt=one.attempt_id, who=names.get(who) if who else None, detail=detail)


def reminder(row: Row[Any]) -> m.ReminderOut:
    """An alarm about an incident."""
    level = str(row.detail.get("level", ""))
    return m.ReminderOut(id=row.id, kind=row.kind, at=seoul(row.at), level=level, seen_at=_at(row.seen_at), seen_by=row.seen_by)


def order(row: Row[Any], *, new: bool = False) -> m.OrderOut:
    """An order that was written."""
    return m.OrderOut(
        id=row.id, incident=row.incident_id, kind=row.kind, partner=row.partner_id, at=seoul(row.at), taken_at=_at(row.taken_at), new=new
    )


def call(row: Row[Any]) -> m.CallOut:
    """A call."""
    return m.CallOut(
        contact=row.id, since=seoul(row.entered_at), state=row.state, counsellor=row.name, mine=row.mine, incident=row.incident_id
    )


def partner(one: Partner, partners: Partners, at: datetime) -> m.PartnerOut:
    """A partner."""
    return m.PartnerOut(
        id=one.id,
        kind=str(one.kind),
        name_ko=one.name_ko,
        name_en=one.name_en,
        number=None if one.target.startswith("PJSIP/") else normalise(one.target).display,
        needs=[str(need) for need in one.needs],
        open=one.open_at(at),
        dialled=bool(partners.endpoint(one)),
    )


def _who(line: Line) -> UUID | None:
    for key in ("by", "counsellor"):
        try:
            return UUID(str(line.detail.get(key, "")))
        except ValueError:
            continue
    return None


def _at(at: datetime | None) -> datetime | None:
    return None if at is None else seoul(at)


def _text(word: object) -> str | None:
    return None if word is None else str(word)
