"""The time by which the line waits: the machine's, without its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from core import metrics
from core.clock import Clock

log = structlog.get_logger()

#: A machine's clock that moves by more than this beside the monotonic one has been set; less is the network time at work. Seconds.
STEP_S = 1.0
#: What of a step is made up for in a second. An age that is wrong by so much harms nobody.
CATCH_UP = 0.02
#: How often a steady clock looks whether it may take the machine's time.
SETTLE_EVERY_S = 5.0


class SteadyClock:
    """The time by which the line waits: another clock's, without its steps.

    Somebody who sets the machine's clock, or a machine that slept, must neither reorder the line nor make everybody's wait an hour longer:
    so this one goes on by the monotonic clock and comes nearer to the other by `CATCH_UP` of the time that passes. It never goes back,
    except in `settle()`, for a moment in which nobody is on the line. Steps are logged and counted.
    """

    __slots__ = ("_clock", "_looked_at", "_machine", "_ours")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_at = clock.monotonic()
        #: Wall minus monotonic time: the other clock's as last seen, and ours.
        self._ours = self._machine = clock.now().timestamp() - self._looked_at

    def now(self) -> datetime:
        """See `Clock.now`."""
        at = self._look()
        return datetime.fromtimestamp(self._ours + at, UTC)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._clock.monotonic()

    def settle(self) -> bool:
        """Take the other clock's time. True: it was another one."""
        self._look()
        stepped = abs(self._machine - self._ours) > STEP_S
        self._ours = self._machine
        return stepped

    async def run(self, idle: Callable[[], bool], settled: Callable[[], None]) -> None:
        """Settle whenever it is idle, until cancelled; `settled`: the time is another one now."""
        while True:
            await asyncio.sleep(SETTLE_EVERY_S)
            if idle() and self.settle():
                log.info("clock_settled")
                settled()

    def _look(self) -> float:
        at = self._clock.monotonic()
        machine = self._clock.now().timestamp() - at
        if abs(machine - self._machine) > STEP_S:
            metrics.clock_steps_total.inc()
            log.warning("clock_stepped", seconds=round(machine - self._machine, 1))
        may = CATCH_UP * max(0.0, at - self._looked_at)
        self._ours += min(max(machine - self._ours, -may), may)
        self._machine, self._looked_at = machine, at
        return at
