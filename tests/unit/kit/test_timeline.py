"""The demonstration's timeline."""

from __future__ import annotations

import json

from helpline.demo.timeline import STEPS, Timeline

BEGIN_MONO, BEGIN_WALL = 5_000_000_000, 1_800_000_000_000_000_000


def full(**changes: float) -> Timeline:
    """A call whose steps are 100 ms apart, with the given changes (ms)."""
    timeline = Timeline(BEGIN_MONO, BEGIN_WALL, lambda *_: None)
    timeline.outcome = "talked"
    for number, step in enumerate(STEPS):
        ms = changes.get(step, number * 100.0)
        if number % 2:
            timeline.by_phone(step, BEGIN_MONO + round(ms * 1e6))
        else:
            timeline.by_database(step, BEGIN_WALL + round(ms * 1e6))
    return timeline


def test_phones_and_database_are_put_on_one_scale() -> None:
    """Steps told by either clock are milliseconds since the INVITE."""
    assert full().as_json()["bridged"] == 600.0
    assert full().as_json()["answered"] == 500.0


def test_a_full_call_is_complete() -> None:
    """Ten steps in order and a talk; as JSON every step is a number but the outcome, which also has its value."""
    timeline = full()
    assert timeline.complete
    result = json.loads(json.dumps(timeline.as_json()))
    assert list(result) == list(STEPS)
    assert result["outcome"] == {"ms": 900.0, "value": "talked"}


def test_steps_out_of_order_are_not_complete() -> None:
    """Bridged before answered cannot be."""
    assert not full(bridged=10.0).complete


def test_another_outcome_is_not_complete() -> None:
    """A call that only waited is no demonstration."""
    timeline = full()
    timeline.outcome = "abandoned_waiting"
    assert not timeline.complete


def test_a_call_that_broke_off_shows_what_there_was() -> None:
    """Steps so far, nothing invented."""
    shown: list[str] = []
    timeline = Timeline(BEGIN_MONO, BEGIN_WALL, lambda step, _ms, _detail: shown.append(step))
    timeline.by_phone("invite", BEGIN_MONO)
    timeline.by_database("menu_started", BEGIN_WALL + 12_345_678)
    assert not timeline.complete
    assert timeline.as_json() == {"invite": 0.0, "menu_started": 12.3}
    assert shown == ["invite", "menu_started"]
