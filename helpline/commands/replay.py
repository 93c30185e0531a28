"""`annyeong120 replay`: a real helpline's load through this line's own routing, with 3, 4 and 5 counsellors."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from helpline import exit_codes
from helpline.twin import agreement, chart
from helpline.twin.replay import LOADS, Row, factor
from helpline.twin.replay import replay as run
from shifts.load import CONTACTS_A_DAY, LoadError, shipped

Loads = Annotated[str, typer.Option(help="부하, 쉼표로 / loads, with commas (x1 = 115/day)")]
Seats = Annotated[str, typer.Option(help="상담석, 쉼표로 / counsellors, with commas")]
Days = Annotated[
    int, typer.Option(help="x1의 날수, 다른 부하는 같은 통화 수만큼 / days at x1; other loads: as many contacts", min=1, max=3650)
]
Seed = Annotated[int, typer.Option(help="같은 씨앗, 같은 전화 / the same seed brings the same callers")]
Patience = Annotated[
    float, typer.Option(help="평균 인내 시간(분), 0 = 끊지 않음 / callers' mean patience in minutes, 0: nobody gives up", min=0)
]
Wrapup = Annotated[float, typer.Option(help="통화 뒤 정리(분) / wrap-up in minutes", min=0, max=120)]
Mixed = Annotated[bool, typer.Option("--mixed", help="무응답·오접속은 짧게, 위기는 먼저 / short silent and wrong calls, crisis first")]
Check = Annotated[bool, typer.Option("--check", help="얼랑 공식과 비교 / compare with the Erlang formulas")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")]
Chart = Annotated[Path | None, typer.Option("--chart", help="그림을 저장할 SVG 파일 / SVG file for the chart", dir_okay=False)]

EVERY_LOAD = ",".join(LOADS)
#: Contacts per run of `--check`: enough for a chance error well below the tolerance.
CHECK_CONTACTS = 30_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    load: Loads = EVERY_LOAD,
    seats: Seats = "3,4,5",
    days: Days = 30,
    seed: Seed = 1,
    patience: Patience = 10,
    wrapup: Wrapup = 5,
    mixed: Mixed = False,
    check: Check = False,
    as_json: AsJson = False,
    chart_file: Chart = None,
) -> None:
    """실제 상담전화의 부하를 이 프로그램의 배정에 흘려 봅니다 / A real helpline's load through this line's routing."""
    loads = [part.strip() for part in load.split(",") if part.strip()]
    numbers = _numbers(seats)
    if not loads:
        raise LoadError("부하가 없습니다 / no load was given")
    if check:
        _check(sorted({factor(part) for part in loads}), numbers, seed=seed, as_json=as_json)
        return
    rows: list[Row] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("재생 / replay", total=len(loads) * len(numbers))
        runs = run(
            loads,
            numbers,
            days=days,
            seed=seed,
            patience_s=patience * 60 or math.inf,
            wrapup_s=wrapup * 60,
            mixed=mixed,
            progress=lambda share: progress.update(task, completed=len(rows) + share),
        )
        for row in runs:
            rows.append(row)
            progress.update(task, completed=len(rows), description=f"{row.load} · {row.seats}석")
    if chart_file is not None:
        how = f"{days} days at x1, as many contacts with other loads; seed {seed}, mean patience {patience:g} min, wrap-up {wrapup:g} min."
        about = (how, f"Shape of the day and talk times: {shipped().source}")
        chart_file.write_text(chart.draw(rows, about=about), "utf-8")
    if as_json:
        typer.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False))
    else:
        _show(rows)
    if any(row.faults or row.numbers.out_of_order for row in rows):
        typer.echo("✘ 순서나 배정이 어긋났습니다 / somebody was served out of order or left beside a free counsellor", err=True)
        raise typer.Exit(exit_codes.FAILED)


def _show(rows: list[Row]) -> None:
    waits = Table(
        "부하\nload",
        "상담석\nseats",
        "통화\noffered",
        "20초 내 응답\nin 20 s",
        "끊음(10초 전)\ngave up (<10 s)",
        "평균 응답\nASA s",
        "대기 p50/p90/p99\nwait s",
        "점유\noccupied",
    )
    quality = Table(
        "부하\nload",
        "상담석\nseats",
        "예상 적중\nestimate held",
        "말 안 함\nsilent",
        "순서 어긋남\nout of order",
        "최대/p99\nmax/p99",
        "상담사 편차\nspread",
        "Erlang A\nin 20 s/gave up",
    )
    for row in rows:
        what = row.numbers
        first = (row.load, str(row.seats))
        waits.add_row(
            *first,
            f"{what.offered:,}",
            _percent(what.service_level),
            f"{_percent(what.abandoned)} ({_percent(what.short_abandoned)})",
            _number(what.asa_s),
            f"{_number(what.wait_p50_s)} / {_number(what.wait_p90_s)} / {_number(what.wait_p99_s)}",
            _percent(what.occupancy),
        )
        quality.add_row(
            *first,
            _percent(what.estimate_held),
            _percent(what.estimate_silent),
            f"{what.out_of_order:,} / {what.pairs:,}",
            "-" if what.max_over_p99 is None else f"{what.max_over_p99:.1f}",
            _percent(what.spread),
            f"{_percent(row.theory_service_level)} / {_percent(row.theory_gives_up)}",
        )
    console = Console()
    console.print(waits, quality)
    if any(len(row.lanes) > 1 for row in rows):
        lanes = Table("부하\nload", "상담석\nseats", "차선\nlane", "통화\noffered", "평균 응답\nASA s", "p99\ns")
        for row in rows:
            for lane, (offered, asa, p99) in row.lanes.items():
                lanes.add_row(row.load, str(row.seats), lane, f"{offered:,}", _number(asa), _number(p99))
        console.print(lanes)
    contacts, took = sum(row.numbers.offered for row in rows), sum(row.took_s for row in rows)
    console.print(f"{contacts:,} 통화, {took:.1f} 초, 초당 {contacts / took:,.0f} / contacts a second")
    console.print(f"자료 / source: {shipped().source}")


def _check(factors: list[float], seats: list[int], *, seed: int, as_json: bool) -> None:
    checks: list[agreement.Check] = []
    for times in factors:
        scenarios = list(
            agreement.steady_runs(shipped(), a_day=CONTACTS_A_DAY * times, seats=seats, contacts=CHECK_CONTACTS, seed=seed, patience_s=600)
        )
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for scenario in progress.track(scenarios, description="비교 / comparing"):
                checks += agreement.check(scenario)
    worst = max((abs(item.error) for item in checks), default=0.0)
    if as_json:
        typer.echo(json.dumps([{**asdict(item), "error": item.error} for item in checks]))
    else:
        table = Table(
            "공식\nformula", "시간당\nper hour", "상담석\nseats", "무엇\nwhat", "공식값\ntheory", "모의\nsimulated", "차이\npoints"
        )
        for item in checks:
            cells = (
                f"{item.per_hour:.2f}",
                str(item.seats),
                item.what,
                f"{item.theory:.2%}",
                f"{item.simulated:.2%}",
                f"{100 * item.error:+.2f}",
            )
            table.add_row(item.formula, *cells)
        Console().print(table, f"가장 큰 차이 / largest: {100 * worst:.2f} points; 허용 / allowed: {100 * agreement.TOLERANCE:g}")
    if worst > agreement.TOLERANCE:
        raise typer.Exit(exit_codes.FAILED)


def _numbers(seats: str) -> list[int]:
    try:
        numbers = [int(part) for part in seats.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if not numbers or not all(1 <= number <= 1000 for number in numbers):
        raise LoadError(f"{seats}: 상담석은 3,4,5처럼 적습니다 (1~1000) / counsellors are written like 3,4,5 (1 to 1000)")
    return numbers


def _plain(row: Row) -> dict[str, object]:
    return {**asdict(row), "numbers": row.numbers.as_dict(), "contacts_per_second": round(row.speed)}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
