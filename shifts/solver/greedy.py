"""A first plan within a moment: one person after the other gets the cheapest lawful pattern, given what all others do already.

Only rows of a day or two are looked at (cover); what is counted over a whole month is left to the search that follows. Whatever the machine is
busy with, there is a lawful plan to improve, and to show if the time is over: the first round is gone through to its end all the same.
"""

from __future__ import annotations

import numpy as np

from shifts.solver.patterns import Floats, Ints
from shifts.solver.task import Plan, Row, Task
from shifts.solver.watch import Watch

#: Everybody is asked so often: the second time they know what the others do.
ROUNDS = 3
#: Rows over more days than this are no cover.
_LONGEST = 3


class Greedy:
    """See the module."""

    def __init__(self, task: Task, watch: Watch) -> None:
        self._task, self._watch = task, watch
        self._rows = [row for row in task.rows if len(row.cells) and np.ptp(row.cells[:, 1]) < _LONGEST]

    def plan(self) -> Plan | None:
        """The plan; None: stopped before it began, or nobody's patterns are known."""
        people = self._task.people
        if people is None or self._watch.stopped:
            return None
        plan: list[Ints | None] = [None] * len(people)
        found = np.zeros(len(self._rows), dtype=np.int64)
        for _ in range(ROUNDS):
            for person, graph in enumerate(people):
                if self._watch.expired() and plan[person] is not None:
                    break
                if (known := plan[person]) is not None:
                    found -= self._counts(person, known)
                price = self._task.costs[person] + self._prices(person, found)
                _, _, days = graph.cheapest(price)[0]
                plan[person] = days
                found += self._counts(person, days)
        return [days for days in plan if days is not None]

    def _counts(self, person: int, days: Ints) -> Ints:
        return np.array([_count(row, person, days) for row in self._rows], dtype=np.int64)

    def _prices(self, person: int, found: Ints) -> Floats:
        """What each cell would change in the rows, as the others stand."""
        price = np.zeros(self._task.shape[1:], dtype=np.float64)
        for row, number in zip(self._rows, found.tolist(), strict=True):
            mine = row.cells[:, 0] == person
            sizes = row.counts[mine]
            cells = row.cells[mine]
            price[cells[:, 1], cells[:, 2]] += [_cost(row, number + size) - _cost(row, number) for size in sizes.tolist()]
        return price


def _count(row: Row, person: int, days: Ints) -> int:
    cells = row.cells
    hit = (cells[:, 0] == person) & (days[cells[:, 1]] == cells[:, 2])
    return int(row.counts[hit].sum())


def _cost(row: Row, number: int) -> int:
    return row.under * max(0, row.needed - number) + row.over * max(0, number - row.needed)
