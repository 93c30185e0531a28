"""Who is on the line in a stretch of time, with breaks spread as they will be published. Kept by date, so that one edit renews one date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from shifts.breaks import staggered
from shifts.model import Assignment, Duty
from shifts.rules.ground import Ground

_DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Stretch:
    """Somebody on the line between two minutes, with the phone on or (a whole shift) whether or not they are at a break."""

    start: int
    end: int
    person_id: UUID


@dataclass(frozen=True, slots=True)
class _Day:
    opened: Sequence[Stretch]
    whole: Sequence[Stretch]
    reachable: Sequence[tuple[int, int]]


_EMPTY = _Day((), (), ())


class Line:
    """The shifts of each date (its ordinal): stretches with the phone on, whole shifts, and when a supervisor can be reached."""

    def __init__(self, ground: Ground, days: Mapping[int, _Day] | None = None) -> None:
        self._ground = ground
        self._days = dict(days or {})
        types = ground.setting.shift_types.values()
        #: Into how many dates after its own a shift reaches at most.
        self.reach = max((reach(kind.starts.hour * 60 + kind.starts.minute, kind.minutes) for kind in types), default=0)

    def put(self, number: int, assignments: Iterable[Assignment]) -> None:
        """The shifts that start on a date, in place of those known so far. Of people and types that are not known: ignored."""
        self._days[number] = self._day(assignments)

    def with_day(self, number: int, assignments: Iterable[Assignment]) -> Line:
        """The same line with other shifts on one date; this one is left as it is."""
        return Line(self._ground, {**self._days, number: self._day(assignments)})

    def _day(self, assignments: Iterable[Assignment]) -> _Day:
        setting = self._ground.setting
        known = [each for each in assignments if each.person_id in setting.people]
        opened: list[Stretch] = []
        whole: list[Stretch] = []
        reachable: list[tuple[int, int]] = []
        for assignment in known:
            work = self._ground.work(assignment)
            if work is not None and work.duty is Duty.SUPERVISOR:
                reachable.append((work.start, work.end))
        for assignment, pauses in staggered(known, setting.shift_types):
            work = self._ground.work(assignment)
            assert work is not None
            person = setting.people[assignment.person_id]
            whole.append(Stretch(work.start, work.end, person.id))
            for start, end in self._ground.shape(setting.shift_types[assignment.code], pauses).phone_on:
                opened.append(Stretch(work.start + start, work.start + end, person.id))
                if person.supervisor:
                    reachable.append((work.start + start, work.start + end))
        return _Day(opened, whole, reachable)

    def during(self, start: int, end: int, first: int, last: int, *, whole: bool = False) -> list[Stretch]:
        """Stretches with a part between two minutes, of shifts that start on the dates from `first` to `last` or reach into them."""
        return [
            stretch
            for day in self._around(first, last)
            for stretch in (day.whole if whole else day.opened)
            if stretch.start < end and stretch.end > start
        ]

    def reachable(self, first: int, last: int) -> list[tuple[int, int]]:
        """When a supervisor can be reached: on call, or on the line and not at a break. In order of time."""
        return sorted(part for day in self._around(first, last) for part in day.reachable)

    def starts(self, number: int) -> int | None:
        """The first minute of the shifts of a date."""
        day = self._days.get(number, _EMPTY)
        return min([stretch.start for stretch in day.whole] + [start for start, _ in day.reachable], default=None)

    def can(self, person_id: UUID, skill: str | None) -> bool:
        """Whether somebody has a skill or language; None: nothing is asked for."""
        person = self._ground.setting.people[person_id]
        return skill is None or skill in person.skills or skill in person.languages

    def _around(self, first: int, last: int) -> Iterator[_Day]:
        return (self._days.get(number, _EMPTY) for number in range(first - self.reach, last + 1))


def reach(start: int, minutes: int) -> int:
    """Into how many dates after its own reaches what starts at that minute of the day."""
    return max(0, start + minutes - 1) // _DAY_MINUTES


def profile(stretches: Iterable[Stretch], start: int, end: int) -> list[tuple[int, int, int]]:
    """How many there are between two minutes: (from, to, number), without gaps, in order."""
    change: dict[int, int] = {start: 0}
    for stretch in stretches:
        begin, stop = max(start, stretch.start), min(end, stretch.end)
        if begin < stop:
            change[begin] = change.get(begin, 0) + 1
            change[stop] = change.get(stop, 0) - 1
    change.setdefault(end, 0)
    edges = sorted(change)
    number, found = 0, []
    for begin, stop in pairwise(edges):
        number += change[begin]
        found.append((begin, stop, number))
    return found
