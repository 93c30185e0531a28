"""`annyeong120 up`: starts, watches, restarts, survives its own death, and stops everything. Real PostgreSQL and Asterisk."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.integration.embedded.conftest import Up
from tests.kit.until import until

pytestmark = pytest.mark.timeout(150)


async def test_asterisk_starts_without_a_complaint(up: Up) -> None:
    """No warning and no error in the log of a start: whatever appears there later means something."""
    log = (up.folders.asterisk / "log/messages").read_text()
    assert [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line] == []


async def test_a_killed_asterisk_is_back_within_seconds(up: Up) -> None:
    """kill -9 of Asterisk: another one answers ARI soon, with another pid."""
    before = up.pid("asterisk")
    os.kill(before, signal.SIGKILL)
    await up.another("asterisk", before)
    await until(up.asterisk_answers, 30, up.said)


async def test_a_killed_postgres_is_back_with_its_rows(up: Up) -> None:
    """kill -9 of PostgreSQL: what was committed is there again within seconds."""
    async with await psycopg.AsyncConnection.connect(up.url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE kept (value int)")
        await connection.execute("INSERT INTO kept VALUES (120)")
    before = up.pid("postgres")
    os.kill(before, signal.SIGKILL)

    await up.another("postgres", before)

    async def kept() -> bool:
        async with await psycopg.AsyncConnection.connect(up.url, connect_timeout=2) as connection:
            row = await (await connection.execute("SELECT value FROM kept")).fetchone()
        return row == (120,)

    await until(kept, 40, up.said, ignore=(psycopg.Error,), every_s=0.1)


async def test_a_killed_supervisor_leaves_everything_running_and_the_next_one_takes_it_over(own_up: Up) -> None:
    """kill -9 of `up`: both parts go on; a second `up` keeps the very same processes, watches them, and stops them at its end."""
    assert own_up.process is not None
    pids = own_up.pid("postgres"), own_up.pid("asterisk")
    own_up.process.kill()
    own_up.process.wait(10)
    assert own_up.postgres_answers()
    assert own_up.asterisk_answers()
    own_up.start()
    await until(lambda: own_up.said().count("taken over") == 2, 30, own_up.said, every_s=0.1)
    assert (own_up.pid("postgres"), own_up.pid("asterisk")) == pids
    os.kill(pids[1], signal.SIGKILL)
    await own_up.another("asterisk", pids[1])
    await until(own_up.asterisk_answers, 30, own_up.said)
    own_up.process.send_signal(signal.SIGTERM)
    assert await own_up.ended() == 0
    assert own_up.find("postgres") is None
    assert own_up.find("asterisk") is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_ends_everything_in_good_order(own_up: Up, number: signal.Signals) -> None:
    """SIGTERM or ctrl-C: Asterisk first, PostgreSQL last, no process left, and PostgreSQL was shut down cleanly."""
    pids = own_up.pid("postgres"), own_up.pid("asterisk")
    assert own_up.process is not None
    own_up.process.send_signal(number)
    assert await own_up.ended() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    said = own_up.said()
    assert said.index("Asterisk: stopped") < said.index("PostgreSQL: stopped")
    assert "killed" not in said
    assert "database system is shut down" in (own_up.folders.log / "postgres.log").read_text()


async def test_down_stops_what_a_killed_supervisor_left(own_up: Up) -> None:
    """`annyeong120 down` needs no supervisor to be there."""
    import asyncio

    from core.settings import Settings
    from helpline.embedded.supervisor import Supervisor

    assert own_up.process is not None
    own_up.process.kill()
    own_up.process.wait(10)
    for key, value in own_up.environment.items():
        os.environ[key] = value
    try:
        said: list[str] = []
        assert await asyncio.wait_for(Supervisor(Settings(), said.append).down(), 40) == 2
    finally:
        for key in own_up.environment:
            del os.environ[key]
    assert own_up.find("postgres") is None
    assert own_up.find("asterisk") is None


async def test_a_second_up_for_the_same_folder_is_refused(up: Up) -> None:
    """Two supervisors would fight over the same processes: the second says who is there and ends."""
    second = Up(up.folders.root)
    second.output = up.output.with_name("second.out")
    second.start()
    assert await second.ended() == 1
    assert "already looks after" in second.said()
    assert up.postgres_answers()


async def test_two_copies_run_side_by_side(up: Up, short_folder: Path) -> None:
    """Ports are settings: another folder with other ports is another installation."""
    other = Up(short_folder / "w")
    other.start()
    try:
        await other.all_up()
        assert other.pid("asterisk") != up.pid("asterisk")
        assert up.asterisk_answers()
        assert other.process is not None
        other.process.send_signal(signal.SIGTERM)
        assert await other.ended() == 0
    finally:
        other.kill_all()
    assert up.asterisk_answers()


async def test_a_taken_port_is_said_and_nothing_stays_half_up(short_folder: Path) -> None:
    """Asterisk can't have its HTTP port: `up` ends with a sentence, and PostgreSQL does not stay behind."""
    import socket

    running = Up(short_folder / "v")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", running.http_port))
        taken.listen()
        running.start()
        try:
            assert await running.ended(60) == 1
        finally:
            running.kill_all()
    assert str(running.http_port) in running.said()
    assert running.find("postgres") is None


async def test_nobody_else_can_look_in(up: Up) -> None:
    """Passwords, sockets, the database and the safety net's record are closed to other users."""
    folders = up.folders
    for closed in (folders.postgres, folders.asterisk, folders.secrets, folders.run, folders.log, folders.asterisk / "etc"):
        assert stat.S_IMODE(closed.stat().st_mode) & 0o077 == 0, closed
    for secret in (folders.secrets / "ari.password", folders.asterisk / "etc/ari.conf", folders.asterisk / "safety_net.csv"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600, secret
