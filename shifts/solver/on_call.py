"""Who is the supervisor on call on which day: given out in turn after the shifts on the line, for a day at a time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from shifts.model import Assignment, Duty, Roster, ShiftType, Span
from shifts.solver.month import Month
from shifts.solver.request import Mode


def on_call(month: Month, roster: Roster) -> frozenset[Assignment]:
    """Duties to add: one on each day that is not frozen and has none, to whoever has had fewest."""
    request = month.request
    kinds = [kind for kind in request.setting.shift_types.values() if kind.duty is Duty.SUPERVISOR]
    if not kinds or not request.parameters.on("supervisor_reachable"):
        return frozenset()
    codes = {kind.code: kind for kind in kinds}
    had = Counter(each.person_id for each in roster.before | roster.assignments if each.code in codes)
    taken: dict[UUID, list[Span]] = {}
    for each in roster.before | roster.assignments:
        if each.code in request.setting.shift_types and request.setting.shift_types[each.code].duty is not Duty.LINE:
            taken.setdefault(each.person_id, []).append(request.setting.shift_types[each.code].span(each.day))
    held = {(each.day, each.code) for each in roster.assignments}
    found: list[Assignment] = []
    for day in month.days:
        if request.frozen_until is not None and day <= request.frozen_until:
            continue
        for kind in kinds:
            if (day, kind.code) in held:
                continue
            free = sorted(_free(month, kind, day, taken), key=lambda person: (had[person], person))
            if free:
                had[free[0]] += 1
                taken.setdefault(free[0], []).append(kind.span(day))
                found.append(Assignment(day=day, person_id=free[0], code=kind.code))
    return frozenset(found)


def _free(month: Month, kind: ShiftType, day: date, taken: dict[UUID, list[Span]]) -> Iterator[UUID]:
    span = kind.span(day)
    for person in month.people:
        away = day.toordinal() in month.ground.approved.get(person.id, ())
        if (
            person.supervisor
            and person.employed_on(day)
            and not away
            and not any(span.overlap(other) for other in taken.get(person.id, ()))
        ):
            yield person.id


def stale(month: Month) -> frozenset[Assignment]:
    """On-call duties that somebody can no longer do (leave, employment), or that are planned anew."""
    request = month.request
    found = set()
    for each in request.roster.assignments:
        kind, person = request.setting.shift_types.get(each.code), request.setting.people.get(each.person_id)
        if kind is None or person is None or kind.duty is not Duty.SUPERVISOR or each.pinned or request.mode is Mode.FILL:
            continue
        if request.frozen_until is not None and each.day <= request.frozen_until:
            continue
        away = each.day.toordinal() in month.ground.approved.get(person.id, ()) or not person.employed_on(each.day)
        if away or request.mode is Mode.EMPTY:
            found.add(each)
    return frozenset(found)
