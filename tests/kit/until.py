"""Waiting for a condition instead of sleeping.

A wait is no measurement: its limit only says when to give up, and a slow or busy machine is given `PATIENCE` times as long. A test that
promises a time measures it and asserts the figure.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import TypeVar, overload

T = TypeVar("T")
PATIENCE = 3.0


class NotInTime(AssertionError):
    """The condition did not become true in time."""


@overload
async def until(
    condition: Callable[[], Coroutine[object, object, T]],
    within_s: float = ...,
    describe: str | Callable[[], object] = ...,
    *,
    every_s: float = ...,
    ignore: tuple[type[Exception], ...] = ...,
) -> T: ...


@overload
async def until(
    condition: Callable[[], T],
    within_s: float = ...,
    describe: str | Callable[[], object] = ...,
    *,
    every_s: float = ...,
    ignore: tuple[type[Exception], ...] = ...,
) -> T: ...


async def until(
    condition: Callable[[], object],
    within_s: float = 5.0,
    describe: str | Callable[[], object] = "",
    *,
    every_s: float = 0.01,
    ignore: tuple[type[Exception], ...] = (),
) -> object:
    """Ask `condition` until its answer is true, and return that answer.

    It is asked every `every_s` at first, and less often the longer it takes. The condition may be an ordinary or an async function.
    Exceptions of the kinds in `ignore` mean "not yet". `describe` says what was awaited, or is a function called at the failure to show the
    state then. Raises NotInTime, which also tells the last answer.
    """
    began = time.monotonic()
    deadline = began + PATIENCE * within_s
    last: object = None
    while True:
        try:
            answer = condition()
            if inspect.isawaitable(answer):
                answer = await asyncio.wait_for(answer, max(0.05, deadline - time.monotonic()))
            if answer:
                return answer
            last = answer
        except TimeoutError:
            last = "no answer from the condition itself"
        except ignore as error:
            last = error
        if time.monotonic() >= deadline:
            break
        await asyncio.sleep(_pause(every_s, began))
    what = describe() if callable(describe) else describe or getattr(condition, "__qualname__", repr(condition))
    raise NotInTime(f"not within {PATIENCE * within_s:g} s: {what} (last answer: {last!r})")


def until_blocking(
    condition: Callable[[], T],
    within_s: float = 5.0,
    describe: str | Callable[[], object] = "",
    *,
    every_s: float = 0.02,
    ignore: tuple[type[Exception], ...] = (),
) -> T:
    """The same for fixtures that outlive one event loop: blocks the thread while it waits."""
    began = time.monotonic()
    deadline = began + PATIENCE * within_s
    last: object = None
    while True:
        try:
            if answer := condition():
                return answer
            last = answer
        except ignore as error:
            last = error
        if time.monotonic() >= deadline:
            what = describe() if callable(describe) else describe or getattr(condition, "__qualname__", repr(condition))
            raise NotInTime(f"not within {PATIENCE * within_s:g} s: {what} (last answer: {last!r})")
        time.sleep(_pause(every_s, began))


def _pause(every_s: float, began: float) -> float:
    """A twentieth of the time so far, at most a tenth of a second: asking takes a processor that what is waited for needs, too."""
    return max(every_s, min(0.1, (time.monotonic() - began) / 20))
