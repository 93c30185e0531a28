"""Rules on what follows what: rest between shifts, forbidden sequences, days off after nights, overlaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from shifts.model import Duty
from shifts.rules.ground import Ground, Kind, Work
from shifts.rules.violation import Violation


def sequences(ground: Ground, line: Sequence[Work]) -> Iterator[Violation]:
    """Of each two shifts on the line that follow each other: the one rule that says it best."""
    for previous, work in pairwise(line):
        if work.number < ground.first or work.start < previous.end:
            continue
        rule = _forbidden(ground, previous, work)
        rest = work.start - previous.end
        values: dict[str, int | str] = {"previous_code": previous.code, "minutes": rest}
        if rule is None and ground.parameters.on("rest_between") and rest < ground.parameters.value("rest_between", "minutes"):
            rule = "rest_between"
            values["limit_minutes"] = ground.parameters.value("rest_between", "minutes")
        if rule is None and _too_few_days_off(ground, previous, work):
            rule = "days_off_after_nights"
            values |= {"count": work.number - previous.number - 1, "limit": ground.parameters.value(rule, "days")}
        if rule is not None:
            yield ground.violation(rule, work, days=(previous.day,), values=values, detail=work.code)


def _forbidden(ground: Ground, previous: Work, work: Work) -> str | None:
    apart = work.number - previous.number
    match previous.kind, work.kind, apart:
        case Kind.EVENING, Kind.DAY, 1:
            rule = "evening_day"
        case Kind.NIGHT, (Kind.DAY | Kind.EVENING), 1:
            rule = "night_day"
        case Kind.NIGHT, Kind.DAY, 2:
            rule = "night_off_day"
        case _:
            return None
    return rule if ground.parameters.on(rule) else None


def _too_few_days_off(ground: Ground, previous: Work, work: Work) -> bool:
    if previous.kind is not Kind.NIGHT or work.kind is Kind.NIGHT or not ground.parameters.on("days_off_after_nights"):
        return False
    return work.number - previous.number - 1 < ground.parameters.value("days_off_after_nights", "days")


def overlaps(ground: Ground, works: Sequence[Work]) -> Iterator[Violation]:
    """Two shifts at the same time. The supervisor on call may be on the line meanwhile, or on standby: they can be reached all the same."""
    going_on: list[Work] = []
    for work in works:
        going_on = [previous for previous in going_on if previous.end > work.start]
        for previous in going_on if work.number >= ground.first else ():
            duties = {previous.duty, work.duty}
            if len(duties) == 1:
                rule = "overlap"
            elif duties == {Duty.LINE, Duty.STANDBY} and ground.parameters.on("standby_clash"):
                rule = "standby_clash"
            else:
                continue
            minutes = min(previous.end, work.end) - work.start
            values: dict[str, int | str] = {"previous_code": previous.code, "minutes": minutes}
            detail = f"{previous.day.isoformat()}-{previous.code}+{work.code}"
            yield ground.violation(rule, work, days=(previous.day,), values=values, detail=detail)
        going_on.append(work)
