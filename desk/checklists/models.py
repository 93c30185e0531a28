"""What the API of checklists reads and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from care.checklists.results import LONGEST_NOTE
from desk.routes import Wire

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Note = Annotated[str, Field(max_length=LONGEST_NOTE)]


class SaidOut(Wire):
    """What people read."""

    ko: str
    en: str


class ChecklistLine(Wire):
    """An instrument as it is used today. `everywhere`: it is offered on every path."""

    id: str
    version: str
    name: SaidOut
    items: int
    forms: list[str]
    everywhere: bool


class ChecklistsOut(Wire):
    """What is offered on every path comes first."""

    checklists: list[ChecklistLine]


class ChoiceOut(Wire):
    """An answer and its number."""

    value: int
    text: SaidOut


class ItemOut(Wire):
    """A question."""

    id: str
    section: str
    text: SaidOut
    choices: list[ChoiceOut]


class SectionOut(Wire):
    """Questions that are asked together. `conditional`: only where the answers before ask for it; see `missing` of a saved result."""

    id: str
    title: SaidOut
    conditional: bool


class FormOut(Wire):
    """A length of the instrument."""

    id: str
    title: SaidOut
    sections: list[str]


class NamedOut(Wire):
    """A score, a flag, an outcome or a level."""

    id: str
    title: SaidOut


class ChecklistOut(Wire):
    """An instrument of one version. `everywhere`: the ids of those that are to be offered beside it."""

    id: str
    version: str
    since: date
    name: SaidOut
    intro: SaidOut
    source: str
    terms: str
    note: str
    sections: list[SectionOut]
    forms: list[FormOut]
    items: list[ItemOut]
    scores: list[NamedOut]
    flags: list[NamedOut]
    outcomes: list[NamedOut]
    levels: list[NamedOut]
    everywhere: list[str]


class SheetIn(Wire):
    """A checklist as it is filled in so far: all answers given, by item. It is saved with every answer; `finished` ends it."""

    checklist: Name
    version: Name
    form: Name
    contact: UUID | None = None
    answers: Annotated[dict[Annotated[str, Field(max_length=40)], int], Field(max_length=200)]
    #: How long it may be, the room itself says, after it has told of danger.
    note: Annotated[str, Field(max_length=200_000)] = ""
    finished: bool = False


class LevelOut(Wire):
    """The gravest of the answers given. `settled` false: something that could be graver was not answered, so it is at least that, never low."""

    settled: bool
    at_least: NamedOut | None
    unresolved: list[str]


class SavedOut(Wire):
    """What the answers come to. `outcome` null as long as something is `missing` (미완료). What is recommended, a person decides.

    `alarms`: items that were ever answered with one; `proposed` false: nobody could be told of them, so the crisis button must be pressed.
    """

    id: UUID
    complete: bool
    missing: list[str]
    scores: dict[str, int]
    flags: dict[str, bool]
    outcome: NamedOut | None
    recommends: list[str]
    level: LevelOut | None
    alarms: list[str]
    proposed: bool
    everywhere: list[str]


class ResultOut(Wire):
    """A result that is kept."""

    id: UUID
    checklist: str
    version: str
    form: str
    contact: UUID | None
    answers: dict[str, int]
    note: str
    complete: bool
    scores: dict[str, int]
    outcome: str | None
    level: str | None
    alarms: list[str]
    proposed: bool
    started_at: datetime
    changed_at: datetime
    finished_at: datetime | None
    decision: str | None
    decided_at: datetime | None


class ResultsOut(Wire):
    """Those of a contact that one may see, the latest first."""

    results: list[ResultOut]


class PointOut(Wire):
    """A complete result."""

    id: UUID
    at: datetime
    form: str
    scores: dict[str, int]
    outcome: str | None
    level: str | None


class TrendOut(Wire):
    """Results by one version of one instrument, the earliest first."""

    checklist: str
    version: str
    points: list[PointOut]


class TrendsOut(Wire):
    """The caller's; empty for a number that is withheld. Versions are never put into one row."""

    trends: list[TrendOut]


class DecisionIn(Wire):
    """What was made of what a result recommends."""

    decision: Literal["followed", "otherwise", "declined"]
    note: Note = ""
