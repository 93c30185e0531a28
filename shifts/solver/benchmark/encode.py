"""The limits of a benchmark instance's staff as constraints."""

from __future__ import annotations

from ortools.sat.python import cp_model

from shifts.solver.benchmark.instance import Instance, Staff
from shifts.solver.encode import Encoded, encode
from shifts.solver.task import Task


def model(instance: Instance, task: Task) -> Encoded:
    """The whole model."""
    encoded = encode(task)
    for person, staff in enumerate(instance.staff.values()):
        _limits(encoded, instance, staff, person)
    return encoded


def _limits(encoded: Encoded, instance: Instance, staff: Staff, person: int) -> None:
    made, days = encoded.model, instance.days
    shifts = list(instance.shifts.values())
    works = [made.new_bool_var(f"w{person}.{day}") for day in range(days)]
    for day, work in enumerate(works):
        made.add(sum(encoded.works(person, day)) == work)
        if day in staff.days_off:
            made.add(work == 0)
    minutes: list[cp_model.LinearExprT] = []
    for choice, shift in enumerate(shifts, 1):
        cells = [encoded.cells[person, day, choice] for day in range(days)]
        minutes += [shift.minutes * cell for cell in cells]
        if shift.code in staff.most:
            made.add(sum(cells) <= staff.most[shift.code])
        for after in shift.never_followed_by:
            following = [each.code for each in shifts].index(after) + 1
            for day in range(days - 1):
                made.add_bool_or(~cells[day], ~encoded.cells[person, day + 1, following])
    made.add_linear_constraint(sum(minutes), staff.least_minutes, staff.most_minutes)
    for day in range(days - staff.longest_run):
        made.add_bool_or(~work for work in works[day : day + staff.longest_run + 1])
    # A run is too short if it lies between two others inside the horizon.
    for length in range(1, staff.shortest_run):
        for day in range(1, days - length):
            made.add_bool_or(works[day - 1], *(~work for work in works[day : day + length]), works[day + length])
    for length in range(1, staff.shortest_rest):
        for day in range(1, days - length):
            made.add_bool_or(~works[day - 1], *works[day : day + length], ~works[day + length])
    weekends = []
    for saturday in range(5, days, 7):
        weekend = made.new_bool_var(f"e{person}.{saturday}")
        for work in works[saturday : saturday + 2]:
            made.add_implication(work, weekend)
        weekends.append(weekend)
    made.add(sum(weekends) <= staff.most_weekends)
