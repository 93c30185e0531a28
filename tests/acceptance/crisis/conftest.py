"""An installation whose emergency partners all ring at one softphone; it tells by the number whom it stands for."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.conftest import ENVIRONMENT
from tests.acceptance.crisis.people import Everybody
from tests.kit.system import System

_HERE = Path(__file__).parent


@pytest.fixture(scope="package")
def crisis_installation() -> Iterator[System]:
    """One for all tests of this folder."""
    environment = {
        **ENVIRONMENT,
        "ANNYEONG120_FLOW_FILE": str(_HERE / "flow.toml"),
        "ANNYEONG120_ESCALATION__TRUNK": "outside",
        "ANNYEONG120_ESCALATION__PARTNERS_FILE": str(_HERE / "partners.toml"),
        "ANNYEONG120_CALLBACKS__TRUNK": "outside",
        "ANNYEONG120_LINE__RING_TIMEOUT_S": "10",
        "ANNYEONG120_LINE__DEAD_LEG_S": "0.5",
        "ANNYEONG120_ESCALATION__REDIAL_EVERY_S": "5",
    }
    with tempfile.TemporaryDirectory(prefix="a120-") as folder, System(Path(folder), environment=environment) as system:
        yield system


@pytest_asyncio.fixture
async def system(crisis_installation: System) -> AsyncIterator[System]:
    """The installation, quiet before and after the test; what a failed one left is printed."""
    await crisis_installation.wait_ready()
    yield crisis_installation
    await crisis_installation.wait_ready()
    for contact in (await crisis_installation.contact_rows())[-2:]:
        print(contact["kind"], contact["state"], contact["outcome"], await crisis_installation.timeline(contact["id"]))
    print(crisis_installation.said())
    await crisis_installation.quiet(20)


@pytest_asyncio.fixture
async def everybody(system: System) -> AsyncIterator[Everybody]:
    """A caller who talks with a counsellor, and a partner whose phone rings."""
    async with AsyncExitStack() as stack:
        yield await Everybody.talking(system, stack)
