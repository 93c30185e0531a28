"""`annyeong120 roster what-if`: a month's draft played against the forecast in the simulation of the line."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from helpline import contact_history
from helpline.asking import ask, fail
from helpline.what_if import of_roster
from shifts.forecast import forecast
from shifts.rosters import Rosters
from shifts.what_if import Question, WhatIf

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


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
