"""Time. Instants are aware and in UTC; what people read is in Asia/Seoul; durations come from the monotonic clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

#: The service's zone: shifts, reports and what people read.
SEOUL = ZoneInfo("Asia/Seoul")


class Clock(Protocol):
    """What the rooms know of time; handed in, so that tests and the simulation can turn it."""

    def now(self) -> datetime:
        """The instant, aware, in UTC. May jump, unless it is a steady clock's: measure no wait by it."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. For waits and time-outs."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.monotonic()


def seoul(instant: datetime) -> datetime:
    """The same instant on a clock in Seoul. Raises ValueError for a naive one: nobody knows which instant that is."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    return instant.astimezone(SEOUL)
