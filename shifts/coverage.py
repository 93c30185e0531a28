"""Coverage: how many phones are on in each slot of a roster's period, against the demand. What the row beneath the grid shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shifts.model import Assignment, Roster, Setting, Span
from shifts.rules.cover import demand_reach, needs
from shifts.rules.ground import Ground, Need, history, midnight, span_of
from shifts.rules.line import Line, Stretch, profile
from shifts.rules.parameters import parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot. Its numbers are those of its worst minute."""

    span: Span
    #: Phones on: on the line and not at a break.
    on_line: int
    #: At a break, at most.
    paused: int
    #: The highest that any demand over the slot asks of everybody, skills apart.
    least: int
    wanted: int
    #: By skill or language that is asked for: phones on, and how many at least.
    skills: Mapping[str, tuple[int, int]]

    @property
    def thin(self) -> bool:
        """Whether somebody is missing."""
        return self.on_line < self.least or any(have < need for have, need in self.skills.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Thin:
    """Slots one after the other in which somebody is missing. `on_line` is the fewest of them; 0 is a hole."""

    span: Span
    on_line: int
    least: int
    #: Skills or languages that are missing.
    skills: frozenset[str]


def coverage(setting: Setting, roster: Roster, step_minutes: int = 30) -> tuple[Slot, ...]:
    """Slots of `step_minutes` from the first midnight of the period to the last, in the service's zone, breaks spread as published.

    The hours of the last night that lie beyond the period are the next one's, with this roster among its `before`.
    """
    if step_minutes <= 0:
        raise ValueError("a slot has a length")
    ground = Ground(setting, roster.period, parameters())
    line = Line(ground)
    by_day: dict[int, list[Assignment]] = {}
    for assignment in (*history(roster), *(each for each in roster.assignments if each.day in roster.period)):
        by_day.setdefault(assignment.day.toordinal(), []).append(assignment)
    for number, together in by_day.items():
        line.put(number, together)
    found: list[Slot] = []
    demand_days = demand_reach(ground)
    for day in roster.period:
        number, start = day.toordinal(), midnight(day)
        asked = [need for other in range(number - demand_days, number + 1) for need in needs(ground, other)]
        end = start + 1440
        opened, whole = (line.during(start, end, number, number, whole=whole) for whole in (False, True))
        found += (_slot(line, opened, whole, asked, begin, min(end, begin + step_minutes)) for begin in range(start, end, step_minutes))
    return tuple(found)


def thin(slots: Iterable[Slot]) -> tuple[Thin, ...]:
    """Where somebody is missing, slots that touch taken as one; in order."""
    found: list[Thin] = []
    for slot in slots:
        if not slot.thin:
            continue
        missing = frozenset(skill for skill, (have, need) in slot.skills.items() if have < need)
        one = Thin(span=slot.span, on_line=slot.on_line, least=slot.least, skills=missing)
        if found and found[-1].span.end == slot.span.start:
            last = found.pop()
            one = Thin(
                span=Span(last.span.start, slot.span.end),
                on_line=min(last.on_line, slot.on_line),
                least=max(last.least, slot.least),
                skills=last.skills | missing,
            )
        found.append(one)
    return tuple(found)


def _slot(line: Line, opened: list[Stretch], whole: list[Stretch], asked: list[Need], start: int, end: int) -> Slot:
    asked = [need for need in asked if need.start < end and need.end > start]
    total = [need.demand for need in asked if need.demand.skill is None]
    skills: dict[str, tuple[int, int]] = {}
    for need in asked:
        if (skill := need.demand.skill) is not None:
            have = _fewest([each for each in opened if line.can(each.person_id, skill)], start, end)
            skills[skill] = (have, max(need.demand.least, skills.get(skill, (0, 0))[1]))
    there = profile([each for each in whole if each.start < end and each.end > start], start, end)
    phones = profile([each for each in opened if each.start < end and each.end > start], start, end)
    return Slot(
        span=span_of(start, end),
        on_line=min(number for _, _, number in phones),
        paused=max(number - fewer for begin, stop, number in there for other, until, fewer in phones if other < stop and until > begin),
        least=max((demand.least for demand in total), default=0),
        wanted=max((demand.wanted for demand in total), default=0),
        skills=skills,
    )


def _fewest(stretches: list[Stretch], start: int, end: int) -> int:
    return min(number for _, _, number in profile(stretches, start, end))
