"""A desk on a real PostgreSQL, served over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database
from core.settings import Settings
from tests.integration.desk.kit import Browser, Served, desk_settings, served


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A desk on a free port."""
    return desk_settings(tmp_path)


@pytest.fixture
async def desk(db: Database, settings: Settings) -> AsyncIterator[Served]:
    """A desk whose clock stands still, without its background tasks."""
    async with served(db, settings) as here:
        yield here


@pytest.fixture
async def browser(desk: Served) -> AsyncIterator[Browser]:
    """A browser that nobody has used."""
    async with desk.browser() as one:
        yield one
