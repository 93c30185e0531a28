"""Rules on whether somebody can be there at all: known, employed, not away; and what they asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from shifts.model import Assignment, Duty, Person, Wish
from shifts.rules.ground import Ground, Kind, Work
from shifts.rules.violation import Mend, Violation


def impossible(ground: Ground, assignment: Assignment) -> Violation | None:
    """An assignment of nobody, of no kind of shift, or of a day that is not the roster's."""
    if assignment.person_id not in ground.setting.people:
        rule = "unknown_person"
    elif assignment.code not in ground.setting.shift_types:
        rule = "unknown_shift"
    elif assignment.day not in ground.period:
        rule = "out_of_period"
    else:
        return None
    return Violation(
        rule=rule,
        person_id=assignment.person_id,
        day=assignment.day,
        days=(assignment.day,),
        values={"code": assignment.code},
        mend=Mend(key="remove", remove=(assignment,), values={"code": assignment.code, "day": assignment.day.isoformat()}),
        detail=assignment.code,
    )


def away(ground: Ground, person: Person, works: Sequence[Work]) -> Iterator[Violation]:
    """Shifts outside the employment, on leave, or on the night before it; duties of supervisors given to others."""
    approved = ground.approved.get(person.id, set[int]())
    requested = ground.requested.get(person.id, set[int]())
    planned = ground.planned.get(person.id, set[int]())
    for work in works:
        if work.number < ground.first:
            continue
        if not person.employed_on(work.day):
            yield ground.violation("employment", work, detail=work.code)
        if work.number in approved:
            yield ground.violation("leave", work, detail=work.code)
        elif work.number in requested and ground.parameters.on("leave_requested"):
            yield ground.violation("leave_requested", work, detail=work.code)
        if (
            work.duty is Duty.LINE
            and work.kind is Kind.NIGHT
            and work.number not in approved
            and work.number + 1 in planned
            and ground.parameters.on("night_before_leave")
        ):
            yield _before(ground, "night_before_leave", work, work.day + timedelta(days=1))
        if work.duty is Duty.SUPERVISOR and not person.supervisor and ground.parameters.on("not_supervisor"):
            yield ground.violation("not_supervisor", work, detail=work.code)


def wishes(ground: Ground, person_id: UUID, line: Sequence[Work]) -> Iterator[Violation]:
    """What somebody asked for and did not get. Only shifts on the line count."""
    asked = ground.wishes.get(person_id)
    if not asked:
        return
    by_day: dict[date, list[Work]] = {}
    for work in line:
        by_day.setdefault(work.day, []).append(work)
    for wish in asked:
        found = [work for work in by_day.get(wish.day, ()) if wish.code is None or work.code == wish.code]
        if wish.wanted == bool(found):
            continue
        if not ground.parameters.on("wish"):
            continue
        yield _unmet(wish, found)
    if not ground.parameters.on("night_before_wish"):
        return
    for day in sorted({wish.day for wish in asked if not wish.wanted and wish.code is None}):
        for work in by_day.get(day - timedelta(days=1), ()):
            if work.kind is Kind.NIGHT and work.number >= ground.first:
                yield _before(ground, "night_before_wish", work, day)


def _before(ground: Ground, rule: str, work: Work, day: date) -> Violation:
    return ground.violation(rule, work, days=(day,), values={"leave_day": day.isoformat()}, detail=work.code)


def _unmet(wish: Wish, found: Sequence[Work]) -> Violation:
    violation = Violation(
        rule="wish",
        person_id=wish.person_id,
        day=wish.day,
        days=(wish.day,),
        values={"wish": ("+" if wish.wanted else "-") + (wish.code or ""), "weight": wish.weight},
        detail=("+" if wish.wanted else "-") + (wish.code or ""),
    )
    if wish.wanted and wish.code is not None:
        add = Assignment(day=wish.day, person_id=wish.person_id, code=wish.code)
        mend = Mend(key="add", add=(add,), values={"code": wish.code, "day": wish.day.isoformat()})
        return replace(violation, mend=mend)
    if wish.wanted:
        return replace(violation, mend=Mend(key="give_shift", values={"day": wish.day.isoformat()}))
    remove = tuple(work.assignment for work in found)
    mend = Mend(key="remove", remove=remove, values={"code": found[0].code, "day": wish.day.isoformat()})
    return replace(violation, mend=mend)
