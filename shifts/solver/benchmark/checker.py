"""Whether a plan obeys an instance's limits, and what it costs: counted from the definitions, without the solver. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from shifts.solver.benchmark.instance import OFF, Instance, Plan, Staff, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a plan is worth."""

    #: Broken limits, one sentence each; a plan with any is none.
    violations: tuple[str, ...]
    requests: int
    under: int
    over: int

    @property
    def cost(self) -> int:
        """Weights of unmet requests and of cover missed."""
        return self.requests + self.under + self.over


def judge(instance: Instance, plan: Plan) -> Judgement:
    """Violations and cost of a plan."""
    violations = [f"{name}: no such staff" for name in plan.keys() - instance.staff.keys()]
    for name, staff in instance.staff.items():
        days = plan.get(name, ())
        if len(days) != instance.days or any(day != OFF and day not in instance.shifts for day in days):
            violations.append(f"{name}: not {instance.days} days of known shifts")
        else:
            violations += [f"{name}: {text}" for text in _broken(instance, staff, days)]
    requests = sum(each.weight for each in instance.requests if (_shift(plan, each.staff, each.day) == each.shift) != each.wanted)
    filled = Counter((day, shift) for days in plan.values() for day, shift in enumerate(days))
    under = sum(each.under * max(0, each.needed - filled[each.day, each.shift]) for each in instance.cover)
    over = sum(each.over * max(0, filled[each.day, each.shift] - each.needed) for each in instance.cover)
    return Judgement(violations=tuple(violations), requests=requests, under=under, over=over)


def _shift(plan: Plan, name: str, day: int) -> str:
    days = plan.get(name, ())
    return days[day] if day < len(days) else OFF


def _broken(instance: Instance, staff: Staff, days: tuple[str, ...]) -> Iterator[str]:
    worked = Counter(shift for shift in days if shift != OFF)
    minutes = sum(instance.shifts[shift].minutes * number for shift, number in worked.items())
    if not staff.least_minutes <= minutes <= staff.most_minutes:
        yield f"{minutes} minutes, not {staff.least_minutes} to {staff.most_minutes}"
    for shift, most in staff.most.items():
        if worked[shift] > most:
            yield f"{worked[shift]} times {shift}, at most {most}"
    for day in sorted(staff.days_off):
        if days[day] != OFF:
            yield f"day {day}: works on a day off"
    for day, (one, two) in enumerate(pairwise(days)):
        if one != OFF and two in instance.shifts[one].never_followed_by:
            yield f"day {day + 1}: {two} after {one}"
    for first, end, works in runs(days):
        inside = first > 0 and end < len(days)
        if works and end - first > staff.longest_run:
            yield f"day {first}: {end - first} days of work, at most {staff.longest_run}"
        if inside and works and end - first < staff.shortest_run:
            yield f"day {first}: {end - first} days of work, at least {staff.shortest_run}"
        if inside and not works and end - first < staff.shortest_rest:
            yield f"day {first}: {end - first} days off, at least {staff.shortest_rest}"
    weekends = sum(any(shift != OFF for shift in days[saturday : saturday + 2]) for saturday in range(5, len(days), 7))
    if weekends > staff.most_weekends:
        yield f"{weekends} weekends, at most {staff.most_weekends}"
