"""The public text format of nurse-rostering instances. Pure.

Lines of values under headings (`SECTION_HORIZON`, `SECTION_SHIFTS`, `SECTION_STAFF`, `SECTION_DAYS_OFF`, `SECTION_SHIFT_ON_REQUESTS`,
`SECTION_SHIFT_OFF_REQUESTS`, `SECTION_COVER`); `#` begins a comment. Day 0 is a Monday. Limits of the staff are hard; requests and cover cost.
Source: schedulingbenchmarks.org, "shift scheduling benchmarks" (T. Curtois).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

#: What stands in a plan for a day without work.
OFF = ""
#: More days or people than any instance has: a slip of the keyboard, not a task.
MOST_DAYS, MOST_STAFF = 400, 400


class BadInstance(ValueError):
    """The text is not an instance. Names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A kind of shift."""

    code: str
    minutes: int
    #: Shifts that must not be worked on the day after this one.
    never_followed_by: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One person's limits; all hard."""

    id: str
    #: The most of each shift; a shift not named has no limit of its own.
    most: Mapping[str, int]
    most_minutes: int
    least_minutes: int
    #: Days of work in a row.
    longest_run: int
    #: Not asked of a run that touches either end of the horizon.
    shortest_run: int
    #: Days off in a row; not asked at either end.
    shortest_rest: int
    #: Weekends with work on Saturday or Sunday.
    most_weekends: int
    days_off: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A shift that somebody asks for (`wanted`) or asks not to have; costs its weight when it is not met."""

    staff: str
    day: int
    shift: str
    weight: int
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How many are needed in a shift of a day, and what each one too few and too many costs."""

    day: int
    shift: str
    needed: int
    under: int
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A task."""

    days: int
    shifts: Mapping[str, Shift]
    staff: Mapping[str, Staff]
    requests: tuple[Request, ...]
    cover: tuple[Cover, ...]


#: A solution: for everybody the shift of each day, or `OFF`.
Plan = Mapping[str, tuple[str, ...]]


def read(text: str) -> Instance:
    """The instance in a text. Raises `BadInstance`, which names the line."""
    return _Reader(text).instance()


class _Reader:
    def __init__(self, text: str) -> None:
        self._sections: dict[str, list[tuple[int, str]]] = {}
        section: list[tuple[int, str]] | None = None
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.lstrip("\ufeff").strip()
            if line.startswith("SECTION_"):
                section = self._sections.setdefault(line, [])
            elif line and not line.startswith("#"):
                if section is None:
                    raise BadInstance(f"line {number}: before the first section")
                section.append((number, line))
        if missing := {"SECTION_HORIZON", "SECTION_SHIFTS", "SECTION_STAFF", "SECTION_COVER"} - self._sections.keys():
            raise BadInstance(f"missing: {', '.join(sorted(missing))}")

    def instance(self) -> Instance:
        horizon = self._sections["SECTION_HORIZON"]
        if len(horizon) != 1:
            raise BadInstance("SECTION_HORIZON holds one number")
        days = _whole(*horizon[0], least=1, most=MOST_DAYS)
        shifts = {shift.code: shift for shift in self._shifts()}
        for shift in shifts.values():
            if unknown := shift.never_followed_by - shifts.keys():
                raise BadInstance(f"shift {shift.code}: no such shift: {', '.join(sorted(unknown))}")
        free = {name: self._days_off(number, rest, days) for number, (name, *rest) in self._rows("SECTION_DAYS_OFF", 2)}
        staff = {person.id: person for person in self._staff(shifts, free)}
        if not staff or not shifts or len(staff) > MOST_STAFF:
            raise BadInstance(f"at least one shift, and 1 to {MOST_STAFF} staff")
        if strangers := free.keys() - staff.keys():
            raise BadInstance(f"SECTION_DAYS_OFF: no such staff: {', '.join(sorted(strangers))}")
        requests = (
            *self._requests("SECTION_SHIFT_ON_REQUESTS", days, shifts, staff),
            *self._requests("SECTION_SHIFT_OFF_REQUESTS", days, shifts, staff),
        )
        return Instance(days=days, shifts=shifts, staff=staff, requests=requests, cover=tuple(self._cover(days, shifts)))

    def _rows(self, section: str, least: int) -> Iterator[tuple[int, list[str]]]:
        for number, line in self._sections.get(section, ()):
            values = [value.strip() for value in line.split(",")]
            if len(values) < least:
                raise BadInstance(f"line {number}: {least} values expected, {len(values)} found")
            yield number, values

    def _shifts(self) -> Iterator[Shift]:
        for number, (code, minutes, *rest) in self._rows("SECTION_SHIFTS", 2):
            after = frozenset(filter(None, (name.strip() for name in "|".join(rest).split("|"))))
            yield Shift(code=code, minutes=_whole(number, minutes, least=1, most=1440), never_followed_by=after)

    @staticmethod
    def _days_off(number: int, values: list[str], days: int) -> frozenset[int]:
        return frozenset(_whole(number, value, least=0, most=days - 1) for value in values if value)

    def _staff(self, shifts: Mapping[str, Shift], free: Mapping[str, frozenset[int]]) -> Iterator[Staff]:
        seen: set[str] = set()
        for number, (name, limits, *rest) in self._rows("SECTION_STAFF", 8):
            if name in seen:
                raise BadInstance(f"line {number}: {name} is there twice")
            seen.add(name)
            most: dict[str, int] = {}
            for limit in filter(None, limits.split("|")):
                code, _, value = limit.partition("=")
                if code.strip() not in shifts:
                    raise BadInstance(f"line {number}: no such shift: {code.strip()}")
                most[code.strip()] = _whole(number, value, least=0)
            numbers = [_whole(number, value, least=0) for value in rest[:6]]
            yield Staff(
                id=name,
                most=most,
                most_minutes=numbers[0],
                least_minutes=numbers[1],
                longest_run=numbers[2],
                shortest_run=numbers[3],
                shortest_rest=numbers[4],
                most_weekends=numbers[5],
                days_off=free.get(name, frozenset()),
            )

    def _requests(self, section: str, days: int, shifts: Mapping[str, Shift], staff: Mapping[str, Staff]) -> Iterator[Request]:
        for number, (name, day, shift, weight, *_) in self._rows(section, 4):
            if name not in staff or shift not in shifts:
                raise BadInstance(f"line {number}: no such staff or shift: {name}, {shift}")
            yield Request(
                staff=name,
                day=_whole(number, day, least=0, most=days - 1),
                shift=shift,
                weight=_whole(number, weight, least=0),
                wanted=section == "SECTION_SHIFT_ON_REQUESTS",
            )

    def _cover(self, days: int, shifts: Mapping[str, Shift]) -> Iterator[Cover]:
        for number, (day, shift, *values) in self._rows("SECTION_COVER", 5):
            if shift not in shifts:
                raise BadInstance(f"line {number}: no such shift: {shift}")
            needed, under, over = (_whole(number, value, least=0) for value in values[:3])
            yield Cover(day=_whole(number, day, least=0, most=days - 1), shift=shift, needed=needed, under=under, over=over)


def _whole(number: int, text: str, *, least: int, most: int = 10**7) -> int:
    try:
        value = int(text)
    except ValueError:
        raise BadInstance(f"line {number}: not a whole number: {text[:40]!r}") from None
    if not least <= value <= most:
        raise BadInstance(f"line {number}: {value} is not within {least} to {most}")
    return value


def runs(days: tuple[str, ...]) -> Iterator[tuple[int, int, bool]]:
    """Stretches of work and of rest in one person's plan: first day, day after the last, and whether it is work."""
    edges = [0, *(day for day, (one, two) in enumerate(pairwise(days), 1) if (one == OFF) != (two == OFF)), len(days)]
    for first, end in pairwise(edges):
        yield first, end, days[first] != OFF
