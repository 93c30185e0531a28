"""How long to search, and how a search ends. Without the solver's library: whoever only asks for a search does not load it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What a search may take. `steps` makes it the same every time: that many steps, each of a deterministic length, whatever the clock says."""

    seconds: float = 60.0
    #: Never one: a single worker has too few strategies (measured).
    workers: int = 2
    seed: int = 1
    steps: int | None = None


class Status(StrEnum):
    """How a search ended."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    #: Proved: there is no lawful plan.
    INFEASIBLE = "infeasible"
    #: No plan found in time, and no proof that there is none.
    UNKNOWN = "unknown"
    #: Stopped; the best plan until then, if any.
    CANCELLED = "cancelled"
