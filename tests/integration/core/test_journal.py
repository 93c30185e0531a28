"""The journal against a real PostgreSQL: order, durability, outages, poison, and the way over the disk."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.base import Executable
from structlog.testing import capture_logs

from core import journal, metrics, spool
from core.database import Database
from core.errors import DatabaseUnavailable
from core.ids import new_id
from core.journal import Journal
from core.statements import Parameters
from core.tables import journal_batches
from tests.kit.postgres import Postgres
from tests.kit.until import until

lines = Table(
    "lines",
    MetaData(),
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("who", Uuid),
    Column("at", DateTime(timezone=True)),
    Column("sealed", LargeBinary),
    Column("detail", JSONB),
    CheckConstraint("n >= 0"),
)
STATEMENTS: Mapping[str, Executable] = {
    "line": insert(lines),
    "wipe": text("DELETE FROM lines WHERE n = :n"),
    "slow": text("SELECT pg_sleep(:s)"),
    "signed": text("INSERT INTO lines (n, who) VALUES (:n, :journal_)"),
}
NUMBERS = select(lines.c.n).order_by(lines.c.id)


async def prepare(url: str) -> Database:
    """A database with the table of this file."""
    database = Database(url, pool_size=4, statement_timeout_s=0.5)
    async with database.begin() as session:
        await session.run_sync(lines.metadata.create_all)
    return database


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """With the table of this file."""
    database = await prepare(database_url)
    yield database
    await database.close()


@asynccontextmanager
async def running(one: Journal) -> AsyncIterator[Journal]:
    """The journal with its task."""
    task = asyncio.create_task(one.run(), name="journal")
    try:
        yield one
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def numbers(database: Database) -> list[int]:
    """What is stored, in the order of writing."""
    return [row.n for row in await database.execute(NUMBERS)]


class Interrupted(Database):
    """Loses the connection after the commit, once: what a crash in the worst moment looks like to us."""

    interruptions = 1

    async def execute_all(self, work: list[tuple[object, Parameters]]) -> None:  # type: ignore[override]
        """Commit, then say that the connection was lost."""
        await super().execute_all(work)  # type: ignore[arg-type]
        if self.interruptions:
            self.interruptions -= 1
            raise DatabaseUnavailable


async def test_entries_are_written_in_order_and_flush_waits_for_them(db: Database, tmp_path: Path) -> None:
    """Across batches and kinds of statements."""
    async with running(Journal(db, STATEMENTS, spool=tmp_path)) as one:
        for n in range(1700):
            one.add("line", {"n": n})
            if n % 100 == 99:
                one.add("wipe", {"n": n - 50})
        await one.flush()
        assert await numbers(db) == [n for n in range(1700) if n % 100 != 49]
        assert one.waiting == 0
    assert not list(tmp_path.iterdir())


async def test_a_quiet_journal_writes_every_entry_by_itself(db: Database, tmp_path: Path) -> None:
    """Nothing waits for company."""
    async with running(Journal(db, STATEMENTS, spool=tmp_path)) as one:
        for n in range(20):
            one.add("line", {"n": n})
            await one.flush()
            assert len(await numbers(db)) == n + 1


async def test_adding_never_waits_and_an_unknown_name_is_refused(db: Database, tmp_path: Path) -> None:
    """A wrong name is a bug of the caller, found at once."""
    one = Journal(db, STATEMENTS, spool=tmp_path)
    one.add("line", {"n": 1})
    with pytest.raises(KeyError):
        one.add("lien", {"n": 1})
    assert one.waiting == 1
    await one.close()
    assert await numbers(db) == [1]
    with pytest.raises(RuntimeError):
        one.add("line", {"n": 2})


async def test_what_is_added_later_does_not_change_an_entry(db: Database, tmp_path: Path) -> None:
    """The caller may go on using his dictionary."""
    one = Journal(db, STATEMENTS, spool=tmp_path)
    parameters = {"n": 1}
    one.add("line", parameters)
    parameters["n"] = 2
    await one.close()
    assert await numbers(db) == [1]


async def test_killed_database_loses_nothing(own_postgres: Postgres, tmp_path: Path) -> None:
    """Entries before, during and after the outage are all there, once, in order."""
    database = await prepare(own_postgres.fresh())
    watcher = asyncio.create_task(database.watch(), name="watch")
    async with running(Journal(database, STATEMENTS, spool=tmp_path)) as one:
        for n in range(1000):
            one.add("line", {"n": n})
        await until(lambda: one.waiting < 1000)
        await asyncio.to_thread(own_postgres.kill)
        for n in range(1000, 3000):
            one.add("line", {"n": n})
        await until(lambda: not database.available)
        assert one.waiting >= 2000
        await asyncio.to_thread(own_postgres.start)
        await asyncio.wait_for(one.flush(), 20)
        assert await numbers(database) == list(range(3000))
    watcher.cancel()
    await database.close()


async def test_a_commit_whose_answer_was_lost_is_not_written_twice(database_url: str, tmp_path: Path) -> None:
    """The batch's own mark tells that it took effect."""
    await (await prepare(database_url)).close()
    database = Interrupted(database_url)
    async with running(Journal(database, STATEMENTS, spool=tmp_path)) as one:
        for n in range(10):
            one.add("line", {"n": n})
        await asyncio.wait_for(one.flush(), 5)
        one.add("line", {"n": 10})
        await asyncio.wait_for(one.flush(), 5)
        assert await numbers(database) == list(range(11))
        assert len(await database.execute(select(journal_batches))) == 1
    await database.close()


async def test_poison_is_set_aside_and_the_others_go_on(db: Database, tmp_path: Path) -> None:
    """Logged, counted, kept on disk; order of the others unchanged."""
    before = metrics.journal_rejected_total._value.get()
    async with running(Journal(db, STATEMENTS, spool=tmp_path)) as one:
        with capture_logs() as logs:
            for n in range(300):
                one.add("line", {"n": -7 if n in {0, 123, 299} else n})
            one.add("line", {"n": object()})
            one.add("line", {"nonsense": 1})
            await asyncio.wait_for(one.flush(), 10)
        assert await numbers(db) == [n for n in range(300) if n not in {0, 123, 299}]
    assert metrics.journal_rejected_total._value.get() == before + 5
    assert [line["event"] for line in logs].count("journal_entry_rejected") == 5
    rejected = (tmp_path / "rejected" / "entries.jsonl").read_text().splitlines()
    assert [json.loads(line)["entries"][0][1].get("n") for line in rejected][:3] == [-7, -7, -7]


async def test_an_entry_that_always_times_out_does_not_stop_the_others(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the database up, the culprit is found and set aside."""
    monkeypatch.setattr(journal, "MAX_TIME_OUTS", 1)
    async with running(Journal(db, STATEMENTS, spool=tmp_path)) as one:
        one.add("line", {"n": 1})
        one.add("slow", {"s": 30})
        one.add("line", {"n": 2})
        await asyncio.wait_for(one.flush(), 20)
    assert await numbers(db) == [1, 2]


async def test_closing_with_the_database_away_leaves_a_file_that_the_next_start_replays(own_postgres: Postgres, tmp_path: Path) -> None:
    """Every type survives the disk; the file is private, and gone when its entries are durable."""
    folder = tmp_path / "journal" / "w1"
    database = await prepare(own_postgres.fresh())
    await database.ping()
    own_postgres.kill()
    one = Journal(database, STATEMENTS, spool=folder)
    who, at = new_id(), datetime(2026, 3, 2, 3, 4, 5, 6, tzinfo=UTC)
    full = {"n": 0, "who": who, "at": at, "sealed": b"\x00\xff", "detail": {"$at": "no instant", "둘": [1, None, 2.5, True]}}
    async with running(one):
        one.add("line", full)
        for n in range(1, 1200):
            one.add("line", {"n": n})
        await one.close(timeout_s=1)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    own_postgres.start()
    await until(lambda: available(database), 10)
    async with running(Journal(database, STATEMENTS, spool=folder)) as second:
        second.add("line", {"n": 1200})
        await asyncio.wait_for(second.flush(), 10)
        assert await numbers(database) == list(range(1201))
        (row,) = await database.execute(select(lines).where(lines.c.n == 0))
        assert {name: row._mapping[name] for name in full} == full
        await until(lambda: not list(folder.iterdir()))
    await database.close()


async def available(database: Database) -> bool:
    """Whether it answers."""
    try:
        await database.ping()
    except DatabaseUnavailable:
        return False
    return True


async def test_a_spool_file_that_was_partly_written_before_is_not_written_twice(db: Database, tmp_path: Path) -> None:
    """A replay that was killed after some batches is repeated without harm."""
    folder = tmp_path / "spool"
    one = Journal(Unreachable(), STATEMENTS, spool=folder)
    for n in range(1200):
        one.add("line", {"n": n})
    await one.close(timeout_s=0.1)
    (file,) = folder.iterdir()
    content = file.read_text()
    for _ in range(2):
        async with running(Journal(db, STATEMENTS, spool=folder)):
            await until(lambda: not list(folder.iterdir()))
        file.write_text(content)
    assert await numbers(db) == list(range(1200))


class Unreachable(Database):
    """A database that is not there."""

    def __init__(self) -> None:
        super().__init__("postgresql://nobody@/nothing?host=/nowhere")


async def test_a_damaged_spool_file_is_kept_and_what_can_be_read_is_written(db: Database, tmp_path: Path) -> None:
    """Nothing is thrown away because one line is broken."""
    first = Journal(Unreachable(), STATEMENTS, spool=tmp_path)
    first.add("line", {"n": 1})
    await first.close(timeout_s=0.1)
    (file,) = tmp_path.iterdir()
    file.write_text('{"v": 1, "journal": 7}\nnonsense\n' + file.read_text() + '{"v": 1, "cut short')
    async with running(Journal(db, STATEMENTS, spool=tmp_path)) as one:
        one.add("line", {"n": 2})
        await asyncio.wait_for(one.flush(), 5)
        assert await numbers(db) == [1, 2]
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]


async def test_entries_of_a_statement_that_no_longer_exists_are_set_aside(db: Database, tmp_path: Path) -> None:
    """An older program's spool file must not stop a newer one."""
    old = {**STATEMENTS, "gone": insert(lines)}
    first = Journal(Unreachable(), old, spool=tmp_path)
    first.add("gone", {"n": 1})
    first.add("line", {"n": 2})
    await first.close(timeout_s=0.1)
    async with running(Journal(db, STATEMENTS, spool=tmp_path)) as one:
        one.add("line", {"n": 3})
        await asyncio.wait_for(one.flush(), 5)
        assert await numbers(db) == [2, 3]
    assert (tmp_path / "rejected" / "entries.jsonl").exists()


async def test_closing_writes_what_is_left_even_if_the_task_was_cancelled(db: Database, tmp_path: Path) -> None:
    """The order in which a program stops its tasks does not matter."""
    one = Journal(db, STATEMENTS, spool=tmp_path)
    async with running(one):
        one.add("line", {"n": 1})
    one.add("line", {"n": 2})
    await one.close()
    assert await numbers(db) == [1, 2]
    assert not list(tmp_path.iterdir())


async def test_closing_ends_the_task(db: Database, tmp_path: Path) -> None:
    """A task group around it ends by itself."""
    one = Journal(db, STATEMENTS, spool=tmp_path)
    async with asyncio.TaskGroup() as group:
        group.create_task(one.run(), name="journal")
        one.add("line", {"n": 1})
        await one.close()
    assert await numbers(db) == [1]


async def test_a_long_journal_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit, then at every doubling; nothing is dropped."""
    monkeypatch.setattr(journal, "ALARM_AT", 10)
    one = Journal(Unreachable(), STATEMENTS, spool=tmp_path)
    with capture_logs() as logs:
        for n in range(45):
            one.add("line", {"n": n})
    assert [line["waiting"] for line in logs if line["event"] == "journal_is_long"] == [10, 20, 40]
    assert one.waiting == 45


async def test_a_statement_with_a_list_goes_the_slow_way_in_the_same_transaction(db: Database, tmp_path: Path) -> None:
    """Order holds across both ways."""
    several = text("DELETE FROM lines WHERE n IN :those").bindparams(bindparam("those", expanding=True))
    async with running(Journal(db, {**STATEMENTS, "several": several}, spool=tmp_path)) as one:
        for n in range(5):
            one.add("line", {"n": n})
        one.add("several", {"those": [1, 3]})
        one.add("line", {"n": 3})
        await asyncio.wait_for(one.flush(), 5)
    assert await numbers(db) == [0, 2, 4, 3]


async def test_an_entry_is_of_the_journal_it_was_added_to_whoever_writes_it(db: Database, tmp_path: Path) -> None:
    """Also by way of the disk, and when poison divides its batch; what an earlier run left is known to be written."""
    first, second = (Journal(db, STATEMENTS, spool=tmp_path) for _ in range(2))
    left = [spool.Entry(name="signed", parameters={"n": n}) for n in (1, 2, -1, 3)]
    spool.append(tmp_path / "left.jsonl", [spool.Batch(journal=first.id, number=1, entries=tuple(left))])
    second.add("signed", {"n": 4})
    async with running(second):
        async with asyncio.timeout(20):
            await second.replayed()
            replayed = await numbers(db)
            await second.flush()
    assert replayed[:3] == [1, 2, 3]
    rows = await db.execute(select(lines.c.n, lines.c.who).order_by(lines.c.id))
    assert [(row.n, row.who) for row in rows] == [(1, first.id), (2, first.id), (3, first.id), (4, second.id)]
