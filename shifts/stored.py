"""How records of the roster lie in JSON columns, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shifts.edits import Change
from shifts.model import Assignment, Pause, Span


def pauses_out(pauses: Sequence[Pause] | None) -> list[list[int]] | None:
    """As pairs of minutes."""
    return None if pauses is None else [[pause.after, pause.minutes] for pause in pauses]


def pauses_in(stored: Sequence[Sequence[int]] | None) -> tuple[Pause, ...] | None:
    """See `pauses_out`."""
    return None if stored is None else tuple(Pause(after=after, minutes=minutes) for after, minutes in stored)


def spans_out(spans: Iterable[Span]) -> list[list[str]]:
    """As pairs of instants (ISO 8601)."""
    return [[span.start.isoformat(), span.end.isoformat()] for span in spans]


def spans_in(stored: Sequence[Sequence[str]]) -> tuple[Span, ...]:
    """See `spans_out`."""
    return tuple(Span(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in stored)


def changes_out(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """As objects of person, day, before and after."""
    return [
        {
            "person": str(change.person_id),
            "day": change.day.isoformat(),
            "before": _entries_out(change.before),
            "after": _entries_out(change.after),
        }
        for change in changes
    ]


def changes_in(stored: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
    """See `changes_out`."""
    found = []
    for one in stored:
        person_id, day = UUID(one["person"]), date.fromisoformat(one["day"])
        before, after = (_entries_in(person_id, day, one[side]) for side in ("before", "after"))
        found.append(Change(person_id=person_id, day=day, before=before, after=after))
    return tuple(found)


def _entries_out(assignments: Iterable[Assignment]) -> list[dict[str, Any]]:
    return [
        {"code": one.code, "pinned": one.pinned, "pauses": pauses_out(one.pauses)} for one in sorted(assignments, key=lambda one: one.code)
    ]


def _entries_in(person_id: UUID, day: date, stored: Sequence[Mapping[str, Any]]) -> frozenset[Assignment]:
    return frozenset(
        Assignment(person_id=person_id, day=day, code=one["code"], pinned=one["pinned"], pauses=pauses_in(one["pauses"])) for one in stored
    )
