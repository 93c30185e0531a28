"""`annyeong120 callbacks` and `annyeong120 alarms` as a supervisor uses them, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
import structlog
import typer
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from core.alarms import AlarmKind
from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.secrets import load_cipher
from core.settings import Settings
from core.settings_file import load
from core.tables import alarms
from helpline.commands import alarms as alarm_commands
from helpline.commands import callbacks as callback_commands
from helpline.embedded.addresses import database_url as url_of
from routing.callbacks import CallbackState
from tests.integration.routing.callers import LEE, Desk

T = TypeVar("T")
runner = CliRunner()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The log is not what a command prints."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that point at the test's database, with keys of their own."""
    for name, key in (("number.keys", "k1:" + "AQ" * 21 + "E="), ("index.key", "Ag" * 21 + "I=")):
        path = tmp_path / name
        path.write_text(key + "\n")
        path.chmod(0o600)
    file = tmp_path / "annyeong120.toml"
    file.write_text(
        f'data_dir = "{tmp_path}"\n[database]\nurl = "{database_url}"\n'
        f'[secrets]\nnumber_keys_file = "{tmp_path}/number.keys"\nindex_key_file = "{tmp_path}/index.key"\n'
    )
    monkeypatch.setenv("ANNYEONG120_SETTINGS", str(file))
    monkeypatch.setenv("COLUMNS", "300")
    return load()


def run(*arguments: str) -> Result:
    """Run `annyeong120` with these arguments."""
    app = typer.Typer()
    app.callback()(lambda: None)
    alarm_commands.register(app)
    callback_commands.register(app)
    return runner.invoke(app, list(arguments))


def work(settings: Settings, todo: Callable[[Desk], Awaitable[T]]) -> T:
    """Do something with the same database."""

    async def inside() -> T:
        db = Database(url_of(settings), pool_size=2)
        try:
            desk = Desk(db, cipher=load_cipher(settings))
            desk.clock.jump(SystemClock().now())
            return await todo(desk)
        finally:
            await db.close()

    return asyncio.run(inside())


def test_who_dropped_out_is_listed_masked_and_called_when_a_person_says_so(settings: Settings) -> None:
    """From the list to the next claim."""

    async def drop_out(desk: Desk) -> None:
        await desk.callbacks.dropped_out(await desk.call(outcome="abandoned_waiting"))

    assert "Nobody" in run("callbacks").output
    work(settings, drop_out)
    shown = run("callbacks").output
    assert "10-****-5678" in shown
    assert "dropped out" in shown
    assert "callbacks call ID" in shown
    (item,) = json.loads(run("callbacks", "--json").output)
    assert work(settings, lambda desk: desk.callbacks.claim("w1", 1, 60)) == []
    assert run("callbacks", "call", item["id"]).exit_code == 0
    (due,) = work(settings, lambda desk: desk.callbacks.claim("w1", 1, 60))
    assert str(due.id) == item["id"]


def test_a_person_cancels_or_ends_a_request_once(settings: Settings) -> None:
    """And a refusal keeps the number off the list."""
    first, second = work(settings, lambda desk: asyncio.gather(desk.asked(), desk.asked(LEE)))
    assert run("callbacks", "cancel", str(first), "--why", "refused").exit_code == 0
    assert run("callbacks", "done", str(second), "--outcome", "talked").exit_code == 0
    again = run("callbacks", "call", str(second))
    assert again.exit_code == 1
    assert "ended already" in again.output
    ended = {UUID(item["id"]): item for item in json.loads(run("callbacks", "--all", "--json").output)}
    assert ended[first]["consent"]["may_call"] is False
    assert ended[second]["state"] == CallbackState.DONE

    async def drop_out(desk: Desk) -> bool:
        return await desk.callbacks.dropped_out(await desk.call(outcome="abandoned_waiting"))

    assert not work(settings, drop_out)


@pytest.mark.parametrize(
    "arguments",
    [
        ("callbacks", "call", "0"),
        ("callbacks", "call", "nonsense%"),
        ("callbacks", "cancel", "0", "--why", "bored"),
        ("callbacks", "done", "0"),
        ("alarms", "seen", "0", "--by", "kim"),
        ("alarms", "seen", "0"),
        ("alarms", "seen", "0", "--by", " "),
    ],
)
@pytest.mark.usefixtures("settings")
def test_what_can_not_be_is_said_clearly(arguments: tuple[str, ...]) -> None:
    """An exit code and a line, no traceback."""
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.usefixtures("settings")
def test_without_a_database_it_is_said(tmp_path: Path) -> None:
    """And where to look."""
    file = tmp_path / "annyeong120.toml"
    file.write_text(re.sub('url = ".*"', 'url = "postgresql://nobody@127.0.0.1:1/none"', file.read_text()))
    for command in ("callbacks", "alarms"):
        result = run(command)
        assert result.exit_code == 1
        assert "can't be reached" in result.output


def test_an_alarm_is_open_until_somebody_has_seen_to_it(settings: Settings) -> None:
    """The first one who says so counts."""
    alarm_id, about = new_id(), new_id()

    async def raise_it(desk: Desk) -> None:
        kind = str(AlarmKind.DANGER_KEY)
        await desk.db.execute(insert(alarms).values(id=alarm_id, kind=kind, at=desk.now, about=about, detail={"lane": "crisis"}))

    assert "No alarms" in run("alarms").output
    work(settings, raise_it)
    shown = run("alarms").output
    assert "danger key" in shown
    assert "lane=crisis" in shown
    assert run("alarms", "seen", str(alarm_id), "--by", "김 팀장").exit_code == 0
    assert "김 팀장" in run("alarms", "seen", str(alarm_id)[:20], "--by", "lee").output
    assert "No alarms" in run("alarms").output
    (row,) = json.loads(run("alarms", "--all", "--json").output)
    assert row["seen_by"] == "김 팀장"
