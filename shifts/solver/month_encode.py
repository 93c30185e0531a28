"""The rules of the roster as CP-SAT constraints. Says the same as `month_patterns`, in another language.

What settled days alone break is left out: nobody can choose otherwise, and the check tells of it.
"""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from shifts.solver.encode import Encoded, encode
from shifts.solver.month import HISTORY, Month
from shifts.solver.month_patterns import settled_minutes
from shifts.solver.task import Task

_Term = cp_model.IntVar | int


def model(month: Month, task: Task) -> Encoded:
    """The whole model."""
    encoded = encode(task)
    for person in range(month.shape[0]):
        _Rules(month, encoded, person).add()
    for cell, variable in encoded.cells.items():
        if month.fixed[cell[0], cell[1]]:
            encoded.settle(cell, int(month.current[cell[0], cell[1]] == cell[2]))
        elif not month.possible[cell]:
            encoded.settle(cell, 0)
        assert variable is not None
    return encoded


class _Rules:
    """Of one person. Days before the period count as constants; `day` may be negative."""

    def __init__(self, month: Month, encoded: Encoded, person: int) -> None:
        self._month, self._encoded, self._person = month, encoded, person

    def add(self) -> None:
        month, days = self._month, self._month.shape[1]
        for day in range(days):
            for apart, one, two in month.forbidden:
                self._not_both(day, apart, one, two)
            if month.on("day_run"):
                self._at_most(day, month.value("day_run", "days"), range(1, month.shape[2]))
            if month.on("night_run"):
                self._at_most(day, month.value("night_run", "days"), sorted(month.nights))
        for week in np.unique(month.weeks):
            self._week([int(day) for day in np.flatnonzero(month.weeks == week)])

    def _cell(self, day: int, choice: int) -> _Term:
        if day < 0:
            return int(self._month.before[self._person, day + HISTORY] == choice)
        return self._encoded.cells[self._person, day, choice]

    def _settled(self, first: int, last: int) -> bool:
        return bool(self._month.fixed[self._person, max(0, first) : last + 1].all())

    def _not_both(self, day: int, apart: int, one: int, two: int) -> None:
        if day - apart < -HISTORY or self._settled(day - apart, day):
            return
        terms: list[_Term] = [self._cell(day - apart, one), self._cell(day, two)]
        between: list[_Term] = [self._cell(day - 1, choice) for choice in range(1, self._month.shape[2])] if apart == 2 else []
        self._encoded.model.add(sum(terms) - sum(between) <= 1)

    def _at_most(self, day: int, limit: int, choices: range | list[int]) -> None:
        """Not all of the days up to `day`, one more than the limit."""
        if day - limit < -HISTORY or self._settled(day - limit, day):
            return
        terms = [self._cell(each, choice) for each in range(day - limit, day + 1) for choice in choices]
        self._encoded.model.add(sum(terms) <= limit)

    def _week(self, days: list[int]) -> None:
        month, person = self._month, self._person
        first = days[0] == 0
        worked = [(int(month.worked[choice]), self._cell(day, choice)) for day in days for choice in range(1, month.shape[2])]
        before = month.week_before[person] if first else month.week_before[person][:0]
        if (limit := month.week_limit(person)) is not None:
            limit = max(limit, settled_minutes(month, person, days[0]))
            self._encoded.model.add(sum(minutes * cell for minutes, cell in worked) + int(month.worked[before].sum()) <= limit)
        whole = len(days) + len(before) == 7
        if whole and month.days[days[-1]].weekday() == 6 and month.on("rest_day") and not self._settled(days[0], days[-1]):
            self._encoded.model.add(sum(cell for _, cell in worked) + int((before > 0).sum()) <= 6)
