"""An installation with a standby list, a partner line, and call-backs by the same trunk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.conftest import ENVIRONMENT
from tests.acceptance.outside.people import PARTNER, STANDBY
from tests.kit.system import Counsellor, System


@pytest.fixture(scope="package")
def outside_installation() -> Iterator[System]:
    """One for all tests of this folder."""
    environment = {
        **ENVIRONMENT,
        "ANNYEONG120_OVERFLOW": json.dumps(
            {
                "trunk": "outside",
                "allowed": ["0109999XXXX", PARTNER],
                "standby": STANDBY,
                "partner": PARTNER,
                "ring_s": 8,
                "accept_s": 4,
                "caller_id": "외로움안녕 <120>",
            }
        ),
        "ANNYEONG120_CALLBACKS__TRUNK": "outside",
        "ANNYEONG120_CALLBACKS__ASK_S": "8",
        "ANNYEONG120_LINE__RING_TIMEOUT_S": "10",
    }
    with tempfile.TemporaryDirectory(prefix="a120-") as folder, System(Path(folder), environment=environment) as system:
        done = system.command("policy", "set", "overflow_empty_s=1", "callback_ring_s=15", "--by", "test")
        assert done.returncode == 0, done.stderr + done.stdout
        yield system


@pytest_asyncio.fixture
async def system(outside_installation: System) -> AsyncIterator[System]:
    """The installation, quiet before and after the test; what a failed one left is printed."""
    await outside_installation.wait_ready()
    yield outside_installation
    await outside_installation.wait_ready()
    for contact in (await outside_installation.contact_rows())[-3:]:
        print(contact["kind"], contact["state"], contact["outcome"], await outside_installation.timeline(contact["id"]))
    print(outside_installation.said())
    await outside_installation.query(
        "UPDATE callbacks SET state = 'cancelled', outcome = 'cancelled', ended_at = now() WHERE outcome IS NULL"
    )
    await outside_installation.quiet(20)


@pytest_asyncio.fixture
async def kim(system: System) -> Counsellor:
    """A counsellor of this installation."""
    known: dict[str, Counsellor] = system.__dict__.setdefault("counsellors", {})
    if "101" not in known:
        known["101"] = await system.add_counsellor(extension="101")
    return known["101"]
