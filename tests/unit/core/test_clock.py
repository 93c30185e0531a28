"""Clocks, the real one and the one tests turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import Clock, SystemClock, seoul
from core.errors import AnnyeongError, DatabaseUnavailable, SettingsError
from core.testing import ManualClock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_instants_are_aware_and_in_utc(clock: Clock) -> None:
    """Nobody has to guess which instant is meant."""
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


def test_seoul_is_nine_hours_ahead_and_refuses_naive_times() -> None:
    """The minute before midnight belongs to the next day there."""
    assert seoul(datetime(2026, 2, 28, 15, 0, tzinfo=UTC)).isoformat() == "2026-03-01T00:00:00+09:00"
    with pytest.raises(ValueError, match="naive"):
        seoul(datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_manual_clock_moves_only_when_told() -> None:
    """Time that passes moves both clocks; a clock that is set moves one."""
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    before = clock.monotonic()
    clock.advance(90)
    assert clock.now() == datetime(2026, 3, 1, 0, 1, 30, tzinfo=UTC)
    assert clock.monotonic() == before + 90
    clock.jump(datetime(2020, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2020
    assert clock.monotonic() == before + 90
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="aware"):
        clock.jump(datetime(2020, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2020, 1, 1))  # noqa: DTZ001


def test_an_errors_default_message_is_its_docstring() -> None:
    """One place for what happened."""
    assert str(DatabaseUnavailable()).startswith("The database can't be reached")
    assert str(AnnyeongError("other words")) == "other words"
    assert SettingsError(["a", "b"]).problems == ("a", "b")
    assert str(SettingsError(["a", "b"])) == "a\nb"
