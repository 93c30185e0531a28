"""Coverage of a month, day by day: what an edit does not reach is not counted again.

A day's coverage depends on the shifts that begin on it or on the two days before (none is longer than a day), on the people, the kinds of shift, the
demand and the holidays, and on nothing else; so these are what it is remembered by.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from shifts.coverage import Slot, coverage
from shifts.model import Assignment, Period, Roster, Setting

_REACH = 2
#: Days; a month that is edited by two needs some hundred.
KEPT = 1000
_Key = tuple[date, int, frozenset[Assignment]]


class Coverages:
    """See the module. Not to be shared between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[Slot, ...]] = OrderedDict()

    def of(self, setting: Setting, roster: Roster) -> tuple[Slot, ...]:
        """The same as `shifts.coverage.coverage`, in slots of half an hour."""
        around = _around(setting)
        by_day: dict[date, list[Assignment]] = {}
        for one in (*roster.before, *roster.assignments):
            by_day.setdefault(one.day, []).append(one)
        keys: dict[date, _Key] = {}
        for day in roster.period:
            reaching = (one for back in range(_REACH + 1) for one in by_day.get(day - timedelta(days=back), ()))
            keys[day] = (day, around, frozenset(reaching))
        missing = [day for day in roster.period if keys[day] not in self._kept]
        for _, run in groupby(missing, key=lambda day: day.toordinal() - missing.index(day)):
            days = list(run)
            self._count(setting, by_day, Period(days[0], days[-1]), keys)
        for key in keys.values():
            self._kept.move_to_end(key)
        found = tuple(slot for day in roster.period for slot in self._kept[keys[day]])
        while len(self._kept) > max(KEPT, len(keys)):
            self._kept.popitem(last=False)
        return found

    def _count(self, setting: Setting, by_day: dict[date, list[Assignment]], period: Period, keys: dict[date, _Key]) -> None:
        before = Period(period.first - timedelta(days=_REACH), period.first - timedelta(days=1))
        part = Roster(period=period, assignments=_on(by_day, period), before=_on(by_day, before))
        slots = coverage(setting, part)
        a_day = len(slots) // len(period)
        for number, day in enumerate(period):
            self._kept[keys[day]] = slots[number * a_day : (number + 1) * a_day]


def _on(by_day: dict[date, list[Assignment]], days: Sequence[date] | Period) -> frozenset[Assignment]:
    return frozenset(one for day in days for one in by_day.get(day, ()))


def _around(setting: Setting) -> int:
    """A number that is the same as long as nothing but the assignments changes."""
    people = tuple((one.id, one.skills, one.languages) for one in setting.people.values())
    return hash((people, tuple(setting.shift_types.values()), setting.demand, tuple(sorted(setting.holidays.items()))))
