"""`annyeong120 calls` and `annyeong120 call ID`: what happens on the line, and the whole story of one call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from core import settings_file
from core.clock import SEOUL
from core.database import Database
from core.errors import AnnyeongError
from helpline import exit_codes
from helpline.embedded.addresses import database_url
from routing.history import Story, recent, story

T = TypeVar("T")
Limit = Annotated[int, typer.Option(help="지난 통화 수 / how many past calls", min=0, max=1000)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(calls)
    app.command()(call)


def calls(limit: Limit = 20, as_json: AsJson = False) -> None:
    """진행 중인 통화와 최근 통화 / Live and recent calls."""
    rows = _ask(lambda db: recent(db, limit))
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], default=str, ensure_ascii=False))
        return
    table = Table(
        "통화 / call",
        "시각 / entered",
        "들어온 길 / entry",
        "상태 / state",
        "대기 / wait",
        "통화 / talk",
        "상담사 / counsellor",
        "결과 / outcome",
    )
    for row in rows:
        table.add_row(
            str(row.id),
            f"{row.entered_at.astimezone(SEOUL):%m-%d %H:%M:%S}",
            row.entry,
            row.state if row.outcome is None else "",
            _seconds(row.queued_at, row.answered_at or row.ended_at),
            _seconds(row.answered_at, row.ended_at),
            row.counsellor or "",
            row.outcome or "",
        )
    Console().print(table if rows else "통화가 없습니다. / No calls yet.")


def call(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="통화 번호 또는 그 앞부분 / call id or its beginning")],
    as_json: AsJson = False,
) -> None:
    """한 통화의 시간표 (밀리초) / The timeline of one call, in milliseconds."""
    found = _ask(lambda db: story(db, call_id))
    if not found:
        typer.echo(f"그런 통화가 없습니다: {call_id} / No such call: see `annyeong120 calls`", err=True)
        raise typer.Exit(exit_codes.FAILED)
    if len(found) > 1:
        typer.echo(f"{call_id}: 여러 통화 / several calls: {', '.join(str(item.contact.id) for item in found)}", err=True)
        raise typer.Exit(exit_codes.FAILED)
    _show(found[0], as_json=as_json)


def _show(item: Story, *, as_json: bool) -> None:
    start = item.contact.entered_at
    lines = [{"ms": _ms(row.at - start), "kind": row.kind, **row.detail} for row in item.events]
    if as_json:
        contact = {key: value for key, value in item.contact._asdict().items() if not key.startswith("number_")}
        legs = [row._asdict() for row in item.offers]
        typer.echo(json.dumps({"contact": contact, "offers": legs, "timeline": lines}, default=str, ensure_ascii=False))
        return
    console = Console()
    console.print(f"{item.contact.id}  {start.astimezone(SEOUL):%Y-%m-%d %H:%M:%S.%f}  {item.contact.outcome or item.contact.state}")
    table = Table("ms", "무엇 / what", "자세히 / detail")
    for row in item.events:
        table.add_row(f"{_ms(row.at - start):.1f}", row.kind, " ".join(f"{key}={value}" for key, value in row.detail.items()))
    console.print(table)


def _ms(span: timedelta) -> float:
    return round(span.total_seconds() * 1000, 1)


def _seconds(since: datetime | None, until: datetime | None) -> str:
    return f"{(until - since).total_seconds():.1f} s" if since and until else ""


def _ask(question: Callable[[Database], Awaitable[T]]) -> T:
    async def answer() -> T:
        db = Database(database_url(settings_file.load()), pool_size=2)
        try:
            return await question(db)
        finally:
            await db.close()

    try:
        return asyncio.run(answer())
    except AnnyeongError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exit_codes.FAILED) from error
