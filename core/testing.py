"""Stand-ins with the same interface as the real parts, for tests and for the simulation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be aware")
        self._now = start.astimezone(UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """See `core.clock.Clock.now`."""
        return self._now

    def monotonic(self) -> float:
        """See `core.clock.Clock.monotonic`."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass: both clocks move."""
        if seconds < 0:
            raise ValueError("time does not go back; use jump() for a clock that was set")
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def jump(self, to: datetime) -> None:
        """Somebody sets the machine's clock: only the wall clock moves."""
        if to.tzinfo is None:
            raise ValueError("the new time must be aware")
        self._now = to.astimezone(UTC)
