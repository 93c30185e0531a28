"""`annyeong120 alarms`: what a supervisor must know now, and who has seen to it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.alarms import AlarmKind
from core.clock import SystemClock, seoul
from helpline import alarm_book
from helpline.database_work import fail, run

#: What each kind is called for people.
KINDS = {
    AlarmKind.DANGER_KEY: "위험 번호 누름 / danger key",
    AlarmKind.NOBODY_ON_SHIFT: "근무자 없음 / nobody on shift",
    AlarmKind.EVERYBODY_UNREACHABLE: "연결되는 전화기 없음 / no phone reachable",
    AlarmKind.LONG_WAIT: "오래 기다림 / long wait",
    AlarmKind.OVERFLOW_EXHAUSTED: "예비 연락처도 안 됨 / standby list exhausted",
    AlarmKind.NUMBER_NOT_ALLOWED: "허용되지 않은 번호 / number not allowed",
    AlarmKind.COUNSELLOR_LOST: "통화 중 상담사 전화 끊김 / counsellor lost",
    AlarmKind.COUNSELLOR_PAUSED: "상담사 자동 쉼 / counsellor paused",
    AlarmKind.SILENT_CALLER_LINE: "소리 없는 통화 복구 / silent line mended",
    AlarmKind.CALLBACK_GIVEN_UP: "다시 걸기 포기 / call-back given up",
    AlarmKind.NO_ROSTER: "게시된 근무표 없음 / no published roster for now",
    AlarmKind.THIN_SEAT: "근무 인원 부족 예정 / too few on the line ahead",
    AlarmKind.NOT_SIGNED_IN: "근무자 미로그인 / not signed in after the shift began",
    AlarmKind.CALLS_CUT_OFF: "시스템 고장으로 끊김 / calls cut off",
}

alarms = typer.Typer(invoke_without_command=True, help="관리자 경보 / Alarms for supervisors")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(alarms, name="alarms")


@alarms.callback()
def list_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="확인한 것도 / also those that were seen to")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")] = False,
) -> None:
    """아직 아무도 확인하지 않은 경보 / Alarms that nobody has seen to yet."""
    if context.invoked_subcommand:
        return
    rows = run(lambda db, _: alarm_book.alarms(db, everything=everything))
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], default=str, ensure_ascii=False))
        return
    if not rows:
        typer.echo("경보가 없습니다. / No alarms.")
        return
    table = Table("경보 / alarm", "시각 / at", "무엇 / what", "누구 / about", "자세히 / detail", "확인 / seen")
    for row in rows:
        detail = " ".join(f"{key}={value}" for key, value in row.detail.items())
        seen_to = f"{row.seen_by} {seoul(row.seen_at):%m-%d %H:%M}" if row.seen_at else ""
        cells = (str(row.id), f"{seoul(row.at):%m-%d %H:%M:%S}", _words(row.kind), str(row.about or ""), detail, seen_to)
        table.add_row(*map(escape, cells))
    Console().print(table)


@alarms.command()
def seen(
    alarm_id: Annotated[str, typer.Argument(metavar="ID", help="경보 번호 또는 그 앞부분 / alarm id or its beginning")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="누가 확인했는지 / who has seen to it")],
) -> None:
    """경보를 확인했다고 적습니다. / Write down that somebody has seen to an alarm."""
    name = " ".join(by.split())
    if not 1 <= len(name) <= 40 or not name.isprintable():
        fail("--by: 이름은 1~40자 / a name of 1 to 40 letters")
    row = run(lambda db, _: alarm_book.seen(db, alarm_id, by=name, now=SystemClock().now()))
    typer.echo(f"확인: {row.seen_by}, {seoul(row.seen_at):%m-%d %H:%M:%S} / Seen to by {row.seen_by}.")


def _words(kind: str) -> str:
    return KINDS[AlarmKind(kind)] if kind in AlarmKind.__members__.values() else kind
