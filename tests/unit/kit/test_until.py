"""Waiting for conditions."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.until import NotInTime, until, until_blocking


async def test_the_answer_is_returned() -> None:
    """The condition's own value comes back, from an ordinary and from an async function."""
    answers = iter([0, None, "", 7])

    async def later() -> str:
        await asyncio.sleep(0)
        return "there"

    assert await until(lambda: next(answers)) == 7
    assert await until(later) == "there"


async def test_the_failure_says_what_and_the_last_answer() -> None:
    """A condition that stays false fails with its description and state."""
    with pytest.raises(NotInTime, match=r"not within 0\.15 s: the sun to rise \(last answer: 0\)"):
        await until(lambda: 0, 0.05, "the sun to rise")
    with pytest.raises(NotInTime, match="state 3"):
        await until(lambda: None, 0.05, lambda: "state 3")


async def test_a_hanging_condition_does_not_hang_the_test() -> None:
    """A condition that never answers counts as not in time."""
    with pytest.raises(NotInTime, match="no answer"):
        await until(lambda: asyncio.Event().wait(), 0.05)


async def test_only_named_exceptions_mean_not_yet() -> None:
    """Others come out at once."""
    state = {"tries": 0}

    def third_time() -> bool:
        state["tries"] += 1
        if state["tries"] < 3:
            raise KeyError("x")
        return True

    assert await until(third_time, ignore=(KeyError,))
    with pytest.raises(ValueError, match="broken"):
        await until(lambda: int("broken"), ignore=(KeyError,))


def test_the_blocking_form() -> None:
    """The same without an event loop."""
    answers = iter([0, 5])
    assert until_blocking(lambda: next(answers)) == 5
    with pytest.raises(NotInTime):
        until_blocking(lambda: False, 0.05)
