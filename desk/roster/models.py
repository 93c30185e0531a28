"""What the roster's API reads and answers. Days are dates in the service's zone, people their ids; a cell is one person's day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.routes import Loose, Wire

#: Rosters, leave and wishes lie within these years; the calendar of holidays knows them.
FIRST_DAY, LAST_DAY = date(2000, 2, 1), date(2099, 11, 30)
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2027-01"])]
Code = Annotated[str, Field(min_length=1, max_length=20)]
Version = Annotated[int, Field(ge=0, lt=2**53)]
#: Why something was done; kept.
Reason = Annotated[str, Field(max_length=500)]
#: Several shifts in one cell are possible (a shift and a standby); more are a mistake.
Codes = Annotated[list[Code], Field(max_length=6)]
#: Two hundred people and a month.
_MOST_CELLS = 6200


class PeriodOut(Wire):
    """First and last day, both included."""

    first: date
    last: date


class PersonOut(Wire):
    """Somebody who is rostered. `night_work` and why it is barred are for the person and for who decides about leave: null for others."""

    id: UUID
    name: str
    extension: str
    skills: list[str]
    languages: list[str]
    night_work: str | None
    protection: Literal["pregnant", "postpartum", "minor", "doctor"] | None
    supervisor: bool


class ShiftTypeOut(Wire):
    """A kind of shift. `starts` like `07:00`."""

    code: str
    name: str
    name_en: str
    starts: str
    minutes: int
    duty: Literal["line", "standby", "supervisor"]


class CellOut(Wire):
    """What one person does on one day; no codes: nothing."""

    person: UUID
    day: date
    codes: list[str]
    pinned: bool = False


class ChangeOut(Wire):
    """A cell before and after."""

    person: UUID
    day: date
    before: list[str]
    after: list[str]
    pinned: bool = False


class AwayOut(Wire):
    """Days off. `kind` is for the person and for who decides: null for others."""

    id: UUID
    person: UUID
    first: date
    last: date
    kind: str | None
    state: str


class WishOut(Wire):
    """What somebody would like; `code` null: any shift."""

    person: UUID
    day: date
    code: str | None
    wanted: bool
    weight: int


#: What it is about: somebody's shifts; what somebody wished or asked for; the line; the sharing; or not theirs to know.
ViolationKind = Literal["rule", "wish", "coverage", "fairness", "private"]
ViolationLevel = Literal["hard", "policy", "wish"]


class ViolationOut(Wire):
    """A rule that is broken. `key` names it in overrides; `mend` says what would help."""

    key: str
    rule: str
    level: ViolationLevel
    kind: ViolationKind
    person: UUID | None
    day: date
    days: list[date]
    text: str
    mend: str | None
    overridden: bool
    override_reason: str | None


class ViolationsOut(Wire):
    """What is wrong with a version of the draft, the gravest first."""

    version: int
    violations: list[ViolationOut]


class Which(Loose):
    """Of one person, of one level; by default all."""

    person: UUID | None = None
    level: ViolationLevel | None = None


class SlotOut(Wire):
    """A stretch of the line, within one day and one shift: phones on in its worst minute, the least and the wanted number, what the load asks for."""

    start: datetime
    minutes: int
    have: int
    least: int
    wanted: int
    need: int | None


class TallyOut(Wire):
    """What somebody has in the month; minutes without breaks."""

    minutes: int
    nights: int
    weekends: int
    holidays: int
    night_minutes: int
    wishes: int
    wishes_met: int
    contract_minutes: int


class RosterOut(Wire):
    """A month. Who may not see drafts gets what is in force, and nothing of others but their shifts."""

    id: UUID | None
    period: PeriodOut
    version: int
    published_version: int | None
    published_at: datetime | None
    people: list[PersonOut]
    shift_types: list[ShiftTypeOut]
    cells: list[CellOut]
    #: Two weeks before the period.
    before: list[CellOut]
    leaves: list[AwayOut]
    wishes: list[WishOut]
    holidays: dict[date, str]
    violations: list[ViolationOut]
    coverage: list[SlotOut]
    fairness: dict[UUID, TallyOut]
    #: Who else has changed the draft within the last half hour.
    editors: list[str]
    can: list[str]


class EditedOut(Wire):
    """The draft after a change: the cells that changed, and what follows from it for the whole."""

    version: int
    cells: list[CellOut]
    violations: list[ViolationOut]
    coverage: list[SlotOut]
    fairness: dict[UUID, TallyOut]


class CellChange(Wire):
    """A cell as it was seen and as it is wanted; the order of codes means nothing."""

    person: UUID
    day: Day
    before: Codes
    after: Codes
    pinned: bool = False


class Edits(Wire):
    """Changes that belong together: all are made, or none."""

    base_version: Version
    changes: Annotated[list[CellChange], Field(min_length=1, max_length=_MOST_CELLS)]
    reason: Reason | None = None


class Base(Wire):
    """The version before somebody's eyes, and why it is changed."""

    base_version: Version
    reason: Reason | None = None


class Override(Wire):
    """A policy that is broken knowingly, and why."""

    key: Annotated[str, Field(min_length=1, max_length=300)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Publication(Wire):
    """What is to be in force: exactly this version. A month in force already is changed with a reason only."""

    version: Version
    reason: Reason = ""
    overrides: Annotated[list[Override], Field(max_length=_MOST_CELLS, default_factory=list)]


class PublishedOut(Wire):
    """It is in force. `alarms`: seats that are empty or thin all the same."""

    published_version: int
    alarms: list[str]


class Compared(Loose):
    """Two versions: a number, `published` (nothing, if nothing is), or `draft`."""

    older: Annotated[str, Field(alias="from", pattern=r"^(published|draft|0|[1-9][0-9]{0,14})$")] = "published"
    newer: Annotated[str, Field(alias="to", pattern=r"^(published|draft|0|[1-9][0-9]{0,14})$")] = "draft"


class DiffOut(Wire):
    """What differs, by day and person."""

    changes: list[ChangeOut]


class EditOut(Wire):
    """A version of the draft: who, when, why. `by` null: the program."""

    version: int
    at: datetime
    by: str | None
    kind: str
    reason: str | None
    about: int | None
    cells: int


class PublicationOut(Wire):
    """A version that was put in force."""

    version: int
    at: datetime
    by: str | None
    reason: str
    overrides: int


class HistoryOut(Wire):
    """The latest first, the last five hundred."""

    edits: list[EditOut]
    publications: list[PublicationOut]


class Seat(Loose):
    """A shift of a day."""

    day: Day
    code: Code


class CandidateOut(Wire):
    """Somebody for a shift: what taking it would break, and what they have in the month already."""

    person: UUID
    name: str
    lawful: bool
    standby: bool
    breaks: list[str]
    minutes: int
    nights: int


class CandidatesOut(Wire):
    """The lawful ones first."""

    candidates: list[CandidateOut]
