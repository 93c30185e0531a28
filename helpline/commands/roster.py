"""`annyeong120 roster`: the roster's solver held against published instances, and a month's draft played against the forecast."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.database import Database
from core.errors import AnnyeongError
from core.settings import Settings
from helpline import contact_history
from helpline.asking import ask, fail
from helpline.exit_codes import FAILED
from helpline.what_if import of_roster
from shifts.forecast import forecast
from shifts.rosters import Rosters
from shifts.what_if import Question, WhatIf

#: The largest file that is read: published instances have some 100 kB.
_LARGEST = 5_000_000
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(name="roster", help="The roster.", no_args_is_help=True)
    group.command("benchmark")(benchmark)
    group.command("what-if")(what_if)
    app.add_typer(group)


def benchmark(
    file: Annotated[Path, typer.Argument(help="An instance in the public nurse-rostering text format (SECTION_HORIZON …).")],
    seconds: Annotated[float, typer.Option(help="How long to search.", min=1)] = 60.0,
    workers: Annotated[int, typer.Option(help="Threads of the search.", min=2)] = 2,
    seed: Annotated[int, typer.Option(help="Of the search's dice.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One object instead of lines.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Print the roster found too.")] = False,
) -> None:
    """Solve an instance and have an independent checker judge the result: cost, bound, violations. Exit code 1 unless a lawful roster was found."""
    try:
        from shifts.solver.benchmark import instance as text  # noqa: PLC0415 - only this command needs it
        from shifts.solver.benchmark.run import solve  # noqa: PLC0415 - an optional extra
        from shifts.solver.effort import Effort  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise AnnyeongError("the solver is not installed: pip install 'annyeong120[solver]'") from error
    try:
        if file.stat().st_size > _LARGEST:
            raise AnnyeongError(f"{file.name}: larger than any instance")
        instance = text.read(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, text.BadInstance) as error:
        raise AnnyeongError(f"{file.name}: {error}") from error

    def progress(at_s: float, cost: int, bound: int) -> None:
        if not as_json:
            print(f"{at_s:6.1f} s  cost {cost}" + (f", bound {bound}" if bound > 0 else ""), flush=True)

    result = solve(instance, Effort(seconds=seconds, workers=workers, seed=seed), progress)
    judged = result.judgement
    found: dict[str, object] = {
        "file": file.name,
        "status": result.status.value,
        "cost": judged.cost if judged is not None else None,
        "bound": result.bound,
        "gap": round((judged.cost - result.bound) / judged.cost, 4) if judged and judged.cost and result.bound is not None else None,
        "violations": list(judged.violations) if judged is not None else None,
        "requests": judged.requests if judged is not None else None,
        "under": judged.under if judged is not None else None,
        "over": judged.over if judged is not None else None,
        "seconds": round(result.seconds, 1),
    }
    if plan and result.plan is not None:
        found["plan"] = {name: list(days) for name, days in result.plan.items()}
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for key, value in found.items():
            if key != "plan":
                print(f"{key:12}{value if value not in ([], None) else 'none'}")
        for name, days in (result.plan or {}).items() if plan else ():
            print(f"{name:6}" + " ".join(day or "." for day in days))
    if judged is None or judged.violations:
        raise typer.Exit(FAILED)


def what_if(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="어느 달의 초안 / Whose draft, e.g. 2027-01")],
    repetitions: Annotated[int, typer.Option(help="되풀이 횟수 / How often the month is played", min=1, max=100)] = 3,
    load: Annotated[int, typer.Option(help="예측 대비 부하(%) / Share of the forecast's load, per cent", min=10, max=500)] = 100,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 / For programs")] = False,
) -> None:
    """이 근무표로 이 부하를 받으면? / What would this roster make of this load?"""
    if not _MONTH.fullmatch(month):
        fail(f"{month}: YYYY-MM")

    async def asked(db: Database, _settings: Settings) -> Question:
        clock = SystemClock()
        draft = await Rosters(db, clock).draft(date(int(month[:4]), int(month[5:]), 1))
        expected = forecast(await contact_history.read(db, clock), holidays=draft.setting.holidays)
        return Question(setting=draft.setting, roster=draft.roster, forecast=expected, repetitions=repetitions)

    question = ask(asked).with_load(load)
    found = of_roster(
        question.setting, question.roster, question.forecast, question.planning, repetitions=question.repetitions, seed=question.seed
    )
    if as_json:
        typer.echo(json.dumps({"month": month, "load_percent": load, "within_s": question.planning.within_s, **asdict(found)}))
        return
    console = Console(highlight=False)
    console.print(_table(found, question.planning.within_s))
    console.print(_whole(found))


def _table(found: WhatIf, within_s: float) -> Table:
    table = Table("시 / hour", "하루 / a day", f"{within_s:g} s", "포기 / gave up", "ASA", box=None)
    for number, hour in enumerate(found.by_hour):
        asa = "-" if hour.asa_s is None else f"{hour.asa_s:.0f} s"
        table.add_row(f"{number:02}", f"{hour.contacts_a_day:.1f}", _share(hour.service_level), _share(hour.gave_up), asa)
    return table


def _whole(found: WhatIf) -> str:
    return (
        f"합계 / total: {found.contacts}, 서비스 수준 / service level {_share(found.service_level)}, 포기 / gave up {_share(found.gave_up)}, "
        f"아무도 없을 때 / nobody there {_share(found.into_the_void)}, 점유율 / occupancy {_share(found.occupancy)}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
