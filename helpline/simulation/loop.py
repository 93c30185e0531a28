"""Virtual time: one universe whose clock jumps to whatever happens next, and an event loop for each simulated process in it.

A process has a loop of its own, so that it can be stopped as the kernel stops one: a frozen process runs nothing while its mail piles
up and its timers pass, a killed one never runs again and no `finally` of it ever does anything.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import heapq
import itertools
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: When every simulation begins: a Monday, midnight in Seoul.
BEGINNING = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
#: Callbacks within one virtual instant; more than this is a loop that turns without end.
MAX_TURNS = 200_000


class NothingHappens(RuntimeError):
    """No process waits for anything that will ever come: a deadlock."""


class Spinning(RuntimeError):
    """Time stands still while the same instant goes on and on."""


class RealWorld(RuntimeError):
    """A simulated process reached for a thread, a socket or a file."""


class Appointment:
    """Something that will happen in the world; `cancel()` takes it back."""

    __slots__ = ("args", "callback", "cancelled", "when")

    def __init__(self, when: float, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        self.when = when
        self.callback = callback
        self.args = args
        self.cancelled = False

    def cancel(self) -> None:
        """It will not happen."""
        self.cancelled = True


class Universe:
    """The clock, what is going to happen, and the processes. Times are seconds since the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self.processes: list[ProcessLoop] = []
        #: Called whenever time is about to move on: everything of this instant is done.
        self.after_instant: Callable[[], None] | None = None
        self._due: list[tuple[float, int, Appointment]] = []
        self._order = itertools.count()
        self._kept: list[object] = []

    @property
    def instant(self) -> datetime:
        """The world's true time; also the database's."""
        return BEGINNING + timedelta(seconds=self.now)

    def after(self, seconds: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> Appointment:
        """Have something happen in so many seconds."""
        appointment = Appointment(self.now + max(0.0, seconds), callback, args)
        heapq.heappush(self._due, (appointment.when, next(self._order), appointment))
        return appointment

    def run(self, until: float) -> None:
        """Let everything happen up to `until`. What the world's own callbacks raise is raised here."""
        while True:
            self._settle()
            when = self._next()
            if when is None:
                if not self.processes:
                    self.now = until
                    return
                raise NothingHappens("nobody waits for anything that will ever come")
            if when > until:
                self.now = until
                return
            if when > self.now:
                if self.after_instant is not None:
                    self.after_instant()
                self.now = when
            while self._due and self._due[0][0] <= self.now:
                appointment = heapq.heappop(self._due)[2]
                if not appointment.cancelled:
                    appointment.callback(*appointment.args)
                    break

    def keep(self, thing: object) -> None:
        """Hold on to what a killed process leaves behind, so that nothing of it is tidied up while the simulation runs."""
        self._kept.append(thing)

    def dispose(self) -> None:
        """The end of the world: the remains of processes are thrown away without a word."""
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        try:
            for one in list(self.processes):
                one.kill()
            self.after_instant = None
            self._due.clear()
            self._kept.clear()
            gc.collect()
        finally:
            sys.unraisablehook = hook

    def _settle(self) -> None:
        """Run every process until all of them wait."""
        turns = 0
        busy = True
        while busy:
            busy = False
            for one in self.processes:
                if one.ready:
                    busy = True
                    turns += one.turn()
            if turns > MAX_TURNS:
                raise Spinning(f"{turns} callbacks without any time passing")

    def _next(self) -> float | None:
        while self._due and self._due[0][2].cancelled:
            heapq.heappop(self._due)
        when = self._due[0][0] if self._due else None
        for one in self.processes:
            timer = one.next_timer
            if timer is not None and (when is None or timer < when):
                when = timer
        # A process that was frozen over its timers is late, not early.
        return when if when is None else max(when, self.now)


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one simulated process."""

    def __init__(self, universe: Universe, name: str) -> None:
        self.name = name
        self.frozen = False
        self.dead = False
        #: What nobody caught.
        self.unhandled: list[dict[str, Any]] = []
        self._universe = universe
        self._queue: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = itertools.count()
        universe.processes.append(self)

    # --- for the universe ------------------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether there is something to do at this instant."""
        if self.frozen or self.dead:
            return False
        return bool(self._queue) or (bool(self._timers) and self._timers[0][0] <= self._universe.now)

    @property
    def next_timer(self) -> float | None:
        """When the process will do something by itself."""
        if self.frozen or self.dead:
            return None
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def turn(self) -> int:
        """Run what is ready now; returns how many callbacks that were."""
        now, timers, queue = self._universe.now, self._timers, self._queue
        while timers and timers[0][0] <= now:
            timer = heapq.heappop(timers)[2]
            if not timer.cancelled():
                queue.append(timer)
        count = len(queue)
        # A test may simulate from within a loop of its own.
        around = asyncio._get_running_loop()  # noqa: SLF001
        asyncio._set_running_loop(self)  # noqa: SLF001 - the documented way in for event loops
        try:
            for _ in range(count):
                handle = queue.popleft()
                if not handle.cancelled():
                    handle._run()  # noqa: SLF001 - the same
        finally:
            asyncio._set_running_loop(around)  # noqa: SLF001
        return count

    def kill(self) -> None:
        """kill -9: nothing of this process ever runs again."""
        if not self.dead:
            self.dead = True
            self._universe.processes.remove(self)
            self._universe.keep((self, list(asyncio.all_tasks(self)), list(self._queue), list(self._timers)))
            self._queue.clear()
            self._timers.clear()

    def start(self, main: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Begin the process."""
        return self.create_task(main, name=self.name)

    def post(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """Something arrives from outside; a frozen process finds it when it is woken, a dead one never."""
        if not self.dead:
            self._queue.append(asyncio.Handle(callback, args, self))

    # --- for asyncio -----------------------------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds."""
        return self._universe.now

    def call_soon(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None) -> asyncio.Handle:
        """See asyncio."""
        handle = asyncio.Handle(callback, args, self, context)
        if not self.dead:
            self._queue.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # there is one thread

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio."""
        return self.call_at(self._universe.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.dead:
            heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        """See asyncio."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, T] | Generator[Any, None, T], *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[T]:
        """See asyncio."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A task failed and nobody looked."""
        if not self.dead:
            self.unhandled.append(context)

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """As long as it lives."""
        return not self.dead

    def is_closed(self) -> bool:
        """When it does not."""
        return self.dead

    def _timer_handle_cancelled(self, _: asyncio.TimerHandle) -> None:
        """Cancelled timers are passed over when their turn comes."""

    def run_in_executor(self, *_: object) -> Awaitable[Any]:  # type: ignore[override]  # refuses whatever is asked
        """Threads are not simulated."""
        raise RealWorld("a simulated process asked for a thread")


def process(universe: Universe, name: str) -> ProcessLoop:
    """A new process. What of an event loop it does not have (sockets, signals) raises NotImplementedError when it is asked for."""
    return ProcessLoop(universe, name)  # type: ignore[abstract]  # asyncio's base class is abstract for type checkers only


class ProcessClock:
    """`core.clock.Clock` of a simulated process: its wall clock may be wrong by `ahead_s`, its monotonic one never is."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self.ahead_s = 0.0

    def now(self) -> datetime:
        """See `core.clock.Clock.now`."""
        return BEGINNING + timedelta(seconds=self._universe.now + self.ahead_s)

    def monotonic(self) -> float:
        """See `core.clock.Clock.monotonic`."""
        return self._universe.now
