from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

import psutil
import pytest

pytest.importorskip("ortools")

from shifts.model import Assignment
from shifts.rules.catalogue import Level
from shifts.rules.check import check
from shifts.solver import wire
from shifts.solver.effort import Status
from shifts.solver.process import SolverFailed, SolverProcess
from shifts.solver.request import Listener, Mode, Progress, Solution, SolveRequest
from tests.kit.until import until
from tests.unit.shifts.solver.months import month


def request(*, number: int = 6, days: int = 7, seconds: float = 3.0) -> SolveRequest:
    """A small month."""
    setting, roster = month(1, number=number, days=days, wishes=6, leaves=2)
    return SolveRequest(
        setting=setting, roster=roster, mode=Mode.EMPTY, seconds=seconds, frozen_until=roster.period.first - timedelta(days=1)
    )


def test_a_request_is_the_same_after_the_wire() -> None:
    """People, leave, wishes, demand, parameters: nothing is lost as JSON."""
    sent = request()
    assert wire.read_request(wire.request_line(sent)) == sent


async def test_a_process_solves_and_tells_of_its_progress() -> None:
    """Better rosters come first, then the answer; the process is gone afterwards."""
    heard: list[Progress] = []
    solver = SolverProcess(request())
    found = await solver.solve(heard.append)
    assert found.status in {Status.OPTIMAL, Status.FEASIBLE}
    assert found.roster is not None
    assert heard
    assert heard[-1].cost == found.cost


async def test_cancelling_gives_the_best_until_then() -> None:
    """A long search that is cancelled answers soon, with what it has."""
    solver = SolverProcess(request(number=14, days=28, seconds=600))
    heard = asyncio.Event()
    searching = asyncio.create_task(solver.solve(lambda _: heard.set()))
    await asyncio.wait_for(heard.wait(), 60)
    solver.cancel()
    found = await asyncio.wait_for(searching, 30)
    assert found.status is Status.CANCELLED
    assert found.roster is not None


async def test_a_task_that_is_given_up_leaves_no_process_behind() -> None:
    """Whoever stops waiting ends the process too."""
    solver = SolverProcess(request(number=14, days=28, seconds=600))
    searching = asyncio.create_task(solver.solve())
    await until(lambda: solver._process is not None)
    assert solver._process is not None
    child = psutil.Process(solver._process.pid)
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching
    assert not child.is_running()


async def test_a_killed_process_is_an_error_and_no_answer() -> None:
    """Killed from outside: said so, nothing made up."""
    solver = SolverProcess(request(number=14, days=28, seconds=600))
    searching = asyncio.create_task(solver.solve())
    await until(lambda: solver._process is not None)
    assert solver._process is not None
    solver._process.kill()
    with pytest.raises(SolverFailed):
        await searching


_PARENT = """
import asyncio, sys
from shifts.solver.process import SolverProcess
from tests.integration.shifts.test_solver_process import request

async def main():
    solver = SolverProcess(request(number=14, days=28, seconds=600))
    await solver.solve(lambda _: print(solver.pid, flush=True))

asyncio.run(main())
"""


async def test_a_killed_program_ends_its_solver_too() -> None:
    """Killed without a chance to say anything: the search under way hears of the closed pipe and ends."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert parent.stdout is not None
    child = psutil.Process(int(await asyncio.wait_for(parent.stdout.readline(), 90)))
    assert child.is_running()
    parent.kill()
    await parent.wait()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 30)


async def test_a_process_with_no_time_at_all_gives_a_lawful_roster() -> None:
    """The time is over before the model is built: the first plan comes all the same, and breaks nothing hard."""
    asked = request(number=14, days=28, seconds=0.01)
    found = await SolverProcess(asked).solve()
    assert found.status is Status.FEASIBLE
    assert found.roster is not None
    assert not [each for each in check(asked.setting, found.roster, asked.parameters) if each.level is Level.HARD]


class Hung(SolverProcess):
    """Says how far it has come, and no more."""

    better: Progress

    async def _answer(self, process: asyncio.subprocess.Process, progress: Listener) -> Solution:
        progress(self.better)
        never: asyncio.Future[Solution] = asyncio.get_running_loop().create_future()
        return await never


async def test_a_process_that_never_ends_gives_the_best_roster_it_told_of() -> None:
    """Time and overtime are over: the process is killed, the roster heard of last is the answer, looked through anew."""
    asked = request(seconds=0.01)
    roster = asked.roster.changed(add=[Assignment(day=asked.roster.period.first, person_id=min(asked.setting.people), code="D")])
    solver = Hung(asked, overtime_s=0.2)
    solver.better = Progress(at_s=0.0, cost=9, bound=None, roster=roster)
    found = await solver.solve()
    assert (found.status, found.roster, found.cost, found.changes) == (Status.FEASIBLE, roster, 9, 1)
    assert solver.pid is not None
    assert not psutil.pid_exists(solver.pid)
