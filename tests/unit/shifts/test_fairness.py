"""Tallies, and the list for the health check of night workers."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from shifts.fairness import Tally, fairness
from shifts.model import DEFAULT_SHIFT_TYPES, Assignment, Pause, ShiftType, Wish
from shifts.rules import parameters
from shifts.rules.night_health import night_loads
from tests.unit.shifts.rules.month import day, drawn, person, setting, shift, who


def test_a_tally_counts_what_is_worked() -> None:
    """Standby counts for nothing; a holiday on a weekend counts in both; breaks are no work, at night neither."""
    where = setting(
        person(1),
        person(2),
        holidays={day(6): "설날 전날"},
        wishes=(Wish(person_id=who(1), day=day(1), code="D"), Wish(person_id=who(1), day=day(2), wanted=False)),
    )
    found = fairness(where, drawn({1: "DE---N-S"}, {1: "NNN"}, shift(1, 8, "Q"), shift(9, 1, "D")))
    assert found == {
        who(1): Tally(minutes=3 * 420, nights=1, weekends=1, holidays=1, night_minutes=60 + 420 - 60, wishes_met=1, wishes=2),
        who(2): Tally(),
    }


def test_night_minutes_leave_out_breaks_where_they_lie() -> None:
    """A break in the morning after 06:00 costs no night hours, one at 02:30 does."""
    late = fairness(setting(), drawn({}, None, shift(1, 1, "N", (Pause(420, 30),))))
    deep = fairness(setting(), drawn({}, None, shift(1, 1, "N", (Pause(210, 30),))))
    assert (late[who(1)].night_minutes, deep[who(1)].night_minutes) == (420, 390)


@pytest.mark.parametrize(("nights", "due"), [(23, False), (24, True)])
def test_four_stints_a_month_over_six_months_call_for_a_health_check(nights: int, due: bool) -> None:
    """24 nights in half a year; 23 are below both limits."""
    until = date(2027, 6, 30)
    worked = [Assignment(day=until - timedelta(days=7 * number), person_id=who(1), code="N") for number in range(nights)]
    load = night_loads(worked, DEFAULT_SHIFT_TYPES, until, parameters())[who(1)]
    assert (load.stints, load.due) == (nights, due)


@pytest.mark.parametrize(("evenings", "due"), [(179, False), (180, True)])
def test_sixty_night_hours_a_month_do_too(evenings: int, due: bool) -> None:
    """Without any night: late shifts with two hours after 22:00 each."""
    until = date(2027, 6, 30)
    late = {"E": ShiftType(code="E", name="늦저녁", name_en="Late", starts=time(16), minutes=480, pauses=(Pause(210, 60),))}
    worked = [Assignment(day=until - timedelta(days=number), person_id=who(1), code="E") for number in range(evenings)]
    load = night_loads(worked, late, until, parameters())[who(1)]
    assert (load.night_minutes, load.stints, load.due) == (evenings * 120, 0, due)


def test_only_the_six_months_count() -> None:
    """The day after their start is in, the day of it is not; other duties are not."""
    until = date(2027, 8, 31)
    worked = [Assignment(day=on, person_id=who(1), code="N") for on in (date(2027, 2, 28), date(2027, 3, 1), until, date(2027, 9, 1))]
    worked.append(Assignment(day=until, person_id=who(2), code="SV"))
    found = night_loads(worked, DEFAULT_SHIFT_TYPES, until, parameters())
    assert {person_id: load.stints for person_id, load in found.items()} == {who(1): 2}
