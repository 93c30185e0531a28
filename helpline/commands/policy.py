"""`annyeong120 policy …`: the numbers by which the line decides, who changed them, and changing them while it runs."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.clock import SystemClock, seoul
from helpline.asking import ask, fail
from routing.policy import PARAMETERS, Policy
from routing.policy_store import PolicyStore

AsJson = Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 / For programs")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="누가 바꾸는지 / Who changes it")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="왜 바꾸는지 / Why")]

_MEANING = {
    "crisis_bonus_s": "위험에 처한 사람이 앞서는 시간",
    "dropped_bonus_s": "상담 중 전화가 끊긴 사람이 앞서는 시간",
    "silent_bonus_s": "말도 버튼도 없는 사람이 앞서는 시간",
    "named_yield_s": "지정된 상담사를 기다리는 시간",
    "language_yield_s": "언어나 전문 분야가 맞는 상담사를 기다리는 시간",
    "refusal_memory_s": "방금 받지 않은 상담사에게 다시 연결하지 않는 시간",
    "missed_limit": "연달아 받지 않으면 쉬게 하는 횟수",
    "pause_s": "그때 쉬게 하는 시간",
    "crisis_rest_s": "위기 상담 뒤의 휴식",
    "heavy_cap": "힘든 상담의 연속 한도",
    "drain_s": "근무가 끝나기 전 새 전화를 받지 않는 시간",
    "overflow_wait_s": "이보다 오래 기다리면 예비 명단에도 연결",
    "overflow_empty_s": "상담사가 아무도 없을 때 예비 명단까지의 시간",
    "overflow_again_s": "예비 명단에 다시 연결하기까지의 시간",
    "patience_s": "다른 프로그램의 앞선 전화를 위해 양보하는 시간",
    "callback_attempts": "다시 전화하는 횟수",
    "callback_spacing_s": "다시 전화하는 간격",
    "callback_ring_s": "다시 전화할 때 벨이 울리는 시간",
    "callback_person_first": "누구에게 먼저 거는지: 0 상담사, 1 시민",
    "callback_dropped_out": "기다리다 끊은 사람을 명단에 올리는지",
    "place_code_valid_s": "순서 번호가 유효한 시간",
}

policy = typer.Typer(invoke_without_command=True, help="전화 연결 규칙 / The numbers by which the line decides")
_out = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add `policy` to the command line."""
    app.add_typer(policy, name="policy")


@policy.callback()
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """지금 쓰이는 값 / What is in force."""
    if context.invoked_subcommand is None:
        _show(ask(lambda db, _: PolicyStore(db, SystemClock()).read()), as_json=as_json)


@policy.command("set")
def set_(
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="새 값; default는 기본값 / New value, or `default`")],
    by: By,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """값을 바꿉니다. 통화 중에도 바로 적용됩니다. / Change values; the running line takes them at once."""
    wanted: dict[str, object] = {}
    for value in values:
        name, separator, number = value.partition("=")
        if not separator or name.strip() in wanted:
            fail(f"{value}: NAME=VALUE, 이름마다 한 번 / each name once, e.g. pause_s=300")
        wanted[name.strip()] = number.strip()
    _show(ask(lambda db, _: PolicyStore(db, SystemClock()).change(by, wanted, note)), as_json=as_json)


@policy.command()
def undo(by: By, note: Note = "", as_json: AsJson = False) -> None:
    """마지막 변경을 되돌립니다. / Bring back what was in force before the last change."""
    _show(ask(lambda db, _: PolicyStore(db, SystemClock()).undo(by, note)), as_json=as_json)


@policy.command()
def history(
    limit: Annotated[int, typer.Option(help="몇 개까지 / how many", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """누가 언제 무엇을 바꾸었는지 / Who changed what when."""
    changes = ask(lambda db, _: PolicyStore(db, SystemClock()).history(limit))
    if as_json:
        records = [
            {
                "id": change.id, "at": change.at.isoformat(), "by": change.by, "note": change.note, "problem": change.problem,
                "changes": {name: {"from": before, "to": after} for name, (before, after) in change.changes.items()},
            }
            for change in changes
        ]  # fmt: skip
        typer.echo(json.dumps(records, ensure_ascii=False))
        return
    if not changes:
        _out.print("바꾼 적이 없습니다. / Nothing was ever changed.")
        return
    table = Table("#", "시각 / at", "누가 / by", "무엇을 / what", "왜 / why")
    for change in changes:
        what = "\n".join(f"{name}: {before:g} → {after:g}" for name, (before, after) in change.changes.items())
        problem = f"[red]무시됨 / ignored: {escape(change.problem)}[/]" if change.problem else what
        table.add_row(str(change.id), f"{seoul(change.at):%Y-%m-%d %H:%M:%S}", escape(change.by), problem, escape(change.note))
    _out.print(table)


def _show(now: Policy, *, as_json: bool) -> None:
    if as_json:
        record = {name: {"value": getattr(now, name), **parameter} for name, parameter in PARAMETERS.items()}
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    table = Table("이름 / name", "값 / value", "기본 / default", "범위 / range", "단위 / unit", "뜻 / meaning")
    for name, parameter in PARAMETERS.items():
        value = getattr(now, name)
        shown = f"{value:g}" if value == parameter["default"] else f"[bold yellow]{value:g}[/]"
        limits = f"{parameter['low']:g}–{parameter['high']:g}"
        meaning = f"{_MEANING.get(name, '')}\n[dim]{parameter['meaning']}[/]".strip()
        table.add_row(name, shown, f"{parameter['default']:g}", limits, str(parameter["unit"]), meaning)
    _out.print(table)
