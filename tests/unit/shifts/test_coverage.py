"""Phones on in each slot against the demand."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from shifts.breaks import stagger
from shifts.coverage import coverage, thin
from shifts.model import Demand, Period, Roster
from tests.unit.shifts.rules.month import FIRST, PERIOD, drawn, person, setting
from tests.unit.shifts.rules.test_cover import DAY

WHERE = setting(
    person(1, languages=frozenset({"ko", "en"})),
    person(2),
    person(3),
    demand=(DAY, Demand(starts=DAY.starts, minutes=60, least=1, wanted=1, skill="en", weekdays=frozenset({0}))),
)


def test_slots_cover_the_period_without_a_gap() -> None:
    """28 days of 48 half hours; each shows its worst minute."""
    slots = coverage(WHERE, drawn({1: "D", 2: "D"}))
    assert len(slots) == 28 * 48
    assert slots[0].span.start == PERIOD.span.start
    assert slots[-1].span.end == PERIOD.span.end
    assert all(one.span.end == other.span.start for one, other in pairwise(slots))
    first = slots[14:30]
    assert {(slot.on_line, slot.paused) for slot in first} == {(2, 0), (1, 1)}
    assert {(slot.least, slot.wanted) for slot in first} == {(2, 3)}
    assert slots[13].on_line == 0
    assert slots[13].least == 0


def test_two_on_nights_leave_one_during_breaks() -> None:
    """The phone of whoever rests is off, before and after midnight."""
    slots = coverage(WHERE, drawn({1: "N", 2: "N"}))
    night = [slot for slot in slots if slot.on_line or slot.paused]
    assert len(night) == 16
    assert sum(slot.paused for slot in night) == 4
    assert min(slot.on_line for slot in night) == 1


def test_the_night_before_the_period_is_on_the_line_in_its_first_morning() -> None:
    """History is work."""
    slots = coverage(WHERE, drawn({}, {1: "N", 2: "N"}))
    assert slots[0].on_line == 2
    assert slots[14].on_line == 0


def test_skills_are_counted_apart() -> None:
    """Have and need of the first hour."""
    slots = coverage(WHERE, drawn({2: "D", 3: "D"}))
    assert slots[14].skills == {"en": (0, 1)}
    assert slots[16].skills == {}


def test_thin_stretches_are_taken_together() -> None:
    """One for the whole day shift on the first Monday, with the hole in it as its number."""
    week = Roster(period=Period(FIRST, FIRST + timedelta(days=6)), assignments=drawn({1: "D"}).assignments)
    found = thin(coverage(WHERE, week))
    assert [(each.span.minutes, each.on_line, each.least, each.skills) for each in found] == [(480, 0, 2, frozenset())]
    assert not thin(coverage(WHERE, stagger(_enough(week), WHERE)))


def test_a_slot_has_a_length() -> None:
    """Zero minutes are none."""
    with pytest.raises(ValueError, match="length"):
        coverage(WHERE, drawn({}), 0)


def _enough(week: Roster) -> Roster:
    return week.changed(add=drawn({2: "D", 3: "D"}).assignments)
