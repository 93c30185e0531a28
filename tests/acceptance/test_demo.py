"""`annyeong120 demo`, as a visitor runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from helpline.demo.crisis import CRISIS_STEPS
from helpline.demo.softphone import Softphone
from helpline.demo.timeline import STEPS
from helpline.demo.tones import COUNSELLOR_TONE
from tests.kit.system import prompts_folder
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for both tests: the second finds what the first left."""
    with tempfile.TemporaryDirectory(prefix="d120-") as name:
        # Root's PostgreSQL runs as another user who must pass through here.
        Path(name).chmod(0o711)
        yield Path(name)


async def start(folder: Path, *words: str) -> asyncio.subprocess.Process:
    """Start the demonstration; what it says on standard error goes to a file."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "ANNYEONG120_DATA_DIR": str(folder / "v"),
        "ANNYEONG120_PROMPTS__FOLDER": str(prompts_folder()),
    }
    with (folder / "said").open("ab") as said:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "helpline", "demo", *words,
            cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=said,
        )  # fmt: skip


async def gone(process: asyncio.subprocess.Process) -> None:
    """Killed if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await asyncio.wait_for(process.wait(), 10)


async def signs_in(said: str) -> None:
    """The desk's address and the sign-in that were printed are good."""
    found = re.search(r"(http://127\.0\.0\.1:\d+)/\s.*?sign in (\S+)\s.*?password (\S+)", said, re.DOTALL)
    assert found is not None, said
    address, name, password = found.groups()
    async with aiohttp.ClientSession() as session:
        # The line does not wait for the desk, so neither does what is printed.
        async def asked() -> int:
            body = {"name": name, "password": password}
            async with session.post(f"{address}/api/session", json=body, headers={"Origin": address}) as answer:
                return answer.status

        assert await until(asked, 30, said, ignore=(aiohttp.ClientError,)) == 200


async def test_once_with_json_ends_with_the_timeline_of_a_real_call(folder: Path) -> None:
    """Exit code 0, a crisis was handed over to a test partner, and the last line of standard output is one JSON object with every step in order."""
    process = await start(folder, "--once", "--json")
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 180)
    finally:
        await gone(process)
    assert process.returncode == 0, (folder / "said").read_text()
    result = json.loads(output.decode().splitlines()[-1])
    crisis = result.pop("crisis")
    assert list(crisis) == list(CRISIS_STEPS)
    assert list(crisis.values()) == sorted(crisis.values())
    assert list(result) == list(STEPS)
    outcome = result.pop("outcome")
    times = [*result.values(), outcome["ms"]]
    assert times == sorted(times)
    assert times[0] == 0
    assert outcome["value"] == "talked"


async def test_left_up_it_takes_calls_and_ends_with_ctrl_c(folder: Path) -> None:
    """Also after an earlier one was killed: a softphone without an account calls 120 and hears a counsellor."""
    killed = await start(folder, "--json")
    try:
        await until(lambda: "on duty" in (folder / "said").read_text(), 40, (folder / "said").read_text, every_s=0.2)
    finally:
        await gone(killed)
    (folder / "said").write_text("")
    process = await start(folder, "--json")
    try:
        await until(lambda: "/readyz" in (folder / "said").read_text(), 40, (folder / "said").read_text, every_s=0.2)
        port = int((folder / "said").read_text().partition("sip:120@127.0.0.1:")[2].split()[0])
        async with Softphone("visitor", port=port, listen_for=(COUNSELLOR_TONE,)) as visitor:
            call = await visitor.call("120")
            await call.answered()
            await visitor.expect("sound")
            await call.send_dtmf("5")
            await visitor.heard_tone(COUNSELLOR_TONE, 30)
            await call.hangup()
            await call.ended()
        await signs_in((folder / "said").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), 60)
        finally:
            await gone(process)
    assert process.returncode == 0
