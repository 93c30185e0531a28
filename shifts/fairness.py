"""How nights, weekends and holidays are shared in the period of a roster: what the columns beside the grid show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shifts.breaks import stagger
from shifts.model import Assignment, Duty, Roster, Setting
from shifts.on_shift import duty_time
from shifts.rules.ground import Kind, kind_of, minute, night_minutes

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Of one person. Shifts on the line only; each belongs to the date on which it starts."""

    #: Worked, breaks not counted.
    minutes: int = 0
    nights: int = 0
    #: Shifts on Saturdays and Sundays, and on public holidays (one that falls on a weekend counts in both).
    weekends: int = 0
    holidays: int = 0
    #: Worked between 22:00 and 06:00, breaks not counted.
    night_minutes: int = 0
    wishes_met: int = 0
    wishes: int = 0


def fairness(setting: Setting, roster: Roster) -> Mapping[UUID, Tally]:
    """Of everybody in the setting. Assignments of people, types or days that are not known count for nothing."""
    found: dict[UUID, list[Assignment]] = {person_id: [] for person_id in setting.people}
    for assignment in stagger(roster, setting).assignments:
        kind = setting.shift_types.get(assignment.code)
        if assignment.person_id in found and kind is not None and kind.duty is Duty.LINE and assignment.day in roster.period:
            found[assignment.person_id].append(assignment)
    return {person_id: _tally(setting, roster, person_id, assignments) for person_id, assignments in found.items()}


def _tally(setting: Setting, roster: Roster, person_id: UUID, assignments: list[Assignment]) -> Tally:
    minutes = nights = weekends = days_off = at_night = 0
    for assignment in assignments:
        kind = setting.shift_types[assignment.code]
        time = duty_time(assignment, kind)
        minutes += time.worked_minutes
        nights += kind_of(kind) is Kind.NIGHT
        weekends += assignment.day.weekday() >= _SATURDAY
        days_off += assignment.day in setting.holidays
        at_night += night_minutes(minute(time.span.start), minute(time.span.end), assignment.day)
        at_night -= sum(night_minutes(minute(pause.start), minute(pause.end), assignment.day) for pause in time.pauses)
    had = {(assignment.day, assignment.code) for assignment in assignments}
    days = {day for day, _ in had}
    wishes = [wish for wish in setting.wishes if wish.person_id == person_id and wish.day in roster.period]
    met = sum(wish.wanted == (wish.day in days if wish.code is None else (wish.day, wish.code) in had) for wish in wishes)
    return Tally(
        minutes=minutes,
        nights=nights,
        weekends=weekends,
        holidays=days_off,
        night_minutes=at_night,
        wishes_met=met,
        wishes=len(wishes),
    )
