"""The supervisor of one child: restarts, back-off, giving up; with children that are a few lines of Python."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpline.embedded.child import Child
from helpline.embedded.folders import Folders
from helpline.embedded.guard import ChildFailed, ChildGaveUp, Guard
from helpline.embedded.process import Launch, Process
from tests.kit.until import until


class Toy(Child):
    """Ready as soon as its file is there; the file's text, if any, is how it ends."""

    name = "toy"
    title = "Toy"
    ready_within_s = 10.0
    health_every_s = 0.05
    stop_grace_s = 5.0

    def __init__(self, folders: Folders, code: str) -> None:
        super().__init__(folders)
        self.code = code
        self.answers = True

    @property
    def flag(self) -> Path:
        """What it makes when it is ready."""
        return self.folders.root / "flag"

    def launch(self) -> Launch:
        """See `Child.launch`."""
        self.flag.unlink(missing_ok=True)
        command = (sys.executable, "-c", f"import pathlib, sys, time; {self.code}", str(self.flag))
        return Launch(command=command, environment={}, log=self.log)

    async def ready(self) -> bool:
        """See `Child.ready`."""
        return self.flag.exists() and self.answers


STAYS = "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"


@contextlib.asynccontextmanager
async def guarded(folder: Path, code: str, **options: object) -> AsyncIterator[tuple[Guard, Toy, list[str]]]:
    """A guard that watches in the background and is stopped at the end."""
    folders = Folders(folder)
    folders.make()
    said: list[str] = []
    toy = Toy(folders, code)
    guard = Guard(toy, said.append, **options)  # type: ignore[arg-type]
    try:
        yield guard, toy, said
    finally:
        process = Process.find(toy.note)
        if process is not None:
            await process.stop(signal.SIGKILL, 5)


async def test_a_child_that_dies_is_back_in_less_than_a_second(tmp_path: Path) -> None:
    """The first restart is nearly immediate."""
    async with guarded(tmp_path, STAYS) as (guard, toy, said):
        await guard.bring_up()
        first = guard.process
        assert first is not None
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(guard.watch(), name="watch")
            began = time.monotonic()
            first.send(signal.SIGKILL)
            await until(lambda: guard.process is not first and toy.flag.exists() and said and "again" in said[-1], 10)
            assert time.monotonic() - began < 3
            assert guard.restarts == 1
            watching.cancel()
        await guard.stop()
        assert not toy.note.exists()


async def test_one_that_keeps_dying_is_started_ever_more_slowly(tmp_path: Path) -> None:
    """A fault that stays does not burn the processor."""
    async with guarded(tmp_path, "sys.exit(3)") as (guard, toy, said):
        toy.code = STAYS
        await guard.bring_up()
        toy.code = "sys.exit(3)"
        assert guard.process is not None
        guard.process.send(signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await guard.watch()
        waits = [line.partition("restarting in ")[2] for line in said if "restarting" in line]
        assert waits[:3] == ["0.1 s", "1 s", "2 s"]
        assert any("code 3" in line for line in said)


async def test_a_final_exit_code_is_not_answered_by_a_restart(tmp_path: Path) -> None:
    """Two programs that replace each other would go on for ever."""
    code = "pathlib.Path(sys.argv[1]).touch(); time.sleep(0.3); sys.exit(75)"
    async with guarded(tmp_path, code, final_codes=frozenset({75})) as (guard, _, __):
        await guard.bring_up()
        with pytest.raises(ChildGaveUp) as caught:
            await asyncio.wait_for(guard.watch(), 10)
        assert caught.value.code == 75


async def test_a_child_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Not a time-out after half a minute, but its own sentence at once."""
    async with guarded(tmp_path, "sys.exit('no such thing as a toy')") as (guard, _, __):
        with pytest.raises(ChildFailed, match="no such thing as a toy"):
            await guard.bring_up()


async def test_one_that_is_never_ready_is_killed_and_told(tmp_path: Path) -> None:
    """Its time is over."""
    async with guarded(tmp_path, "time.sleep(600)") as (guard, toy, __):
        toy.ready_within_s = 0.5
        with pytest.raises(ChildFailed, match="not ready within"):
            await guard.bring_up()
        assert guard.process is not None
        assert not guard.process.alive()


async def test_a_frozen_child_is_replaced(tmp_path: Path) -> None:
    """It runs but has stopped answering."""
    async with guarded(tmp_path, STAYS) as (guard, toy, said):
        toy.unhealthy_after_s = 0.3
        await guard.bring_up()
        first = guard.process
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(guard.watch(), name="watch")
            toy.answers = False
            await until(lambda: any("no answer" in line for line in said), 10)
            toy.answers = True
            await until(lambda: guard.process is not first and "again" in said[-1], 10)
            watching.cancel()


async def test_a_running_child_is_taken_over_not_started_twice(tmp_path: Path) -> None:
    """The second guard finds what the first one started."""
    async with guarded(tmp_path, STAYS) as (guard, toy, said):
        await guard.bring_up()
        assert guard.process is not None
        second = Guard(toy, said.append)
        await second.bring_up()
        assert second.process is not None
        assert second.process.adopted
        assert second.process.pid == guard.process.pid
        assert "taken over" in said[-1]
