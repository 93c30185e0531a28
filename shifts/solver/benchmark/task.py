"""A benchmark instance as a task of columns, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shifts.solver.benchmark.instance import OFF, Instance, Plan
from shifts.solver.benchmark.patterns import StaffRules
from shifts.solver.patterns import Ints, TooLarge, unfold
from shifts.solver.task import Row, Task


def task(instance: Instance) -> Task:
    """The task. Raises `ValueError` where somebody has no lawful pattern."""
    names, codes = list(instance.staff), [OFF, *instance.shifts]
    costs = np.zeros((len(names), instance.days, len(codes)), dtype=np.int64)
    for each in instance.requests:
        cell = names.index(each.staff), each.day, codes.index(each.shift)
        costs[cell] += -each.weight if each.wanted else each.weight
    rows = tuple(
        Row(
            cells=np.array([(person, each.day, codes.index(each.shift)) for person in range(len(names))], dtype=np.int64),
            needed=each.needed,
            under=each.under,
            over=each.over,
        )
        for each in instance.cover
    )
    try:
        people = tuple(unfold(StaffRules(instance, staff), instance.days, len(codes)) for staff in instance.staff.values())
    except TooLarge:
        people = None
    return Task(people=people, costs=costs, rows=rows, constant=sum(each.weight for each in instance.requests if each.wanted))


def plan(instance: Instance, days: Sequence[Ints]) -> Plan:
    """Patterns as a plan."""
    codes = [OFF, *instance.shifts]
    return {name: tuple(codes[choice] for choice in row) for name, row in zip(instance.staff, days, strict=True)}
