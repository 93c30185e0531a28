"""Rules on the line as a whole: the least number with the phone on, the wanted number on shift, a supervisor who can be reached.

The least number is asked of every minute, breaks not counted; the wanted number counts who is rostered, breaks or not, because it says how
many to plan for and not when they rest. Stretches that touch and lack the same are one violation, shown at the date their demand belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from core.clock import SEOUL
from core.holidays_kr import weekday
from shifts.model import Duty, Span
from shifts.rules.ground import Ground, Need, instant, midnight, span_of
from shifts.rules.line import Line, profile, reach
from shifts.rules.violation import Mend, Violation

_DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class _Short:
    start: int
    end: int
    have: int
    needed: int


def needs(ground: Ground, number: int) -> Sequence[Need]:
    """What is asked for on a date (its ordinal). A demand over midnight belongs to the date on which it starts."""
    if (found := ground.needs.get(number)) is None:
        ground.needs[number] = found = list(_needs(ground, number))
    return found


def _needs(ground: Ground, number: int) -> Iterator[Need]:
    day = date.fromordinal(number)
    kind, begins = weekday(day, ground.setting.holidays), midnight(day)
    for demand in ground.setting.demand:
        if demand.on(kind):
            start = demand.starts.hour * 60 + demand.starts.minute
            last = number + reach(start, demand.minutes)
            yield Need(begins + start, begins + start + demand.minutes, last, demand)


def demand_reach(ground: Ground) -> int:
    """Into how many dates after its own a demand reaches at most."""
    return max((reach(each.starts.hour * 60 + each.starts.minute, each.minutes) for each in ground.setting.demand), default=0)


def cover(ground: Ground, line: Line, number: int) -> Iterator[Violation]:
    """Where there are too few for the demand of a date."""
    for rule, whole in (("cover_least", False), ("cover_wanted", True)):
        if not ground.parameters.on(rule):
            continue
        open_: dict[str | None, list[_Short]] = {}
        for need in needs(ground, number):
            for short in _short(line, number, need, whole=whole):
                open_.setdefault(need.demand.skill, []).append(short)
        for skill, found in open_.items():
            for together in _touching(found):
                yield _too_few(ground, rule, number, skill, together)


def _short(line: Line, number: int, need: Need, *, whole: bool) -> Iterator[_Short]:
    wanted = need.demand.wanted if whole else need.demand.least
    if wanted <= 0:
        return
    skill = need.demand.skill
    found = line.during(need.start, need.end, number, need.last, whole=whole)
    if skill is not None:
        found = [stretch for stretch in found if line.can(stretch.person_id, skill)]
    # The common case, without cutting the time up: enough are there throughout.
    if sum(1 for stretch in found if stretch.start <= need.start and stretch.end >= need.end) >= wanted:
        return
    for start, end, have in profile(found, need.start, need.end):
        if have < wanted:
            yield _Short(start, end, have, wanted)


def _touching(shorts: Iterable[_Short]) -> Iterator[list[_Short]]:
    run: list[_Short] = []
    for short in sorted(shorts, key=lambda short: (short.start, short.end)):
        if run and short.start > max(each.end for each in run):
            yield run
            run = []
        run.append(short)
    if run:
        yield run


def _too_few(ground: Ground, rule: str, number: int, skill: str | None, shorts: list[_Short]) -> Violation:
    start, end = min(short.start for short in shorts), max(short.end for short in shorts)
    worst = min(shorts, key=lambda short: (short.have - short.needed, short.start))
    day = date.fromordinal(number)
    code = _shift_over(ground, day, start, end)
    values: dict[str, int | str] = {
        "start": clock(start),
        "end": clock(end),
        "when_range": _range(start, end),
        "have": worst.have,
        "least": worst.needed,
        "skill": skill or "",
    }
    return Violation(
        rule=rule,
        person_id=None,
        day=day,
        days=(day,),
        span=span_of(start, end),
        values=values,
        mend=Mend(key="find" if code else "find_time", values={**values, "code": code or "", "day": day.isoformat()}),
        detail="/".join(filter(None, (clock(start), skill))),
    )


def _shift_over(ground: Ground, day: date, start: int, end: int) -> str | None:
    """The shift on the line that has most of a stretch, among those that start on that date."""
    wanted = span_of(start, end)
    best: tuple[int, str] | None = None
    for code, kind in ground.setting.shift_types.items():
        shared = kind.span(day).overlap(wanted) if kind.duty is Duty.LINE else None
        if shared is not None and (best is None or shared.minutes > best[0]):
            best = (shared.minutes, code)
    return best[1] if best else None


def supervisor(ground: Ground, line: Line, number: int, *, history: bool) -> Iterator[Violation]:
    """Minutes of a date in which no supervisor can be reached. Without history the first date's early hours belong to a roster not known."""
    if not ground.parameters.on("supervisor_reachable"):
        return
    day = date.fromordinal(number)
    start, end = midnight(day), midnight(day) + _DAY_MINUTES
    if number == ground.first and not history:
        start = min(end, line.starts(number) or start)
    gaps: list[tuple[int, int]] = []
    for begin, stop in line.reachable(number, number):
        if begin > start:
            gaps.append((start, min(begin, end)))
        start = max(start, stop)
        if start >= end:
            break
    if start < end:
        gaps.append((start, end))
    if not gaps:
        return
    code = next((code for code, kind in ground.setting.shift_types.items() if kind.duty is Duty.SUPERVISOR), "")
    values: dict[str, int | str] = {
        "start": clock(gaps[0][0]),
        "end": clock(gaps[-1][1]),
        "when_range": _range(gaps[0][0], gaps[-1][1]),
        "minutes": sum(stop - begin for begin, stop in gaps),
    }
    yield Violation(
        rule="supervisor_reachable",
        person_id=None,
        day=day,
        days=(day,),
        span=Span(instant(gaps[0][0]), instant(gaps[-1][1])),
        values=values,
        mend=Mend(key="find" if code else "find_time", values={**values, "code": code, "day": day.isoformat()}),
    )


def _range(start: int, end: int) -> str:
    return f"{instant(start).isoformat()}/{instant(end).isoformat()}"


def clock(number: int) -> str:
    """The local time of a minute, as on a clock."""
    return instant(number).astimezone(SEOUL).strftime("%H:%M")
