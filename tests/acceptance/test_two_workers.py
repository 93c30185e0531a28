"""Two workers of one Asterisk: one of them dies for good, and the other one has its callers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGCONT, SIGSTOP
from urllib.request import urlopen

from tests.acceptance.test_crashes import has, on_duty
from tests.kit.ports import free_port
from tests.kit.system import Counsellor, System
from tests.kit.until import until


def started(system: System, port: int) -> subprocess.Popen[bytes]:
    """A second `annyeong120 serve` of this Asterisk."""
    own = {"ANNYEONG120_WORKER__NAME": "w2", "ANNYEONG120_WORKER__HTTP_PORT": str(port)}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **system.environment, **own}
    with (system.folder / "second.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "helpline", "serve"], cwd=system.folder, env=environment, stdout=log, stderr=log)


@asynccontextmanager
async def another_worker(system: System) -> AsyncIterator[subprocess.Popen[bytes]]:
    """It takes calls."""
    port = free_port()
    process = started(system, port)

    def ready() -> bool:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)

    try:
        await until(ready, 60, "the second worker", ignore=(OSError,))
        yield process
    finally:
        process.kill()
        process.wait(10)


async def test_the_callers_of_a_worker_that_never_comes_back_are_served_by_the_other_one(system: System, kim: Counsellor) -> None:
    """They keep their contact and their place, hear music again, and reach a counsellor."""
    before = await system.contact_rows()
    async with another_worker(system) as second, system.caller() as caller:
        # While the first one sleeps the call is the second one's.
        system.send("program", SIGSTOP)
        try:
            call = await caller.call("0212000")
            await has(system, before, "joined")
        finally:
            system.send("program", SIGCONT)
        (contact,) = await system.new_contacts(before)
        assert contact["worker"] == "w2"
        second.kill()
        second.wait(10)
        await has(system, before, "taken_over", 90)
        await has(system, before, "back_from_safety_net", 30)
        async with on_duty(system, kim):
            await has(system, before, "bridged", 30)
            await call.hangup()
            ended = await system.ended_contact(before)
    assert (ended["id"], ended["worker"], ended["outcome"]) == (contact["id"], "w1", "talked")
    assert ended["virtual_start"] == contact["virtual_start"]
