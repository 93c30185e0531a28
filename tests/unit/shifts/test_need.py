from __future__ import annotations

import math
from datetime import date, timedelta
from uuid import UUID

import pytest

from shifts.coverage import coverage
from shifts.erlang import erlang_a
from shifts.forecast import Forecast, forecast
from shifts.load import HOURS
from shifts.model import DEFAULT_SHIFT_TYPES, Assignment, Period, Person, Roster, Setting
from shifts.need import Planning, as_demand, beside, expected, needs, seat_hours, seats

DAY = date(2027, 3, 1)
WEEK = Period(DAY, DAY + timedelta(days=6))


def flat(per_hour: float) -> Forecast:
    """The same in every hour."""
    return Forecast(rates=((per_hour,) * HOURS,) * 7)


@pytest.mark.parametrize("per_hour", [0.3, 2.7, 4.8, 8.6, 48])
def test_seats_are_the_fewest_that_reach_both_the_level_and_the_limit_of_giving_up(per_hour: float) -> None:
    """One fewer misses one of the two."""
    planning = Planning()
    found = seats(per_hour, planning)
    good = expected(per_hour, found, planning)
    assert good.service_level >= planning.service_level
    assert good.gives_up <= planning.gives_up
    if found > 1:
        worse = expected(per_hour, found - 1, planning)
        assert worse.service_level < planning.service_level or worse.gives_up > planning.gives_up


def test_a_service_level_alone_loses_every_tenth_caller_where_talks_are_long() -> None:
    """Why the limit of giving up is there."""
    lenient = Planning(gives_up=1.0)
    lost = expected(8.6, seats(8.6, lenient), lenient).gives_up
    assert lost > Planning().gives_up
    assert seats(8.6, lenient) < seats(8.6, Planning())


def test_an_even_load_is_the_steady_state_at_every_slot() -> None:
    """Nothing is carried over that was not there."""
    for need in needs(flat(6), WEEK, Planning()):
        assert need.per_hour == pytest.approx(6, abs=0.01)
        assert need.contacts == pytest.approx(3)


def test_contacts_that_came_before_the_hour_are_still_on_the_line_after_it() -> None:
    """The rate doubles at eight: the load follows within a handling time or two, and what came is not lost or made."""
    day = tuple(3.0 if hour < 8 else 6.0 for hour in range(HOURS))
    found = needs(Forecast(rates=(day,) * 7), WEEK, Planning())[48:96]
    loads = [need.per_hour for need in found]
    assert loads[15] == pytest.approx(3, abs=0.01)
    assert 3 < loads[16] < loads[17] < loads[18] < 6
    assert loads[24] == pytest.approx(6, abs=0.01)
    # Midnight: the evening's load is carried into the next day.
    assert loads[0] > 4
    assert sum(need.contacts for need in found) == pytest.approx(sum(day))


def test_slots_of_any_length_see_the_same_contacts() -> None:
    """A quarter of an hour, half an hour, two hours."""
    rates = Forecast(rates=tuple(tuple(1 + (hour + day) % 5 for hour in range(HOURS)) for day in range(7)))
    totals = [sum(need.contacts for need in needs(rates, WEEK, Planning(), step)) for step in (15, 30, 120)]
    assert totals == pytest.approx([totals[0]] * 3)
    with pytest.raises(ValueError, match="evenly"):
        needs(rates, WEEK, Planning(), 50)


def test_nobody_calls_and_nobody_is_there() -> None:
    """No contacts: the least. Nobody there: everybody gives up."""
    assert {need.seats for need in needs(flat(0), WEEK, Planning(least=2))} == {2}
    assert expected(5, 0, Planning()).gives_up == 1


def test_a_roster_is_set_beside_its_need() -> None:
    """One person on days: with 2 contacts an hour, one of how many are missing, what becomes of the callers, and nights with nobody."""
    one = Person(id=UUID(int=1), name="김하나")
    setting = Setting(people={one.id: one}, shift_types=DEFAULT_SHIFT_TYPES)
    roster = Roster(period=WEEK, assignments=frozenset(Assignment(day=day, person_id=one.id, code="D") for day in WEEK))
    found = beside(needs(flat(2), WEEK, Planning()), coverage(setting, roster), Planning())
    day, night = found[20], found[4]
    assert (day.slot.on_line, day.missing) == (1, day.need.seats - 1)
    single = erlang_a(per_hour=2, handling_s=Planning().handling_s, seats=1, patience_s=600)
    assert (day.service_level, day.gives_up) == pytest.approx((single.service_level, single.gives_up))
    assert (night.service_level, night.gives_up, night.missing) == (0, 1, night.need.seats)
    with pytest.raises(ValueError, match="different slots"):
        beside(needs(flat(2), WEEK, Planning(), 60), coverage(setting, roster), Planning())


def test_the_need_of_a_week_as_demand_covers_every_hour_once() -> None:
    """Neighbouring hours alike are one row, weekdays alike share it."""
    weekend = tuple(9.0 if 10 <= hour < 12 else 3.0 for hour in range(HOURS))
    rates = Forecast(rates=(*((3.0,) * HOURS for _ in range(5)), weekend, weekend))
    found = as_demand(rates, Planning())
    for number in range(7):
        hours = [0] * HOURS
        for demand in found:
            if demand.on(number):
                for hour in range(demand.starts.hour, demand.starts.hour + demand.minutes // 60):
                    hours[hour] += 1
        assert hours == [1] * HOURS
    assert max(demand.wanted for demand in found if demand.on(6)) > max(demand.wanted for demand in found if demand.on(1))
    assert all(demand.least <= demand.wanted for demand in found)


def test_what_this_line_would_need_is_more_than_fourteen_people_have() -> None:
    """115 contacts a day at 80 % in 20 s ask for more hours on the line than 14 people work: said before anybody plans."""
    a_day = seat_hours(needs(forecast(), WEEK, Planning())) / 7
    assert a_day > 14 * 40 / 7


@pytest.mark.parametrize("wrong", [{"service_level": 1.0}, {"gives_up": 0.0}, {"handling_s": 0.0}, {"patience_s": math.inf}, {"least": -1}])
def test_plans_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    """Nobody answers everything, and nobody waits for ever."""
    with pytest.raises(ValueError, match=r"shares|times"):
        Planning(**wrong)  # type: ignore[arg-type]
