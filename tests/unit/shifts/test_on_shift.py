"""Who is on shift: the index against looking at every shift, minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import SEOUL
from shifts.model import DEFAULT_SHIFT_TYPES, Assignment, Duty, Pause, ShiftType
from shifts.on_shift import OnShift, duty_time, duty_times

PEOPLE = [UUID(int=number) for number in range(1, 15)]
YEAR = date(2027, 1, 1)


def assignment(person: int, day: date, code: str) -> Assignment:
    """One shift."""
    return Assignment(person_id=PEOPLE[person], day=day, code=code)


def seoul(*parts: int) -> datetime:
    """A local instant."""
    return datetime(*parts, tzinfo=SEOUL).astimezone(UTC)  # type: ignore[misc,arg-type]


def test_a_year_of_random_rosters_minute_by_minute() -> None:
    """525,600 minutes: the index says what a look at that minute's shifts says."""
    chance = Random(7)
    codes = list(DEFAULT_SHIFT_TYPES)
    chosen = [
        assignment(person, YEAR + timedelta(days=day), chance.choice(codes))
        for day in range(365)
        for person in range(14)
        if chance.random() < 0.6
    ]
    times = duty_times(chosen, DEFAULT_SHIFT_TYPES)
    index = OnShift(times)
    began = seoul(2027, 1, 1)
    minutes = 366 * 24 * 60
    # The oracle writes every minute of every shift down, as its mark; who is there is what the marks add up to.
    oracle = [0] * minutes
    marks = {shift: chance.getrandbits(62) for shift in times}
    for shift, mark in marks.items():
        first = int((shift.span.start - began).total_seconds()) // 60
        for minute in range(first, min(minutes, first + shift.span.minutes)):
            oracle[minute] += mark
    minute_long = timedelta(minutes=1)
    instant, before, total = began, None, 0
    for minute in range(minutes):
        found = index.at(instant)
        if found is not before:
            before, total = found, sum(marks[shift] for shift in found)
        assert total == oracle[minute], instant
        instant += minute_long


def test_the_minute_of_change_has_exactly_one_owner() -> None:
    """23:00 belongs to the night shift, of the date on which it starts, also across the end of a month and a year."""
    times = duty_times([assignment(0, date(2026, 12, 31), "E"), assignment(1, date(2026, 12, 31), "N")], DEFAULT_SHIFT_TYPES)
    index = OnShift(times)
    second = timedelta(seconds=1)
    for instant, expected in [
        (seoul(2026, 12, 31, 15) - second, None), (seoul(2026, 12, 31, 15), 0), (seoul(2026, 12, 31, 23) - second, 0),
        (seoul(2026, 12, 31, 23), 1), (seoul(2027, 1, 1), 1), (seoul(2027, 1, 1, 7) - second, 1), (seoul(2027, 1, 1, 7), None),
    ]:  # fmt: skip
        assert [found.person_id for found in index.at(instant)] == ([] if expected is None else [PEOPLE[expected]])


def test_shifts_in_a_row_end_with_the_last_of_them() -> None:
    """Whoever stays for the next shift is not drained in between."""
    index = OnShift(duty_times([assignment(0, YEAR, "D"), assignment(0, YEAR, "E"), assignment(0, YEAR, "SB")], DEFAULT_SHIFT_TYPES))
    assert index.until(PEOPLE[0], seoul(2027, 1, 1, 8)) == seoul(2027, 1, 1, 23)
    assert index.until(PEOPLE[0], seoul(2027, 1, 1, 23)) is None
    assert index.until(PEOPLE[1], seoul(2027, 1, 1, 8)) is None


def test_every_change_is_announced_once_and_in_order() -> None:
    """Whoever obeys the roster sleeps from one change to the next."""
    index = OnShift(duty_times([assignment(0, YEAR, "D"), assignment(1, YEAR, "E")], DEFAULT_SHIFT_TYPES))
    seen, instant = [], seoul(2027, 1, 1)
    while (following := index.next_change(instant)) is not None:
        seen.append(following)
        instant = following
    assert seen == [seoul(2027, 1, 1, 7), seoul(2027, 1, 1, 15), seoul(2027, 1, 1, 23)]


def test_an_empty_roster_has_nobody() -> None:
    """Neither now nor later."""
    index = OnShift([])
    assert index.at(seoul(2027, 1, 1)) == ()
    assert index.next_change(seoul(2027, 1, 1)) is None


@given(st.lists(st.builds(Pause, after=st.integers(0, 600), minutes=st.integers(1, 120)), max_size=4), st.integers(1, 600))
@settings(max_examples=200)
def test_breaks_lie_within_the_shift_and_are_not_worked(pauses: list[Pause], minutes: int) -> None:
    """Whatever was entered."""
    kind = ShiftType(code="X", name="", name_en="", starts=time(7), minutes=minutes, pauses=tuple(pauses))
    found = duty_time(Assignment(person_id=PEOPLE[0], day=YEAR, code="X"), kind)
    assert all(found.span.start <= pause.start < pause.end <= found.span.end for pause in found.pauses)
    assert 0 <= found.worked_minutes <= found.span.minutes
    for pause in found.pauses:
        assert found.paused_at(pause.start)


def test_only_the_line_is_asked_for() -> None:
    """Standby and the supervisor on call are on duty, too, but answer to another question."""
    index = OnShift(duty_times([assignment(0, YEAR, "D"), assignment(1, YEAR, "SB"), assignment(2, YEAR, "SV")], DEFAULT_SHIFT_TYPES))
    noon = seoul(2027, 1, 1, 12)
    assert {found.person_id for found in index.at(noon, Duty.LINE)} == {PEOPLE[0]}
    assert {found.person_id for found in index.at(noon, Duty.SUPERVISOR)} == {PEOPLE[2]}
    assert len(index.at(noon)) == 3
