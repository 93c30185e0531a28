"""Solves a benchmark instance and has the result judged by the independent checker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from shifts.solver.benchmark import encode, task
from shifts.solver.benchmark.checker import Judgement, judge
from shifts.solver.benchmark.instance import Instance, Plan
from shifts.solver.effort import Effort, Status
from shifts.solver.search import Found, Search
from shifts.solver.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of an instance. `judgement` is the checker's, not the solver's own word; None where there is no plan."""

    status: Status
    cost: int | None
    bound: int | None
    seconds: float
    plan: Plan | None
    judgement: Judgement | None


def solve(
    instance: Instance,
    effort: Effort,
    progress: Callable[[float, int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Solves it. `progress` hears seconds, cost and bound of every better plan."""
    watch = Watch(effort, stop)
    try:
        made = task.task(instance)
    except ValueError:
        return Result(status=Status.INFEASIBLE, cost=None, bound=None, seconds=watch.elapsed, plan=None, judgement=None)

    def report(_: object, cost: int, bound: int) -> None:
        if progress is not None:
            progress(watch.elapsed, cost, bound)

    found: Found = Search(made, lambda: encode.model(instance, made), watch, report).run()
    plan = None if found.plan is None else task.plan(instance, found.plan)
    return Result(
        status=found.status,
        cost=found.cost,
        bound=found.bound,
        seconds=found.seconds,
        plan=plan,
        judgement=None if plan is None else judge(instance, plan),
    )
