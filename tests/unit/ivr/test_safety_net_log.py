"""The dialplan's record of calls that it served: read to its end before anybody says how such a call ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from core.errors import DatabaseUnavailable
from ivr.safety_net_log import SafetyNetLog
from routing.contacts import Contacts
from tests.unit.ivr.workers import THEN, Worker, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Nobody calls yet."""
    world = World()
    yield world
    await world.end()


class Written:
    """What Asterisk writes, and a worker that reads it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.file = folder / "safety_net.csv"
        self.worker = world.worker()
        self.record = self.reader(self.worker)
        self.worker.recovery.record = self.record

    def reader(self, worker: Worker) -> SafetyNetLog:
        """What reads it for a worker."""
        return SafetyNetLog(self.file, worker.contacts, "ko")

    def line(self, what: str, after_s: float, who: str = "", number: str = "") -> None:
        """One more."""
        at = (THEN + timedelta(seconds=after_s)).isoformat()
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"caller,{what},{at},{number},120,{who}\n")

    def outcomes(self) -> list[str | None]:
        """Of every contact."""
        return [contact.outcome for contact in self.world.database.contacts.values()]


@pytest.fixture
def written(world: World, tmp_path: Path) -> Written:
    """Nothing is written yet."""
    return Written(world, tmp_path)


async def test_a_talk_that_ended_between_two_comparisons_was_a_talk(world: World, written: Written) -> None:
    """Nobody had read the end of it when it was seen to be gone: reading comes before judging."""
    await written.worker.recovery.on_connect()
    written.line("entered", 0, number="0212345678")
    world.asterisk.where["caller"] = ""
    await written.record.take_in()
    await written.worker.compared()
    written.line("answered", 10, "101")
    written.line("ended", 70)
    world.asterisk.gone("caller")
    await written.worker.compared(3)
    assert written.outcomes() == ["talked_safety_net"]
    (contact,) = world.database.contacts.values()
    assert world.kinds(contact.id) == ["invite", "safety_net_answered", "outcome"]
    assert not list(written.file.parent.iterdir())


async def test_what_is_written_while_another_worker_reads_is_read_as_well(world: World, written: Written) -> None:
    """A worker that finds somebody else's part in the middle goes on with what came after it."""
    written.line("entered", 0)
    written.file.rename(written.file.with_suffix(".0.taken"))
    written.line("ended", 5)
    both = (written.reader(world.worker("w2")).take_in(), written.record.take_in())
    assert sum(await asyncio.gather(*both)) >= 2
    assert written.outcomes() == ["abandoned_safety_net"]
    assert not list(written.file.parent.iterdir())


class Held:
    """Contacts whose every statement waits until it may begin."""

    def __init__(self, contacts: Contacts) -> None:
        self.may = asyncio.Semaphore(0)
        self._contacts = contacts

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def when_it_may(*args: object, **more: object) -> object:
            await self.may.acquire()
            return await getattr(self._contacts, name)(*args, **more)

        return when_it_may


async def test_a_reader_removes_nothing_that_another_one_has_not_read(world: World, written: Written) -> None:
    """One that is slow ends while another is in the middle of what came later, and that one dies of it: the lines are there."""
    slow, dies = Held(written.worker.contacts), Held(written.worker.contacts)
    first, second = (SafetyNetLog(written.file, cast(Contacts, held), "ko") for held in (slow, dies))
    written.line("entered", 0)
    slowly = asyncio.create_task(first.take_in())
    await written.worker.settle()
    written.line("ended", 5)
    later = asyncio.create_task(second.take_in())
    dies.may.release()
    await written.worker.settle()
    slow.may.release()
    assert await slowly == 1
    later.cancel()
    await asyncio.gather(later, return_exceptions=True)
    assert written.outcomes() == [None]
    assert await written.record.take_in() == 1
    assert written.outcomes() == ["abandoned_safety_net"]


async def test_without_a_database_the_lines_stay_and_count_once(world: World, written: Written) -> None:
    """Read again later, in order."""
    written.line("entered", 0)
    written.line("answered", 9, "102")
    world.database_there = False
    with pytest.raises(DatabaseUnavailable):
        await written.record.take_in()
    world.database_there = True
    written.line("ended", 20)
    assert await written.record.take_in() == 3
    assert written.outcomes() == ["talked_safety_net"]


async def test_a_record_that_cannot_be_read_stops_no_comparison(world: World, written: Written) -> None:
    """Whoever is gone without a trace is ended all the same."""
    written.line("entered", 0)
    await written.record.take_in()
    written.file.with_suffix(".0.taken").mkdir()
    await written.worker.compared(3)
    assert written.outcomes() == ["abandoned_safety_net"]


async def test_a_torn_line_is_passed_over(world: World, written: Written) -> None:
    """Too few fields, no time, a word that nobody knows."""
    with written.file.open("w", encoding="utf-8") as file:
        file.write("caller,ent\ncaller,entered,yesterday,,120,\ncaller,sung,2026-01-05T00:00:00Z,,,\n")
    written.line("entered", 0)
    assert await written.record.take_in() == 4
    assert written.outcomes() == [None]
