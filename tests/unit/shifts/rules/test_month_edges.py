"""Rules look back over the edge of the month, and blame only what can still be changed."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from shifts.model import Assignment, Pause, Period, Roster, ShiftType
from shifts.rules import check, parameters
from tests.unit.shifts.rules.month import FIRST, PERIOD, TYPES, broken, details, drawn, setting, shift, who


@pytest.mark.parametrize(
    ("rule", "before", "row", "at"),
    [
        ("evening_day", "E", "D", [1]),
        ("evening_day", "E-", "D", []),
        ("night_day", "N", "E", [1]),
        ("night_off_day", "N", "-D", [2]),
        ("night_off_day", "N-", "D", [1]),
        ("days_off_after_nights", "N", "-E", [2]),
        ("night_run", "NN", "NN", [2]),
        ("night_run", "NN", "N", []),
        ("night_run", "NNNN", "-", []),
        ("night_run", "NNNN", "N", [1]),
        ("day_run", "DDDD", "DD", [2]),
        ("day_run", "DDDDD-", "DDDDD", []),
        ("overlap", "L", "D", []),
    ],
)
def test_what_came_before_counts(rule: str, before: str, row: str, at: list[int]) -> None:
    """The later shift, which is this month's, is the one that is shown."""
    assert broken(rule, drawn({1: row}, {1: before})) == at


def test_a_week_over_the_edge_is_one_week() -> None:
    """A period from Thursday on: the three days before count for hours and rest."""
    thursday = Period(FIRST + timedelta(days=3), PERIOD.last)
    week = drawn({1: "DDDDDDD"}).assignments
    roster = Roster(
        period=thursday,
        assignments=frozenset(each for each in week if each.day in thursday),
        before=frozenset(each for each in week if each.day not in thursday),
    )
    assert broken("rest_day", roster) == [7]
    assert broken("overtime", roster) == [6]
    alone = Roster(period=thursday, assignments=roster.assignments)
    assert not broken("rest_day", alone)


def test_a_week_that_ends_in_the_next_month_is_not_blamed_yet() -> None:
    """Days after the period are free until their own roster says otherwise."""
    monday_to_friday = Period(FIRST, FIRST + timedelta(days=4))
    roster = Roster(period=monday_to_friday, assignments=drawn({1: "DDDDD"}).assignments)
    assert not broken("rest_day", roster)


def test_history_alone_breaks_nothing() -> None:
    """Whatever happened before cannot be changed by this roster."""
    roster = drawn({}, {1: "NNNNNNNDEDNDNNNN", 2: "DDDDDDDDDDDDDDD"})
    chosen = parameters({"supervisor_reachable": {"on": 0}})
    assert not check(setting(), roster, chosen)


def test_a_copy_of_the_month_in_its_history_is_ignored() -> None:
    """`before` is what lies before, whatever else somebody put into it."""
    roster = drawn({1: "DD"})
    doubled = Roster(period=PERIOD, assignments=roster.assignments, before=frozenset({shift(1, 1, "E"), shift(1, 2, "L")}))
    assert check(setting(), doubled, parameters()) == check(setting(), roster, parameters())


def test_a_long_shift_of_the_last_night_before_overlaps_the_first_day() -> None:
    """Twelve hours from 23:00 reach into the morning."""
    long = ShiftType(code="M", name="긴밤", name_en="Long night", starts=time(23), minutes=720, pauses=(Pause(240, 90),))
    found = details("overlap", drawn({1: "D"}, {1: "M"}), setting(types={**TYPES, "M": long}))
    assert [(each.day, each.values["minutes"]) for each in found] == [(FIRST, 240)]


def test_the_last_day_is_as_much_the_months_as_the_first() -> None:
    """A night of the last day is checked; one of the day after is out of the period."""
    last = Assignment(day=PERIOD.last, person_id=who(1), code="N")
    evening = Assignment(day=PERIOD.last - timedelta(days=1), person_id=who(1), code="N")
    roster = Roster(period=PERIOD, assignments=frozenset({last, evening}))
    chosen = parameters({"night_run": {"days": 1}})
    assert broken("night_run", roster, chosen=chosen) == [28]
