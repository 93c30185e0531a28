"""Searches of the solver: one at a time for a month, in a process of its own. They live in memory: a restart of the program forgets them.

A search is about one version of a draft. What it finds changes nothing until somebody accepts it, as one edit.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import structlog

from core.clock import SEOUL, Clock
from core.errors import AnnyeongError
from core.ids import new_id
from shifts.edits import Change, between
from shifts.model import Assignment, RequestState, Roster, Setting
from shifts.rosters import Draft

if TYPE_CHECKING:
    # At run time these load the solver's library, which need not be installed.
    from shifts.solver.request import Listener, Progress, Solution, SolveRequest

log = structlog.get_logger()

#: Searches of different months at one time; each takes two processors.
AT_ONCE = 2
#: A search that has ended is kept for so long, seconds.
KEPT_S = 3600.0


class SolverMissing(AnnyeongError):
    """The extra `solver` is not installed."""


class Running(AnnyeongError):
    """A search of this month is under way, or too many of others are."""

    def __init__(self, job: UUID | None) -> None:
        super().__init__()
        #: The month's own, if it is that.
        self.job = job


class Search(Protocol):
    """What `SolverProcess` is."""

    async def solve(self, progress: Listener | None = None) -> Solution:
        """The answer. Raises an exception where there is none."""
        ...

    def cancel(self) -> None:
        """End soon, with the best until then."""
        ...


Solver = Callable[["SolveRequest"], Search]


def installed() -> bool:
    """Whether the solver's library is there."""
    return importlib.util.find_spec("ortools") is not None


def in_a_process(request: SolveRequest) -> Search:
    """The solver in a process of its own."""
    from shifts.solver.process import SolverProcess  # noqa: PLC0415 - an optional extra

    return SolverProcess(request)


@dataclass(slots=True, kw_only=True)
class Job:
    """One search."""

    id: UUID
    first: date
    version: int
    seconds: int
    request: SolveRequest
    search: Search
    began: float
    #: Instants on the monotonic clock.
    ended: float | None = None
    progress: Progress | None = None
    solution: Solution | None = None
    failed: bool = False

    @property
    def setting(self) -> Setting:
        """What it was about."""
        return self.request.setting

    @property
    def best(self) -> Roster | None:
        """The best roster so far."""
        if self.solution is not None:
            return self.solution.roster
        return None if self.progress is None else self.progress.roster

    def changes(self) -> tuple[Change, ...]:
        """What the best roster so far changes in the draft that was asked about."""
        return () if self.best is None else between(self.request.roster.assignments, self.best.assignments)


@dataclass(slots=True, kw_only=True)
class Jobs:
    """The searches. `run()` as a task carries them out."""

    clock: Clock
    solver: Solver = in_a_process
    available: Callable[[], bool] = installed
    _jobs: dict[UUID, Job] = field(default_factory=dict)
    _asked: asyncio.Queue[Job] = field(default_factory=asyncio.Queue)

    async def begin(self, draft: Draft, mode: str, seconds: int) -> Job:
        """Start one. Raises `SolverMissing`, `Running`."""
        if not self.available():
            raise SolverMissing
        # The library is large: the first search waits for it, and nothing else does.
        kinds = await asyncio.to_thread(_request_kinds)
        self._forget()
        self._refuse_second(draft.head.period.first)
        mode_of, request_of = kinds
        now = self.clock.now()
        today = now.astimezone(SEOUL).date()
        request = request_of(
            setting=draft.setting,
            roster=draft.roster.changed(remove=(begun := _begun(draft, self.clock)), add=(replace(one, pinned=True) for one in begun)),
            parameters=draft.parameters,
            mode=mode_of(mode),
            frozen_until=today - timedelta(days=1) if today > draft.head.period.first else None,
            seconds=float(seconds),
        )
        job = Job(
            id=new_id(),
            first=draft.head.period.first,
            version=draft.head.version,
            seconds=seconds,
            request=request,
            search=self.solver(request),
            began=self.clock.monotonic(),
        )
        self._jobs[job.id] = job
        self._asked.put_nowait(job)
        return job

    def find(self, first: date, job_id: UUID) -> Job | None:
        """A month's search, if it is still known."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.first == first else None

    def cancel(self, job: Job) -> None:
        """End it; the best until then stays."""
        if job.ended is None:
            job.search.cancel()

    def done_with(self, job: Job) -> None:
        """It was accepted."""
        self._jobs.pop(job.id, None)

    async def run(self) -> None:
        """Carry searches out, until cancelled: that ends them, too."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                job = await self._asked.get()
                tasks.create_task(self._carry_out(job), name=f"search {job.first:%Y-%m}")

    async def _carry_out(self, job: Job) -> None:
        def heard(progress: Progress) -> None:
            job.progress = progress

        try:
            job.solution = await job.search.solve(heard)
            log.info("roster_searched", first=job.first.isoformat(), status=str(job.solution.status), seconds=job.solution.seconds)
        except Exception as error:  # noqa: BLE001 - whatever becomes of a search, the others go on
            job.failed = True
            log.warning("roster_search_failed", first=job.first.isoformat(), error=type(error).__name__)
        finally:
            job.ended = self.clock.monotonic()

    def _refuse_second(self, first: date) -> None:
        running = [job for job in self._jobs.values() if job.ended is None]
        for job in running:
            if job.first == first:
                raise Running(job.id)
        if len(running) >= AT_ONCE:
            raise Running(None)

    def _forget(self) -> None:
        now = self.clock.monotonic()
        for job in list(self._jobs.values()):
            if job.ended is not None and now - job.ended > KEPT_S:
                with suppress(KeyError):
                    del self._jobs[job.id]


def _begun(draft: Draft, clock: Clock) -> list[Assignment]:
    """Shifts of today that have begun and are being worked: they stay, though the day is not over."""
    now = clock.now()
    today = now.astimezone(SEOUL).date()
    away = {
        one.person_id for one in draft.setting.leaves if one.state is RequestState.APPROVED and one.covers(today)
    }  # fmt: skip
    return [
        one
        for one in draft.roster.assignments
        if one.day == today
        and not one.pinned
        and one.person_id not in away
        and (kind := draft.setting.shift_types.get(one.code)) is not None
        and kind.span(one.day).start <= now
    ]


def _request_kinds() -> tuple[Callable[[str], object], Callable[..., SolveRequest]]:
    from shifts.solver.request import Mode, SolveRequest  # noqa: PLC0415 - see above

    return Mode, SolveRequest
