"""Lesson of app_queue's announcements: a caller must not hear the place or the wait grow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import call_model as m
from ivr.call_model import PlaceFor
from routing import engine_model as e
from routing.estimate import Estimator, Sample
from routing.model import Lane
from tests.regression.heard import holding
from tests.unit.routing.lines import after, contact, join, line, seat

START = datetime(2026, 3, 2, tzinfo=UTC)
ME = UUID(int=1)


def taught() -> Estimator:
    """An estimator that has seen a morning of ordinary calls."""
    estimator = Estimator()
    estimator.load(
        Sample(
            queued_at=START + timedelta(minutes=2 * number),
            ahead=number % 5,
            seats=3,
            predicted_s=600.0,
            answered_at=START + timedelta(minutes=2 * number, seconds=400 + 37 * (number % 9)),
            handled_s=500.0 + 41 * (number % 7),
        )
        for number in range(120)
    )
    return estimator


def test_app_queue_say_position_there_is_something_to_announce() -> None:
    """What the next test judges is not silence."""
    assert taught().interval(ME, ahead=3, seats=3, at=START) is not None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, 240)), min_size=2, max_size=25))
def test_app_queue_say_position_neither_place_nor_wait_ever_grows(moments: list[tuple[int, int, int]]) -> None:
    """There, the wait was counted anew from the place each time and grew; here what was heard binds: place, minutes, and the instant."""
    estimator, call, at = taught(), holding(), START + timedelta(hours=5)
    for ahead, seats, passed in moments:
        at += timedelta(seconds=passed)
        interval = estimator.interval(ME, ahead=ahead, seats=seats, at=at)
        low, high = (interval.low_s, interval.high_s) if interval else (None, None)
        call(m.Place(why=PlaceFor.REPEAT, ahead=ahead, low_s=low, high_s=high))
        call.done()
    promised = [command for command in call.all if isinstance(command, m.Promised)]
    places = [one.place for one in promised if one.place is not None]
    minutes = [one.span[1] for one in promised if one.span is not None]
    assert places == sorted(places, reverse=True)
    assert minutes == sorted(minutes, reverse=True)


def test_app_queue_say_position_who_goes_before_is_not_heard_as_a_worse_place() -> None:
    """There, somebody with priority pushed the announced place back; here nothing is said of it until it is as good as it was."""
    engine, call = line(seat(1, system="talking")), holding()
    join(engine, contact(5, waited=60), contact(1, waited=30))
    heard: list[int] = []

    def announce() -> None:
        call(m.Place(why=PlaceFor.REPEAT, ahead=engine.ahead(ME)))
        heard.extend(one.place for one in call.last if isinstance(one, m.Promised) and one.place is not None)
        call.done()

    announce()
    join(engine, contact(7, lane=Lane.CRISIS), contact(8, lane=Lane.DROPPED))
    assert engine.ahead(ME) == 3
    announce()
    for number in (7, 8, 5):
        engine.handle(e.Left(contact_id=UUID(int=number)), after(number))
        announce()
    assert heard == [1, 1, 0]
