"""A task as a CP-SAT model: one variable a cell; costs and rows are the same for every kind of rules, which add their own constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from shifts.solver.patterns import Ints
from shifts.solver.task import Plan, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The model, the variable of each cell (person, day, choice; no variable for off), and for rows how many are missing."""

    model: cp_model.CpModel
    task: Task
    cells: Mapping[tuple[int, int, int], cp_model.IntVar]
    #: By the row's number.
    short: Mapping[int, cp_model.IntVar]
    #: Cells whose value is decided for good.
    settled: set[tuple[int, int, int]] = field(default_factory=set)

    def settle(self, cell: tuple[int, int, int], value: int) -> None:
        """Decides a cell for good."""
        domain = self.model.proto.variables[self.cells[cell].index].domain
        domain[0], domain[1] = value, value
        self.settled.add(cell)

    def works(self, person: int, day: int) -> list[cp_model.IntVar]:
        """Variables of one person's day; at most one is true."""
        return [self.cells[person, day, choice] for choice in range(1, self.task.shape[2])]

    def hint(self, plan: Sequence[Ints]) -> None:
        """Start the search from a plan."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for (person, day, choice), variable in self.cells.items():
            self.model.add_hint(variable, bool(plan[person][day] == choice))

    def plan(self, solver: cp_model.CpSolver | cp_model.CpSolverSolutionCallback) -> Plan:
        """The plan found; only where the status says that there is one."""
        people, days, _ = self.task.shape
        plan = [np.zeros(days, dtype=np.int64) for _ in range(people)]
        for (person, day, choice), variable in self.cells.items():
            if solver.boolean_value(variable):
                plan[person][day] = choice
        return plan


def encode(task: Task) -> Encoded:
    """Cells, costs and rows."""
    model = cp_model.CpModel()
    people, days, choices = task.shape
    cells = {
        (person, day, choice): model.new_bool_var(f"x{person}.{day}.{choice}")
        for person in range(people)
        for day in range(days)
        for choice in range(1, choices)
    }
    terms: list[cp_model.LinearExprT] = []
    for person in range(people):
        for day in range(days):
            model.add_at_most_one(cells[person, day, choice] for choice in range(1, choices))
            off = int(task.costs[person, day, 0])
            terms += [
                cost * cells[person, day, choice] for choice in range(1, choices) if (cost := int(task.costs[person, day, choice]) - off)
            ]
    short: dict[int, cp_model.IntVar] = {}
    for number, row in enumerate(task.rows):
        found = sum(
            int(size) * cells[int(person), int(day), int(choice)] for (person, day, choice), size in zip(row.cells, row.counts, strict=True)
        )
        most = int(row.counts.sum())
        if row.under:
            short[number] = model.new_int_var(0, row.needed, f"under{number}")
            model.add(found + short[number] >= row.needed)
            terms.append(row.under * short[number])
        if row.over and most > row.needed:
            over = model.new_int_var(0, most - row.needed, f"over{number}")
            model.add(found - over <= row.needed)
            terms.append(row.over * over)
    for number, pair in enumerate(task.pairs):
        both = model.new_bool_var(f"p{number}")
        works = [cells[pair.person, day, choice] for day in pair.off for choice in range(1, choices)]
        first = 1 if pair.first is None else cells[pair.person, *pair.first]
        model.add(first + cells[pair.person, *pair.then] - sum(works) - both <= 1)
        terms.append(pair.cost * both)
    model.minimize(sum(terms) + task.constant + int(task.costs[:, :, 0].sum()))
    return Encoded(model=model, task=task, cells=cells, short=short)
