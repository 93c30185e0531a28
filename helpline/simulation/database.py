"""One process's way to the shared tables (`routing.testing.Gate`): takes time, can be shut, and may lose an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import TypeVar

from core.errors import AnnyeongError, DatabaseUnavailable
from helpline.simulation.faults import Faults
from helpline.simulation.loop import ProcessLoop, Universe

T = TypeVar("T")

#: An answer of the database takes so long at most before it counts as frozen (`core.database`).
PATIENCE_S = 2.25
LOOK_S = 0.25


class DatabaseGate:
    """One process's way to the shared tables: takes time, and can be shut."""

    def __init__(self, universe: Universe, process: ProcessLoop, rng: Random, faults: Faults) -> None:
        self.available = False
        #: It has answered since the process began: rows could be read.
        self.answered = False
        self.on_change: list[Callable[[bool], None]] = []
        self._universe = universe
        self._process = process
        self._rng = rng
        self._faults = faults
        self._refusing = False
        self._look = asyncio.Event()

    async def __call__(self, work: Callable[[], T]) -> T:
        """See `routing.testing.Gate`."""
        if self._refusing:
            raise DatabaseUnavailable("the database is away; it is being looked for")
        answer: asyncio.Future[T] = self._process.create_future()
        trouble = self._faults.database()
        if trouble == "answers lost" and self._rng.random() < 0.5:
            trouble = ""

        def execute() -> None:
            try:
                result = work()
            except AnnyeongError as error:
                self._universe.after(self._rng.uniform(0.0002, 0.001), self._process.post, _fail, answer, error)
                return
            if trouble != "answers lost":
                self._universe.after(self._rng.uniform(0.0002, 0.001), self._process.post, _set, answer, result)
            else:
                self._universe.after(0.001, self._process.post, _fail, answer, DatabaseUnavailable("the connection is lost"))

        delay = self._rng.uniform(0.0003, 0.002)
        if trouble == "gone":
            self._universe.after(delay, self._process.post, _fail, answer, DatabaseUnavailable("connection refused"))
        elif trouble != "frozen":
            self._universe.after(delay, execute)
        else:
            self._universe.after(PATIENCE_S, self._process.post, _fail, answer, DatabaseUnavailable("the statement took too long"))
        try:
            result = await answer
        except DatabaseUnavailable:
            self._set(False)
            raise
        self._set(True)
        return result

    async def watch(self) -> None:
        """`core.database.Database.watch`."""
        while True:
            self._look.clear()
            try:
                self._refusing = False
                await self(lambda: None)
            except DatabaseUnavailable:
                self._refusing = True
                await asyncio.sleep(LOOK_S)
                continue
            await self._look.wait()

    def _set(self, available: bool) -> None:
        if not available:
            self._look.set()
        self.answered = self.answered or available
        if available is not self.available:
            self.available = available
            for callback in self.on_change:
                callback(available)


def _set(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
