"""Small rosters drawn as strings: one letter a day, from Monday 1 February 2027 on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID

from shifts.model import (
    DEFAULT_SHIFT_TYPES,
    Assignment,
    Demand,
    Duty,
    Leave,
    LeaveKind,
    NightWork,
    Pause,
    Period,
    Person,
    RequestState,
    Roster,
    Setting,
    ShiftType,
    Wish,
)
from shifts.rules import Parameters, Violation, check, parameters

FIRST = date(2027, 2, 1)
PERIOD = Period(FIRST, date(2027, 2, 28))
_CODES = {"S": "SB", "V": "SV"}
LONG = ShiftType(code="L", name="긴낮", name_en="Long day", starts=time(7), minutes=720, pauses=(Pause(240, 45), Pause(480, 45)))
BARE = ShiftType(code="B", name="쉼없음", name_en="No break", starts=time(8), minutes=240)
TYPES = {**DEFAULT_SHIFT_TYPES, "L": LONG, "B": BARE}


def who(number: int) -> UUID:
    """The id of a person of a test."""
    return UUID(int=number)


def day(number: int) -> date:
    """1 is the first of the month, 0 the day before."""
    return FIRST + timedelta(days=number - 1)


def person(number: int, **more: object) -> Person:
    """Somebody without any limits, but for those given."""
    return replace(Person(id=who(number), name=f"사람{number}"), **more)  # type: ignore[arg-type]


def setting(
    *people: Person,
    leaves: tuple[Leave, ...] = (),
    wishes: tuple[Wish, ...] = (),
    demand: tuple[Demand, ...] = (),
    types: Mapping[str, ShiftType] = TYPES,
    holidays: Mapping[date, str] | None = None,
) -> Setting:
    """A setting; three people where none are named."""
    known = {each.id: each for each in people or tuple(person(number) for number in (1, 2, 3))}
    return Setting(people=known, shift_types=types, leaves=leaves, wishes=wishes, demand=demand, holidays=holidays or {})


def shift(number: int, on: int, code: str, pauses: tuple[Pause, ...] | None = None) -> Assignment:
    """One assignment; `on` as in `day`."""
    return Assignment(person_id=who(number), day=day(on), code=_CODES.get(code, code), pauses=pauses)


def drawn(rows: Mapping[int, str], before: Mapping[int, str] | None = None, *extra: Assignment) -> Roster:
    """Rows of letters from the first on; `before` ends on the day before the first. Anything that is no letter is a day off."""
    now = {shift(number, index + 1, code) for number, row in rows.items() for index, code in enumerate(row) if code.isalpha()}
    past = {
        shift(number, index + 1 - len(row), code)
        for number, row in (before or {}).items()
        for index, code in enumerate(row)
        if code.isalpha()
    }
    return Roster(period=PERIOD, assignments=frozenset(now | set(extra)), before=frozenset(past))


def broken(rule: str, roster: Roster, where: Setting | None = None, chosen: Parameters | None = None) -> list[int]:
    """The days of the month at which that rule is broken."""
    return [found.day.toordinal() - FIRST.toordinal() + 1 for found in details(rule, roster, where, chosen)]


def details(rule: str, roster: Roster, where: Setting | None = None, chosen: Parameters | None = None) -> list[Violation]:
    """What is found of that rule."""
    found = check(where or setting(), roster, chosen or parameters())
    return [violation for violation in found if violation.rule == rule]


def leave(number: int, first: int, last: int, state: RequestState = RequestState.APPROVED, kind: LeaveKind = LeaveKind.ANNUAL) -> Leave:
    """Days off."""
    return Leave(id=UUID(int=1000 + first), person_id=who(number), first=day(first), last=day(last), state=state, kind=kind)


__all__ = [
    "BARE",
    "FIRST",
    "LONG",
    "PERIOD",
    "TYPES",
    "Duty",
    "NightWork",
    "broken",
    "day",
    "details",
    "drawn",
    "leave",
    "person",
    "setting",
    "shift",
    "who",
]
