"""What the solver is asked and what it answers. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shifts.model import Roster, Setting
from shifts.rules.parameters import Parameters, parameters
from shifts.rules.violation import Violation
from shifts.solver.effort import Effort, Status


class Mode(StrEnum):
    """What may change. Pinned shifts and frozen days never do."""

    #: Everything is planned anew.
    EMPTY = "empty"
    #: Shifts are only added to cells that hold none.
    FILL = "fill"
    #: Everything may change, as little as possible does.
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveRequest:
    """One task. `roster` holds what is there already, and the days before it."""

    setting: Setting
    roster: Roster
    parameters: Parameters = field(default_factory=parameters)
    mode: Mode = Mode.FILL
    #: The last day that must not change, included: what has been worked stays.
    frozen_until: date | None = None
    seconds: float = 30.0
    seed: int = 1
    #: Never one: a single worker has too few strategies.
    workers: int = 2
    #: For the same answer every time, whatever the clock says: steps of a deterministic length instead of seconds.
    steps: int | None = None

    @property
    def effort(self) -> Effort:
        """What the search may take."""
        return Effort(seconds=self.seconds, seed=self.seed, workers=self.workers, steps=self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A better roster. `cost` falls, `bound` (no roster costs less; None: nothing proved yet) rises; both are of the solver's own scale."""

    at_s: float
    cost: int
    bound: int | None
    roster: Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A stretch of a day in which fewer than the least number take calls, breaks counted: what the independent check finds."""

    day: date
    start: datetime
    end: datetime
    have: int
    least: int
    #: The shift that has most of the stretch.
    code: str = ""
    skill: str | None = None


class CauseKind(StrEnum):
    """What a cause of a conflict is."""

    #: So many are needed.
    NEED = "need"
    #: A rule for everybody.
    RULE = "rule"
    #: One person's approved leave.
    LEAVE = "leave"
    #: One person's shifts that must not change: pinned, frozen or kept.
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cause:
    """One of several that cannot all hold."""

    kind: CauseKind
    #: Of a rule.
    rule: str = ""
    person_id: UUID | None = None
    #: Of a need: the day, the shift that has most of it, how many must be on shift (one more than on the line where a break is due).
    day: date | None = None
    code: str = ""
    least: int = 0
    skill: str = ""
    #: Tells needs of one day apart.
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Causes that cannot all hold. `minimal`: it was proved that without any one of them the others can."""

    causes: tuple[Cause, ...]
    minimal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The answer. Re-validated: `broken` is what the independent check finds against the roster that was not so before (never a hard rule)."""

    status: Status
    roster: Roster | None = None
    cost: int | None = None
    bound: int | None = None
    seconds: float = 0.0
    #: Cells that differ from the roster asked about.
    changes: int = 0
    short: tuple[Short, ...] = ()
    conflict: Conflict | None = None
    broken: tuple[Violation, ...] = ()


Listener = Callable[[Progress], None]
