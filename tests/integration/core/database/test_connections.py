"""Connections of `core.database` to a real PostgreSQL: shared, given back, found dead before they are used, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

import psycopg
import pytest
import uvloop
from sqlalchemy import text

from core.database import Database
from core.ids import new_id
from tests.integration.core.database.things import ADD, ALL, INSERT, SLOW, outcome, outcome_is_done, watched
from tests.kit.postgres import Postgres
from tests.kit.until import until


async def test_many_at_once_share_the_connections(db: Database) -> None:
    """More callers than connections wait their turn."""
    identity = new_id()
    await db.execute(INSERT, {"id": identity, "n": 0})
    async with asyncio.TaskGroup() as group:
        for _ in range(200):
            group.create_task(db.execute(ADD, {"which": identity}))
    assert [row.n for row in await db.execute(ALL)] == [200]


async def test_all_connections_taken_for_too_long_is_unavailable(database_url: str) -> None:
    """Nobody waits for ever for a connection."""
    database = Database(database_url, pool_size=2, statement_timeout_s=0.3)
    await database.execute(SLOW, {"seconds": 0})
    async with asyncio.TaskGroup() as group:
        results = [group.create_task(outcome(database, 0.28)) for _ in range(8)]
    assert {task.result() for task in results} <= {"done", "no free database connection in time", "the statement took too long"}
    assert "no free database connection in time" in {task.result() for task in results}
    assert await outcome(database, 0) == "done"
    await database.close()


async def test_a_cancelled_statement_leaves_no_connection_behind(db: Database) -> None:
    """A caller who hangs up while his row is written costs nothing."""
    await db.execute(SLOW, {"seconds": 0})
    for _ in range(10):
        task = asyncio.create_task(db.execute(SLOW, {"seconds": 1.5}))
        await until(lambda: db._pool._free._value < 4)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert db._pool._free._value == 4
    assert await outcome(db, 0) == "done"


async def test_idle_connections_that_the_server_closed_are_not_used(db: Database, database_url: str, postgres: Postgres) -> None:
    """Found out without a round trip and without an error, on the hot path and for transactions."""
    identity = new_id()
    await db.execute(INSERT, {"id": identity, "n": 0})
    for n in range(1, 6):
        await db.execute(ADD, {"which": identity})
        async with db.begin() as session:
            await session.execute(ALL)
        with postgres.session(database_url) as session2:
            session2.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            only = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
            await until(lambda: (session2.execute(only).fetchone() or (False,))[0])  # noqa: B023
        assert (await db.execute(ALL))[0].n == n
        async with db.begin() as session:
            assert (await session.execute(ALL)).first()
        assert db.available


async def test_a_worker_that_froze_does_not_hold_its_locks(db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle transaction is ended by the server after a few seconds."""
    rows = await db.execute(text("SHOW idle_in_transaction_session_timeout"))
    assert rows[0][0] == "5s"
    assert (await db.execute(text("SHOW synchronous_commit")))[0][0] == "on"
    assert (await db.execute(text("SHOW timezone")))[0][0] == "UTC"


async def test_works_the_same_through_tcp_urls_with_our_driver_named(db: Database, database_url: str) -> None:
    """`postgresql://` and `postgresql+psycopg://` are both understood."""
    other = Database(database_url.replace("postgresql://", "postgresql+psycopg://"))
    assert await outcome(other, 0) == "done"
    await other.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_works_on_either_event_loop(run: Callable[[Coroutine[None, None, None]], None], database_url: str) -> None:
    """The program runs on uvloop; a lost connection is found there too."""

    async def use() -> None:
        database = Database(database_url, pool_size=2)
        async with watched(database):
            for _ in range(3):
                assert await outcome(database, 0) == "done"
            async with database.begin() as session:
                await session.execute(text("SELECT 1"))
            with psycopg.connect(database_url, autocommit=True) as session2:
                others = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                session2.execute(others)
            await until(lambda: outcome_is_done(database))

    run(use())


def test_closes_without_leaving_connections(postgres: Postgres, database_url: str) -> None:
    """After close the server knows nobody of ours."""

    async def use() -> None:
        database = Database(database_url, pool_size=4)
        async with watched(database):
            await asyncio.gather(*(database.execute(SLOW, {"seconds": 0}) for _ in range(20)))

    asyncio.run(use())
    with psycopg.connect(database_url, autocommit=True) as session:
        count = session.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'annyeong120' AND datname = current_database()"
        )
        assert count.fetchone() == (0,)
