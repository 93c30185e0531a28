"""A real PostgreSQL and a real Asterisk with annyeong120's own configuration, shared by this folder's tests."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from core import migrate
from core.database import Database
from core.settings import AsteriskSettings, DatabaseSettings, PromptSettings, Settings, TrunkSettings
from helpline.embedded.asterisk import EmbeddedAsterisk
from helpline.embedded.child import Child
from helpline.embedded.folders import Folders
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.process import Process
from ivr.phone_accounts import PhoneAccounts
from tests.kit.ports import free_port, free_range
from tests.kit.until import until


async def start(child: Child) -> Process:
    """Start a child process and wait until it is ready."""
    await child.prepare()
    process = Process.start(child.launch(), child.note)
    await until(child.ready, child.ready_within_s, lambda: child.log.read_text(errors="replace")[-3000:], every_s=0.05)
    return process


@contextmanager
def running(child: Child) -> Iterator[Process]:
    """A child process, ready, for as long as the block lasts."""
    process = asyncio.run(start(child))
    try:
        yield process
    finally:
        asyncio.run(process.stop(child.stop_signal, child.stop_grace_s))


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
        asterisk=AsteriskSettings(sip_port=free_port(), http_port=free_port(), rtp_first_port=first, rtp_last_port=first + 199),
        # Asterisk knows endpoints from its start, as every real installation's does.
        trunks=[TrunkSettings(name="carrier", addresses=["127.0.0.9"])],
        prompts=PromptSettings(folder=desk_folder / "prompts"),
    )


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
