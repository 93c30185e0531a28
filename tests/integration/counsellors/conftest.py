"""A real PostgreSQL and a real Asterisk with annyeong120's own configuration, shared by this folder's tests."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from core import migrate
from core.database import Database
from core.settings import AsteriskSettings, DatabaseSettings, PromptSettings, Settings
from helpline.embedded.asterisk import EmbeddedAsterisk
from helpline.embedded.child import Child
from helpline.embedded.folders import Folders
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.process import Process
from ivr.phone_accounts import PhoneAccounts
from tests.kit.bare_asterisk import asterisk_tree
from tests.kit.ports import free_port, free_range


@contextmanager
def running(child: Child) -> Iterator[Process]:
    """A child process, ready."""
    asyncio.run(child.prepare())
    process = Process.start(child.launch(), child.note)
    try:
        deadline = time.monotonic() + child.ready_within_s
        while not asyncio.run(child.ready()):
            if time.monotonic() > deadline:
                pytest.fail(f"{child.title} is not ready: {child.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)
        yield process
    finally:
        asyncio.run(process.stop(signal.SIGINT if child.name == "postgres" else signal.SIGTERM, 10))


@pytest.fixture(scope="session")
def desk_folder() -> Iterator[Path]:
    """Short: the path of a unix socket must stay under 108 characters."""
    with tempfile.TemporaryDirectory(prefix="cn") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def desk_settings(desk_folder: Path) -> Settings:
    """An installation on free ports of loopback."""
    first = free_range(200)
    return Settings(
        data_dir=desk_folder,
        database=DatabaseSettings(),
        asterisk=AsteriskSettings(
            sip_port=free_port(), http_port=free_port(), rtp_first_port=first, rtp_last_port=first + 199, binary=_asterisk_binary()
        ),
        prompts=PromptSettings(folder=desk_folder / "prompts"),
    )


def _asterisk_binary() -> Path | None:
    tree = asterisk_tree()
    return tree / "usr/sbin/asterisk" if tree else None


@pytest.fixture(scope="session")
def desk_database_url(desk_folder: Path) -> Iterator[str]:
    """A migrated database."""
    folders = Folders.of(desk_folder)
    folders.make()
    postgres = EmbeddedPostgres(folders)
    with running(postgres):
        migrate.upgrade(postgres.url)
        yield postgres.url


@pytest.fixture(scope="session")
def desk_asterisk(desk_settings: Settings, desk_database_url: str) -> Iterator[EmbeddedAsterisk]:
    """Asterisk as rendered from the settings, reading that database."""
    desk_settings.prompts_folder.mkdir(parents=True, exist_ok=True)
    asterisk = EmbeddedAsterisk(desk_settings, Folders.of(desk_settings.data_dir), database_url=desk_database_url)
    with running(asterisk):
        yield asterisk


@pytest.fixture
async def db(desk_database_url: str) -> AsyncIterator[Database]:
    """The database, with nobody in it."""
    database = Database(desk_database_url, pool_size=4)
    async with database.begin() as connection:
        await connection.execute(text("TRUNCATE counsellors, ps_endpoints, ps_auths, ps_aors CASCADE"))
    yield database
    await database.close()


@pytest.fixture
def accounts(db: Database) -> PhoneAccounts:
    """The accounts in it."""
    return PhoneAccounts(db)
