"""What every rule stands on: assignments as minutes, and the setting by person and date. Made once, then only read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from core.clock import SEOUL
from shifts.model import (
    Assignment,
    Demand,
    Duty,
    Leave,
    LeaveKind,
    Pause,
    Period,
    Person,
    RequestState,
    Roster,
    Setting,
    ShiftType,
    Span,
    Wish,
)
from shifts.on_shift import duty_time
from shifts.rules.catalogue import RULES
from shifts.rules.parameters import Parameters
from shifts.rules.violation import Mend, Violation

#: Night work is from 22:00 to 06:00: minutes before and after midnight.
NIGHT_BEFORE, NIGHT_AFTER = 120, 360
_DAY_MINUTES = 1440
_ANY_DAY = date(2027, 1, 1)
# The core of the night, 00:00 to 05:00, and how much of it makes a shift a night shift.
_CORE, _CORE_LEAST = 300, 180
_EVENING_ENDS_AFTER = 21 * 60


class Kind(StrEnum):
    """What a shift is to the body, by its times and not by its name."""

    #: Neither of the others.
    DAY = "day"
    #: Ends after 21:00.
    EVENING = "evening"
    #: Has three hours or more between 00:00 and 05:00.
    NIGHT = "night"


def kind_of(shift_type: ShiftType) -> Kind:
    """Of a shift type."""
    start = shift_type.starts.hour * 60 + shift_type.starts.minute
    end = start + shift_type.minutes
    core = sum(max(0, min(end, midnight + _CORE) - max(start, midnight)) for midnight in range(0, end + _DAY_MINUTES, _DAY_MINUTES))
    if core >= _CORE_LEAST:
        return Kind.NIGHT
    return Kind.EVENING if end > _EVENING_ENDS_AFTER else Kind.DAY


def minute(instant: datetime) -> int:
    """Whole minutes since 1970."""
    return int(instant.timestamp()) // 60


def instant(number: int) -> datetime:
    """The instant of such a minute, in UTC."""
    return datetime.fromtimestamp(number * 60, UTC)


@lru_cache(maxsize=4096)
def midnight(day: date) -> int:
    """The minute at which a date begins in the service's zone."""
    return minute(datetime.combine(day, time.min, SEOUL))


def span_of(start: int, end: int) -> Span:
    """Two minutes as a span."""
    return Span(instant(start), instant(end))


@dataclass(frozen=True, slots=True)
class Work:
    """An assignment as minutes since 1970; `number` is the ordinal of its date."""

    assignment: Assignment
    number: int
    start: int
    end: int
    duty: Duty
    kind: Kind
    #: Without breaks.
    worked: int
    #: Between 22:00 and 06:00, breaks included: where a break lies may change, what the law says of the shift must not.
    night: int
    #: Of breaks inside the shift, those at its very beginning or end not counted.
    paused_inside: int

    @property
    def day(self) -> date:
        """The date it belongs to."""
        return self.assignment.day

    @property
    def code(self) -> str:
        """Of its shift type."""
        return self.assignment.code


@dataclass(frozen=True, slots=True)
class Need:
    """A demand on a date, as minutes."""

    start: int
    end: int
    #: The date (its ordinal) on which it ends.
    last: int
    demand: Demand


@dataclass(frozen=True, slots=True)
class Shape:
    """A shift type with certain breaks, in minutes; the same on every date."""

    #: Without breaks.
    worked: int
    #: Of breaks that touch neither end.
    paused_inside: int
    #: From and to, after the start of the shift.
    phone_on: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Base:
    start: int
    end: int
    night: int


class Ground:
    """A setting, a period and parameters, indexed. Nothing in it depends on the roster's assignments."""

    def __init__(self, setting: Setting, period: Period, parameters: Parameters) -> None:
        self.setting = setting
        self.period = period
        self.parameters = parameters
        self.first = period.first.toordinal()
        self.last = period.last.toordinal()
        #: Approved leave and requested leave: dates' ordinals by person.
        self.approved: dict[UUID, set[int]] = {}
        self.requested: dict[UUID, set[int]] = {}
        #: Approved leave that was planned; sickness is not.
        self.planned: dict[UUID, set[int]] = {}
        self.wishes: dict[UUID, list[Wish]] = {}
        for leave in setting.leaves:
            self._take(leave)
        for wish in setting.wishes:
            if wish.day in period:
                self.wishes.setdefault(wish.person_id, []).append(wish)
        self.kinds = {code: kind_of(shift_type) for code, shift_type in setting.shift_types.items()}
        self._bases: dict[tuple[str, date], _Base] = {}
        #: Filled by `cover.needs`.
        self.needs: dict[int, list[Need]] = {}
        self._shapes: dict[tuple[str, tuple[Pause, ...] | None], Shape] = {}
        self._works: dict[Assignment, Work] = {}

    def _take(self, leave: Leave) -> None:
        days = range(max(leave.first.toordinal(), self.first - 31), min(leave.last.toordinal(), self.last + 31) + 1)
        if leave.state is RequestState.APPROVED:
            self.approved.setdefault(leave.person_id, set()).update(days)
            if leave.kind is not LeaveKind.SICK:
                self.planned.setdefault(leave.person_id, set()).update(days)
        elif leave.state is RequestState.REQUESTED:
            self.requested.setdefault(leave.person_id, set()).update(days)

    def person(self, person_id: UUID) -> Person | None:
        """Of that id, if known."""
        return self.setting.people.get(person_id)

    def work(self, assignment: Assignment) -> Work | None:
        """As minutes. None: no such shift type."""
        found = self._works.get(assignment)
        if found is None and (found := self._work(assignment)) is not None:
            self._works[assignment] = found
        return found

    def works(self, assignments: Iterable[Assignment]) -> list[Work]:
        """In order of time, those of no known type left out."""
        found = [work for assignment in assignments if (work := self.work(assignment)) is not None]
        return sorted(
            found, key=lambda work: (work.start, work.end, work.assignment.code, str(work.assignment.pauses), work.assignment.pinned)
        )

    def _work(self, assignment: Assignment) -> Work | None:
        shift_type = self.setting.shift_types.get(assignment.code)
        if shift_type is None:
            return None
        base = self._base(shift_type, assignment.day)
        shape = self.shape(shift_type, assignment.pauses)
        return Work(
            assignment=assignment,
            number=assignment.day.toordinal(),
            start=base.start,
            end=base.end,
            duty=shift_type.duty,
            kind=self.kinds[assignment.code],
            worked=shape.worked,
            night=base.night,
            paused_inside=shape.paused_inside,
        )

    def shape(self, shift_type: ShiftType, pauses: tuple[Pause, ...] | None) -> Shape:
        """Of a shift type with certain breaks; None: its own."""
        key = (shift_type.code, pauses)
        if (found := self._shapes.get(key)) is None:
            self._shapes[key] = found = _shape(shift_type, pauses)
        return found

    def _base(self, shift_type: ShiftType, day: date) -> _Base:
        key = (shift_type.code, day)
        if (found := self._bases.get(key)) is None:
            span = shift_type.span(day)
            start, end = minute(span.start), minute(span.end)
            self._bases[key] = found = _Base(start, end, night_minutes(start, end, day))
        return found

    def violation(
        self,
        rule: str,
        work: Work,
        *,
        days: Iterable[date] = (),
        values: dict[str, int | str] | None = None,
        detail: str = "",
        day: date | None = None,
    ) -> Violation:
        """Of a rule of one person, broken by that shift; taking it off the roster is what mends it."""
        day = work.day if day is None else day
        return Violation(
            rule=rule,
            person_id=work.assignment.person_id,
            day=day,
            days=tuple(sorted({day, *days})),
            span=span_of(work.start, work.end),
            values={"code": work.code, **(values or {})},
            mend=Mend(key="remove", remove=(work.assignment,), values={"code": work.code, "day": work.day.isoformat()}),
            detail=detail,
        )

    def asked(self, violation: Violation) -> bool:
        """Whether the rule was in force on that day."""
        return violation.day >= RULES[violation.rule].valid_from


def _shape(shift_type: ShiftType, pauses: tuple[Pause, ...] | None) -> Shape:
    # What becomes of breaks that overlap or reach beyond the end is settled in one place, whatever the date.
    time_ = duty_time(Assignment(day=_ANY_DAY, person_id=UUID(int=0), code=shift_type.code, pauses=pauses), shift_type)
    start, length = minute(time_.span.start), time_.span.minutes
    cut = [(minute(pause.start) - start, minute(pause.end) - start) for pause in time_.pauses]
    edges = [0, *(edge for pause in cut for edge in pause), length]
    return Shape(
        worked=time_.worked_minutes,
        paused_inside=sum(end - begin for begin, end in cut if begin > 0 and end < length),
        phone_on=tuple((begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if begin < end),
    )


def history(roster: Roster) -> list[Assignment]:
    """What came before the period; a copy of a day of the period among them is not history."""
    return [assignment for assignment in roster.before if assignment.day < roster.period.first]


def night_minutes(start: int, end: int, day: date) -> int:
    """Of two minutes of a shift that starts on that date: how many between them are between 22:00 and 06:00."""
    total = 0
    while (dawn := midnight(day)) - NIGHT_BEFORE < end:
        total += max(0, min(end, dawn + NIGHT_AFTER) - max(start, dawn - NIGHT_BEFORE))
        day += timedelta(days=1)
    return total
