"""What-ifs under way: one at a time, in memory; a restart of the program forgets them. They change nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import AnnyeongError
from core.ids import new_id
from shifts.what_if import Players, Question, WhatIf

log = structlog.get_logger()

State = Literal["running", "done", "cancelled", "failed"]

#: One that has ended is kept for so long, seconds.
KEPT_S = 3600.0


class PlayersMissing(AnnyeongError):
    """The program was put together without a simulation of the line."""


class Playing(AnnyeongError):
    """One is under way."""

    def __init__(self, job: UUID) -> None:
        super().__init__()
        self.job = job


@dataclass(slots=True, kw_only=True)
class WhatIfJob:
    """One what-if."""

    id: UUID
    first: date
    version: int
    load_percent: int
    question: Question
    progress: float = 0.0
    result: WhatIf | None = None
    failed: bool = False
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    #: Instant on the monotonic clock.
    ended: float | None = None

    @property
    def state(self) -> State:
        """running, done, cancelled or failed."""
        if self.ended is None:
            return "running"
        return "failed" if self.failed else "cancelled" if self.result is None else "done"


@dataclass(slots=True, kw_only=True)
class WhatIfs:
    """All of them. `run()` as a task carries them out."""

    clock: Clock
    players: Players | None = None
    _jobs: dict[UUID, WhatIfJob] = field(default_factory=dict)
    _asked: asyncio.Queue[WhatIfJob] = field(default_factory=asyncio.Queue)

    def begin(self, first: date, version: int, question: Question, load_percent: int) -> WhatIfJob:
        """Start one. Raises `PlayersMissing`, `Playing`."""
        if self.players is None:
            raise PlayersMissing
        now = self.clock.monotonic()
        self._jobs = {id_: job for id_, job in self._jobs.items() if job.ended is None or now - job.ended < KEPT_S}
        for job in self._jobs.values():
            if job.ended is None:
                raise Playing(job.id)
        job = WhatIfJob(id=new_id(), first=first, version=version, load_percent=load_percent, question=question.with_load(load_percent))
        self._jobs[job.id] = job
        self._asked.put_nowait(job)
        return job

    def find(self, first: date, job_id: UUID) -> WhatIfJob | None:
        """A month's, if it is still known."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.first == first else None

    async def run(self) -> None:
        """Carry them out, until cancelled: that ends them, too."""
        while True:
            job = await self._asked.get()
            try:
                await self._carry_out(job)
            finally:
                job.ended = self.clock.monotonic()

    async def _carry_out(self, job: WhatIfJob) -> None:
        assert self.players is not None

        def heard(done: float) -> None:
            job.progress = done

        playing = asyncio.create_task(self.players(job.question).play(heard), name="what-if")
        ending = asyncio.create_task(job.cancelled.wait(), name="what-if cancelled")
        try:
            await asyncio.wait({playing, ending}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                job.result = playing.result()
        except Exception as error:  # noqa: BLE001 - whatever becomes of one, the next is served
            job.failed = True
            log.warning("what_if_failed", first=job.first.isoformat(), error=type(error).__name__)
        finally:
            for task in (playing, ending):
                task.cancel()
            await asyncio.gather(playing, ending, return_exceptions=True)
