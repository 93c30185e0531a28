"""Fills, completes or repairs a roster, in the caller's own process. `SolverProcess` does the same in another."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from shifts.model import Roster
from shifts.rules.catalogue import Level
from shifts.rules.check import check
from shifts.rules.violation import Violation
from shifts.solver import month_costs, month_encode
from shifts.solver.effort import Status
from shifts.solver.explain import Explainer
from shifts.solver.month import Month
from shifts.solver.month_patterns import PersonRules
from shifts.solver.on_call import on_call, stale
from shifts.solver.patterns import Patterns, TooLarge, unfold
from shifts.solver.request import Cause, Conflict, Listener, Progress, Short, Solution, SolveRequest
from shifts.solver.search import Found, Search
from shifts.solver.task import Plan, Task
from shifts.solver.watch import Watch

#: Part of the time kept for finding out why seats stay empty.
_EXPLAIN = 0.15


class Invalid(Exception):
    """The check found a hard rule broken in the solver's answer. The answer is not shown; this is a defect."""

    def __init__(self, broken: tuple[Violation, ...]) -> None:
        super().__init__(f"the answer breaks {', '.join(sorted({each.rule for each in broken}))}")
        self.broken = broken


def task(month: Month) -> Task:
    """What is searched for a month."""
    return Task(
        costs=month_costs.costs(month),
        rows=month_costs.rows(month),
        pairs=tuple(month_costs.pairs(month)),
        people=_people(month),
    )


def _people(month: Month) -> tuple[Patterns, ...] | None:
    cost, (people, days, choices) = month_costs.pair_cost(month), month.shape
    try:
        return tuple(unfold(PersonRules(month, person, cost), days, choices) for person in range(people))
    except (TooLarge, ValueError):
        # Too many states, or settled cells that leave somebody no lawful pattern: the plain model alone will tell.
        return None


def solve(request: SolveRequest, progress: Listener | None = None, stop: threading.Event | None = None) -> Solution:
    """The best roster found in time. Raises `Invalid` rather than hand out one that breaks a hard rule it could have kept."""
    watch = Watch(request.effort, stop)
    month = Month(request)
    if not month.people or not month.types:
        return Solution(status=Status.OPTIMAL, roster=request.roster, cost=0, bound=0)
    searched = Watch(replace(request.effort, seconds=request.seconds * (1 - _EXPLAIN)), stop)
    made = task(month)
    known = frozenset(violation.key for violation in check(request.setting, request.roster, request.parameters))

    def report(plan: Plan, cost: int, bound: int) -> None:
        roster = _whole(month, plan)
        if progress is not None and not _broken(request, roster, known):
            progress(Progress(at_s=watch.elapsed, cost=cost, bound=bound if bound > -(10**12) else None, roster=roster))

    found = Search(month_encode.model(month, made), searched, report).run(list(month.current))
    if found.plan is None:
        conflict = None
        if found.status is Status.INFEASIBLE:
            conflict = Explainer(request, watch).settled()
        return Solution(status=found.status, bound=found.bound, seconds=watch.elapsed, conflict=conflict)
    return _solution(request, month, made, found, found.plan, known, watch)


def _solution(request: SolveRequest, month: Month, made: Task, found: Found, plan: Plan, known: frozenset[str], watch: Watch) -> Solution:
    roster = _whole(month, plan)
    if hard := _broken(request, roster, known):
        raise Invalid(hard)
    violations = check(request.setting, roster, request.parameters)
    short = shortages(violations)
    conflict: Conflict | None = None
    lacking = [row for row in made.rows if row.name[:1] == ("least",) and made.missed(row, np.asarray(plan))]
    if lacking and not watch.stopped:
        conflict = Explainer(request, watch).lacking([cause for row in lacking if isinstance(cause := row.name[1], Cause)])
    return Solution(
        status=found.status,
        roster=roster,
        cost=found.cost,
        bound=found.bound,
        seconds=watch.elapsed,
        changes=len({(each.person_id, each.day) for each in roster.assignments ^ request.roster.assignments}),
        short=short,
        conflict=conflict,
        broken=tuple(each for each in violations if each.level is not Level.WISH and each.key not in known),
    )


def _whole(month: Month, plan: Plan) -> Roster:
    roster = month.roster(plan).changed(remove=stale(month))
    return roster.changed(add=on_call(month, roster))


def _broken(request: SolveRequest, roster: Roster, known: frozenset[str]) -> tuple[Violation, ...]:
    """Hard rules that the roster breaks and that was not so before."""
    found = check(request.setting, roster, request.parameters)
    return tuple(each for each in found if each.level is Level.HARD and each.key not in known)


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
