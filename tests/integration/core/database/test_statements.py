"""Statements and transactions of `core.database` against a real PostgreSQL: what goes in comes out, what is wrong is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import bindparam, insert, select, text

from core.database import Database
from core.errors import DatabaseConflict, DatabaseError, DatabaseUnavailable
from core.ids import new_id
from tests.integration.core.database.things import ADD, ALL, INSERT, INSERT_ID, SLOW, things
from tests.kit.postgres import Postgres


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
    """The server ends it long before it would have come back; the database counts as there all the same."""
    database = Database(database_url, statement_timeout_s=0.2)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable, match="too long"):
            await database.execute(SLOW, {"seconds": 30})
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


async def test_a_changed_table_does_not_break_prepared_statements(db: Database) -> None:
    """A migration during calls: the next statement works."""
    everything = text("SELECT * FROM things")
    for _ in range(3):
        await db.execute(everything)
    await db.execute(text("ALTER TABLE things ADD COLUMN more text"))
    for _ in range(5):
        assert await db.execute(everything) == []


async def test_instants_come_back_in_utc(db: Database) -> None:
    """Whatever zone the server's configuration names."""
    for _ in range(3):
        (row,) = await db.execute(text("SELECT now() AS now"))
        assert row.now.utcoffset() == timedelta(0)
