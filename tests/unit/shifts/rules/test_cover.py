"""The line as a whole: least and wanted numbers, skills, a supervisor in every minute, sharing."""

from __future__ import annotations

from datetime import time

import pytest

from shifts.model import Demand, Pause, Setting
from shifts.rules import Level, check, in_the_way, parameters
from tests.unit.shifts.rules.month import broken, day, details, drawn, leave, person, setting, shift, who

DAY = Demand(starts=time(7), minutes=480, least=2, wanted=3, weekdays=frozenset({0}))


def test_the_least_number_is_asked_of_every_minute_breaks_not_counted() -> None:
    """Three people with their breaks one after the other leave two; two leave one."""
    assert not broken("cover_least", drawn({1: "D", 2: "D", 3: "D"}), _on_first(DAY))
    found = details("cover_least", drawn({1: "D", 2: "D"}), _on_first(DAY))
    assert {(each.values["have"], each.values["least"]) for each in found} == {(1, 2)}


def test_breaks_at_one_time_leave_a_hole() -> None:
    """Two with the phone off together, both breaks fixed by hand."""
    together = (Pause(210, 60),)
    roster = drawn({3: "D"}, None, shift(1, 1, "D", together), shift(2, 1, "D", together))
    found = details("cover_least", roster, _on_first(DAY))
    assert [(each.values["start"], each.values["end"], each.values["have"]) for each in found] == [("10:30", "11:30", 1)]


def test_the_wanted_number_counts_those_at_a_break() -> None:
    """Three rostered are three wanted."""
    assert not broken("cover_wanted", drawn({1: "D", 2: "D", 3: "D"}), _on_first(DAY))
    assert broken("cover_wanted", drawn({1: "D", 2: "D"}), _on_first(DAY)) == [1]


def test_standby_and_supervisors_on_call_are_not_on_the_line() -> None:
    """They count for nothing."""
    found = details("cover_least", drawn({1: "S", 2: "V", 3: "D"}), _on_first(DAY))
    assert min(int(each.values["have"]) for each in found) == 0


def test_a_skill_is_asked_for_beside_the_number() -> None:
    """Enough people, nobody with it; a language is a skill."""
    demand = Demand(starts=time(7), minutes=120, least=1, wanted=1, skill="en", weekdays=frozenset({0}))
    where = setting(person(1, languages=frozenset({"ko", "en"})), person(2), person(3), demand=(demand,))
    found = details("cover_least", drawn({2: "D", 3: "D"}), where)
    assert found[0].values["skill"] == "en"
    assert not [each for each in details("cover_least", drawn({1: "D"}), where) if each.day == day(1)]


def test_a_demand_over_midnight_belongs_to_the_date_it_starts_on() -> None:
    """Also where its second half is short."""
    night = Demand(starts=time(23), minutes=480, least=1, wanted=1, weekdays=frozenset({0}))
    assert 1 not in broken("cover_least", drawn({1: "N", 2: "N"}), setting(demand=(night,)))
    found = details("cover_least", drawn({1: "E"}), setting(demand=(night,)))
    assert (found[0].day, found[0].values["start"], found[0].values["end"]) == (day(1), "23:00", "07:00")


def test_a_public_holiday_is_asked_for_like_a_sunday() -> None:
    """A demand of Sundays holds on a Monday that is one; that of Mondays does not."""
    sunday = Demand(starts=time(7), minutes=60, least=1, wanted=1, weekdays=frozenset({6}))
    where = setting(demand=(sunday, DAY), holidays={day(1): "대체공휴일"})
    assert [each for each in broken("cover_least", drawn({1: "-------"}), where) if each <= 8] == [1, 7, 8]
    assert details("cover_least", drawn({}), where)[0].values["least"] == 1


def test_a_hole_is_policy_so_that_it_takes_a_reason_and_no_more() -> None:
    """Not publishable as it is, publishable with its key overridden."""
    found = check(_on_first(DAY), drawn({1: "D"}), parameters({"supervisor_reachable": {"on": 0}}))
    holes = [each.key for each in found if each.level is Level.POLICY]
    assert holes
    assert in_the_way(found)
    assert not in_the_way(found, holes)


def test_a_supervisor_is_reachable_in_every_minute() -> None:
    """On call from 07 to 07 without a gap; one day missing is a gap of a day, shown on the two dates it lies on."""
    where = setting(person(1, supervisor=True))
    assert not broken("supervisor_reachable", drawn({1: "V" * 28}, {1: "V"}), where)
    found = details("supervisor_reachable", drawn({1: "VV-" + "V" * 25}, {1: "V"}), where)
    assert [(each.day.day, each.values["minutes"]) for each in found] == [(3, 17 * 60), (4, 7 * 60)]


def test_a_supervisor_on_the_line_is_reachable_but_for_breaks() -> None:
    """The hour of the break is a gap."""
    where = setting(person(1, supervisor=True), person(2, supervisor=True))
    roster = drawn({1: "-" + "V" * 27, 2: "DEN"}, {1: "V"}).changed(add=[shift(2, 1, "E"), shift(2, 1, "N")])
    found = details("supervisor_reachable", roster, where)
    assert [(each.day.day, each.values["minutes"]) for each in found] == [(1, 120), (2, 60)]


def test_a_first_roster_is_not_blamed_for_the_night_before_it() -> None:
    """Without history the first date begins with its first shift."""
    where = setting(person(1, supervisor=True))
    assert not broken("supervisor_reachable", drawn({1: "V" * 28}), where)
    assert broken("supervisor_reachable", drawn({1: "V" * 28}, {1: "D--"}), where) == [1]


@pytest.mark.parametrize(("nights", "even"), [("NN", True), ("NNN", False)])
def test_an_even_share_is_kept_within_what_is_tolerated(nights: str, even: bool) -> None:
    """Two of two nights with two people are one more than one each; three of three 1.5 more."""
    where = setting(person(1), person(2))
    chosen = parameters({"fair_nights": {"over": 1}})
    assert (not broken("fair_nights", drawn({1: nights}), where, chosen)) == even


def test_a_share_is_in_proportion_to_time_and_only_among_those_who_can() -> None:
    """A part-timer's share is half; whoever is away all month has none and gives none."""
    chosen = parameters({"fair_weekends": {"over": 1}})
    where = setting(person(1), person(2, contract_minutes=20 * 60), leaves=())
    roster = drawn({2: "-----DD"})
    assert [each.values["share"] for each in details("fair_weekends", roster, where, chosen)] == ["0.7"]
    away = setting(person(1), person(2, contract_minutes=20 * 60), leaves=(leave(1, 1, 28),))
    assert not broken("fair_weekends", roster, away, chosen)


def test_holidays_are_shared() -> None:
    """Two of two among three people are too many."""
    where = setting(holidays={day(8): "설날", day(9): "설날 연휴"})
    found = details("fair_holidays", drawn({1: "-------DD"}), where)
    assert [each.person_id for each in found] == [who(1)]
    assert not broken("fair_holidays", drawn({1: "-------D-", 2: "--------D"}), where)


def _on_first(demand: Demand) -> Setting:
    # Other Mondays would be short as well: they are no public holidays here, so every one after the first is made one.
    return setting(demand=(demand,), holidays={day(number): "휴일" for number in (8, 15, 22)})
