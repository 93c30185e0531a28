"""Fix and optimise: most of a plan stays, a small part of it is searched anew, again and again.

Which part: some people for the whole time, everybody for some days, a block of both, or who meets on the days that cost most. Kinds that have
paid off lately are chosen more often.
"""

from __future__ import annotations

from random import Random

import numpy as np

from shifts.solver.encode import Encoded
from shifts.solver.patterns import Mask
from shifts.solver.task import Plan
from shifts.solver.watch import Watch

_KINDS = ("people", "days", "block", "costly")
#: What a kind's success a second counts for after each of its turns.
_MEMORY = 0.85
#: Longest search of one part, seconds.
_LONGEST_S = 4.0
#: Deterministic time of one part, where steps are counted.
_STEP = 0.02


class Neighbourhoods:
    """Improves a plan bit by bit."""

    def __init__(self, encoded: Encoded, watch: Watch) -> None:
        self._encoded, self._watch = encoded, watch
        self._dice = Random(watch.effort.seed)
        self._merit = dict.fromkeys(_KINDS, 1.0)
        #: How much of the plan is free: shrinks where searches run out of time, grows where they are done at once.
        self._size = dict.fromkeys(_KINDS, 0.25)

    def improve(self, plan: Plan, cost: int) -> tuple[Plan, int]:
        """One turn: the same plan or one that costs no more."""
        kind = self._dice.choices(_KINDS, [self._merit[kind] for kind in _KINDS])[0]
        free = self._free(kind, plan)
        began = self._watch.elapsed
        with _Fixed(self._encoded, plan, free):
            self._encoded.hint(plan)
            seconds = _STEP if self._watch.effort.steps is not None else _LONGEST_S
            solved = self._watch.solve(self._encoded.model, seconds)
        took = max(0.05, self._watch.elapsed - began) if self._watch.effort.steps is None else 1.0
        self._size[kind] = min(0.9, self._size[kind] * 1.06) if solved.optimal else max(0.06, self._size[kind] * 0.93)
        found = self._encoded.plan(solved.solver) if solved.found else plan
        value = self._encoded.task.cost(found)
        gain = max(0, cost - value)
        self._merit[kind] = max(0.1, _MEMORY * self._merit[kind] + (1 - _MEMORY) * min(10.0, gain / took))
        return (found, value) if value <= cost else (plan, cost)

    def _free(self, kind: str, plan: Plan) -> Mask:
        people, days, _ = self._encoded.task.shape
        free, size = np.zeros((people, days), dtype=np.bool_), self._size[kind]
        match kind:
            case "people":
                free[self._some(people, size)] = True
            case "days":
                free[:, self._window(days, size)] = True
            case "block":
                half = size**0.5
                free[self._some(people, half), self._window(days, half)] = True
            case _:
                day = self._costly_day(plan)
                window = slice(max(0, day - 2), day + 3)
                free[:, window] = True
                free[self._some(people, size / 2)] = True
        return free

    def _some(self, number: int, part: float) -> list[int]:
        return self._dice.sample(range(number), max(2, min(number, round(part * number))) if number > 1 else 1)

    def _window(self, days: int, part: float) -> slice:
        length = max(2, round(part * days))
        first = self._dice.randrange(max(1, days - length + 1))
        return slice(first, first + length)

    def _costly_day(self, plan: Plan) -> int:
        """A day, the more likely the more its rows cost."""
        days = self._encoded.task.shape[1]
        weights, table = np.full(days, 0.01), np.asarray(plan)
        for row in self._encoded.task.rows:
            if len(on := np.unique(row.cells[:, 1])) <= 2:
                weights[on] += self._encoded.task.missed(row, table)
        return self._dice.choices(range(days), weights.tolist())[0]


class Only:
    """Holds cells to 0 that are not among some, in the model itself, but for those of a plan; lets go of them at the end."""

    def __init__(self, encoded: Encoded, among: Mask, plan: Plan | None) -> None:
        self._encoded = encoded
        self._held = [
            variable
            for (person, day, choice), variable in encoded.cells.items()
            if not among[person, day, choice]
            and (person, day, choice) not in encoded.settled
            and not (plan is not None and plan[person][day] == choice)
        ]

    def __enter__(self) -> None:
        self._set(most=0)

    def __exit__(self, *_: object) -> None:
        self._set(most=1)

    def _set(self, *, most: int) -> None:
        variables = self._encoded.model.proto.variables
        for variable in self._held:
            domain = variables[variable.index].domain
            domain[0], domain[1] = 0, most


class _Fixed:
    """Holds the cells that are not free to the plan's, in the model itself; lets go of them at the end."""

    def __init__(self, encoded: Encoded, plan: Plan, free: Mask) -> None:
        self._encoded, self._plan, self._free = encoded, plan, free

    def __enter__(self) -> None:
        self._set(fixed=True)

    def __exit__(self, *_: object) -> None:
        self._set(fixed=False)

    def _set(self, *, fixed: bool) -> None:
        variables = self._encoded.model.proto.variables
        for (person, day, choice), variable in self._encoded.cells.items():
            if self._free[person, day] or (person, day, choice) in self._encoded.settled:
                continue
            domain, value = variables[variable.index].domain, int(self._plan[person][day] == choice)
            domain[0], domain[1] = (value, value) if fixed else (0, 1)
