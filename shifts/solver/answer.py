"""A roster as an answer, held against the independent check of the rules. Without the solver's library: whoever waits for a search has no need of it."""

from __future__ import annotations

from shifts.model import Roster
from shifts.rules.catalogue import Level
from shifts.rules.check import check
from shifts.rules.violation import Violation
from shifts.solver.effort import Status
from shifts.solver.request import Conflict, Progress, Short, Solution, SolveRequest


class Invalid(Exception):
    """The check found a hard rule broken in the solver's answer. The answer is not shown; this is a defect."""

    def __init__(self, broken: tuple[Violation, ...]) -> None:
        super().__init__(f"the answer breaks {', '.join(sorted({each.rule for each in broken}))}")
        self.broken = broken


class Judge:
    """Knows what was wrong with the roster asked about before anything was searched."""

    def __init__(self, request: SolveRequest) -> None:
        self._request = request
        self._known = frozenset(violation.key for violation in check(request.setting, request.roster, request.parameters))

    def broken(self, roster: Roster) -> tuple[Violation, ...]:
        """Rules that a roster breaks, and that was not so before."""
        found = check(self._request.setting, roster, self._request.parameters)
        return tuple(each for each in found if each.key not in self._known)

    def lawful(self, roster: Roster) -> bool:
        """Whether no hard rule is among them."""
        return not any(each.level is Level.HARD for each in self.broken(roster))

    def solution(
        self, roster: Roster, *, status: Status, cost: int, bound: int | None, seconds: float, conflict: Conflict | None = None
    ) -> Solution:
        """The answer with this roster. Raises `Invalid`."""
        found = check(self._request.setting, roster, self._request.parameters)
        broken = tuple(each for each in found if each.key not in self._known)
        if hard := tuple(each for each in broken if each.level is Level.HARD):
            raise Invalid(hard)
        return Solution(
            status=status,
            roster=roster,
            cost=cost,
            bound=bound,
            seconds=seconds,
            changes=len({(each.person_id, each.day) for each in roster.assignments ^ self._request.roster.assignments}),
            short=shortages(found),
            conflict=conflict,
            broken=tuple(each for each in broken if each.level is not Level.WISH),
        )


def best_until_now(request: SolveRequest, progress: Progress, seconds: float) -> Solution:
    """What a search that ended without a word had found until then. Raises `Invalid`."""
    return Judge(request).solution(progress.roster, status=Status.FEASIBLE, cost=progress.cost, bound=progress.bound, seconds=seconds)


def shortages(violations: tuple[Violation, ...]) -> tuple[Short, ...]:
    """Where the check finds fewer on the line than the least number."""
    return tuple(
        Short(
            day=each.day,
            start=each.span.start,
            end=each.span.end,
            have=int(each.values["have"]),
            least=int(each.values["least"]),
            code=str(each.mend.values.get("code", "")) if each.mend is not None else "",
            skill=str(each.values["skill"]) or None,
        )
        for each in violations
        if each.rule == "cover_least" and each.span is not None
    )
