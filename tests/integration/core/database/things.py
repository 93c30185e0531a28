"""The table and the statements that the tests of `core.database` share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from core.database import Database
from core.errors import DatabaseUnavailable
from tests.kit.until import until

things = Table(
    "things",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("name", Text),
    Column("sealed", LargeBinary),
    Column("at", DateTime(timezone=True)),
    Column("detail", JSONB),
)
INSERT = insert(things)
INSERT_ID = insert(things).returning(things.c.id, things.c.n)
ADD = update(things).where(things.c.id == bindparam("which")).values(n=things.c.n + 1).returning(things.c.n)
ALL = select(things).order_by(things.c.n)
SLOW = text("SELECT pg_sleep(:seconds)")


@asynccontextmanager
async def watched(database: Database) -> AsyncIterator[Database]:
    """With its watcher running, and available."""
    watcher = asyncio.create_task(database.watch(), name="watch")
    try:
        await until(lambda: database.available)
        yield database
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        await database.close()


async def outcome(database: Database, seconds: float) -> str:
    """What became of a statement that takes so long."""
    try:
        await database.execute(SLOW, {"seconds": seconds})
    except DatabaseUnavailable as error:
        return str(error)
    return "done"


async def outcome_is_done(database: Database) -> bool:
    """Whether it works."""
    return await outcome(database, 0) == "done"
