"""`annyeong120 numbers`: the helpline's figures by intervals of time, as `routing.measures` defines them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.clock import SEOUL, SystemClock, seoul
from core.database import Database
from core.settings import Settings
from helpline.asking import ask, fail
from routing.measures import EVERY, WITHIN_S, Measures, floor, measure

_DAY = EVERY["day"]
_WHEN = "2026-03-02, 2026-03-02T09:30 또는/or -7d, -12h, now"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(numbers)


def numbers(
    begin: Annotated[str, typer.Option("--from", metavar="WHEN", help=f"언제부터 / From ({_WHEN}); 없으면 오늘 0시 / today")] = "",
    end: Annotated[str, typer.Option("--to", metavar="WHEN", help="언제까지(그 시각 제외) / Up to; 없으면 지금 / now")] = "now",
    every: Annotated[str, typer.Option(metavar="|".join(EVERY), help="간격 / Intervals")] = "30m",
    within: Annotated[
        float, typer.Option(metavar="S", help="서비스 수준의 기준(초) / T of the service level", min=0, max=86400)
    ] = WITHIN_S,
    *,
    totals_only: Annotated[bool, typer.Option("--total", help="합계만 / Totals only")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 / For programs")] = False,
) -> None:
    """상담 전화의 수치 (서울 시각) / Figures of the line, by intervals in Seoul's time."""
    if every not in EVERY:
        fail(f"--every {every}: {', '.join(EVERY)}")
    now = SystemClock().now()
    start = _instant(begin, "--from", now) if begin else floor(now, _DAY)
    until = _instant(end, "--to", now)

    async def measured(db: Database, settings: Settings) -> tuple[list[Measures], Measures]:
        return await measure(db, start, until, every=EVERY[every], wrapup_s=settings.line.wrapup_s, within_s=within)

    intervals, total = ask(measured)
    if totals_only:
        intervals = []
    if as_json:
        record = {"within_s": within, "intervals": [_record(item) for item in intervals], "total": _record(total)}
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print(_table(intervals, total, within, whole_days=EVERY[every] == _DAY))
    console.print(_more(total))


def _instant(text: str, option: str, now: datetime) -> datetime:
    """What was typed, as an instant; without a zone it is Seoul's."""
    if text.lower() == "now":
        return now
    if back := re.fullmatch(r"-(\d{1,5})([dhm])", text):
        number, unit = int(back[1]), {"d": "days", "h": "hours", "m": "minutes"}[back[2]]
        return now - timedelta(**{unit: number})
    try:
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=SEOUL)).astimezone(UTC)
    except (ValueError, OverflowError):
        fail(f"{option} {text}: {_WHEN}")


def _record(item: Measures) -> dict[str, object]:
    return {**asdict(item), "start": item.start.isoformat(), "end": item.end.isoformat()}


def _table(intervals: list[Measures], total: Measures, within: float, *, whole_days: bool) -> Table:
    table = Table(title=f"{seoul(total.start):%Y-%m-%d %H:%M} – {seoul(total.end):%Y-%m-%d %H:%M} (서울 / Seoul)", title_justify="left")
    for heading in (
        "부터\nfrom", "들어옴\noffered", "연결\nanswered", f"{within:g}초 안\nwithin", "포기\nleft", "포기율\nrate", "메뉴 포기\nin menu", "곧 끊음\n<10 s",
        "다시 전화\nback", "끊어짐\ncut off", "대기 중\nwaiting", "평균\nmean wait", "중간\np50", "p90", "p95", "p99", "처리\nhandling", "예비\noverflow",
        "예상 적중\nestimate",
    ):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    for item in intervals:
        table.add_row(
            f"{item.start:%m-%d}" if whole_days else f"{item.start:%m-%d %H:%M}", *_cells(item), style=None if item.entered else "dim"
        )
    table.add_section()
    table.add_row("합계 / total", *_cells(total), style="bold")
    return table


def _cells(item: Measures) -> tuple[str, ...]:
    waits = (item.asa_s, item.wait_p50_s, item.wait_p90_s, item.wait_p95_s, item.wait_p99_s, item.aht_s)
    return (
        str(item.offered), str(item.answered), _percent(item.service_level), str(item.queue_abandoned), _percent(item.abandonment),
        str(item.ivr_abandoned), str(item.short_abandoned), str(item.callback_arranged), str(item.cut_off), str(item.still_waiting),
        *(_clock(value) for value in waits), str(item.overflow), _percent(item.told_share),
    )  # fmt: skip


def _more(total: Measures) -> str:
    outcomes = ", ".join(f"{name} {count}" for name, count in total.outcomes.items()) or "-"
    return (
        f"걸려 온 전화 / came in {total.entered} · 다른 부서 / elsewhere {total.transferred_away} · 위험 / crisis {total.crisis} · "
        f"무응답 / silent {total.silent}\n"
        f"다시 전화 / call-backs: 요청 / asked {total.callbacks_asked} · 명단 / listed {total.callbacks_listed} · "
        f"통화함 / talked {total.callbacks_done}\n"
        f"예상 시간 / estimates: {total.told_held} / {total.told}\n"
        f"결과 / outcomes: {outcomes}"
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f} %"


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"
