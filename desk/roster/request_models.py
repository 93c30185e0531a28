"""What the API of leave, swaps, one's own shifts, searches and files reads and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.roster.models import ChangeOut, Code, Day
from desk.routes import Loose, Wire

Note = Annotated[str, Field(max_length=500)]


class LeaveOut(Wire):
    """A request for days off. `kind` and `note` are for the person and for who decides. `announced`: sickness, which nobody has to approve."""

    id: UUID
    person: UUID
    name: str
    first: date
    last: date
    kind: str
    state: str
    note: str
    asked_at: datetime
    announced: bool


class LeavesOut(Wire):
    """One's own, or everybody's for who decides; the latest first."""

    leaves: list[LeaveOut]


class NewLeave(Wire):
    """Days off, both included. `person`: for somebody else, by who decides. Kind `sick` counts at once."""

    first: Day
    last: Day
    kind: Literal["annual", "sick", "other"] = "annual"
    note: Note = ""
    person: UUID | None = None


class WishNamed(Wire):
    """What somebody would like on a day: `code` null is any shift, so not wanted it is a day off; a code not wanted is anything but that shift."""

    person: UUID
    name: str
    day: date
    code: str | None
    wanted: bool
    weight: int


class WishesOut(Wire):
    """By day and name."""

    wishes: list[WishNamed]


class NewWish(Wire):
    """A wish for a day. `person` (somebody else) and `weight` by who decides only."""

    day: Day
    code: Code | None = None
    wanted: bool = False
    person: UUID | None = None
    weight: Annotated[int, Field(ge=1, le=10)] | None = None


class OfPerson(Loose):
    """Somebody; by default oneself."""

    person: UUID | None = None


class SwapOut(Wire):
    """A shift for another, or given away (`their_day` null)."""

    id: UUID
    person: UUID
    name: str
    day: date
    code: str
    other: UUID
    other_name: str
    their_day: date | None
    their_code: str | None
    state: str
    asked_at: datetime


class SwapsOut(Wire):
    """One's own, or everybody's for who decides; the latest first."""

    swaps: list[SwapOut]


class NewSwap(Wire):
    """One's own shift for one of somebody else's, or for nothing."""

    day: Day
    code: Code
    other: UUID
    their_day: Day | None = None
    their_code: Code | None = None


class SwapOption(Wire):
    """Whom to ask for what; `breaks`: policies that it would break."""

    other: UUID
    other_name: str
    their_day: date | None
    their_code: str | None
    breaks: list[str]


class SwapOptions(Wire):
    """The least harmful first; none breaks a hard rule."""

    options: list[SwapOption]


class Days(Loose):
    """From one day to another, both included."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]


class PauseOut(Wire):
    """A break."""

    starts_at: datetime
    ends_at: datetime


class OwnShift(Wire):
    """A shift that is in force."""

    day: date
    code: str
    name: str
    starts_at: datetime
    ends_at: datetime
    duty: str
    pauses: list[PauseOut]


class OwnShifts(Wire):
    """One's shifts. `published`: the months of the days asked for that are in force, so that an empty day there is a day off."""

    shifts: list[OwnShift]
    published: list[str]


class FeedOut(Wire):
    """Shown this once: a calendar reads one's shifts at this address, and so does everybody who knows it."""

    url: str


class FeedState(Wire):
    """Whether there is one."""

    exists: bool


class NewSearch(Wire):
    """What the solver may change: only empty cells, as little as possible, or everything; and for how long it searches."""

    mode: Literal["fill", "repair", "empty"]
    seconds: Annotated[int, Field(ge=1, le=600)] = 30


class JobOut(Wire):
    """A search that has begun."""

    job: str


class SearchOut(Wire):
    """How a search stands. `cost` falls, `bound` rises: nothing costs less. `changes`: the best roster so far against the draft asked about."""

    state: Literal["running", "optimal", "feasible", "infeasible", "unknown", "cancelled", "failed"]
    at_s: float
    seconds: int
    cost: int | None
    bound: int | None
    version: int
    changes: list[ChangeOut]
    short: list[str]
    text: str


class FileProblem(Wire):
    """What is wrong with a cell of a file; "" where it concerns the whole."""

    cell: str
    text: str
    level: Literal["error", "warning"]


class Preview(Wire):
    """What a file would change. Nothing is written before `apply`; with an error it can't be."""

    token: str
    changes: list[ChangeOut]
    problems: list[FileProblem]
