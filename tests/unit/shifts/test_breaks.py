"""Breaks of those who work together, one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shifts.breaks import MARGIN, stagger
from shifts.model import DEFAULT_SHIFT_TYPES, Pause, Roster
from shifts.on_shift import duty_times
from tests.unit.shifts.rules.month import PERIOD, day, drawn, person, setting, shift

PEOPLE = setting(*(person(number) for number in range(1, 15)), types=DEFAULT_SHIFT_TYPES)


def _most_at_a_break(roster: Roster) -> int:
    times = duty_times(roster.assignments, DEFAULT_SHIFT_TYPES)
    start = min(each.span.start for each in times)
    return max(sum(each.paused_at(start + timedelta(minutes=minute)) for each in times) for minute in range(0, 1440, 5))


@pytest.mark.parametrize(("people", "most"), [(1, 1), (2, 1), (5, 1), (6, 2), (10, 2), (14, 3)])
def test_as_few_phones_as_possible_are_off_at_a_time(people: int, most: int) -> None:
    """Six hours inside an eight-hour shift hold five breaks of an hour that keep their distance to the type's own."""
    roster = drawn(dict.fromkeys(range(1, people + 1), "D"))
    assert _most_at_a_break(roster) == people
    assert _most_at_a_break(stagger(roster, PEOPLE)) == most


def test_moved_breaks_stay_inside_and_keep_their_length() -> None:
    """Nobody arrives for a break, or leaves from one."""
    for each in stagger(drawn(dict.fromkeys(range(1, 15), "DEN")), PEOPLE).assignments:
        assert each.pauses is not None
        for pause in each.pauses:
            assert pause.minutes == 60
            assert MARGIN <= pause.after <= 480 - MARGIN - 60


def test_a_break_set_by_hand_stays_and_the_others_avoid_it() -> None:
    """The one that is fixed may be anywhere."""
    fixed = shift(1, 1, "D", (Pause(210, 60),))
    staggered = stagger(drawn({2: "D"}, None, fixed), PEOPLE)
    assert fixed in staggered.assignments
    assert _most_at_a_break(staggered) == 1


def test_staggering_twice_changes_nothing() -> None:
    """What is written in is fixed."""
    once = stagger(drawn(dict.fromkeys(range(1, 10), "DEN-D")), PEOPLE)
    assert stagger(once, PEOPLE) == once


def test_an_edit_moves_breaks_of_its_own_date_only() -> None:
    """Other dates do not notice."""
    roster = drawn(dict.fromkeys(range(1, 6), "DD"))
    fewer = roster.changed(remove=[shift(3, 1, "D")])
    changed = stagger(roster, PEOPLE).assignments ^ stagger(fewer, PEOPLE).assignments
    assert {each.day for each in changed} == {day(1)}


def test_who_goes_first_changes_from_day_to_day() -> None:
    """Nobody has the worst hour for ever."""
    staggered = stagger(drawn(dict.fromkeys(range(1, 4), "D" * 28)), PEOPLE)
    hours = {each.pauses[0].after for each in staggered.assignments if each.person_id == person(1).id and each.pauses}
    assert len(hours) == 3


def test_standby_types_without_breaks_and_breaks_at_the_edge_are_left_alone() -> None:
    """There is nothing to move, or a reason not to."""
    edge = replace(DEFAULT_SHIFT_TYPES["D"], pauses=(Pause(0, 60),))
    where = replace(PEOPLE, shift_types={**DEFAULT_SHIFT_TYPES, "D": edge})
    roster = drawn({1: "D", 2: "D", 3: "S"})
    pauses = {each.code: each.pauses for each in stagger(roster, where).assignments}
    assert pauses == {"D": (Pause(0, 60),), "SB": None}
    assert stagger(Roster(period=PERIOD), where) == Roster(period=PERIOD)
