"""`annyeong120 line`: what a supervisor sees, once and live, with the database and without."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from core.database import Database
from tests.integration.line.conftest import Run, with_database
from tests.kit.postgres import Postgres
from tests.kit.until import until_blocking

#: The order is by lane and time, not that of the rows.
_ROWS = """
INSERT INTO counsellors (id, extension, name, pin_hash, created_at) VALUES
  ('00000000-0000-0000-0000-000000000101', '101', '김상담 [1]', '-', now()), ('00000000-0000-0000-0000-000000000102', '102', '이상담', '-', now()),
  ('00000000-0000-0000-0000-000000000103', '103', '박상담', '-', now()), ('00000000-0000-0000-0000-000000000104', '104', '최상담', '-', now());
INSERT INTO presence (counsellor_id, human, break_reason, system, reachable, epoch, contact_id, idle_since, on_shift, shift_until, missed,
                      paused_until, heavy_run, rest_until, changed_at) VALUES
  ('00000000-0000-0000-0000-000000000101', 'ready', NULL, 'offered', true, 7, '01900000-0001-7000-8000-000000000002', now(), true,
   now() + interval '3 hours', 0, NULL, 1, NULL, now()),
  ('00000000-0000-0000-0000-000000000102', 'ready', NULL, 'idle', true, 1, NULL, now() - interval '90 s', true, NULL, 0, NULL, 0, NULL, now()),
  ('00000000-0000-0000-0000-000000000103', 'ready', NULL, 'idle', true, 1, NULL, now(), true, NULL, 3, now() + interval '9 min', 0,
   now() + interval '4 min', now()),
  ('00000000-0000-0000-0000-000000000104', 'break', 'meal', 'idle', false, 1, NULL, NULL, false, NULL, 0, NULL, 0, NULL, now());
INSERT INTO contacts (id, node, worker, channel_id, entry, language, number_cipher, number_index, withheld, state, entered_at, queued_at, lane,
                      virtual_start, silent, promised_until, kind) VALUES
  ('01900000-0001-7000-8000-000000000001', 'main', 'w', 'a', 'menu', 'en', 'CIPHER', 'INDEX', false, 'waiting', now(),
   now() - interval '600 s', 'normal', NULL, false, now() + interval '5 min', 'phone'),
  ('01900000-0001-7000-8000-000000000002', 'main', 'w', 'b', 'menu', 'ko', NULL, NULL, true, 'waiting', now(), now() - interval '60 s',
   'crisis', NULL, true, NULL, 'phone'),
  ('01900000-0001-7000-8000-000000000003', 'main', 'w', 'c', 'menu', 'ko', NULL, NULL, true, 'waiting', now(), now() - interval '30 s',
   'normal', now() - interval '3700 s', false, NULL, 'callback'),
  ('01900000-0001-7000-8000-000000000004', 'main', 'w', 'd', 'menu', 'ko', NULL, NULL, true, 'talking', now(), now(), 'normal', NULL, false,
   NULL, 'phone');
INSERT INTO offers (id, contact_id, counsellor_id, epoch, leg_id, offered_at) VALUES
  (gen_random_uuid(), '01900000-0001-7000-8000-000000000002', '00000000-0000-0000-0000-000000000101', 7, 'l', now() - interval '5 s');
INSERT INTO callbacks (id, contact_id, reason, number_cipher, number_index, language, created_at, virtual_start, state, due_at, may_call) VALUES
  (gen_random_uuid(), '01900000-0001-7000-8000-000000000004', 'asked', 'CIPHER', 'INDEX', 'ko', now() - interval '2 hours', now(), 'open',
   now() - interval '1 s', true),
  (gen_random_uuid(), '01900000-0001-7000-8000-000000000001', 'dropped_out', 'CIPHER', 'INDEX', 'ko', now(), now(), 'open', now(), NULL);
INSERT INTO alarms (id, kind, at, about) VALUES
  (gen_random_uuid(), 'danger_key', now(), '01900000-0001-7000-8000-000000000002'), (gen_random_uuid(), 'long_wait', now(), NULL);
UPDATE alarms SET seen_at = now() WHERE kind = 'long_wait';
INSERT INTO workers (name, seen_at) VALUES ('main/w', now()), ('main/dead', now() - interval '1 min');
"""


def fill(url: str) -> None:
    """A busy line."""

    async def write(db: Database) -> None:
        async with db.begin() as session:
            for statement in _ROWS.split(";\n"):
                if statement.strip():
                    await session.execute(text(statement.replace(":", r"\:")))

    with_database(url, write)


def test_the_line_as_a_record(run: Run, database_url: str) -> None:
    """For programs: everything, and nobody's number."""
    fill(database_url)
    result = run("line", "--json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert [(caller["contact_id"][-1], caller["place"], caller["lane"], caller["offered_to"]) for caller in shown["callers"]] == [
        ("2", 1, "crisis", "101"),
        ("3", 2, "normal", None),
        ("1", 3, "normal", None),
    ]
    assert [worker["available"] for worker in shown["counsellors"]] == [False, True, False, False]
    assert (shown["waiting"], shown["open_alarms"], shown["calls"]) == (3, 1, {"talking": 1, "waiting": 3})
    back = shown["callbacks"]
    assert (back["open"], back["due"], back["calling"], back["to_decide"]) == (2, 1, 0, 1)
    assert shown["today"]["offered"] == 3
    for secret in ("CIPHER", "INDEX", "number"):
        assert secret not in result.stdout.replace("number_not", "")


def test_the_line_on_the_screen(run: Run, database_url: str) -> None:
    """In Korean and English: who waits, who works, what is wrong, today's figures."""
    fill(database_url)
    result = run("line", "--once")
    assert result.exit_code == 0, result.output
    for words in (
        "대기 / waiting 3", "available 1", "programs 1", "main/dead", "위험 번호 누름 / danger key", "위험 / crisis", "무응답 / silent", "01900000-0001",
        "다시 전화 / call-back", "김상담 [1]", "호출 중 / ringing", "left alone", "resting", "missed 3", "휴식 / break (식사 / meal)",
        "근무 아님 / off shift", "지금 걸 것 / due 1", "결정 필요 / to decide 1", "들어옴 / offered 3",
    ):  # fmt: skip
        assert words in result.stdout, words


def test_an_empty_installation_says_what_to_do(run: Run) -> None:
    """The first thing an operator sees."""
    shown = run("line", "--once").stdout
    assert "counsellor add" in shown
    assert "Nobody waits" in shown


class Terminal:
    """A terminal of 60 lines in which the command runs; `text` is what it wrote since `forget`."""

    def __init__(self, settings: Path) -> None:
        self._own, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 250, 0, 0))
        environment = {**os.environ, "ANNYEONG120_SETTINGS": str(settings), "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "helpline", "line", "--every", "0.2"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.text = ""

    def shows(self, words: str) -> bool:
        """Whether this has been written."""
        while select.select([self._own], [], [], 0)[0]:
            try:
                self.text += os.read(self._own, 65536).decode(errors="replace")
            except OSError:
                # The other side is closed: the command has ended.
                break
        return words in self.text

    def forget(self) -> None:
        """Look at what is written from now on only."""
        self.shows("")
        self.text = ""

    def close(self) -> None:
        """End the command whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        with suppress(OSError):
            os.close(self._own)


@contextmanager
def terminal(settings: Path) -> Iterator[Terminal]:
    """Opened and closed."""
    made = Terminal(settings)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def away(postgres: Postgres, url: str) -> Iterator[None]:
    """The database is nowhere to be found for as long as the block lasts; whoever is connected is thrown out."""
    name = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
    here, gone = sql.Identifier(name), sql.Identifier(f"{name}_gone")
    with postgres.session(postgres.url()) as admin:
        # Otherwise the command would be back before the database can be renamed.
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(here))
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,))
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(here, gone))
        try:
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(gone, here))
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(here))


@pytest.mark.timeout(240)
def test_the_live_view_survives_the_database_and_ends_at_ctrl_c(postgres: Postgres, database_url: str, settings_file: Path) -> None:
    """It says that the database is away, shows what it knew, goes on by itself, and leaves the terminal as it was."""
    fill(database_url)
    with terminal(settings_file) as screen:

        def shows(words: str) -> None:
            until_blocking(lambda: screen.shows(words), 60, lambda: screen.text[-2000:])

        shows("01900000-0001")
        with away(postgres, database_url):
            shows("연결할 수 없습니다")
            screen.forget()
            shows("This is as of then")
            shows("01900000-0001")
        with_database(database_url, lambda db: db.execute(text("UPDATE counsellors SET name = '돌아온 상담사' WHERE extension = '102'")))
        shows("돌아온 상담사")
        screen.process.send_signal(signal.SIGINT)
        until_blocking(lambda: screen.shows("") and screen.process.poll() is not None, 60)
        assert screen.process.returncode == 0
        # Back on the terminal's own screen, with its cursor.
        assert screen.shows("\x1b[?1049l")
        assert screen.shows("\x1b[?25h")
        assert "Traceback" not in screen.text
