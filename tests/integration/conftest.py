"""A real PostgreSQL for every integration test that asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.database import Database
from tests.kit.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests; do not kill this one."""
    with Postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server of the test's own, to freeze and kill."""
    with Postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """A fresh, migrated database."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The same, through our own face."""
    database = Database(database_url, pool_size=4)
    yield database
    await database.close()
