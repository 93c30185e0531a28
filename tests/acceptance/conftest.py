"""One whole installation for all acceptance tests; each test leaves it quiet."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.kit.system import Counsellor, System

_FAILED = pytest.StashKey[bool]()
FLOW = Path(__file__).with_name("flow.toml")
#: Extension of the phone that stands for another desk of the Dasan centre, and one that nobody has.
DASAN_DESK, NOBODY = "901", "999"
ENVIRONMENT = {
    "ANNYEONG120_FLOW_FILE": str(FLOW),
    "ANNYEONG120_ENTRY__DASAN": json.dumps({"1": f"PJSIP/{DASAN_DESK}", "2": f"PJSIP/{NOBODY}"}),
    "ANNYEONG120_ENTRY__DIRECT_NUMBERS": json.dumps(["0212000"]),
    "ANNYEONG120_LINE__RING_TIMEOUT_S": "3",
}


@pytest.fixture(scope="session")
def installation() -> Iterator[System]:
    """`annyeong120 up` with short prompts."""
    with tempfile.TemporaryDirectory(prefix="a120-") as folder, System(Path(folder), environment=ENVIRONMENT) as system:
        yield system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how the test went, for the fixture below."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest_asyncio.fixture
async def system(installation: System, request: pytest.FixtureRequest) -> AsyncIterator[System]:
    """The installation, ready and quiet before and after the test. A failed test's last call and logs are printed."""
    await installation.wait_ready()
    yield installation
    await installation.wait_ready()
    if request.node.stash.get(_FAILED, False):
        for contact in (await installation.contact_rows())[-2:]:
            print(contact["id"], contact["state"], contact["outcome"], await installation.timeline(contact["id"]))
        print(await installation.query("SELECT extension, human, system, reachable FROM presence JOIN counsellors ON id = counsellor_id"))
        print(installation.said())
    await installation.quiet()


async def _somebody(system: System, extension: str) -> Counsellor:
    """A counsellor of the session; made the first time."""
    known: dict[str, Counsellor] = system.__dict__.setdefault("counsellors", {})
    if extension not in known:
        known[extension] = await system.add_counsellor(extension=extension)
    return known[extension]


@pytest_asyncio.fixture
async def kim(system: System) -> Counsellor:
    """A counsellor."""
    return await _somebody(system, "101")


@pytest_asyncio.fixture
async def lee(system: System) -> Counsellor:
    """Another counsellor."""
    return await _somebody(system, "102")


@pytest_asyncio.fixture
async def dasan(system: System) -> Counsellor:
    """The account of another desk of the Dasan centre."""
    return await _somebody(system, DASAN_DESK)
