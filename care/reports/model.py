"""An isolation report: what is told of somebody who may be cut off. Pure.

Reporter and subject are two records that are never one: whoever visits the subject need not know who told, and the reporter is told no more
than that somebody looked after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from care.districts import districts
from care.proposals import Danger
from care.records.model import AgeBand
from care.reports.errors import ReportIncomplete

#: Characters.
LONGEST_LINE = 300
LONGEST_TEXT = 10_000


class Urgency(StrEnum):
    """How soon somebody must have looked."""

    #: Life may be in danger: an incident is proposed at once.
    NOW = "now"
    TODAY = "today"
    SOON = "soon"
    ROUTINE = "routine"


#: Until when, from the report on, if nothing else is said. A supervisor may set others (`Reports(due=…)`).
DUE: Mapping[Urgency, timedelta] = {
    Urgency.NOW: timedelta(hours=1),
    Urgency.TODAY: timedelta(hours=24),
    Urgency.SOON: timedelta(days=3),
    Urgency.ROUTINE: timedelta(days=7),
}


class Sign(StrEnum):
    """What was noticed."""

    NOT_SEEN = "not_seen"
    NO_ANSWER = "no_answer"
    POST_PILES_UP = "post_piles_up"
    SMELL = "smell"
    LIGHT_OR_TV_ALWAYS_ON = "light_or_tv_always_on"
    BILLS_UNPAID = "bills_unpaid"
    NO_VISITORS = "no_visitors"
    DOES_NOT_EAT = "does_not_eat"
    ILL_OR_HURT = "ill_or_hurt"
    DRINKS = "drinks"
    HOARDING = "hoarding"
    LOW_SPIRITS = "low_spirits"
    SPOKE_OF_DEATH = "spoke_of_death"
    LOST_SOMEBODY = "lost_somebody"
    OTHER = "other"


#: Signs that propose an incident at once, whatever urgency was chosen, and what the danger is.
ALARMING: Mapping[Sign, Danger] = {Sign.SPOKE_OF_DEATH: Danger.SUICIDE}


class State(StrEnum):
    """Where it is."""

    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How it ended."""

    SUPPORTED = "supported"
    REFERRED = "referred"
    NOT_NEEDED = "not_needed"
    DECLINED = "declined"
    NOT_FOUND = "not_found"
    DUPLICATE = "duplicate"
    #: To another body.
    PASSED_ON = "passed_on"


class Relation(StrEnum):
    """What the reporter is to the subject."""

    FAMILY = "family"
    NEIGHBOUR = "neighbour"
    FRIEND = "friend"
    LANDLORD = "landlord"
    #: Somebody whose work leads there: a postman, a meter reader.
    WORKER = "worker"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who tells. `number`: E.164, or as it was told where that can't be read."""

    relation: Relation
    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    how_they_know: str = field(default="", repr=False)
    wants_feedback: bool = False
    #: Version of the text to which they agreed that they may be called back.
    consent_script: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Of whom is told, and where they may be found."""

    name: str = field(default="", repr=False)
    #: E.164, or as it was told where that can't be read.
    number: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    whereabouts: str = field(default="", repr=False)
    noticed: str = field(default="", repr=False)
    #: A code of `care.districts`; "" unknown.
    district: str = ""
    age_band: AgeBand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What is told. Its id is chosen by whoever writes it down, so that sending it twice makes one."""

    id: UUID
    urgency: Urgency
    signs: frozenset[Sign]
    subject: Subject
    #: None: they would not say.
    reporter: Reporter | None = None
    contact_id: UUID | None = None
    #: Earlier than the urgency asks; never later.
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of the worklist: nothing in it says who anybody is."""

    id: UUID
    made_at: datetime
    urgency: Urgency
    due_at: datetime
    district: str
    signs: tuple[Sign, ...]
    state: State
    claimed_by: UUID | None
    feedback_wanted: bool
    outcome: Outcome | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One step in a report's life."""

    at: datetime
    by: UUID
    what: str
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Another report that may be about the same person, and by what: number, place, name."""

    report_id: UUID
    by: tuple[str, ...]
    state: State
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report without its reporter, who is read apart."""

    listed: Listed
    contact_id: UUID | None
    made_by: UUID
    subject: Subject
    events: tuple[Happened, ...]
    hints: tuple[Hint, ...]


def check(report: NewReport, now: datetime) -> None:
    """Raises ReportIncomplete with everything that is missing or does not fit."""
    wrong: dict[str, str] = {}
    subject, reporter = report.subject, report.reporter
    if not (subject.name or subject.number or subject.address or subject.whereabouts):
        wrong["subject"] = "nobody_to_be_found"
    if not (report.signs or subject.noticed):
        wrong["signs"] = "nothing_noticed"
    if subject.district and subject.district not in districts():
        wrong["subject.district"] = "unknown_district"
    for name in ("name", "number", "address"):
        if len(getattr(subject, name)) > LONGEST_LINE:
            wrong[f"subject.{name}"] = "too_long"
    for name in ("whereabouts", "noticed"):
        if len(getattr(subject, name)) > LONGEST_TEXT:
            wrong[f"subject.{name}"] = "too_long"
    if reporter is not None and reporter.wants_feedback:
        if not reporter.consent_script:
            wrong["reporter.consent_script"] = "feedback_needs_consent"
        if not reporter.number:
            wrong["reporter.number"] = "feedback_needs_number"
    if reporter is not None:
        for name, longest in (("name", LONGEST_LINE), ("number", LONGEST_LINE), ("how_they_know", LONGEST_TEXT)):
            if len(getattr(reporter, name)) > longest:
                wrong[f"reporter.{name}"] = "too_long"
    if report.due_at is not None and report.due_at <= now:
        wrong["due_at"] = "past"
    if wrong:
        raise ReportIncomplete(wrong)


def due(report: NewReport, now: datetime, times: Mapping[Urgency, timedelta]) -> datetime:
    """Until when somebody must have looked: what the urgency asks, or earlier."""
    asked = now + times[report.urgency]
    return asked if report.due_at is None else min(asked, report.due_at)


def dangers(report: NewReport) -> dict[Danger, tuple[str, ...]]:
    """For which dangers an incident is proposed, and why: codes only."""
    found: dict[Danger, tuple[str, ...]] = {}
    for sign in sorted(report.signs):
        if sign in ALARMING:
            found[ALARMING[sign]] = (*found.get(ALARMING[sign], ()), f"sign:{sign}")
    if report.urgency is Urgency.NOW and not found:
        found[Danger.OTHER] = ("urgency:now",)
    return found
