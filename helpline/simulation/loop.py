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

#: When every simulation begins: a Monday, half past five in the afternoon in Seoul. At six the hours of some call-backs end, others' begin.
BEGINNING = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
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

    __slots__ = ("args", "callback", "gone", "when")

    def __init__(self, when: float, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        self.when = when
        self.callback = callback
        self.args = args
        self.gone = False

    def cancel(self) -> None:
        """It will not happen."""
        self.gone = True


class _Handle(asyncio.Handle):
    """asyncio's, made without asking the loop whether it debugs: there are tens of thousands in a simulated hour."""

    __slots__ = ()

    def __init__(self, callback: Callable[..., object], args: tuple[object, ...], loop: ProcessLoop, context: contextvars.Context) -> None:
        self._context = context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class _Timer(asyncio.TimerHandle):
    """asyncio's, likewise."""

    __slots__ = ("process",)
    _context: contextvars.Context
    _callback: Callable[..., object]

    def __init__(
        self, when: float, callback: Callable[..., object], args: tuple[object, ...], loop: ProcessLoop, context: contextvars.Context
    ) -> None:
        _Handle.__init__(self, callback, args, loop, context)  # type: ignore[arg-type]  # has the same fields
        self._when = when
        self._scheduled = False
        self.process = loop

    @property
    def gone(self) -> bool:
        """Taken back, or of a process that is no more."""
        return self._cancelled or self.process.dead


class Universe:
    """The clock, what is going to happen, and the processes. Times are seconds since the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self.processes: list[ProcessLoop] = []
        #: Those that have something to do at this instant, in the order in which they got it.
        self.busy: deque[ProcessLoop] = deque()
        #: Appointments, and timers of the processes, by time.
        self._due: list[tuple[float, int, Appointment | _Timer]] = []
        self._order = itertools.count()
        self._kept: list[object] = []
        self._instant = (0.0, BEGINNING)

    @property
    def instant(self) -> datetime:
        """The world's true time; also the database's."""
        if self._instant[0] != self.now:
            self._instant = (self.now, BEGINNING + timedelta(seconds=self.now))
        return self._instant[1]

    def after(self, seconds: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> Appointment:
        """Have something happen in so many seconds."""
        when = self.now + seconds if seconds > 0 else self.now
        appointment = Appointment(when, callback, args)
        heapq.heappush(self._due, (when, next(self._order), appointment))
        return appointment

    def wake(self, when: float, timer: _Timer) -> None:
        """A process wants to be woken."""
        heapq.heappush(self._due, (when, next(self._order), timer))

    def run(self, until: float) -> None:
        """Let everything happen up to `until`. What the world's own callbacks raise is raised here."""
        due = self._due
        while True:
            if self.busy:
                self._settle()
            while due and due[0][2].gone:
                heapq.heappop(due)
            if not due:
                if self.processes:
                    raise NothingHappens("nobody waits for anything that will ever come")
                self.now = until
                return
            when = due[0][0]
            if when > until:
                self.now = until
                return
            self.now = max(self.now, when)
            what = heapq.heappop(due)[2]
            if isinstance(what, Appointment):
                what.callback(*what.args)
            else:
                what.process.due(what)

    def keep(self, thing: object) -> None:
        """Hold on to what a killed process leaves behind, so that nothing of it is tidied up while the simulation runs."""
        self._kept.append(thing)

    def dispose(self) -> None:
        """The end of the world: the remains of processes are thrown away without a word."""
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        try:
            for one in list(self.processes):
                one.kill()
            self._due.clear()
            self._kept.clear()
            gc.collect()
        finally:
            sys.unraisablehook = hook

    def _settle(self) -> None:
        """Run every process until all of them wait."""
        turns = 0
        # A test may simulate from within a loop of its own.
        around = asyncio._get_running_loop()  # noqa: SLF001
        try:
            while self.busy:
                turns += self.busy.popleft().turn()
                if turns > MAX_TURNS:
                    raise Spinning(f"{turns} callbacks without any time passing")
        finally:
            asyncio._set_running_loop(around)  # noqa: SLF001


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one simulated process."""

    def __init__(self, universe: Universe, name: str) -> None:
        self.name = name
        self.dead = False
        #: What nobody caught.
        self.unhandled: list[dict[str, Any]] = []
        self._universe = universe
        self._frozen = False
        self._listed = False
        self._queue: deque[_Handle | _Timer | tuple[Callable[..., object], tuple[object, ...]]] = deque()
        universe.processes.append(self)

    # --- for the universe ------------------------------------------------------------------------------------------------------------

    @property
    def frozen(self) -> bool:
        """SIGSTOP: it runs nothing, while its mail and its timers pile up."""
        return self._frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._frozen = frozen
        self._list()

    def _list(self) -> None:
        """There may be something to do."""
        if not self._listed and not self._frozen and not self.dead and self._queue:
            self._listed = True
            self._universe.busy.append(self)

    def due(self, timer: _Timer) -> None:
        """A timer of this process has come."""
        self._queue.append(timer)
        if not self._listed:
            self._list()

    def turn(self) -> int:
        """Run what is ready now; returns how many callbacks that were."""
        self._listed = False
        if self.dead or self._frozen:
            return 0
        queue = self._queue
        count = len(queue)
        asyncio._set_running_loop(self)  # noqa: SLF001 - the documented way in for event loops
        for _ in range(count):
            if not queue:
                # It was killed by what it did itself.
                break
            item = queue.popleft()
            try:
                if isinstance(item, tuple):
                    item[0](*item[1])
                elif not item._cancelled:  # noqa: SLF001 - what asyncio's handles do when they are run
                    item._context.run(item._callback, *item._args)  # noqa: SLF001
            except Exception as error:  # noqa: BLE001 - the same
                self.call_exception_handler({"message": f"Exception in {item!r}", "exception": error})
        if queue:
            self._list()
        return count

    def kill(self) -> None:
        """kill -9: nothing of this process ever runs again."""
        if not self.dead:
            self.dead = True
            self._universe.processes.remove(self)
            self._universe.keep((self, list(asyncio.all_tasks(self)), list(self._queue)))
            self._queue.clear()

    def start(self, main: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Begin the process."""
        return self.create_task(main, name=self.name)

    def post(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """Something arrives from outside; a frozen process finds it when it is woken, a dead one never."""
        if not self.dead:
            self._queue.append((callback, args))
            if not self._listed:
                self._list()

    # --- for asyncio -----------------------------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds."""
        return self._universe.now

    def call_soon(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None) -> asyncio.Handle:
        """See asyncio."""
        handle = _Handle(callback, args, self, contextvars.copy_context() if context is None else context)
        if not self.dead:
            self._queue.append(handle)
            if not self._listed:
                self._list()
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
        timer = _Timer(when, callback, args, self, contextvars.copy_context() if context is None else context)
        if not self.dead:
            self._universe.wake(when, timer)
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
        return BEGINNING + timedelta(seconds=self._universe.now + self.ahead_s) if self.ahead_s else self._universe.instant

    def monotonic(self) -> float:
        """See `core.clock.Clock.monotonic`."""
        return self._universe.now
