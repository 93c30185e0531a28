"""`core.database` against a real PostgreSQL, healthy, killed, frozen and changed under its feet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
import uvloop
from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from core.database import Database
from core.errors import DatabaseConflict, DatabaseError, DatabaseUnavailable
from core.ids import new_id
from tests.kit.postgres import Postgres
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


@pytest.fixture
async def db(db: Database) -> Database:
    """With the table of this file."""
    await db.execute(
        text("CREATE TABLE things (id uuid PRIMARY KEY, n bigint NOT NULL, name text, sealed bytea, at timestamptz, detail jsonb)")
    )
    await db.execute(text("ALTER TABLE things ADD CONSTRAINT ck_things_positive CHECK (n >= 0)"))
    return db


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


async def test_every_type_comes_back_as_it_went_in_first_and_later_times(db: Database) -> None:
    """The first run goes through SQLAlchemy, later ones through psycopg: nobody may notice."""
    at = datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)
    for n in range(4):
        row = {"id": new_id(), "n": n, "name": "외로움", "sealed": b"\x00\xff", "at": at, "detail": {"a": [1, "둘", None]}}
        assert await db.execute(INSERT, row) == []
    for _ in range(3):
        rows = await db.execute(ALL)
        assert [row.n for row in rows] == [0, 1, 2, 3]
        assert rows[0].name == tuple(rows[0])[2] == rows[0]._mapping["name"] == "외로움"
        assert (rows[0].sealed, rows[0].at, rows[0].detail) == (b"\x00\xff", at, {"a": [1, "둘", None]})
        assert isinstance(rows[0].id, UUID)


async def test_a_statement_is_committed_when_it_returns(db: Database, database_url: str, postgres: Postgres) -> None:
    """Another connection sees it at once."""
    for n in range(3):
        await db.execute(INSERT, {"id": new_id(), "n": n})
        with postgres.session(database_url) as session:
            assert session.execute("SELECT count(*) FROM things").fetchone() == (n + 1,)


async def test_returning_gives_rows_on_either_way(db: Database) -> None:
    """RETURNING works first and later."""
    for n in range(3):
        identity = new_id()
        assert [tuple(row) for row in await db.execute(INSERT_ID, {"id": identity, "n": n})] == [(identity, n)]
        assert [row.n for row in await db.execute(ADD, {"which": identity})] == [n + 1]


async def test_statements_with_lists_and_literals_work_every_time(db: Database) -> None:
    """An expanding IN and a literal built for the call have no plan, and need none."""
    ids = [new_id() for _ in range(3)]
    for n, identity in enumerate(ids):
        await db.execute(INSERT, {"id": identity, "n": n})
    chosen = select(things.c.n).where(things.c.id.in_(bindparam("ids", expanding=True))).order_by(things.c.n)
    for _ in range(3):
        assert [row.n for row in await db.execute(chosen, {"ids": ids[:2]})] == [0, 1]
        assert [row.n for row in await db.execute(select(things.c.n).where(things.c.id == ids[2]))] == [2]
        assert [row.n for row in await db.execute(text("SELECT n FROM things WHERE name IS NULL AND n % 2 = :odd"), {"odd": 1})] == [1]


async def test_one_statement_with_different_sets_of_columns(db: Database) -> None:
    """A plan belongs to a statement and the names of its parameters."""
    for _ in range(3):
        await db.execute(INSERT, {"id": new_id(), "n": 1})
        await db.execute(INSERT, {"id": new_id(), "n": 2, "name": "x"})
    assert [(row.n, row.name) for row in await db.execute(ALL)] == [(1, None)] * 3 + [(2, "x")] * 3


async def test_a_missing_parameter_is_an_error_that_names_it(db: Database) -> None:
    """Never NULL by accident."""
    identity = new_id()
    await db.execute(INSERT, {"id": identity, "n": 1})
    await db.execute(ADD, {"which": identity})
    await db.execute(ADD, {"which": identity})
    with pytest.raises(TypeError, match="which"):
        await db.execute(ADD)
    with pytest.raises(TypeError, match="which"):
        await db.execute(ADD)


async def test_a_refused_row_names_the_constraint(db: Database) -> None:
    """First and later times; the connection is good afterwards."""
    identity = new_id()
    await db.execute(INSERT, {"id": identity, "n": 1})
    for _ in range(3):
        with pytest.raises(DatabaseConflict) as refused:
            await db.execute(INSERT, {"id": identity, "n": 1})
        assert refused.value.constraint == "things_pkey"
        with pytest.raises(DatabaseConflict) as refused:
            await db.execute(INSERT, {"id": new_id(), "n": -1})
        assert refused.value.constraint == "ck_things_positive"
    assert len(await db.execute(ALL)) == 1
    assert db.available


async def test_an_error_does_not_show_the_values(db: Database) -> None:
    """They are personal; the text of an error goes to the log."""
    for statement in (INSERT, insert(things).values(id=new_id(), n=-1, name="비밀")):
        for _ in range(2):
            with pytest.raises(DatabaseError) as refused:
                await db.execute(statement, {"id": new_id(), "n": -1, "name": "비밀"} if statement is INSERT else None)
            assert "비밀" not in str(refused.value)


async def test_a_wrong_statement_is_an_error_and_not_an_outage(db: Database) -> None:
    """A bug must not send callers into the safety net."""
    for _ in range(2):
        with pytest.raises(DatabaseError) as wrong:
            await db.execute(text("SELECT nothing FROM nowhere"))
        assert not isinstance(wrong.value, DatabaseUnavailable)
    assert db.available


async def test_a_slow_statement_is_ended(database_url: str) -> None:
    """The server ends it; the database counts as there all the same."""
    database = Database(database_url, statement_timeout_s=0.2)
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="too long"):
            await database.execute(SLOW, {"seconds": 30})
        assert time.monotonic() - began < 5
        assert await database.execute(text("SELECT 1 AS one"))
        assert database.available
    await database.close()


async def test_transaction_commits_and_rolls_back(db: Database) -> None:
    """The block's end commits; an exception takes everything back and comes out as it is."""
    async with db.begin() as session:
        await session.execute(INSERT, {"id": new_id(), "n": 1})
        await session.execute(INSERT, {"id": new_id(), "n": 2})

    async def insert_and_fail(n: int, error: type[Exception]) -> None:
        async with db.begin() as session:
            await session.execute(INSERT, {"id": new_id(), "n": n})
            raise error

    for error in (KeyError, TimeoutError, OSError, DatabaseUnavailable):
        with pytest.raises(error):
            await insert_and_fail(3, error)
    with pytest.raises(DatabaseConflict):
        await insert_and_fail(-1, KeyError)
    assert [row.n for row in await db.execute(ALL)] == [1, 2]
    assert db.available


async def test_execute_all_is_all_or_nothing(db: Database) -> None:
    """One refused row takes all of them back; statements without a plan are fine too."""
    some = select(things.c.n).where(things.c.id.in_(bindparam("ids", expanding=True)))
    await db.execute_all([(INSERT, {"id": new_id(), "n": n}) for n in range(50)])
    await db.execute_all([(INSERT, {"id": new_id(), "n": 50}), (some, {"ids": [new_id()]}), (INSERT, {"id": new_id(), "n": 51})])
    with pytest.raises(DatabaseConflict):
        await db.execute_all([(INSERT, {"id": new_id(), "n": n}) for n in (100, -1, 101)])
    assert [row.n for row in await db.execute(ALL)] == list(range(52))
    await db.execute_all([])


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


async def outcome(database: Database, seconds: float) -> str:
    """What became of a statement that takes so long."""
    try:
        await database.execute(SLOW, {"seconds": seconds})
    except DatabaseUnavailable as error:
        return str(error)
    return "done"


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


async def test_a_changed_table_does_not_break_prepared_statements(db: Database) -> None:
    """A migration during calls: the next statement works."""
    everything = text("SELECT * FROM things")
    for _ in range(3):
        await db.execute(everything)
    await db.execute(text("ALTER TABLE things ADD COLUMN more text"))
    for _ in range(5):
        assert await db.execute(everything) == []


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


async def test_killed_server_fails_fast_and_comes_back_by_itself(own_postgres: Postgres) -> None:
    """SIGKILL of the server: no call waits two seconds, everybody is told, and nothing has to be restarted."""
    changes: list[bool] = []
    async with watched(Database(own_postgres.fresh(), pool_size=4)) as database:
        database.on_change(changes.append)
        await database.execute(SLOW, {"seconds": 0})
        await database.execute(SLOW, {"seconds": 0})
        waiting = asyncio.create_task(outcome(database, 1.9))
        await until(lambda: database._pool._free._value < 4)
        killed_at = time.monotonic()
        await asyncio.to_thread(own_postgres.kill)
        assert "lost" in await waiting
        assert time.monotonic() - killed_at < 8
        for _ in range(20):
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await database.execute(SLOW, {"seconds": 0}, retry=True)
            with pytest.raises(DatabaseUnavailable):
                async with database.begin():
                    pass
            # No time-out of a statement or a connection is waited for.
            assert time.monotonic() - began < 1.5
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
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            await database.execute(SLOW, {"seconds": 0})
        assert time.monotonic() - began < 5
        await until(lambda: database._refusing, 5)
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            await database.execute(SLOW, {"seconds": 0})
        # Less than the time-out that the first one waited for.
        assert time.monotonic() - began < 0.4
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
        await asyncio.wait_for(freeze_within(), 4)
    own_postgres.thaw()
    await until(lambda: outcome_is_done(database), 10)
    await database.close()


async def outcome_is_done(database: Database) -> bool:
    """Whether it works."""
    return await outcome(database, 0) == "done"


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


async def test_a_worker_that_froze_does_not_hold_its_locks(db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle transaction is ended by the server after a few seconds."""
    rows = await db.execute(text("SHOW idle_in_transaction_session_timeout"))
    assert rows[0][0] == "5s"
    assert (await db.execute(text("SHOW synchronous_commit")))[0][0] == "on"
    assert (await db.execute(text("SHOW timezone")))[0][0] == "UTC"


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


async def test_instants_come_back_in_utc(db: Database) -> None:
    """Whatever zone the server's configuration names."""
    for _ in range(3):
        (row,) = await db.execute(text("SELECT now() AS now"))
        assert row.now.utcoffset() == timedelta(0)


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
