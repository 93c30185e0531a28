"""What both formats write: whose rows there are, and what stands in a cell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from shifts.model import Assignment, Person, RequestState, Roster, Setting

#: Away. The same word whatever the reason: a printed roster hangs on the wall.
AWAY = "휴"


def rostered(setting: Setting, roster: Roster) -> list[Person]:
    """Everybody employed on a day of the period, and whoever has a shift all the same; in the setting's order."""
    working = {assignment.person_id for assignment in roster.assignments}
    return [person for person in setting.people.values() if person.id in working or any(map(person.employed_on, roster.period))]


def cell_text(setting: Setting, held: Mapping[tuple[UUID, date], tuple[Assignment, ...]], person_id: UUID, day: date) -> str:
    """The codes of a cell, with a plus between them; whether somebody is on leave where there are none."""
    if codes := [assignment.code for assignment in held.get((person_id, day), ())]:
        # A shift on the line first: it is what people look for.
        return "+".join(sorted(codes, key=lambda code: (_place(setting, code), code)))
    away = any(leave.person_id == person_id and leave.state is RequestState.APPROVED and leave.covers(day) for leave in setting.leaves)
    return AWAY if away else ""


def _place(setting: Setting, code: str) -> int:
    return list(setting.shift_types).index(code) if code in setting.shift_types else len(setting.shift_types)
