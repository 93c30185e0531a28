"""One Chromium and one PostgreSQL for all of these tests; each has a desk, a database and windows of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from sqlalchemy import text

from core.database import Database
from desk.pages import DIST
from tests.browser.house import case_rooms
from tests.browser.kit import WAIT_MS, Room, artefacts_folder
from tests.integration.desk.kit import desk_settings
from tests.integration.desk.office import Office, office
from tests.kit.postgres import Postgres

CHROMIUM = "/usr/bin/chromium"
FAILED = pytest.StashKey[bool]()
NAMES = "김하늘 이바다 박가람 최누리 정다솜 강이슬 조은별 윤새벽 장노을 임보람 한아름 오단비 서마루 신여울".split()


@pytest.fixture(scope="package")
def postgres() -> Iterator[Postgres]:
    """One server for all."""
    with Postgres() as server:
        yield server


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's own. It reaches nothing but this machine."""
    assert (DIST / "index.html").is_file(), "the pages are not built: make web"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            timeout=2 * WAIT_MS,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def db(postgres: Postgres) -> AsyncIterator[Database]:
    """An empty one, for one test."""
    url = postgres.fresh()
    found = Database(url, pool_size=8)
    yield found
    await found.close()
    postgres.drop(url)


@pytest_asyncio.fixture(loop_scope="session")
async def here(db: Database, tmp_path: Path) -> AsyncIterator[Office]:
    """A desk with fourteen people and an empty month."""
    settings = desk_settings(tmp_path)
    async with office(db, settings, work=True, apis=lambda clock: (case_rooms(settings, db, clock, tmp_path),)) as one:
        for person, name in zip(one.people, NAMES, strict=True):
            await db.execute(text("UPDATE counsellors SET name = :name WHERE id = :id"), {"name": name, "id": person})
        yield one


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures are kept: a folder of the run's, or in `ANNYEONG120_ARTEFACTS`."""
    return artefacts_folder(tmp_path_factory.getbasetemp() / "browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The windows look at it when they are closed."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


@pytest_asyncio.fixture(loop_scope="session")
async def windows(chromium: Browser, here: Office, artefacts: Path, request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    """Browser windows: nothing may have been wrong in any of them, and a failed test leaves pictures."""
    room = Room(chromium, here.here.url, here.clock.now(), artefacts)
    yield room
    await room.leave(request.node.name if request.node.stash.get(FAILED, default=False) else "")
    assert room.complaints() == []
