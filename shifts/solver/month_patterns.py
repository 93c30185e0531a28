"""One person's rules of the roster as steps over days, for the cheapest patterns. Says the same as `month_encode`, in another language."""

from __future__ import annotations

import numpy as np

from shifts.solver.month import HISTORY, Month
from shifts.solver.patterns import Floats, Ints, Mask

_LAST, _BEFORE, _RUN, _NIGHTS, _MINUTES, _RESTED, _SINCE = range(7)


class PersonRules:
    """State: choice of the last day and of the day before it, days and nights in a row, minutes of the week, whether it has a day off yet, days
    since a night with nothing but days off after it (0: too many to matter).
    """

    def __init__(self, month: Month, person: int, pair_cost: int) -> None:
        self._month, self._person = month, person
        self._pair_cost = pair_cost
        self._days_off = month.value("days_off_after_nights", "days") if pair_cost else 0
        self._fixed = month.fixed[person]
        self._run = month.value("day_run", "days") if month.on("day_run") else None
        self._nights = month.value("night_run", "days") if month.on("night_run") else None
        self._limit = month.week_limit(person)
        self._unit = int(np.gcd.reduce(month.worked)) or 1
        nights = np.zeros(month.shape[2], dtype=np.bool_)
        nights[sorted(month.nights)] = True
        self._is_night = nights
        self._forbidden = np.zeros((3, month.shape[2], month.shape[2]), dtype=np.bool_)
        for apart, one, two in month.forbidden:
            self._forbidden[apart, one, two] = True

    def start(self) -> Ints:
        """After the days before the period, whatever they were."""
        states = np.zeros((1, 7), dtype=np.int64)
        for day in range(-HISTORY, 0):
            choice = int(self._month.before[self._person, day + HISTORY])
            states = self._after(day, states, choice)
        return states

    def step(self, day: int, states: Ints, choice: int) -> tuple[Ints, Floats, Mask]:
        """One day. What breaks a rule by settled days alone is nobody's choice any more and is let be."""
        after, cost = self._after(day, states, choice), np.zeros(len(states))
        allowed = np.full(len(states), bool(self._month.possible[self._person, day, choice]))
        last, before = states[:, _LAST], states[:, _BEFORE]
        if choice:
            if not self._settled(day - 1, day):
                allowed &= ~self._forbidden[1, last, choice]
            rested = last == 0
            if not self._settled(day - 2, day):
                allowed &= ~(rested & self._forbidden[2, before, choice])
            if not self._is_night[choice]:
                since = states[:, _SINCE]
                never = ((since == 1) & self._forbidden[1, last, choice]) | ((since == 2) & self._forbidden[2, before, choice])
                cost += self._pair_cost * ((since > 0) & ~never)
            if self._run is not None and not self._settled(day - self._run, day):
                allowed &= states[:, _RUN] + 1 <= self._run
            if self._nights is not None and self._is_night[choice] and not self._settled(day - self._nights, day):
                allowed &= states[:, _NIGHTS] + 1 <= self._nights
            if self._limit is not None:
                allowed &= after[:, _MINUTES] * self._unit <= max(self._limit, settled_minutes(self._month, self._person, day))
        if (day + self._month.days[0].weekday()) % 7 == 6 and self._month.on("rest_day") and not self._settled(day - 6, day):
            allowed &= after[:, _RESTED] == 1
        return after, cost, allowed

    def end(self, states: Ints) -> tuple[Floats, Mask]:
        """Anything."""
        return np.zeros(len(states)), np.ones(len(states), dtype=np.bool_)

    def _settled(self, first: int, last: int) -> bool:
        return bool(self._fixed[max(0, first) : last + 1].all())

    def _after(self, day: int, states: Ints, choice: int) -> Ints:
        after, works = states.copy(), choice > 0
        monday = (day + self._month.days[0].weekday()) % 7 == 0
        after[:, _BEFORE], after[:, _LAST] = states[:, _LAST], choice
        # Nothing depends on how much longer than the limit a run is.
        most_run, most_nights = self._run or 0, self._nights or 0
        after[:, _RUN] = np.minimum(states[:, _RUN] + 1, most_run) if works else 0
        after[:, _NIGHTS] = np.minimum(states[:, _NIGHTS] + 1, most_nights) if self._is_night[choice] else 0
        if self._limit is not None:
            before = np.zeros(len(states), dtype=np.int64) if monday else states[:, _MINUTES]
            after[:, _MINUTES] = before + int(self._month.worked[choice]) // self._unit
        if self._is_night[choice]:
            after[:, _SINCE] = 1
        elif works:
            after[:, _SINCE] = 0
        else:
            since = states[:, _SINCE]
            after[:, _SINCE] = np.where((since > 0) & (since < self._days_off), since + 1, 0)
        after[:, _RESTED] = int(not works) if monday else np.maximum(states[:, _RESTED], int(not works))
        return after


def settled_minutes(month: Month, person: int, day: int) -> int:
    """Minutes of a day's week that are worked whatever the solver does: settled days, and those before the period."""
    week = month.weeks[day]
    inside = np.flatnonzero((month.weeks == week) & month.fixed[person])
    total = int(month.worked[month.current[person, inside]].sum())
    return total + (int(month.worked[month.week_before[person]].sum()) if week == month.weeks[0] else 0)
