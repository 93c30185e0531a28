"""Whom the health check of night workers concerns (Occupational Safety and Health Act art. 130, Enforcement Rule annex 22).

Asked of six months and not of one roster, so it is a list and no violation. Most who work three shifts are on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shifts.model import Assignment, Duty, ShiftType
from shifts.on_shift import DutyTime, duty_time
from shifts.rules.ground import midnight, minute, night_minutes
from shifts.rules.parameters import Parameters

_RULE = "night_health"
_CORE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class NightLoad:
    """Of one person, over the months before a date."""

    months: int
    #: Stints of eight hours or more that have all of 00:00 to 05:00 in them.
    stints: int
    #: Worked between 22:00 and 06:00, breaks not counted.
    night_minutes: int
    #: Whether the health check is due.
    due: bool


def night_loads(
    assignments: Iterable[Assignment], shift_types: Mapping[str, ShiftType], until: date, parameters: Parameters
) -> dict[UUID, NightLoad]:
    """Of everybody with a shift on the line in the six months that end with `until` (included). Types not known count for nothing."""
    months = parameters.value(_RULE, "months")
    since = _months_before(until, months)
    found: dict[UUID, list[DutyTime]] = {}
    for assignment in assignments:
        kind = shift_types.get(assignment.code)
        if kind is not None and kind.duty is Duty.LINE and since < assignment.day <= until:
            found.setdefault(assignment.person_id, []).append(duty_time(assignment, kind))
    return {person_id: _load(times, months, parameters) for person_id, times in found.items()}


def looked_back(until: date, parameters: Parameters) -> date:
    """The first of the days that are looked at where `until` is the last."""
    return date.fromordinal(_months_before(until, parameters.value(_RULE, "months")).toordinal() + 1)


def _load(times: Iterable[DutyTime], months: int, parameters: Parameters) -> NightLoad:
    stints = nights = 0
    for time in times:
        start, end = minute(time.span.start), minute(time.span.end)
        stints += end - start >= parameters.value(_RULE, "stint_minutes") and _has_core(start, end, time.day)
        nights += night_minutes(start, end, time.day)
        nights -= sum(night_minutes(minute(pause.start), minute(pause.end), time.day) for pause in time.pauses)
    due = stints >= parameters.value(_RULE, "stints") * months or nights >= parameters.value(_RULE, "night_minutes") * months
    return NightLoad(months=months, stints=stints, night_minutes=nights, due=due)


def _has_core(start: int, end: int, day: date) -> bool:
    return any(start <= begin and begin + _CORE <= end for begin in (midnight(day), midnight(date.fromordinal(day.toordinal() + 1))))


def _months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or the last of that month where it has no such day."""
    month = day.year * 12 + day.month - 1 - months
    last = date.fromordinal(date((month + 1) // 12, (month + 1) % 12 + 1, 1).toordinal() - 1)
    return last.replace(day=min(day.day, last.day))
