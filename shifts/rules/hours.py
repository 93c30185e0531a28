"""Rules on how much somebody works: hours and rest day of a week, breaks, night work, runs of days and nights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from shifts.model import Duty, NightWork, Pause, Person, Protection
from shifts.rules.ground import Ground, Kind, Work
from shifts.rules.parameters import Parameters
from shifts.rules.violation import Mend, Violation

_WEEK = 7
#: Whose week the law limits.
_WEEK_OF = frozenset({Protection.PREGNANT, Protection.POSTPARTUM, Protection.MINOR})


def monday(number: int) -> int:
    """The ordinal of the Monday of a date's week. Ordinal 1, 0001-01-01, was a Monday."""
    return number - (number - 1) % _WEEK


def week_rules(ground: Ground, person: Person, line: Sequence[Work]) -> Iterator[Violation]:
    """Hours and rest day of every week that the period touches. `line`: the person's shifts on the line, in order of time."""
    weeks: dict[int, list[Work]] = {}
    for work in line:
        weeks.setdefault(monday(work.number), []).append(work)
    for first, works in weeks.items():
        if works[-1].number < ground.first:
            continue
        yield from _hours(ground, person, works)
        if (found := _rest_day(ground, line, first, works)) is not None:
            yield found


def _hours(ground: Ground, person: Person, works: Sequence[Work]) -> Iterator[Violation]:
    total = sum(work.worked for work in works)
    limits = [("week_hours", ground.parameters.value("week_hours", "minutes"))]
    if ground.parameters.on("overtime"):
        limits.append(("overtime", person.contract_minutes + ground.parameters.value("overtime", "tolerance")))
    limits += protected_limits(ground.parameters, person)
    for rule, limit in limits:
        if total > limit:
            work = _passes(ground, works, limit)
            values: dict[str, int | str] = {"minutes": total, "limit_minutes": limit, "why_protection": str(person.protection or "")}
            yield ground.violation(rule, work, days=_days(works), values=values)


def protected_limits(parameters: Parameters, person: Person) -> list[tuple[str, int]]:
    """Rules on the week of who is barred from night work, and their limits in minutes. What a doctor says is about the night alone."""
    if person.night_work is not NightWork.BARRED:
        return []
    found: list[tuple[str, int]] = []
    if person.protection in _WEEK_OF:
        found.append(("protected_week", parameters.value("protected_week", str(person.protection))))
    if parameters.on("protected_overtime") and person.protection in {None, Protection.MINOR}:
        name = "minutes" if person.protection is None else "minor"
        found.append(("protected_overtime", parameters.value("protected_overtime", name)))
    return found


def _passes(ground: Ground, works: Sequence[Work], limit: int) -> Work:
    """The first shift of the period with which the week is over the limit."""
    total = 0
    for work in works:
        total += work.worked
        if total > limit and work.number >= ground.first:
            return work
    return works[-1]


def _rest_day(ground: Ground, line: Sequence[Work], first: int, works: Sequence[Work]) -> Violation | None:
    least = ground.parameters.value("rest_day", "minutes")
    worked = {work.number for work in works}
    for number in range(first, first + _WEEK):
        if number in worked:
            continue
        ends = max((work.end for work in line if work.number < number), default=None)
        starts = min((work.start for work in line if work.number > number), default=None)
        if ends is None or starts is None or starts - ends >= least:
            return None
    return ground.violation("rest_day", works[-1], days=_days(works))


def breaks(ground: Ground, line: Sequence[Work]) -> Iterator[Violation]:
    """Enough minutes of break inside each shift."""
    every = ground.parameters.value("breaks", "every")
    minutes = ground.parameters.value("breaks", "minutes")
    for work in line:
        needed = (work.end - work.start) // every * minutes
        if work.number < ground.first or work.paused_inside >= needed:
            continue
        found = ground.violation("breaks", work, values={"minutes": work.paused_inside, "limit_minutes": needed}, detail=work.code)
        length = work.end - work.start
        if needed + 2 <= length:
            middle = Pause(after=max(1, (length - needed) // 2), minutes=needed)
            mend = Mend(
                key="add_break",
                remove=(work.assignment,),
                add=(replace(work.assignment, pauses=(middle,)),),
                values={"code": work.code, "minutes": needed},
            )
            found = replace(found, mend=mend)
        yield found


def night_work(ground: Ground, person: Person, line: Sequence[Work]) -> Iterator[Violation]:
    """Nobody who is barred from it, or has not consented, works between 22:00 and 06:00."""
    if person.night_work is NightWork.ALLOWED:
        return
    rule = "night_barred" if person.night_work is NightWork.BARRED else "night_consent"
    for work in line:
        if work.night and work.number >= ground.first:
            values: dict[str, int | str] = {"minutes": work.night, "why_protection": str(person.protection or "")}
            yield ground.violation(rule, work, values=values, detail=work.code)


def runs(ground: Ground, line: Sequence[Work]) -> Iterator[Violation]:
    """Not too many days of work, nor nights, in a row."""
    nights = [work for work in line if work.kind is Kind.NIGHT]
    for rule, works in (("day_run", line), ("night_run", nights)):
        if ground.parameters.on(rule):
            yield from _too_long(ground, rule, works, ground.parameters.value(rule, "days"))


def _too_long(ground: Ground, rule: str, works: Sequence[Work], limit: int) -> Iterator[Violation]:
    run: list[Work] = []
    for work, following in zip(works, (*works[1:], None), strict=False):
        if not run or work.number != run[-1].number:
            run.append(work)
        if following is not None and following.number <= work.number + 1:
            continue
        if len(run) > limit and run[-1].number >= ground.first:
            over = next(work for work in run[limit:] if work.number >= ground.first)
            yield ground.violation(rule, over, days=_days(run), values={"count": len(run), "limit": limit})
        run = []


def _days(works: Sequence[Work]) -> Iterator[date]:
    return (work.day for work in works)


def on_the_line(works: Sequence[Work]) -> list[Work]:
    """Shifts that are work: standby and being reachable at home are not, until somebody is called in and gets a shift."""
    return [work for work in works if work.duty is Duty.LINE]
