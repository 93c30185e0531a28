"""What a roster of a month costs: cells, rows and pairs with their weights, from demand, wishes, contracts and fair shares.

Whole numbers on one scale. A seat short of the least number outweighs all wishes of a month together; then, when repairing, every change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from core.holidays_kr import weekday
from shifts.model import Demand
from shifts.rules.cover import needs
from shifts.rules.ground import minute
from shifts.solver.month import HISTORY, Month
from shifts.solver.patterns import Ints
from shifts.solver.request import Cause, CauseKind, Mode
from shifts.solver.task import Pair, Row

#: A seat short of the least number; one short of the wanted number; one more than both.
LEAST, WANTED, SPARE = 10_000, 40, 4
#: Repairing: a cell that is changed.
CHANGE = 400
#: A wish, times its weight; requested leave; a night before a wished day off; a single day off after nights.
WISH, REQUESTED, BEFORE_WISH, SHORT_REST = 6, 60, 6, 12
#: A shift more or fewer than agreed; a week over the agreed time; nights, weekends, holidays beyond an even share.
HOURS, OVERTIME, UNFAIR = 5, 8, 8
#: Breaks of those who work together are moved apart to so many places of a shift (see `shifts.breaks`).
_BREAK_PLACES = 5


def costs(month: Month) -> Ints:
    """Of each cell by itself."""
    found = np.zeros(month.shape, dtype=np.int64)
    numbers = {day: number for number, day in enumerate(month.days)}
    rows = {person.id: number for number, person in enumerate(month.people)}
    nights = sorted(month.nights)
    for wish in month.request.setting.wishes:
        if wish.person_id not in rows or not month.request.parameters.on("wish"):
            continue
        person, day = rows[wish.person_id], numbers.get(wish.day)
        chosen = [month.choice(wish.code)] if wish.code is not None else list(range(1, month.shape[2]))
        if day is not None and 0 not in chosen:
            met = np.isin(np.arange(month.shape[2]), chosen)
            found[person, day, met != wish.wanted] += WISH * wish.weight
        day = numbers.get(wish.day - timedelta(days=1))
        if day is not None and not wish.wanted and wish.code is None and month.request.parameters.on("night_before_wish"):
            found[person, day, nights] += BEFORE_WISH
    if month.request.parameters.on("leave_requested"):
        for person_id, days in month.ground.requested.items():
            for day_ in (date.fromordinal(number) for number in days):
                if person_id in rows and day_ in numbers:
                    found[rows[person_id], numbers[day_], 1:] += REQUESTED
    if month.request.mode is Mode.REPAIR:
        for choice in range(month.shape[2]):
            found[:, :, choice] += CHANGE * (month.current != choice)
    return found


def pair_cost(month: Month) -> int:
    """Of another shift after nights and fewer days off than wanted."""
    return SHORT_REST if month.request.parameters.on("days_off_after_nights") else 0


def pairs(month: Month) -> Iterator[Pair]:
    """Another shift than a night after a night and too few days off."""
    if not (cost := pair_cost(month)):
        return
    others = [choice for choice in range(1, month.shape[2]) if choice not in month.nights]
    for person in range(month.shape[0]):
        for day in range(month.shape[1]):
            for days_off in range(month.value("days_off_after_nights", "days")):
                off = tuple(range(max(0, day - days_off), day))
                for first, night in _nights_before(month, person, day, days_off):
                    for choice in others:
                        # What is never allowed needs no price.
                        if (days_off + 1, night, choice) not in month.forbidden:
                            yield Pair(person=person, first=first, off=off, then=(day, choice), cost=cost)


def _nights_before(month: Month, person: int, day: int, days_off: int) -> list[tuple[tuple[int, int] | None, int]]:
    """The nights before some days off: cells of the plan, or None where it lies before the plan and was worked; and which choice it is."""
    at = day - days_off - 1
    if at >= 0:
        return [((at, choice), choice) for choice in sorted(month.nights)]
    if at < -HISTORY or (worked := int(month.before[person, at + HISTORY])) not in month.nights:
        return []
    return [] if month.before[person, at + HISTORY + 1 : min(HISTORY, day + HISTORY)].any() else [(None, worked)]


def rows(month: Month) -> tuple[Row, ...]:
    """All that is counted over cells."""
    return (*cover(month), *_hours(month), *_shares(month))


def cover(month: Month) -> Iterator[Row]:
    """Least and wanted numbers, by the stretches of a demand in which the same shifts are on."""
    for day, date_ in enumerate(month.days):
        seen: set[tuple[object, ...]] = set()
        for need in needs(month.ground, date_.toordinal()):
            able = [number for number, person in enumerate(month.people) if _can(month, number, need.demand)]
            for start, end in _stretches(month, day, need.start, need.end):
                on = _on(month, day, start, end)
                cells = [(person, each, choice) for each, choice in on if each >= 0 for person in able]
                already = sum(int((month.before[able, each + HISTORY] == choice).sum()) for each, choice in on if each < 0)
                resting = any(_break_in(month, each, choice, start, end) for each, choice in on)
                key = (need.demand.skill, need.demand.least, need.demand.wanted, tuple(on), resting)
                if key in seen:
                    continue
                seen.add(key)
                least = with_breaks(need.demand.least) if resting else need.demand.least
                table = np.array(cells, dtype=np.int64).reshape(-1, 3)
                code = month.types[on[0][1] - 1].code if on else ""
                cause = Cause(
                    kind=CauseKind.NEED, day=date_, code=code, least=least, skill=need.demand.skill or "", detail=f"{start}-{end}"
                )
                if least > already and month.request.parameters.on("cover_least"):
                    yield Row(cells=table, needed=least - already, under=LEAST, name=("least", cause))
                wanted = max(least, need.demand.wanted) - already
                if month.request.parameters.on("cover_wanted") and wanted > 0:
                    over = SPARE if need.demand.skill is None else 0
                    yield Row(cells=table, needed=wanted, under=WANTED, over=over, name=("wanted", cause))


def with_breaks(least: int) -> int:
    """How many must be on shift so that the least number is on the line while breaks are taken one after the other."""
    number = least
    while least and number - math.ceil(number / _BREAK_PLACES) < least:
        number += 1
    return number


def _can(month: Month, person: int, demand: Demand) -> bool:
    who = month.people[person]
    return demand.skill is None or demand.skill in who.skills or demand.skill in who.languages


def _spans(month: Month, day: int) -> Iterator[tuple[int, int, int, int]]:
    """Day, choice, first and last minute of the shifts that can be on around a day."""
    for each in range(max(-HISTORY, day - 2), min(len(month.days), day + 2)):
        for choice, kind in enumerate(month.types, 1):
            span = kind.span(month.days[0] + timedelta(days=each))
            yield each, choice, minute(span.start), minute(span.end)


def _stretches(month: Month, day: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    edges = {start, end} | {edge for _, _, *span in _spans(month, day) for edge in span if start < edge < end}
    return pairwise(sorted(edges))


def _on(month: Month, day: int, start: int, end: int) -> list[tuple[int, int]]:
    return [(each, choice) for each, choice, begins, ends in _spans(month, day) if begins <= start and end <= ends]


def _break_in(month: Month, day: int, choice: int, start: int, end: int) -> bool:
    """Whether a break of that shift can lie in a stretch: anywhere but in its first and last hour."""
    kind = month.types[choice - 1]
    span = kind.span(month.days[0] + timedelta(days=day))
    return bool(kind.pauses) and minute(span.start) + 60 < end and start < minute(span.end) - 60


def _available(month: Month, person: int, days: range | Ints) -> int:
    who = month.people[person]
    away = month.ground.approved.get(who.id, set())
    return sum(1 for day in days if who.employed_on(month.days[day]) and month.days[day].toordinal() not in away)


def _hours(month: Month) -> Iterator[Row]:
    """Agreed hours over the period, and no week beyond them."""
    unit = int(np.gcd.reduce(month.worked)) or 1
    shift = max(1, int(month.worked.max()) // unit)
    sizes = month.worked[1:] // unit
    for person, who in enumerate(month.people):
        available = _available(month, person, range(month.shape[1]))
        cells, counts = _all(month, person, range(month.shape[1]), sizes)
        target = round(who.contract_minutes * available / 7 / unit / shift) * shift
        yield Row(
            cells=cells, sizes=counts, needed=target, under=max(1, HOURS // shift), over=max(1, HOURS // shift), name=("hours", who.id)
        )
        if not month.request.parameters.on("overtime"):
            continue
        for week in np.unique(month.weeks):
            days = np.flatnonzero(month.weeks == week)
            limit = (who.contract_minutes + month.value("overtime", "tolerance")) // unit
            if week == month.weeks[0]:
                limit = max(0, limit - int(month.worked[month.week_before[person]].sum()) // unit)
            cells, counts = _all(month, person, days, sizes)
            if limit < int(sizes.max()) * len(days):
                yield Row(cells=cells, sizes=counts, needed=limit, over=max(1, OVERTIME // shift), name=("overtime", who.id))


def _all(month: Month, person: int, days: range | Ints, sizes: Ints) -> tuple[Ints, Ints]:
    cells = [(person, int(day), choice) for day in days for choice in range(1, month.shape[2])]
    return np.array(cells, dtype=np.int64).reshape(-1, 3), np.array([int(sizes[choice - 1]) for _, _, choice in cells], dtype=np.int64)


def _shares(month: Month) -> Iterator[Row]:
    """Nights, weekends and holidays: what goes beyond an even share costs, and beyond that one more, more."""
    days = range(month.shape[1])
    weight = [_available(month, number, days) * who.contract_minutes for number, who in enumerate(month.people)]
    holidays = month.request.setting.holidays
    every = range(1, month.shape[2])
    kinds = {
        "fair_nights": [(day, choice) for day in range(month.shape[1]) for choice in sorted(month.nights)],
        "fair_weekends": [(day, choice) for day, date_ in enumerate(month.days) if date_.weekday() >= 5 for choice in every],
        "fair_holidays": [(day, choice) for day, date_ in enumerate(month.days) if date_ in holidays for choice in every],
    }
    expected = _expected(month)
    for name, cells in kinds.items():
        if not month.request.parameters.on(name) or not cells:
            continue
        among = [
            number for number in range(month.shape[0]) if name != "fair_nights" or month.possible[number][:, sorted(month.nights)].any()
        ]
        total = sum(weight[number] for number in among)
        for number in among:
            share = math.ceil(sum(expected[day, choice] for day, choice in cells) * weight[number] / max(1, total))
            table = np.array([(number, day, choice) for day, choice in cells], dtype=np.int64)
            for more in range(2):
                if share + more < len(cells):
                    yield Row(cells=table, needed=share + more, over=UNFAIR, name=(name, month.people[number].id))


def _expected(month: Month) -> dict[tuple[int, int], float]:
    """How many of a shift are likely on a day: the greatest number that a demand over it asks for."""
    found = {(day, choice): 0.0 for day in range(month.shape[1]) for choice in range(1, month.shape[2])}
    for day, date_ in enumerate(month.days):
        for choice, kind in enumerate(month.types, 1):
            for demand in month.request.setting.demand:
                begins = demand.starts.hour * 60 + demand.starts.minute
                starts = kind.starts.hour * 60 + kind.starts.minute
                if (
                    demand.skill is None
                    and demand.on(weekday(date_, month.request.setting.holidays))
                    and begins <= starts < begins + demand.minutes
                ):
                    found[day, choice] = max(found[day, choice], demand.wanted, with_breaks(demand.least))
    return found
