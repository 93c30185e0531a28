"""`annyeong120 line`: the line and the counsellors in the terminal, refreshed live."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from core import settings_file
from core.clock import SystemClock
from core.database import Database
from core.errors import DatabaseError
from core.settings import Settings
from helpline.asking import ask, in_words, quiet
from helpline.embedded.addresses import database_url
from helpline.line_view import nothing_known, view
from routing.snapshot import LineSnapshot, SnapshotReader


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(line)


def line(
    *,
    once: Annotated[bool, typer.Option("--once", help="한 번만 / Once, and end")] = False,
    every: Annotated[float, typer.Option(metavar="S", help="몇 초마다 새로 / Seconds between two looks", min=0.2, max=60)] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 한 번 / Once, for programs")] = False,
) -> None:
    """기다리는 사람과 상담사를 실시간으로 / The line and the counsellors, live. Ctrl-C 로 끝 / ends it."""
    console = Console(highlight=False)
    if not (once or as_json) and console.is_terminal:
        quiet()
        # A shell that started us in the background has ctrl-C ignored; whoever looks at this view ends it that way.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_watch(settings_file.load(), console, every))
        return
    snapshot = ask(_look)
    if as_json:
        typer.echo(json.dumps(asdict(snapshot), default=str, ensure_ascii=False))
    else:
        console.print(view(snapshot))


async def _look(db: Database, settings: Settings) -> LineSnapshot:
    return await _reader(db, settings).read()


async def _watch(settings: Settings, console: Console, every: float) -> None:
    db = Database(database_url(settings), pool_size=2, statement_timeout_s=settings.database.statement_timeout_s)
    reader, known = _reader(db, settings), None
    try:
        # The other screen of the terminal: a table that grows or shrinks leaves nothing behind.
        with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="ellipsis") as live:
            while True:
                try:
                    known = await reader.read()
                    shown = view(known)
                except DatabaseError as error:
                    words = in_words(error, settings)
                    shown = nothing_known(words) if known is None else view(known, words)
                live.update(shown, refresh=True)
                await asyncio.sleep(every)
    finally:
        await db.close()


def _reader(db: Database, settings: Settings) -> SnapshotReader:
    return SnapshotReader(db, SystemClock(), wrapup_s=settings.line.wrapup_s)
