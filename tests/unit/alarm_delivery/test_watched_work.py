"""Work beside the calls."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from core.errors import DatabaseUnavailable
from helpline.watched import watched


@pytest.mark.parametrize("fault", [RuntimeError("broken"), ExceptionGroup("several", [ValueError("broken")]), DatabaseUnavailable()])
async def test_work_that_fails_is_begun_again_and_ends_nothing_else(fault: Exception) -> None:
    """Whatever it raises, or if it just ends; its neighbour in the task group goes on."""
    begun: list[int] = []
    third = asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise fault
        if len(begun) == 3:
            third.set()
            await asyncio.Event().wait()

    with capture_logs() as logs:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(watched("test", work, first_s=0.001))
            await third.wait()
            task.cancel()
    assert [entry["event"] for entry in logs] == ["work_put_off" if isinstance(fault, DatabaseUnavailable) else "work_failed", "work_ended"]
