"""Fills, completes or repairs a roster, in the caller's own process. `SolverProcess` does the same in another."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from shifts.model import Roster
from shifts.solver import month_costs, month_encode
from shifts.solver.answer import Judge
from shifts.solver.effort import Status
from shifts.solver.explain import Explainer
from shifts.solver.month import Month
from shifts.solver.month_patterns import PersonRules
from shifts.solver.on_call import on_call, stale
from shifts.solver.patterns import Patterns, TooLarge, unfold
from shifts.solver.request import Cause, Conflict, Listener, Progress, Solution, SolveRequest
from shifts.solver.search import Search
from shifts.solver.task import Plan, Task
from shifts.solver.watch import Watch

#: Part of the time kept for finding out why seats stay empty.
_EXPLAIN = 0.15


def task(month: Month) -> Task:
    """What is searched for a month. Raises `ValueError` where settled cells leave somebody no lawful pattern."""
    return Task(
        costs=month_costs.costs(month),
        rows=month_costs.rows(month),
        pairs=tuple(month_costs.pairs(month)),
        people=_people(month),
    )


def _people(month: Month) -> tuple[Patterns, ...] | None:
    """Everybody's lawful patterns. Raises `ValueError` where settled cells leave somebody none."""
    cost, (people, days, choices) = month_costs.pair_cost(month), month.shape
    try:
        return tuple(unfold(PersonRules(month, person, cost), days, choices) for person in range(people))
    except TooLarge:
        # The plain model alone will tell.
        return None


def solve(request: SolveRequest, progress: Listener | None = None, stop: threading.Event | None = None) -> Solution:
    """The best roster found in time: a lawful one even where the time was over at once, unless there is none.

    Raises `Invalid` rather than hand out one that breaks a hard rule it could have kept.
    """
    watch = Watch(request.effort, stop)
    month = Month(request)
    if not month.people or not month.types:
        return Solution(status=Status.OPTIMAL, roster=request.roster, cost=0, bound=0)
    searched = Watch(replace(request.effort, seconds=request.seconds * (1 - _EXPLAIN)), stop)
    try:
        made = task(month)
    except ValueError:
        return _impossible(request, watch)
    judge = Judge(request)

    def report(plan: Plan, cost: int, bound: int) -> None:
        if progress is not None and judge.lawful(roster := _whole(month, plan)):
            progress(Progress(at_s=watch.elapsed, cost=cost, bound=bound if bound > -(10**12) else None, roster=roster))

    found = Search(made, lambda: month_encode.model(month, made), searched, report).run(list(month.current))
    if found.status is Status.INFEASIBLE:
        return _impossible(request, watch)
    if found.plan is None or found.cost is None:
        return Solution(status=found.status, bound=found.bound, seconds=watch.elapsed)
    conflict: Conflict | None = None
    lacking = [row for row in made.rows if row.name[:1] == ("least",) and made.missed(row, np.asarray(found.plan))]
    if lacking and not watch.expired():
        conflict = Explainer(request, watch).lacking([cause for row in lacking if isinstance(cause := row.name[1], Cause)])
    return judge.solution(
        _whole(month, found.plan), status=found.status, cost=found.cost, bound=found.bound, seconds=watch.elapsed, conflict=conflict
    )


def _impossible(request: SolveRequest, watch: Watch) -> Solution:
    conflict = None if watch.stopped else Explainer(request, watch).settled()
    return Solution(status=Status.INFEASIBLE, seconds=watch.elapsed, conflict=conflict)


def _whole(month: Month, plan: Plan) -> Roster:
    roster = month.roster(plan).changed(remove=stale(month))
    return roster.changed(add=on_call(month, roster))
