"""An installation whose centre and companions call people; everybody outside is one softphone, which tells by the number whom it stands for.

Emergency partners are all at extension 190.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from helpline.demo.softphone import Softphone
from tests.acceptance.conftest import ENVIRONMENT
from tests.acceptance.crisis.people import TONES, counsellor
from tests.acceptance.linked.house import House
from tests.kit.system import System


@pytest.fixture(scope="package")
def linked_installation() -> Iterator[System]:
    """One for all tests of this folder."""
    environment = {
        **ENVIRONMENT,
        "ANNYEONG120_CALLBACKS__TRUNK": "outside",
        "ANNYEONG120_CALLBACKS__CALLER_ID": "외로움안녕 <120>",
        "ANNYEONG120_CALLBACKS__ASK_S": "12",
        "ANNYEONG120_LINE__RING_TIMEOUT_S": "25",
        "ANNYEONG120_FLOW_FILE": str(Path(__file__).parent.with_name("crisis") / "flow.toml"),
        "ANNYEONG120_ESCALATION__TEST_TARGET": "PJSIP/190",
    }
    with tempfile.TemporaryDirectory(prefix="a120-") as folder, System(Path(folder), environment=environment) as system:
        done = system.command("policy", "set", "callback_ring_s=5", "--by", "test")
        assert done.returncode == 0, done.stderr + done.stdout
        yield system


@pytest_asyncio.fixture
async def system(linked_installation: System) -> AsyncIterator[System]:
    """The installation, quiet before and after the test; what a failed one left is printed."""
    await linked_installation.wait_ready()
    yield linked_installation
    await linked_installation.wait_ready()
    print(await linked_installation.query("SELECT id, result, talked_at FROM centre_calls"))
    print(await linked_installation.query("SELECT id, state, attempts, talked_at, ended_at FROM companion_calls"))
    print(linked_installation.said())
    await linked_installation.query(
        "UPDATE callbacks SET state = 'cancelled', outcome = 'cancelled', ended_at = now() WHERE outcome IS NULL"
    )
    await linked_installation.quiet(20)


@pytest_asyncio.fixture
async def house(system: System, tmp_path: Path) -> AsyncIterator[House]:
    """The centre and companions."""
    async with House.open(system, tmp_path) as house:
        yield house


@pytest_asyncio.fixture
async def phones(system: System, tmp_path: Path) -> AsyncIterator[tuple[Softphone, Softphone]]:
    """Extension 101, and everybody outside; both ring. Their logs are in `tmp_path`."""
    who = await counsellor(system, "101")
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(system.phone(who, log=tmp_path / "desk.log", listen_for=TONES))
        outside = await stack.enter_async_context(system.outside(log=tmp_path / "outside.log", listen_for=TONES))
        await desk.register()
        await desk.on_call(180)
        await outside.on_call(180)
        await system.outside_reachable()
        yield desk, outside


@pytest_asyncio.fixture
async def partner(system: System) -> AsyncIterator[Softphone]:
    """The emergency partners' telephone; it rings."""
    async with system.phone(await counsellor(system, "190"), listen_for=TONES) as phone:
        await phone.register()
        await phone.on_call(180)
        yield phone
