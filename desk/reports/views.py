"""Isolation reports as the API answers them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from care.reports.model import Listed, Report, Reporter, State
from core.phone import national
from desk.reports.models import HappenedOut, HintOut, LineOut, LinesOut, ReporterOut, ReportOut, SubjectOut


def lines(found: Iterable[Listed], now: datetime) -> LinesOut:
    """Lines of a list."""
    return LinesOut(reports=[_line(one, now) for one in found])


def report(one: Report, now: datetime) -> ReportOut:
    """All but whom it is from."""
    subject = one.subject
    return ReportOut(
        report=_line(one.listed, now),
        contact=one.contact_id,
        made_by=one.made_by,
        subject=SubjectOut(
            name=subject.name,
            number=_written(subject.number),
            address=subject.address,
            whereabouts=subject.whereabouts,
            noticed=subject.noticed,
            district=subject.district,
            age_band=None if subject.age_band is None else str(subject.age_band),
        ),
        events=[HappenedOut(at=each.at, by=each.by, what=each.what, note=each.note) for each in one.events],
        hints=[HintOut(report=each.report_id, by=list(each.by), state=str(each.state), made_at=each.made_at) for each in one.hints],
    )


def reporter(one: Reporter | None) -> ReporterOut:
    """Whom it is from."""
    if one is None:
        return ReporterOut(known=False)
    return ReporterOut(
        known=True,
        relation=str(one.relation),
        name=one.name,
        number=_written(one.number),
        how_they_know=one.how_they_know,
        wants_feedback=one.wants_feedback,
        consent_script=one.consent_script,
    )


def _line(one: Listed, now: datetime) -> LineOut:
    return LineOut(
        id=one.id,
        made_at=one.made_at,
        urgency=str(one.urgency),
        due_at=one.due_at,
        overdue=one.state is not State.CLOSED and one.due_at <= now,
        district=one.district,
        signs=[str(sign) for sign in one.signs],
        state=str(one.state),
        claimed_by=one.claimed_by,
        feedback_wanted=one.feedback_wanted,
        outcome=None if one.outcome is None else str(one.outcome),
    )


def _written(number: str) -> str:
    return national(number) if number.startswith("+") else number
