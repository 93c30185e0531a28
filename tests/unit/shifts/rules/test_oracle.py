"""The rules against a plain reading of them that shares no code with them: rows of letters, and the minutes of a month one by one."""

from __future__ import annotations

import re
from datetime import timedelta
from random import Random

import pytest

from core.clock import SEOUL
from shifts.breaks import stagger
from shifts.model import Duty, NightWork, Roster
from shifts.on_shift import DutyTime, duty_times
from shifts.rules import Violation, check, parameters
from tests.unit.shifts.rules.month import FIRST, PERIOD, TYPES, drawn, person, setting, who
from tests.unit.shifts.rules.test_cover import DAY

_MINUTES = 30 * 1440
_BEGAN = PERIOD.span.start
_SETTING = setting(
    person(1),
    person(2, supervisor=True),
    person(3),
    person(4, night_work=NightWork.BARRED),
    person(5, night_work=NightWork.BARRED),
    demand=(DAY,),
)


@pytest.mark.parametrize("seed", range(12))
def test_random_months_read_plainly(seed: int) -> None:
    """Sequences, runs, hours, rest days, night work, cover and supervisors of five people."""
    chance = Random(seed)
    rows = {number: "".join(chance.choices("DENL-V", (5, 3, 4, 1, 4, 3), k=28)) for number in range(1, 6)}
    roster = drawn(rows)
    found = check(_SETTING, roster, parameters())
    for number, row in rows.items():
        mine = [each for each in found if each.person_id == who(number)]
        _same(mine, "evening_day", _where("(?<=E)[DL]", row))
        _same(mine, "night_day", _where("(?<=N)[DEL]", row))
        _same(mine, "night_off_day", _where("(?<=N[-V])[DL]", row))
        _same(mine, "days_off_after_nights", _where("(?<=N[-V])E", row))
        _same(mine, "rest_between", set())
        _same(mine, "night_run", {match.start() + 4 for match in re.finditer("N{4,}", row)})
        _same(mine, "day_run", {match.start() + 6 for match in re.finditer("[DENL]{6,}", row)})
        _same(mine, "overlap", set())
        _same(mine, "week_hours", set(_weeks(row, 3120)))
        _same(mine, "overtime", set(_weeks(row, 2400)))
        _same(mine, "night_barred", _where("[EN]", row) if number > 3 else set())
        _rest_days(mine, roster, number)
    _line(found, roster)


def _same(found: list[Violation], rule: str, days: set[int]) -> None:
    assert {each.day.day for each in found if each.rule == rule} == days, rule


def _where(pattern: str, row: str) -> set[int]:
    return {match.start() + 1 for match in re.finditer(pattern, row)}


def _weeks(row: str, limit: int) -> dict[int, int]:
    """The day with which each week is over a limit, and how much it comes to."""
    over: dict[int, int] = {}
    for monday in range(0, 28, 7):
        total, at = 0, None
        for index in range(monday, monday + 7):
            total += {"D": 420, "E": 420, "N": 420, "L": 630}.get(row[index], 0)
            at = index + 1 if at is None and total > limit else at
        if at is not None:
            over[at] = total
    return over


def _rest_days(found: list[Violation], roster: Roster, number: int) -> None:
    """A week has a rest day when the noon of one of its dates, on which nothing starts, lies in 24 free hours."""
    times = [each for each in _times(roster) if each.person_id == who(number) and each.duty is Duty.LINE]
    busy = [False] * _MINUTES
    for each in times:
        for minute in _range(each):
            busy[minute] = True
    starts = {each.day.day for each in times}
    without = set()
    for monday in range(1, 29, 7):
        if not any(on not in starts and _free_around(busy, (on - 1) * 1440 + 720) >= 1440 for on in range(monday, monday + 7)):
            without.add(monday)
    assert {each.day.day - each.day.weekday() for each in found if each.rule == "rest_day"} == without


def _free_around(busy: list[bool], noon: int) -> int:
    first = last = noon
    while first > 0 and not busy[first - 1]:
        first -= 1
    while last < _MINUTES - 1 and not busy[last]:
        last += 1
    # Before the month and after it is time enough.
    return last - first + (1440 if first == 0 or last == _MINUTES - 1 else 0)


def _line(found: tuple[Violation, ...], roster: Roster) -> None:
    """Phones on in every minute of the Mondays' day shift, and supervisors in every minute."""
    phones = [0] * _MINUTES
    reachable = [False] * _MINUTES
    for each in _times(stagger(roster, _SETTING)):
        for minute in _range(each):
            paused = each.paused_at(_BEGAN + timedelta(minutes=minute))
            phones[minute] += each.duty is Duty.LINE and not paused
            supervisor = each.duty is Duty.SUPERVISOR or (_SETTING.people[each.person_id].supervisor and not paused)
            reachable[minute] = reachable[minute] or supervisor
    least = {on: min(phones[(on - 1) * 1440 + 420 : (on - 1) * 1440 + 900]) for on in range(1, 29, 7)}
    worst: dict[int, int] = {}
    for violation in (each for each in found if each.rule == "cover_least"):
        worst[violation.day.day] = min(int(violation.values["have"]), worst.get(violation.day.day, 99))
    assert worst == {on: have for on, have in least.items() if have < DAY.least}
    gaps = {on: 1440 - sum(reachable[(on - 1) * 1440 : on * 1440]) for on in range(1, 29)}
    # There is no history: the first date begins with its first shift.
    gaps[1] -= min((minute for minute in range(1440) if phones[minute] or reachable[minute]), default=0)
    said = {each.day.day: each.values["minutes"] for each in found if each.rule == "supervisor_reachable"}
    assert said == {on: minutes for on, minutes in gaps.items() if minutes}


def _times(roster: Roster) -> tuple[DutyTime, ...]:
    return duty_times(roster.assignments, TYPES)


def _range(time: DutyTime) -> range:
    first = int((time.span.start - _BEGAN).total_seconds()) // 60
    assert time.span.start.astimezone(SEOUL).date() == time.day
    assert time.day >= FIRST
    return range(first, first + time.span.minutes)
