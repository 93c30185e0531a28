"""A month as numbers: people, days and choices, which cells are possible or settled, and what may follow what.

A choice is a shift on the line; 0 is off. Other duties (on call, standby) are not searched: they are given out afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from uuid import UUID

import numpy as np

from shifts.model import Assignment, Duty, NightWork, Person, Roster, ShiftType
from shifts.on_shift import duty_time
from shifts.rules.ground import Ground, Kind, kind_of, minute
from shifts.rules.hours import protected_limits
from shifts.solver.patterns import Ints, Mask
from shifts.solver.request import Cause, CauseKind, Mode, SolveRequest
from shifts.solver.task import Plan

#: How far rules look back.
HISTORY = 14

#: Whether a cause is to be respected; the explanation leaves some out.
Asked = Callable[[Cause], bool]


def everything(_: Cause) -> bool:
    """Respects every cause."""
    return True


def rule(name: str) -> Cause:
    """A rule as a cause."""
    return Cause(kind=CauseKind.RULE, rule=name)


@dataclass(frozen=True)
class Month:
    """A request, indexed."""

    request: SolveRequest
    asked: Asked = everything

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """In an order that is always the same."""
        return tuple(sorted(self.request.setting.people.values(), key=lambda person: (person.name, person.id)))

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Of the period."""
        return tuple(self.request.roster.period)

    @cached_property
    def types(self) -> tuple[ShiftType, ...]:
        """Shifts on the line; choice 1 is the first."""
        return tuple(kind for kind in self.request.setting.shift_types.values() if kind.duty is Duty.LINE)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """What each is to the body."""
        return tuple(kind_of(kind) for kind in self.types)

    @cached_property
    def nights(self) -> frozenset[int]:
        """Choices that are night shifts."""
        return frozenset(number for number, kind in enumerate(self.kinds, 1) if kind is Kind.NIGHT)

    @cached_property
    def worked(self) -> Ints:
        """Minutes of work by choice, breaks not counted; 0 for off."""
        minutes = [
            duty_time(Assignment(day=self.days[0], person_id=UUID(int=0), code=kind.code), kind).worked_minutes for kind in self.types
        ]
        return np.array([0, *minutes], dtype=np.int64)

    @cached_property
    def ground(self) -> Ground:
        """The rules' own index of the setting: leave, wishes."""
        return Ground(self.request.setting, self.request.roster.period, self.request.parameters)

    @property
    def shape(self) -> tuple[int, int, int]:
        """People, days, choices."""
        return len(self.people), len(self.days), len(self.types) + 1

    def on(self, name: str) -> bool:
        """Whether a rule is asked for, by the house and by whoever explains."""
        return self.request.parameters.on(name) and self.asked(rule(name))

    def value(self, name: str, parameter: str) -> int:
        """Of a rule."""
        return self.request.parameters.value(name, parameter)

    def choice(self, code: str) -> int:
        """Of a shift on the line; 0 for others."""
        return next((number for number, kind in enumerate(self.types, 1) if kind.code == code), 0)

    def _table(self, roster: Roster, first: date, length: int) -> Ints:
        table = np.zeros((len(self.people), length), dtype=np.int64)
        rows = {person.id: number for number, person in enumerate(self.people)}
        for assignment in sorted(roster.before | roster.assignments):
            number = (assignment.day - first).days
            if assignment.person_id in rows and 0 <= number < length and (choice := self.choice(assignment.code)):
                table[rows[assignment.person_id], number] = choice
        return table

    @cached_property
    def current(self) -> Ints:
        """Choices now."""
        return self._table(self.request.roster, self.days[0], len(self.days))

    @cached_property
    def before(self) -> Ints:
        """Choices of the days before the period."""
        return self._table(self.request.roster, self.days[0] - timedelta(days=HISTORY), HISTORY)

    @cached_property
    def fixed(self) -> Mask:
        """Cells that must stay as they are: pinned, frozen, and when filling those that hold something."""
        request = self.request
        fixed = np.zeros(self.current.shape, dtype=np.bool_)
        rows = {person.id: number for number, person in enumerate(self.people)}
        for assignment in request.roster.assignments:
            kept = assignment.pinned or request.mode is Mode.FILL
            if kept and assignment.day in request.roster.period and assignment.person_id in rows and self.choice(assignment.code):
                fixed[rows[assignment.person_id], (assignment.day - self.days[0]).days] = True
        if request.frozen_until is not None:
            fixed[:, [number for number, day in enumerate(self.days) if day <= request.frozen_until]] = True
        for number, person in enumerate(self.people):
            if not self.asked(Cause(kind=CauseKind.FIXED, person_id=person.id)):
                fixed[number] = False
        return fixed

    @cached_property
    def possible(self) -> Mask:
        """Which choices a cell has, by person, day and choice."""
        possible = np.ones(self.shape, dtype=np.bool_)
        for number, person in enumerate(self.people):
            for day, date_ in enumerate(self.days):
                possible[number, day, 1:] = [
                    self._may(person, date_, kind, works) for kind, works in zip(self.types, self.kinds, strict=True)
                ]
        settled = np.zeros(self.shape, dtype=np.bool_)
        np.put_along_axis(settled, self.current[:, :, None], values=True, axis=2)
        return np.where(self.fixed[:, :, None], settled, possible)

    def _may(self, person: Person, day: date, kind: ShiftType, works: Kind) -> bool:
        number, ground = day.toordinal(), self.ground
        leave = self.asked(Cause(kind=CauseKind.LEAVE, person_id=person.id))
        if not person.employed_on(day) and self.on("employment"):
            return False
        if leave and number in ground.approved.get(person.id, ()):
            return False
        if leave and works is Kind.NIGHT and number + 1 in ground.planned.get(person.id, ()) and self.on("night_before_leave"):
            return False
        if person.night_work is NightWork.ALLOWED:
            return True
        name = "night_barred" if person.night_work is NightWork.BARRED else "night_consent"
        work = ground.work(Assignment(day=day, person_id=person.id, code=kind.code))
        return work is None or not work.night or not self.on(name)

    @cached_property
    def forbidden(self) -> frozenset[tuple[int, int, int]]:
        """What must not follow: (days apart, choice, later choice). Two apart: with a day off between."""
        found: set[tuple[int, int, int]] = set()
        monday = date(2024, 1, 1)
        for one, (first, kind) in enumerate(zip(self.types, self.kinds, strict=True), 1):
            ends = minute(first.span(monday).end)
            for two, (then, later) in enumerate(zip(self.types, self.kinds, strict=True), 1):
                for apart in (1, 2):
                    rest = minute(then.span(monday + timedelta(days=apart)).start) - ends
                    if (
                        (rest < 0 and self.on("overlap"))
                        or (self.on("rest_between") and rest < self.value("rest_between", "minutes"))
                        # A single day off must be a rest day by the law's measure, so that it counts as the week's.
                        or (apart == 2 and self.on("rest_day") and rest < self.value("rest_day", "minutes"))
                        or any(self.on(name) for name in _sequence(kind, later, apart))
                    ):
                        found.add((apart, one, two))
        return frozenset(found)

    @cached_property
    def weeks(self) -> Ints:
        """The number of each day's week (Monday to Sunday)."""
        first = self.days[0].toordinal() - 1
        return np.array([(first + number) // 7 - first // 7 for number in range(len(self.days))], dtype=np.int64)

    @cached_property
    def week_before(self) -> Ints:
        """Choices of the days of the first day's week that lie before it, people by days."""
        count = self.days[0].weekday()
        return self.before[:, HISTORY - count :] if count else self.before[:, :0]

    def week_limit(self, person: int) -> int | None:
        """Minutes a week; None: no week can have more."""
        limits = [self.value("week_hours", "minutes")] if self.on("week_hours") else []
        limits += [limit for name, limit in protected_limits(self.request.parameters, self.people[person]) if self.on(name)]
        most = int(self.worked.max()) * (6 if self.on("rest_day") else 7)
        return min(limits) if limits and min(limits) < most else None

    def roster(self, plan: Plan) -> Roster:
        """A plan as a roster: shifts that stay are the very assignments that were there."""
        known = {(each.person_id, each.day, each.code): each for each in self.request.roster.assignments}
        # Other duties, and what is not of this table, stay.
        keep = {
            each
            for each in self.request.roster.assignments
            if not self.choice(each.code) or each.person_id not in self.request.setting.people
        }
        for person, row in zip(self.people, plan, strict=True):
            for day, choice in zip(self.days, row.tolist(), strict=True):
                if choice:
                    code = self.types[choice - 1].code
                    keep.add(known.get((person.id, day, code)) or Assignment(day=day, person_id=person.id, code=code))
        return replace(self.request.roster, assignments=frozenset(keep))


def _sequence(first: Kind, then: Kind, apart: int) -> tuple[str, ...]:
    match first, then, apart:
        case Kind.EVENING, Kind.DAY, 1:
            return ("evening_day",)
        case Kind.NIGHT, (Kind.DAY | Kind.EVENING), 1:
            return ("night_day",)
        case Kind.NIGHT, Kind.DAY, 2:
            return ("night_off_day",)
        case _:
            return ()
