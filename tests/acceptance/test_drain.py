"""SIGTERM to the program: what is begun is finished, nothing new is begun, and the calls go on without it."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.acceptance.conftest import ENVIRONMENT
from tests.acceptance.test_crashes import both_hear, has, on_duty
from tests.kit.system import System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def parts() -> Iterator[System]:
    """PostgreSQL and Asterisk; each test starts the program. A phone may ring as long as it likes."""
    environment = {**ENVIRONMENT, "ANNYEONG120_LINE__RING_TIMEOUT_S": "60"}
    with tempfile.TemporaryDirectory(prefix="g120-") as folder, System(Path(folder), environment=environment, program=False) as system:
        yield system


async def ended(process: psutil.Process) -> int:
    """Wait for the end of the program; its exit code."""

    def code() -> tuple[int] | None:
        try:
            return (process.wait(0),)
        except psutil.TimeoutExpired:
            return None

    found = await until(code, 60, "the program to end", every_s=0.02)
    assert found is not None
    return found[0]


async def test_a_connection_under_way_is_finished_and_the_talk_is_adopted(parts: System) -> None:
    """A phone rings at SIGTERM and is answered: the two are connected, then the program ends with 0; the next one has the talk."""
    pid = parts.start_program()
    kim = await parts.add_counsellor(extension="101")
    before = await parts.contact_rows()
    async with on_duty(parts, kim, answers=180) as phone, parts.caller() as caller, parts.caller("0311112222") as second:
        call = await caller.call("0212000")
        ringing = await phone.incoming(20)
        parts.send("program", signal.SIGTERM)
        await parts.wait_not_ready()
        # Nothing new is taken: this one is in the dialplan's hands at once.
        late = await second.call("120")
        await late.answered(20)
        await ringing.answer(200)
        await has(parts, before, "bridged")
        assert await ended(psutil.Process(pid)) == 0
        await both_hear(phone, caller)
        parts.start_program(wait=False)
        await parts.wait_ready()
        await has(parts, before, "adopted")
        await both_hear(phone, caller)
        await call.hangup()
        await late.hangup()
        await ringing.ended(20)

        async def both() -> list[str]:
            outcomes = [row["outcome"] for row in await parts.new_contacts(before)]
            return sorted(outcomes) if len(outcomes) == 2 and all(outcomes) else []

        assert "talked" in await until(both, 30, parts.said, every_s=0.1)
    await parts.quiet()
    parts.send("program", signal.SIGTERM)
