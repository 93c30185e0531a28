"""The whole search: a first plan, a bound by column generation, better plans among its cells, then fix and optimise until the time is over."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from shifts.solver.columns import Columns
from shifts.solver.effort import Status
from shifts.solver.encode import Encoded
from shifts.solver.greedy import Greedy
from shifts.solver.neighbourhoods import Neighbourhoods, Only
from shifts.solver.patterns import Mask
from shifts.solver.task import Plan, Task
from shifts.solver.watch import Watch

#: Parts of the whole time: the first plan, columns, diving, the choice among them, the plain model once more without useless cells.
_FIRST, _COLUMNS, _SUPPORT, _DIVE, _CHOICE, _PROOF = 0.05, 0.35, 0.3, 0.35, 0.1, 0.15
#: A gap of so much is far.
_FAR = 0.2
#: The first plan gets no longer than this, seconds: the other ways are better at improving it.
_FIRST_S = 4.0
#: The same as deterministic time, where steps are counted.
_FIRST_STEP, _SUPPORT_STEP, _CHOICE_STEP = 0.03, 0.03, 0.03

Report = Callable[[Plan, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found."""

    status: Status
    plan: Plan | None
    cost: int | None
    bound: int | None
    seconds: float


class Search:
    """One search. `report` hears of every better plan: plan, cost, bound."""

    def __init__(self, task: Task, build: Callable[[], Encoded], watch: Watch, report: Report | None = None) -> None:
        self._task, self._build, self._watch = task, build, watch
        self._report = report
        self._plan: Plan | None = None
        self._cost, self._bound = 0, -(10**12)

    def run(self, start: Plan | None = None) -> Found:
        """Searches until proved best, out of time, or stopped. `start`: a plan to begin with, lawful or not."""
        # Before the time is looked at, and before the model is built: however slow the machine, there is a plan.
        if (plan := Greedy(self._task, self._watch).plan()) is not None:
            self._better(plan, self._task.cost(plan))
            if self._watch.expired():
                return self._ended()
        self._encoded = self._build()
        if not self._first(start):
            return self._found(Status.INFEASIBLE)
        if self._task.people is not None and not self._done():
            self._by_columns()
        if self._plan is None and not self._watch.expired():
            self._plainly(self._watch.left)
        elif not self._done():
            self._plainly(self._watch.share(_PROOF))
        turns = self._watch.effort.steps
        search = Neighbourhoods(self._encoded, self._watch)
        while self._plan is not None and not self._done() and turns != 0:
            self._better(*search.improve(self._plan, self._cost))
            turns = None if turns is None else turns - 1
        return self._ended()

    def _ended(self) -> Found:
        if self._watch.stopped:
            return self._found(Status.CANCELLED)
        if self._plan is None:
            return self._found(Status.UNKNOWN)
        return self._found(Status.OPTIMAL if self._cost <= self._bound else Status.FEASIBLE)

    def _done(self) -> bool:
        return self._watch.expired() or (self._plan is not None and self._cost <= self._bound)

    def _first(self, start: Plan | None) -> bool:
        """A first plan by the plain model. False: proved that there is none."""
        if start is not None:
            self._encoded.hint(start)
        return self._plainly(_FIRST_STEP if self._watch.effort.steps is not None else min(_FIRST_S, max(1.0, self._watch.share(_FIRST))))

    def _plainly(self, seconds: float) -> bool:
        if self._plan is not None:
            self._encoded.hint(self._plan)
        if self._watch.effort.steps is not None:
            seconds = min(seconds, _FIRST_STEP)
        solved = self._watch.solve(self._encoded.model, seconds, self._told())
        if solved.infeasible:
            return self._plan is not None
        if solved.found:
            plan = self._encoded.plan(solved.solver)
            self._better(plan, self._task.cost(plan))
        if solved.found or not self._watch.stopped:
            self._tighten(solved.solver.best_objective_bound)
        if solved.optimal:
            self._bound = self._cost
        return True

    def _told(self) -> cp_model.CpSolverSolutionCallback | None:
        """Which plans the library tells of on the way is not the same every time: nothing depends on it where steps are counted."""
        return None if self._watch.effort.steps is not None else _Told(self._encoded, self._better)

    def _better(self, plan: Plan, cost: int) -> None:
        better = self._plan is None or cost < self._cost
        if self._plan is None or cost <= self._cost:
            self._plan, self._cost = plan, cost
        if better and self._report is not None:
            self._report(plan, cost, self._bound)

    def _tighten(self, bound: float) -> None:
        if math.isfinite(bound):
            self._bound = max(self._bound, math.ceil(bound - 1e-4))

    def _by_columns(self) -> None:
        until = self._watch.elapsed + self._watch.share(_COLUMNS)
        counted = self._watch.effort.steps is not None
        # Reads `until` when asked: diving gets time of its own.
        columns = Columns(self._task, lambda: self._watch.expired() or (not counted and self._watch.elapsed > until))
        if self._plan is not None:
            columns.add_plan(self._plan)
        _, shares = columns.relax()
        self._tighten(columns.bounds.lower + self._task.constant)
        if self._done():
            return
        self._among(columns.support(shares), _SUPPORT_STEP if counted else self._watch.share(_SUPPORT))
        if self._far():
            until = self._watch.elapsed + self._watch.share(_DIVE)
            if (plan := columns.dive(shares)) is not None:
                self._better(plan, self._task.cost(plan))
        if self._plan is None or self._done():
            return
        if self._far():
            seconds = _CHOICE_STEP if counted else self._watch.share(_CHOICE)
            plan = columns.choose(self._watch, upper=self._cost - self._task.constant, seconds=seconds, hint=self._plan)
            if plan is not None:
                self._better(plan, self._task.cost(plan))
        if math.isfinite(columns.bounds.lower):
            for person, day, choice in columns.useless(self._cost - self._task.constant):
                if choice and self._plan[person][day] != choice:
                    self._encoded.settle((person, day, choice), 0)

    def _far(self) -> bool:
        """Whether the best plan is so far from the bound that it is worth fixing whole people's patterns one after the other."""
        return not self._done() and (self._plan is None or self._cost - self._bound > _FAR * abs(self._cost))

    def _among(self, support: Mask, seconds: float) -> None:
        """The plain model with nothing but the cells that the columns' optimum is made of."""
        with Only(self._encoded, support, self._plan):
            if self._plan is not None:
                self._encoded.hint(self._plan)
            solved = self._watch.solve(self._encoded.model, seconds, self._told())
        if solved.found:
            plan = self._encoded.plan(solved.solver)
            self._better(plan, self._task.cost(plan))

    def _found(self, status: Status) -> Found:
        known = self._plan is not None
        bound = min(self._bound, self._cost) if known else self._bound
        return Found(
            status=status,
            plan=self._plan,
            cost=self._cost if known else None,
            bound=bound if bound > -(10**12) else None,
            seconds=self._watch.elapsed,
        )


class _Told(cp_model.CpSolverSolutionCallback):
    """Tells of every plan that the plain model finds on its way."""

    def __init__(self, encoded: Encoded, tell: Callable[[Plan, int], None]) -> None:
        super().__init__()
        self._encoded, self._tell = encoded, tell

    def on_solution_callback(self) -> None:
        plan = self._encoded.plan(self)
        self._tell(plan, self._encoded.task.cost(plan))
