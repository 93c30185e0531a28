"""An installation whose commands are run, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
import typer
from typer.testing import CliRunner, Result

from core.database import Database
from helpline.commands import line, numbers, policy

T = TypeVar("T")


class Run(Protocol):
    """Runs a command."""

    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture
def settings_file(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that point at the test's database."""
    settings = tmp_path / "annyeong120.toml"
    settings.write_text(f'data_dir = "{tmp_path}"\n[database]\nurl = "{database_url}"\n[line]\nwrapup_s = 60\n')
    monkeypatch.setenv("ANNYEONG120_SETTINGS", str(settings))
    monkeypatch.setenv("COLUMNS", "300")
    return settings


@pytest.fixture
def run(settings_file: Path) -> Run:
    """The command line with these commands."""
    app = typer.Typer()
    for module in (policy, numbers, line):
        module.register(app)
    runner = CliRunner()

    def command(*arguments: str) -> Result:
        return runner.invoke(app, list(arguments))

    return command


def with_database(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something in the database, from a test that is not a coroutine (the commands run their own event loop)."""

    async def inside() -> T:
        db = Database(url, pool_size=2)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(inside())
