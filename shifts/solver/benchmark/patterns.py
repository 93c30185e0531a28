"""The limits of a benchmark instance's staff as rules over days."""

from __future__ import annotations

from math import gcd

import numpy as np

from shifts.solver.benchmark.instance import Instance, Staff
from shifts.solver.patterns import Floats, Ints, Mask

_LAST, _RUN, _MINUTES, _WEEKENDS, _FIXED = 0, 1, 2, 3, 4


class StaffRules:
    """State: last choice, length of the run, minutes, weekends, and how many of each shift that has a limit of its own."""

    def __init__(self, instance: Instance, staff: Staff) -> None:
        self._staff = staff
        self._shifts = tuple(instance.shifts.values())
        self._unit = gcd(*(shift.minutes for shift in self._shifts))
        codes = [shift.code for shift in self._shifts]
        self._forbidden = [{codes.index(code) + 1 for code in shift.never_followed_by} for shift in self._shifts]
        self._counted = {
            number: (_FIXED + column, most)
            for column, (number, most) in enumerate(
                (number, staff.most[shift.code])
                for number, shift in enumerate(self._shifts, 1)
                if shift.code in staff.most and 0 < staff.most[shift.code] < min(instance.days, staff.most_minutes // shift.minutes)
            )
        }

    def start(self) -> Ints:
        """Nothing worked."""
        return np.zeros((1, _FIXED + len(self._counted)), dtype=np.int64)

    def step(self, day: int, states: Ints, choice: int) -> tuple[Ints, Floats, Mask]:
        """One day."""
        staff = self._staff
        after = states.copy()
        last, run = states[:, _LAST], states[:, _RUN]
        worked = last > 0
        after[:, _LAST] = choice
        # A run that touches the first day may be short.
        began = run == day
        if choice == 0:
            after[:, _RUN] = np.where(worked, 1, np.minimum(run + 1, max(1, staff.shortest_rest)))
            allowed = ~worked | (run >= staff.shortest_run) | began
            return after, np.zeros(len(states)), allowed
        shift = self._shifts[choice - 1]
        after[:, _RUN] = np.where(worked, run + 1, 1)
        after[:, _MINUTES] += shift.minutes // self._unit
        if day % 7 == 5:
            after[:, _WEEKENDS] += 1
        elif day % 7 == 6:
            after[:, _WEEKENDS] += ~worked if day else 1
        allowed = (after[:, _RUN] <= staff.longest_run) & (after[:, _MINUTES] * self._unit <= staff.most_minutes)
        allowed &= (after[:, _WEEKENDS] <= staff.most_weekends) & (worked | (run >= staff.shortest_rest) | began)
        for before, forbidden in enumerate(self._forbidden, 1):
            if choice in forbidden:
                allowed &= last != before
        if choice in self._counted:
            column, most = self._counted[choice]
            after[:, column] += 1
            allowed &= after[:, column] <= most
        if day in staff.days_off or staff.most.get(shift.code) == 0:
            allowed &= False
        return after, np.zeros(len(states)), allowed

    def end(self, states: Ints) -> tuple[Floats, Mask]:
        """Enough minutes."""
        return np.zeros(len(states)), states[:, _MINUTES] * self._unit >= self._staff.least_minutes
