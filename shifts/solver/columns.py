"""Column generation: people are independent of each other but for the cover they give together.

A linear program chooses among patterns of each person found so far; its prices for cover say which further patterns would help; the cheapest
path through each person's graph finds them. Where none is left the program's value is a bound on every roster's cost, a far tighter one than
that of the plain model. Whole rosters come from fixing one person after the other ("diving"), and from a choice among all patterns found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from ortools.math_opt.python import mathopt  # type: ignore[import-untyped]
from ortools.sat.python import cp_model

from shifts.solver.patterns import Floats, Ints, Mask
from shifts.solver.task import Plan, Task
from shifts.solver.watch import Watch

#: A pattern is worth adding below this reduced cost.
WORTH = -1e-6
#: How far prices stay near the best ones known (smoothing after Wentges).
SMOOTH = 0.6
#: A share that is more than rounding.
_ANY = 1e-6


_GO_ON = mathopt.SolveParameters(
    time_limit=timedelta(seconds=30), presolve=mathopt.Emphasis.OFF, lp_algorithm=mathopt.LPAlgorithm.PRIMAL_SIMPLEX
)
#: Nobody reads reduced costs here; putting them into objects takes longer than finding them.
_BARE = mathopt.ModelSolveParameters(
    reduced_costs_filter=mathopt.VariableFilter(filtered_items=()), variable_values_filter=mathopt.VariableFilter(skip_zero_values=True)
)


@dataclass(slots=True)
class _Column:
    person: int
    days: Ints
    cost: float
    rows: Floats
    variable: mathopt.Variable | None = None


@dataclass(slots=True)
class Bounds:
    """What is known so far."""

    lower: float = -math.inf
    #: Prices by row, at which `lower` was found.
    prices: Floats = field(default_factory=lambda: np.zeros(0))


class Columns:
    """The restricted program and its columns. `expired` says when to stop; every method returns soon after."""

    def __init__(self, task: Task, expired: Callable[[], bool]) -> None:
        assert task.people is not None
        self._task, self._people, self._expired = task, task.people, expired
        #: How much a cell counts in each row.
        self._covers = np.zeros((len(task.rows), *task.shape))
        for number, row in enumerate(task.rows):
            self._covers[number, row.cells[:, 0], row.cells[:, 1], row.cells[:, 2]] = row.counts
        # The same, as a list: sums in the order of the list are the same every time, which those of a matrix product are not.
        self._row, self._cell = np.nonzero(self._covers.reshape(len(task.rows), -1))
        self._counts = self._covers.reshape(len(task.rows), -1)[self._row, self._cell]
        self._needed = np.array([row.needed for row in task.rows], dtype=np.float64)
        self.bounds = Bounds(prices=np.zeros(len(task.rows)))
        self._columns: list[_Column] = []
        self._known: set[tuple[int, bytes]] = set()
        self._model = mathopt.Model()
        self._cover = [self._model.add_linear_constraint(lb=row.needed, ub=row.needed) for row in task.rows]
        self._one = [self._model.add_linear_constraint(lb=1.0, ub=1.0) for _ in self._people]
        dear = 1e6
        for constraint in self._one:
            constraint.set_coefficient(self._priced(dear), 1.0)
        for row, constraint in zip(task.rows, self._cover, strict=True):
            constraint.set_coefficient(self._priced(row.under), 1.0)
            constraint.set_coefficient(self._priced(row.over), -1.0)
        self._solver = mathopt.IncrementalSolver(self._model, mathopt.SolverType.GLOP)

    def _priced(self, cost: float, most: float = math.inf) -> mathopt.Variable:
        variable = self._model.add_variable(lb=0.0, ub=most)
        self._model.objective.set_linear_coefficient(variable, cost)
        return variable

    def add(self, person: int, days: Ints, own: float = 0.0) -> bool:
        """A pattern of a person (`own`: what its graph charges). Whether it was new."""
        key = (person, days.tobytes())
        if key in self._known:
            return False
        self._known.add(key)
        every = np.arange(len(days))
        cost = own + float(self._task.costs[person, every, days].sum())
        counts = self._covers[:, person, every, days].sum(axis=1)
        column = _Column(person, days, cost, counts)
        column.variable = self._priced(cost)
        self._one[person].set_coefficient(column.variable, 1.0)
        for row in np.flatnonzero(counts):
            self._cover[row].set_coefficient(column.variable, float(counts[row]))
        self._columns.append(column)
        return True

    def add_plan(self, plan: Plan) -> None:
        """Everybody's pattern of a plan."""
        for person, days in enumerate(plan):
            own = self._people[person].own(days)
            if own is not None:
                self.add(person, days, own)

    def _relax(self) -> tuple[float, Floats, Floats, list[float]]:
        """Value, prices of cover, prices of people, and the share of each column."""
        # Without presolve and by the primal method, so that it goes on from the last basis: columns came, prices did not change hands.
        result = self._solver.solve(params=_GO_ON, model_params=_BARE)
        solution = result.solutions[0]
        assert solution.primal_solution is not None
        assert solution.dual_solution is not None
        duals, values = solution.dual_solution.dual_values, solution.primal_solution.variable_values
        cover = np.array([duals[constraint] for constraint in self._cover])
        people = np.array([duals[constraint] for constraint in self._one])
        shares = [values.get(column.variable, 0.0) for column in self._columns if column.variable is not None]
        return result.objective_value(), cover, people, shares

    def priced(self, prices: Floats) -> Floats:
        """What every cell costs at some prices of cover."""
        costs = self._task.costs
        saved = np.bincount(self._cell, weights=self._counts * prices[self._row], minlength=costs.size)
        return np.asarray(costs - saved.reshape(costs.shape), dtype=np.float64)

    def _try(self, prices: Floats, convexity: Floats, free: list[int], number: int) -> tuple[bool, float]:
        """Adds the patterns that are worth it at some prices; whether there were, and the bound that those prices prove."""
        cells = self.priced(prices)
        exact = self.priced(convexity[: len(prices)])
        people = convexity[len(prices) :]
        bound, added = math.fsum(prices * self._needed), False
        for person in range(len(self._people)):
            if person not in free:
                continue
            found = self._people[person].cheapest(cells[person], number)
            bound += found[0][0]
            for _, own, days in found:
                reduced = own + float(exact[person, np.arange(len(days)), days].sum()) - people[person]
                if reduced < WORTH and self.add(person, days, own):
                    added = True
        return added, bound

    def relax(self, *, free: list[int] | None = None, rounds: int = 10_000, number: int = 6) -> tuple[float, list[float]]:
        """Adds columns until none helps (or the time is over): the program's value and the share of each column."""
        every = free is None
        chosen = list(range(len(self._people))) if free is None else free
        value, cover, people, shares = self._relax()
        stay = self.bounds.prices if every and math.isfinite(self.bounds.lower) else cover
        for _ in range(rounds):
            exact = np.r_[cover, people]
            added, bound = self._try(SMOOTH * stay + (1 - SMOOTH) * cover, exact, chosen, number)
            if every and bound > self.bounds.lower:
                self.bounds.lower, self.bounds.prices = bound, SMOOTH * stay + (1 - SMOOTH) * cover
                stay = self.bounds.prices
            elif not every:
                stay = cover
            if not added:
                added, bound = self._try(cover, exact, chosen, number)
                if every and bound > self.bounds.lower:
                    self.bounds.lower, self.bounds.prices = bound, cover
                    stay = cover
            if not added or self._expired() or (every and value - self.bounds.lower < 1e-4):
                break
            value, cover, people, shares = self._relax()
        return value, shares

    def support(self, shares: list[float]) -> Mask:
        """Cells (person, day, choice) that the program's optimum makes any use of: few are useless there, and good rosters lie among them."""
        found = np.zeros(self._task.shape, dtype=np.bool_)
        every = np.arange(self._task.shape[1])
        # Columns added since have no share yet.
        for share, column in zip(shares, self._columns, strict=False):
            if share > _ANY:
                found[column.person, every, column.days] = True
        return found

    def dive(self, shares: list[float]) -> Plan | None:
        """A whole roster: fixes the surest person's pattern, prices again for the others, and so on. None: out of time."""
        fixed: dict[int, _Column] = {}
        try:
            while len(fixed) < len(self._people):
                if self._expired():
                    return None
                for column in self._surest(shares, fixed):
                    fixed[column.person] = column
                    assert column.variable is not None
                    column.variable.lower_bound = 1.0
                free = [person for person in range(len(self._people)) if person not in fixed]
                if free:
                    _, shares = self.relax(free=free, rounds=6, number=3)
        finally:
            for column in fixed.values():
                assert column.variable is not None
                column.variable.lower_bound = 0.0
        return [fixed[person].days for person in range(len(self._people))]

    def _surest(self, shares: list[float], fixed: dict[int, _Column]) -> Iterator[_Column]:
        best: dict[int, tuple[float, _Column]] = {}
        # Columns added since have no share yet.
        for share, column in zip(shares, self._columns, strict=False):
            if column.person not in fixed and share > best.get(column.person, (-1.0, column))[0]:
                best[column.person] = (share, column)
        ranked = sorted(best.values(), key=lambda each: -each[0])
        yield ranked[0][1]
        yield from (column for share, column in ranked[1:] if share > 0.9)

    def useless(self, upper: float) -> Iterator[tuple[int, int, int]]:
        """Cells (person, day, choice) in no roster that costs less than `upper` (by reduced cost)."""
        cells = self.priced(self.bounds.prices)
        for person, graph in enumerate(self._people):
            through = graph.through(cells[person])
            # Whole costs: what is not below upper - 1 + a hair is no better.
            for day, choice in np.argwhere(self.bounds.lower + through - through[0].min() > upper - 1 + 1e-6):
                yield person, int(day), int(choice)

    def choose(self, watch: Watch, *, upper: float, seconds: float, hint: Plan | None = None) -> Plan | None:
        """The best whole roster among the patterns found that can still beat `upper`; None: there is none, or not in time."""
        cells, bound = self.priced(self.bounds.prices), self.bounds.lower
        least = [graph.cheapest(cells[person])[0][0] for person, graph in enumerate(self._people)]
        every = np.arange(self._task.costs.shape[1])
        model = cp_model.CpModel()
        options: list[list[cp_model.IntVar]] = [[] for _ in self._people]
        terms: list[cp_model.LinearExprT] = []
        rows: list[list[cp_model.LinearExprT]] = [[] for _ in self._task.rows]
        kept: list[tuple[cp_model.IntVar, _Column]] = []
        for column in self._columns:
            own = column.cost - float(self._task.costs[column.person, every, column.days].sum())
            reduced = own + float(cells[column.person, every, column.days].sum()) - least[column.person]
            chosen = hint is not None and bool((hint[column.person] == column.days).all())
            if bound + reduced >= upper and not chosen:
                continue
            variable = model.new_bool_var("")
            if hint is not None:
                model.add_hint(variable, chosen)
            options[column.person].append(variable)
            kept.append((variable, column))
            terms.append(round(column.cost) * variable)
            for row in np.flatnonzero(column.rows).tolist():
                rows[row].append(int(column.rows[row]) * variable)
        if not all(options):
            return None
        for some in options:
            model.add_exactly_one(some)
        for each, members in zip(self._task.rows, rows, strict=True):
            under, over = model.new_int_var(0, each.needed, ""), model.new_int_var(0, int(each.counts.sum()), "")
            model.add(cp_model.LinearExpr.sum([*members, under, -1 * over]) == each.needed)
            terms += [each.under * under, each.over * over]
        model.minimize(sum(terms))
        solved = watch.solve(model, seconds)
        if not solved.found:
            return None
        picked = {column.person: column.days for variable, column in kept if solved.solver.boolean_value(variable)}
        return [picked[person] for person in range(len(self._people))]
