"""A line to wait in: so many at once, so many waiting, and who finds it full is told at once."""

from __future__ import annotations

import asyncio
from types import TracebackType

from core.errors import AnnyeongError


class Busy(AnnyeongError):
    """Too many want the same at this moment."""


class Line:
    """`async with line:` waits for its turn, or raises Busy."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._left = at_once + waiting

    async def __aenter__(self) -> None:
        if self._left <= 0:
            raise Busy
        self._left -= 1
        try:
            await self._turns.acquire()
        except BaseException:
            self._left += 1
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None) -> None:
        self._left += 1
        self._turns.release()
