"""`core.database` when its PostgreSQL is killed, frozen or not there yet, and when a connection is lost."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import DatabaseUnavailable
from tests.integration.core.database.things import SLOW, outcome, outcome_is_done, watched
from tests.kit.postgres import Postgres
from tests.kit.until import until

#: Of statements and connections, where none is to be waited for.
TIMEOUT_S = 60.0


async def test_killed_server_fails_fast_and_comes_back_by_itself(own_postgres: Postgres) -> None:
    """SIGKILL of the server: no call waits for a time-out, everybody is told, and nothing has to be restarted."""
    changes: list[bool] = []
    async with watched(Database(own_postgres.fresh(), pool_size=4, statement_timeout_s=TIMEOUT_S)) as database:
        database.on_change(changes.append)
        await database.execute(SLOW, {"seconds": 0})
        await database.execute(SLOW, {"seconds": 0})
        waiting = asyncio.create_task(outcome(database, TIMEOUT_S - 1))
        await until(lambda: database._pool._free._value < 4)
        # The time-out is the behaviour: not one of all these calls waits until it.
        async with asyncio.timeout(TIMEOUT_S - 2):
            await asyncio.to_thread(own_postgres.kill)
            assert "lost" in await waiting
            for _ in range(20):
                with pytest.raises(DatabaseUnavailable):
                    await database.execute(SLOW, {"seconds": 0}, retry=True)
                with pytest.raises(DatabaseUnavailable):
                    async with database.begin():
                        pass
        await until(lambda: changes == [False])
        assert not database.available
        await asyncio.to_thread(own_postgres.start)
        await until(lambda: changes == [False, True])
        assert await outcome(database, 0) == "done"
        async with database.begin() as session:
            assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


async def test_frozen_server_is_noticed_and_does_not_block(own_postgres: Postgres) -> None:
    """A server that accepts and never answers costs the first asker its time-out, and the others nothing."""
    async with watched(Database(own_postgres.fresh(), pool_size=4, statement_timeout_s=0.5)) as database:
        await database.execute(SLOW, {"seconds": 0})
        own_postgres.freeze()
        with pytest.raises(DatabaseUnavailable):
            await database.execute(SLOW, {"seconds": 0})
        await until(lambda: database._refusing, 5)
        # Refused in its first step: nothing was sent, nothing is awaited.
        refused = database.execute(SLOW, {"seconds": 0})
        with pytest.raises(DatabaseUnavailable):
            refused.send(None)
        own_postgres.thaw()
        await until(lambda: database.available, 10)
        assert await outcome(database, 0) == "done"


async def test_frozen_in_the_middle_of_a_transaction(own_postgres: Postgres) -> None:
    """The guard also ends a transaction's wait."""
    database = Database(own_postgres.fresh(), statement_timeout_s=0.5)

    async def freeze_within() -> None:
        async with database.begin() as session:
            await session.execute(text("SELECT 1"))
            own_postgres.freeze()
            await session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        await freeze_within()
    own_postgres.thaw()
    await until(lambda: outcome_is_done(database), 10)
    await database.close()


async def test_absent_at_start_becomes_available_by_itself(own_postgres: Postgres) -> None:
    """The program may be started before its database."""
    url = own_postgres.fresh()
    own_postgres.kill()
    changes: list[bool] = []
    database = Database(url)
    database.on_change(changes.append)
    watcher = asyncio.create_task(database.watch(), name="watch")
    await until(lambda: changes == [False])
    await asyncio.to_thread(own_postgres.start)
    await until(lambda: changes == [False, True])
    await database.ping()
    watcher.cancel()
    await database.close()


async def test_without_a_watcher_the_next_call_finds_the_server_again(own_postgres: Postgres) -> None:
    """A command line program needs no task for this."""
    database = Database(own_postgres.fresh())
    assert await outcome(database, 0) == "done"
    own_postgres.kill()
    assert await outcome(database, 0) != "done"
    own_postgres.start()
    assert await outcome(database, 0) == "done"
    await database.close()


async def test_a_lost_statement_is_sent_again_only_if_that_is_safe(db: Database, database_url: str, postgres: Postgres) -> None:
    """`retry=True` is the caller's word that running twice is the same as running once."""
    await db.execute(SLOW, {"seconds": 0})
    for retry, expected in ((False, DatabaseUnavailable), (True, None)):
        task = asyncio.create_task(db.execute(SLOW, {"seconds": 0.5}, retry=retry))
        with postgres.session(database_url) as session:
            running = (
                "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"
            )
            (pid,) = (await until(lambda: session.execute(running).fetchall()))[0]  # noqa: B023
            session.execute("SELECT pg_terminate_backend(%s)", (pid,))
        if expected:
            with pytest.raises(expected):
                await task
        else:
            assert len(await task) == 1


async def test_notifications_arrive_and_survive_a_lost_connection(db: Database, database_url: str, postgres: Postgres) -> None:
    """After every connect the callback is called once, because something may have been missed."""
    heard: list[str] = []
    listener = asyncio.create_task(db.listen("bell", heard.append), name="listen")
    await until(lambda: heard == [""])
    await db.execute(text("NOTIFY bell, 'one'"))
    await until(lambda: heard == ["", "one"])
    with postgres.session(database_url) as session:
        session.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    await until(lambda: heard == ["", "one", ""])
    await db.execute(text("NOTIFY bell, 'two'"))
    await until(lambda: heard[-1] == "two")
    listener.cancel()
