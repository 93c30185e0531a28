"""What the API of isolation reports reads and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from care.records.model import AgeBand
from care.reports.model import LONGEST_TEXT, Outcome, Relation, Sign, State, Urgency
from desk.routes import Loose, Wire

#: How long they may be, the room itself says, after it has told of danger.
Line = Annotated[str, Field(max_length=200_000)]
Text = Line
Code = Annotated[str, Field(max_length=40)]


class SubjectIn(Wire):
    """Of whom is told. At least a name, a number, an address or whereabouts."""

    name: Line = ""
    number: Line = ""
    address: Line = ""
    whereabouts: Text = ""
    noticed: Text = ""
    district: Code = ""
    age_band: AgeBand | None = None


class ReporterIn(Wire):
    """Who tells. To be told later takes a number and consent, named by the version of the text that was read out."""

    relation: Relation
    name: Line = ""
    number: Line = ""
    how_they_know: Text = ""
    wants_feedback: bool = False
    consent_script: Code = ""


class ReportIn(Wire):
    """What is told. `reporter` null: they would not say who they are. `due_at`: earlier than the urgency asks."""

    urgency: Urgency
    signs: Annotated[list[Sign], Field(max_length=len(Sign))]
    subject: SubjectIn
    reporter: ReporterIn | None = None
    contact: UUID | None = None
    due_at: AwareDatetime | None = None


class LineOut(Wire):
    """A line of the worklist; nothing in it says who anybody is."""

    id: UUID
    made_at: datetime
    urgency: str
    due_at: datetime
    overdue: bool
    district: str
    signs: list[str]
    state: str
    claimed_by: UUID | None
    feedback_wanted: bool
    outcome: str | None


class LinesOut(Wire):
    """By urgency, then by when they are due."""

    reports: list[LineOut]


class SubjectOut(Wire):
    """Of whom is told. The number as it is written here."""

    name: str
    number: str
    address: str
    whereabouts: str
    noticed: str
    district: str
    age_band: str | None


class HappenedOut(Wire):
    """A step."""

    at: datetime
    by: UUID
    what: str
    note: str


class HintOut(Wire):
    """Another report that may be about the same person, and by what."""

    report: UUID
    by: list[str]
    state: str
    made_at: datetime


class ReportOut(Wire):
    """A report without its reporter."""

    report: LineOut
    contact: UUID | None
    made_by: UUID
    subject: SubjectOut
    events: list[HappenedOut]
    hints: list[HintOut]


class MadeOut(Wire):
    """`danger`: what it says may be one; `proposed` false then: nobody could be told, so the crisis button must be pressed."""

    report: ReportOut
    danger: bool
    proposed: bool


class ReporterOut(Wire):
    """Who told; `known` false: they would not say."""

    known: bool
    relation: str = ""
    name: str = ""
    number: str = ""
    how_they_know: str = ""
    wants_feedback: bool = False
    consent_script: str = ""


class Wanted(Loose):
    """Which lines of the worklist; `feedback`: closed ones whose reporter waits to be told."""

    state: State | None = None
    district: Code = ""
    show: Literal["worklist", "overdue", "feedback"] = "worklist"


class NoteIn(Wire):
    """Why, or what was done."""

    note: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class UrgencyIn(NoteIn):
    """Another urgency."""

    urgency: Urgency


class CloseIn(NoteIn):
    """How it ended."""

    outcome: Outcome
