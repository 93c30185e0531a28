from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from helpline.twin import chart, measures
from helpline.twin.callers import DAY_S, Scenario
from helpline.twin.replay import Row
from helpline.twin.run import Call, Result
from routing.estimate import Interval
from routing.model import Lane
from shifts.load import shipped


def call(wait_s: float, *, answered: bool = True, seat: int = 0, announced: Interval | None = None, at: float = DAY_S) -> Call:
    """A contact that waited so long."""
    return Call(
        at=at,
        lane=Lane.NORMAL,
        answered=answered,
        wait_s=wait_s,
        at_once=wait_s <= 6,
        seat=seat if answered else -1,
        announced=announced,
        overflowed=wait_s > 600,
    )


def result(*calls: Call, busy_s: float = 0) -> Result:
    """A day with these contacts and two counsellors."""
    scenario = Scenario(load=shipped(), a_day=115, seats=2, days=1)
    return Result(
        scenario=scenario, calls=calls, busy_s=(busy_s, 0.0), pairs=4, out_of_order=1, left_idle=0, lost=0, ignored=0, events=len(calls)
    )


def test_service_level_counts_who_gave_up_after_the_target_and_not_before() -> None:
    """Two answered in time, one late, one gone after the target, one gone before it: two of four."""
    calls = [call(6), call(20), call(21), call(25, answered=False), call(15, answered=False)]
    assert measures.service_level(calls) == 0.5


def test_short_abandons_are_reported_apart() -> None:
    """Gone within ten seconds is one thing, gone later another; both of all that were offered."""
    numbers = measures.numbers(result(call(6), call(9, answered=False), call(10, answered=False), call(700, answered=False)))
    assert (numbers.offered, numbers.answered, numbers.short_abandoned, numbers.abandoned) == (4, 1, 0.25, 0.5)
    assert numbers.overflowed == 0.25


def test_an_estimate_held_if_the_wait_fell_into_what_was_said() -> None:
    """Of three who were told something and answered, one too early and one too late; one was told nothing."""
    said = Interval(low_s=100, high_s=200)
    waiters = [call(wait, announced=said) for wait in (99, 150, 201)]
    numbers = measures.numbers(result(*waiters, call(50), call(150, answered=False, announced=said), call(6)))
    assert numbers.estimate_held == pytest.approx(1 / 3)
    assert numbers.estimate_silent == pytest.approx(1 / 5)


def test_waits_occupancy_and_spread() -> None:
    """Percentiles are waits that somebody had; the spread is between the busiest and the idlest counsellor."""
    numbers = measures.numbers(result(*(call(float(wait), seat=wait % 4 == 0) for wait in range(1, 101)), busy_s=DAY_S))
    assert (numbers.wait_p50_s, numbers.wait_p90_s, numbers.wait_p99_s, numbers.wait_max_s) == (50, 90, 99, 100)
    assert numbers.asa_s == 50.5
    assert numbers.occupancy == 0.5
    assert numbers.spread == 1.0
    assert (numbers.pairs, numbers.out_of_order) == (4, 1)


def test_a_run_without_a_call_has_no_numbers_and_no_error() -> None:
    """Nothing to measure is None, not zero."""
    numbers = measures.numbers(result())
    assert numbers.service_level is numbers.asa_s is numbers.estimate_held is numbers.spread is numbers.max_over_p99 is None
    assert numbers.as_dict()["offered"] == 0


def test_hours_are_of_the_day() -> None:
    """A call at two in the night of any day belongs to hour 2."""
    hours = measures.by_hour(result(call(6, at=DAY_S + 2.5 * 3600), call(50, at=3 * DAY_S + 2 * 3600)))
    assert (hours[2].offered_a_day, hours[2].service_level) == (2, 0.5)
    assert hours[3].service_level is None


def test_the_chart_says_in_words_what_it_shows_and_needs_nothing_from_elsewhere() -> None:
    """Well-formed, titled, described, with a legend; no font, script or picture is fetched."""
    run = result(call(6), call(50), call(700, answered=False))
    rows = [
        Row(
            load=load,
            seats=seats,
            days=1,
            numbers=measures.numbers(run),
            hours=measures.by_hour(run),
            lanes={},
            theory_service_level=0.4,
            theory_gives_up=0.3,
            gave_up=1 / 3,
            faults=0,
            took_s=1,
        )
        for load in ("x1", "x<10")
        for seats in (3, 4)
    ]
    text = chart.draw(rows, about=["a run", "a source & its name"])
    tree = ET.fromstring(text)  # noqa: S314 - our own text
    words = {str(element.tag).rpartition("}")[2]: element.text or "" for element in tree}
    assert "3, 4 counsellors" in words["title"]
    assert "x<10, 4 counsellors: 33% answered within 20 s, 33% gave up" in words["desc"]
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert all(part in text for part in ("3석", "4석", "Erlang A", "a source &amp; its name"))
