"""Changes of a roster's cells: what is wanted, what it comes to, and how it is taken back. Pure.

A cell is what one person does on one date; a change names what it holds before and after. Whoever asks for a change says which shifts
they saw: if the cell holds others by now, somebody else was there, and nothing of the request is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shifts.errors import EditedMeanwhile, OutOfPeriod, UnknownPerson, UnknownShift
from shifts.model import Assignment, Pause, Roster, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One shift to be put into a cell."""

    code: str
    pinned: bool = False
    pauses: tuple[Pause, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A cell as somebody wants it. `seen`: the codes it held before their eyes; None: whatever it holds."""

    person_id: UUID
    day: date
    entries: tuple[Entry, ...]
    seen: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A cell before and after."""

    person_id: UUID
    day: date
    before: frozenset[Assignment]
    after: frozenset[Assignment]

    @property
    def inverse(self) -> Change:
        """Takes it back."""
        return Change(person_id=self.person_id, day=self.day, before=self.after, after=self.before)


Cells = dict[tuple[UUID, date], frozenset[Assignment]]


def cells(assignments: Iterable[Assignment]) -> Cells:
    """By person and date."""
    found: dict[tuple[UUID, date], set[Assignment]] = {}
    for assignment in assignments:
        found.setdefault((assignment.person_id, assignment.day), set()).add(assignment)
    return {key: frozenset(value) for key, value in found.items()}


def resolve(setting: Setting, roster: Roster, wanted: Sequence[Wanted]) -> tuple[Change, ...]:
    """What is to change; cells that are as wanted already are left out.

    Raises `UnknownPerson`, `UnknownShift`, `OutOfPeriod`, and `EditedMeanwhile` (its `cells`: the cells that hold something else).
    """
    held = cells(roster.assignments)
    changes: dict[tuple[UUID, date], Change] = {}
    different: list[tuple[UUID, date]] = []
    for one in wanted:
        key = (one.person_id, one.day)
        if one.person_id not in setting.people:
            raise UnknownPerson("nobody of this id is rostered", person=str(one.person_id))
        if one.day not in roster.period:
            raise OutOfPeriod(f"{one.day} does not belong to this roster", day=one.day.isoformat())
        for entry in one.entries:
            if entry.code not in setting.shift_types:
                raise UnknownShift(f"there is no shift {entry.code!r}", code=entry.code)
        before = held.get(key, frozenset())
        if one.seen is not None and {assignment.code for assignment in before} != one.seen:
            different.append(key)
            continue
        after = frozenset(
            Assignment(person_id=one.person_id, day=one.day, code=entry.code, pinned=entry.pinned, pauses=entry.pauses)
            for entry in one.entries
        )
        changes[key] = Change(person_id=one.person_id, day=one.day, before=before, after=after)
    if different:
        raise EditedMeanwhile("somebody else has changed these cells", cells=different)
    return tuple(change for change in changes.values() if change.before != change.after)


def undoing(roster: Roster, changes: Sequence[Change]) -> tuple[Change, ...]:
    """What takes these changes back. Raises `EditedMeanwhile` where a cell is not as they left it."""
    held = cells(roster.assignments)
    different = [(one.person_id, one.day) for one in changes if held.get((one.person_id, one.day), frozenset()) != one.after]
    if different:
        raise EditedMeanwhile("these cells were changed again since", cells=different)
    return tuple(change.inverse for change in changes)


def apply(roster: Roster, changes: Iterable[Change]) -> Roster:
    """The roster afterwards."""
    changes = tuple(changes)
    gone = frozenset(assignment for change in changes for assignment in change.before)
    return roster.changed(remove=gone, add=(assignment for change in changes for assignment in change.after))


def between(old: Iterable[Assignment], new: Iterable[Assignment]) -> tuple[Change, ...]:
    """What leads from one to the other, by date and person."""
    before, after = cells(old), cells(new)
    keys = sorted(before.keys() | after.keys(), key=lambda key: (key[1], key[0]))
    found = (Change(person_id=key[0], day=key[1], before=before.get(key, frozenset()), after=after.get(key, frozenset())) for key in keys)
    return tuple(change for change in found if change.before != change.after)
