from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from helpline import what_if
from shifts.forecast import Forecast, forecast
from shifts.load import HOURS
from shifts.model import DEFAULT_SHIFT_TYPES, Assignment, Period, Person, Roster, Setting
from shifts.need import Planning, expected, needs

WEEK = Period(date(2027, 3, 1), date(2027, 3, 7))
PEOPLE = {UUID(int=number): Person(id=UUID(int=number), name=f"사람{number}") for number in range(1, 9)}
SETTING = Setting(people=PEOPLE, shift_types=DEFAULT_SHIFT_TYPES)


def shifts(code: str, *people: int) -> set[Assignment]:
    """The same people on every day of the week."""
    return {Assignment(day=day, person_id=UUID(int=number), code=code) for day in WEEK for number in people}


def test_the_replay_says_what_the_need_was_computed_by() -> None:
    """Seats by need: the level that Erlang A expects of a day that is not steady, within two points."""
    found = needs(forecast(), WEEK, Planning())
    run = what_if.of_seats([need.seats for need in found], WEEK, forecast(), Planning(), repetitions=4)
    contacts = sum(need.contacts for need in found)
    level = sum(expected(need.per_hour, need.seats, Planning()).service_level * need.contacts for need in found) / contacts
    gives_up = sum(expected(need.per_hour, need.seats, Planning()).gives_up * need.contacts for need in found) / contacts
    assert run.contacts == pytest.approx(4 * contacts, rel=0.06)
    assert (run.service_level, run.gave_up) == pytest.approx((level, gives_up), abs=0.02)
    assert run.into_the_void == 0


def test_a_roster_is_replayed_with_its_breaks_and_holes() -> None:
    """Two on days and on evenings, nobody at night: the night is the void, and both at a break at once is one too."""
    roster = Roster(period=WEEK, assignments=frozenset(shifts("D", 1, 2) | shifts("E", 3, 4) | shifts("SB", 5)))
    run = what_if.of_roster(SETTING, roster, forecast(), Planning(), repetitions=2)
    # 23-07 and two breaks of an hour at once, by the shape of the day.
    day = forecast().of(WEEK.first)
    void = (sum(day[23:]) + sum(day[:7]) + (day[10] + day[11]) / 2 + (day[18] + day[19]) / 2) / sum(day)
    assert run.into_the_void == pytest.approx(void, abs=0.04)
    night = run.by_hour[3]
    assert (night.service_level, night.gave_up, night.asa_s) == (0.0, 1.0, None)
    assert (run.by_hour[14].service_level or 0) > 0.5
    assert run.service_level is not None
    assert 0.2 < run.service_level < 0.9


def test_hand_overs_do_not_lose_anybody() -> None:
    """Three shifts around the clock with the same number: as good as the same number of seats, for the night before is there too."""
    people = {code: (at, at + 3) for at, code in enumerate("DEN", 1)}
    assignments = {one for code, both in people.items() for one in shifts(code, *both)}
    types = {
        code: type(kind)(**{**{name: getattr(kind, name) for name in kind.__slots__}, "pauses": ()})
        for code, kind in DEFAULT_SHIFT_TYPES.items()
    }
    setting = Setting(people=PEOPLE, shift_types=types)
    before = frozenset(Assignment(day=WEEK.first - timedelta(days=1), person_id=UUID(int=number), code="N") for number in (3, 6))
    roster = Roster(period=WEEK, assignments=frozenset(assignments), before=before)
    flat = Forecast(rates=((3.0,) * HOURS,) * 7)
    run = what_if.of_roster(setting, roster, flat, Planning(), repetitions=3)
    even = what_if.of_seats([2] * 14, WEEK, flat, Planning(), repetitions=3)
    assert run.into_the_void == 0
    assert run.contacts == even.contacts
    assert (run.service_level, run.gave_up) == pytest.approx((even.service_level, even.gave_up), abs=0.04)


def test_contacts_come_as_the_forecast_says_of_each_date() -> None:
    """Nobody on Mondays, most on Sundays; the same seed brings the same callers to another roster."""
    rates = Forecast(rates=tuple((day * 1.0,) * HOURS for day in range(7)))
    run = what_if.of_seats([3], WEEK, rates, Planning(), repetitions=2, seed=4)
    assert run.contacts == pytest.approx(2 * 24 * sum(range(7)), rel=0.1)
    assert what_if.of_seats([5], WEEK, rates, Planning(), repetitions=2, seed=4).contacts == run.contacts
    assert what_if.of_seats([5], WEEK, rates, Planning(), repetitions=2, seed=9).contacts != run.contacts


def test_a_roster_without_anybody_answers_nobody() -> None:
    """No error: everybody gives up."""
    run = what_if.of_roster(SETTING, Roster(period=WEEK), forecast(), Planning(), repetitions=1)
    assert (run.service_level, run.gave_up, run.into_the_void, run.occupancy) == (0.0, 1.0, 1.0, None)
    with pytest.raises(ValueError, match="at least once"):
        what_if.of_roster(SETTING, Roster(period=WEEK), forecast(), Planning(), repetitions=0)
