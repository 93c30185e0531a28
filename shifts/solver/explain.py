"""Why a seat stays empty: the smallest set of needs, rules and absences that cannot all hold.

A deletion filter of our own: the model is built anew without one cause after the other; a cause without which the rest is still impossible is
dropped for good. (The library's own set of assumptions is not used: under presolve it names wrong ones, or-tools issue 5141.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from shifts.rules.catalogue import RULES
from shifts.solver import month_encode
from shifts.solver.month import Month, rule
from shifts.solver.month_costs import cover
from shifts.solver.request import Cause, CauseKind, Conflict, SolveRequest
from shifts.solver.task import Row, Task
from shifts.solver.watch import Watch

#: Rules that can stand in the way of a shift, in the order in which they are tried to be done without.
_RULES = (
    "night_off_day", "evening_day", "night_day", "rest_between", "night_before_leave", "protected_overtime", "protected_week", "night_run", "day_run",
    "night_consent", "night_barred", "rest_day", "week_hours", "employment",
)  # fmt: skip
#: The longest single question, seconds; its deterministic stand-in.
_LONGEST_S, _STEP = 5.0, 0.5
#: Days on either side of a seat that stays empty whose needs are looked at together, ever more.
_AROUND = (0, 1, 3, 7, 14, 31)


class Explainer:
    """Asks what can hold together; True, False, or None where the time was too short to tell."""

    def __init__(self, request: SolveRequest, watch: Watch) -> None:
        self._request, self._watch = request, watch
        self._rows = {row.name[1]: row for row in cover(Month(request)) if row.name[0] == "least" and isinstance(row.name[1], Cause)}

    def possible(self, causes: Iterable[Cause]) -> bool | None:
        """Whether some causes can all hold, everything else left out of account."""
        asked = frozenset(causes)
        month = Month(self._request, asked.__contains__)
        needs = tuple(self._need(cause) for cause in asked if cause.kind is CauseKind.NEED)
        if None in needs:
            return False
        rows = tuple(sorted((row for row in needs if row is not None), key=lambda row: str(row.name)))
        encoded = month_encode.model(month, Task(costs=np.zeros(month.shape, dtype=np.int64), rows=rows))
        for short in encoded.short.values():
            encoded.model.add(short == 0)
        encoded.model.minimize(0)
        solved = self._watch.solve(encoded.model, _STEP if self._watch.effort.steps is not None else _LONGEST_S)
        return True if solved.found else False if solved.infeasible else None

    def _need(self, cause: Cause) -> Row | None:
        return self._rows.get(cause)

    def lacking(self, needs: Sequence[Cause]) -> Conflict | None:
        """Why these cannot all be met: of one of them with what lies around it. None: not found out in time."""
        first = min(needs, key=lambda cause: (cause.day or self._request.roster.period.first, cause.detail))
        others = self._others()
        for around in _AROUND:
            near = [cause for cause in self._rows if cause.day and first.day and abs((cause.day - first.day).days) <= around]
            chosen = [first] if around == 0 else near
            match self.possible([*chosen, *others]):
                case False:
                    return self._smallest([*others, *(cause for cause in chosen if cause != first), first])
                case None if self._watch.expired():
                    return None
        return None

    def settled(self) -> Conflict | None:
        """Why what must not change cannot stand."""
        others = self._others()
        return self._smallest(others) if self.possible(others) is False else None

    def _others(self) -> list[Cause]:
        month = Month(self._request)
        rules = [rule(name) for name in _RULES if name in RULES and self._request.parameters.on(name)]
        leave = [Cause(kind=CauseKind.LEAVE, person_id=person.id) for person in month.people if person.id in month.ground.approved]
        fixed = [
            Cause(kind=CauseKind.FIXED, person_id=person.id) for number, person in enumerate(month.people) if month.fixed[number].any()
        ]
        return [*rules, *fixed, *leave]

    def _smallest(self, causes: Sequence[Cause]) -> Conflict:
        """Drops what is not needed for the conflict, each tried once: what is left is minimal if every question was answered."""
        kept, sure = list(causes), True
        # Halves first: most causes have nothing to do with it.
        size = max(1, len(kept) // 2)
        while True:
            index = 0
            while index < len(kept):
                without = kept[:index] + kept[index + size :]
                answer = False if self._watch.expired() else self.possible(without) if len(without) < len(kept) else None
                if answer is False and not self._watch.expired():
                    kept = without
                    continue
                if size == 1:
                    sure = sure and answer is True
                index += size
            if size == 1:
                break
            size = max(1, size // 2)
        return Conflict(causes=tuple(kept), minimal=sure and not self._watch.expired())
