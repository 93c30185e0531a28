"""The access log's chain on a real PostgreSQL, and the command that verifies it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from core.audit import Access, AccessLog, AccessLogDamaged
from core.audit_check import Flaw, verify
from core.database import Database
from core.ids import new_id
from core.testing import ManualClock
from tests.kit.postgres import Postgres
from tests.kit.until import until

KEY = bytes(range(32))


async def written(db: Database, rows: int = 6) -> AccessLog:
    """A log with a few rows."""
    log = AccessLog(db, ManualClock(), KEY)
    for index in range(rows):
        await log.write(
            Access(action="record_read", actor=new_id(), about_kind="record", about=str(index), detail={"reason": "상담 준비", "n": index})
        )
    return log


async def flaws(db: Database, noted: str = "", key: bytes = KEY) -> list[tuple[int, Flaw]]:
    """What the verification finds."""
    return [(finding.number, finding.flaw) for finding in (await verify(db, key, noted=noted)).findings]


async def test_what_was_written_is_whole(db: Database) -> None:
    """Rows, gaps, macs and head; an empty log as well."""
    assert await flaws(db) == []
    await written(db)
    verdict = await verify(db, KEY)
    assert (verdict.whole, verdict.rows) == (True, 6)
    assert verdict.head.startswith("6:")
    await AccessLog(db, ManualClock(), KEY).write(Access(action="after a restart"))
    assert await flaws(db, noted=verdict.head) == []


async def test_writers_at_the_same_moment_make_one_chain(db: Database, database_url: str) -> None:
    """In one process many are written together; two processes take turns."""
    other = Database(database_url, pool_size=2)
    logs = [AccessLog(db, ManualClock(), KEY), AccessLog(other, ManualClock(), KEY)]
    try:
        await asyncio.gather(*(logs[index % 2].write(Access(action="a", about=str(index)), Access(action="b")) for index in range(60)))
    finally:
        await other.close()
    verdict = await verify(db, KEY)
    assert (verdict.whole, verdict.rows) == (True, 120)


TAMPERED: dict[str, tuple[str, list[tuple[int, Flaw]]]] = {
    "an action": ("UPDATE access_log SET action = 'nothing' WHERE id = 3", [(3, Flaw.CHANGED)]),
    "an actor": ("UPDATE access_log SET actor = NULL WHERE id = 3", [(3, Flaw.CHANGED)]),
    "an object": ("UPDATE access_log SET about = 'x' WHERE id = 3", [(3, Flaw.CHANGED)]),
    "a time": ("UPDATE access_log SET at = at - interval '1 microsecond' WHERE id = 3", [(3, Flaw.CHANGED)]),
    "a reason": ('UPDATE access_log SET detail = detail || \'{"reason": "x"}\' WHERE id = 3', [(3, Flaw.CHANGED)]),
    "a mac": ("UPDATE access_log SET mac = sha256('x') WHERE id = 3", [(3, Flaw.CHANGED), (4, Flaw.CHANGED)]),
    "the last row": ("UPDATE access_log SET action = 'nothing' WHERE id = 6", [(6, Flaw.CHANGED)]),
    "the first row deleted": ("DELETE FROM access_log WHERE id = 1", [(2, Flaw.MISSING)]),
    "a row deleted": ("DELETE FROM access_log WHERE id = 3", [(4, Flaw.MISSING)]),
    "a row deleted, the others moved up": (
        "DELETE FROM access_log WHERE id = 3; UPDATE access_log SET id = -id; UPDATE access_log SET id = CASE WHEN -id > 3 THEN -id - 1 ELSE -id END",
        [(3, Flaw.CHANGED), (4, Flaw.CHANGED), (5, Flaw.CHANGED), (6, Flaw.CUT_OFF)],
    ),
    "the end cut off": ("DELETE FROM access_log WHERE id > 4", [(6, Flaw.CUT_OFF)]),
    "all of it": ("DELETE FROM access_log", [(6, Flaw.CUT_OFF)]),
    "two rows exchanged": (
        "UPDATE access_log SET id = -id WHERE id IN (3, 4); UPDATE access_log SET id = CASE id WHEN -3 THEN 4 ELSE 3 END WHERE id < 0",
        [(3, Flaw.CHANGED), (4, Flaw.CHANGED), (5, Flaw.CHANGED)],
    ),
    "a row added": (
        "INSERT INTO access_log SELECT 7, at, actor, action, about_kind, about, detail, mac FROM access_log WHERE id = 6",
        [(7, Flaw.CHANGED)],
    ),
    "the head gone": ("DELETE FROM access_log_head", [(6, Flaw.HEAD)]),
    "the head moved back": (
        "DELETE FROM access_log WHERE id > 4; UPDATE access_log_head SET last = 4, mac = (SELECT mac FROM access_log WHERE id = 4)",
        [(4, Flaw.HEAD)],
    ),
}


async def test_whatever_is_changed_deleted_or_moved_is_found(db: Database, database_url: str, postgres: Postgres) -> None:
    """By somebody who may do anything in the database, but has not the key."""
    await written(db)
    with postgres.session(database_url) as owner:
        owner.execute("CREATE TABLE a AS TABLE access_log")
        owner.execute("CREATE TABLE h AS TABLE access_log_head")
        owner.execute("SET session_replication_role = replica")
        for what, (tamper, expected) in TAMPERED.items():
            owner.execute(tamper)
            assert sorted(await flaws(db)) == expected, what
            owner.execute("DELETE FROM access_log; DELETE FROM access_log_head")
            owner.execute("INSERT INTO access_log TABLE a; INSERT INTO access_log_head TABLE h")
            assert await flaws(db) == [], what


async def test_a_noted_head_shows_that_an_older_state_was_brought_back(db: Database, database_url: str, postgres: Postgres) -> None:
    """The one thing the chain alone can't show."""
    log = await written(db, 4)
    with postgres.session(database_url) as owner:
        owner.execute("CREATE TABLE a AS TABLE access_log")
        owner.execute("CREATE TABLE h AS TABLE access_log_head")
        await log.write(Access(action="what is to be hidden"))
        noted = (await verify(db, KEY)).head
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM access_log; DELETE FROM access_log_head")
        owner.execute("INSERT INTO access_log TABLE a; INSERT INTO access_log_head TABLE h")
    assert await flaws(db) == []
    assert await flaws(db, noted=noted) == [(5, Flaw.NOT_AS_NOTED)]
    with pytest.raises(ValueError, match="noted head"):
        await verify(db, KEY, noted="yesterday")


async def test_rows_cannot_be_changed_by_an_ordinary_statement(db: Database, database_url: str, postgres: Postgres) -> None:
    """Not even by a mistake of our own."""
    await written(db, 1)
    with postgres.session(database_url) as session:
        for statement in ("UPDATE access_log SET about = ''", "DELETE FROM access_log", "TRUNCATE access_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"):
                session.execute(statement)


async def test_a_forged_head_stops_writing(db: Database, database_url: str, postgres: Postgres) -> None:
    """Going on would bury what happened; so would a key file of another installation."""
    log = await written(db)
    with pytest.raises(AccessLogDamaged):
        await AccessLog(db, ManualClock(), bytes(32)).write(Access(action="x"))
    with postgres.session(database_url) as owner:
        owner.execute("UPDATE access_log_head SET last = 3")
    with pytest.raises(AccessLogDamaged):
        await log.write(Access(action="x"))
    assert (6, Flaw.HEAD) not in await flaws(db, key=KEY)
    assert await flaws(db) == [(3, Flaw.HEAD)]


async def test_one_writer_that_is_cancelled_leaves_the_others_with_an_answer(db: Database) -> None:
    """Nobody waits for ever, and the chain stays whole."""
    log = AccessLog(db, ManualClock(), KEY)
    first = asyncio.create_task(log.write(Access(action="first")))
    others = [asyncio.create_task(log.write(Access(action="other"))) for _ in range(5)]
    # It is on its way to the database by then.
    await until(lambda: not log._waiting)
    first.cancel()
    await asyncio.wait([first, *others], timeout=30)
    assert all(task.done() for task in (first, *others))
    await log.write(Access(action="later"))
    assert await flaws(db) == []


def test_the_command_says_whether_the_log_is_whole(
    database_url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 0 with the head to be noted; 1 with the row."""
    from core.sealing import load_chain_key
    from core.settings_file import load
    from helpline.commands import application

    monkeypatch.chdir(tmp_path)
    for name, byte in (("index", b"i"), ("numbers", b"n")):
        text = base64.b64encode(byte * 32).decode()
        path = Path(name)
        path.write_text(f"k1:{text}\n" if name == "numbers" else text)
        path.chmod(0o600)
    monkeypatch.setenv("ANNYEONG120_DATABASE__URL", database_url)
    monkeypatch.setenv("ANNYEONG120_SECRETS__INDEX_KEY_FILE", "index")
    monkeypatch.setenv("ANNYEONG120_SECRETS__NUMBER_KEYS_FILE", "numbers")

    async def write() -> None:
        db = Database(database_url, pool_size=2)
        try:
            await AccessLog(db, ManualClock(), load_chain_key(load())).write(Access(action="x"), Access(action="y"))
        finally:
            await db.close()

    asyncio.run(write())
    runner = CliRunner()
    whole = runner.invoke(application(), ["audit", "verify"])
    assert whole.exit_code == 0, whole.output
    assert "온전합니다 / whole: 2" in whole.output
    head = whole.output.split(": ")[-1].strip()
    with postgres.session(database_url) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM access_log WHERE id = 1")
    broken = runner.invoke(application(), ["audit", "verify", "--noted", head])
    assert broken.exit_code == 1
    assert "✘ 2: " in broken.output
