"""The hours in which a person may be called, by the clock in Seoul whatever the machine's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import SEOUL
from routing.callback_model import CallHours, Consent


def _at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SEOUL).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "holding"),
    [
        (_at(0), ["any"]),
        (_at(8, 59), ["any"]),
        (_at(9), ["any", "daytime"]),
        (_at(17, 59), ["any", "daytime"]),
        (_at(18), ["any", "evening"]),
        (_at(21, 59), ["any", "evening"]),
        (_at(22), ["any"]),
    ],
)
def test_hours_hold_from_their_beginning_up_to_their_end(at: datetime, holding: list[str]) -> None:
    """The end is not part of them."""
    assert CallHours.holding(at) == holding


@pytest.mark.parametrize(
    ("hours", "due_at", "now", "earliest"),
    [
        (CallHours.ANY, _at(3), _at(4), _at(3)),
        (CallHours.DAYTIME, _at(10), _at(12), _at(10)),
        (CallHours.DAYTIME, _at(7), _at(7), _at(9)),
        (CallHours.DAYTIME, _at(17), _at(18), _at(9, day=3)),
        (CallHours.DAYTIME, _at(17, 50), _at(17, 40), _at(17, 50)),
        (CallHours.DAYTIME, _at(18, 10), _at(17, 40), _at(9, day=3)),
        (CallHours.EVENING, _at(23), _at(23), _at(18, day=3)),
    ],
)
def test_the_next_call_is_told_as_it_will_be(hours: CallHours, due_at: datetime, now: datetime, earliest: datetime) -> None:
    """Due, or when the hours begin next: today or tomorrow."""
    assert hours.earliest(due_at, now) == earliest
    assert hours.hold(max(earliest, now))
    assert earliest - now < timedelta(days=1)


def test_whoever_was_not_asked_may_be_called_at_any_time() -> None:
    """As before there were hours."""
    assert Consent().timely(_at(3))
    assert not Consent(hours=CallHours.EVENING).timely(_at(3))
