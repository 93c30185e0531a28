"""Breaks of those who work together, one after the other, so that as few phones as possible are off at a time.

A break that an assignment names itself stays where it is. The others are those of the shift type, moved earlier or later by whole lengths
of the longest break, always inside the shift. Who goes first changes from day to day. Pure and deterministic: it depends only on who starts
a shift on the same date, so one edit concerns one date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from shifts.model import Assignment, Duty, Pause, Roster, Setting, ShiftType

#: Minutes of a shift at either end in which no moved break lies: nobody arrives for a break, or leaves from one.
MARGIN = 60
# Two primes: multiplied by another number every day, the order of the same people is another, and always the same for one day.
_STEP, _RING = 104_729, 1_000_003


def stagger(roster: Roster, setting: Setting) -> Roster:
    """The roster with breaks written into every shift on the line. What rules and coverage are checked against, and what is published."""
    return Roster(
        period=roster.period,
        assignments=_all(roster.assignments, setting.shift_types),
        before=_all(roster.before, setting.shift_types),
    )


def staggered(together: Iterable[Assignment], shift_types: Mapping[str, ShiftType]) -> list[tuple[Assignment, tuple[Pause, ...]]]:
    """The breaks of assignments that start on one date. Those that are not on the line, or of no known type, are not among them."""
    placed: list[tuple[int, int]] = []
    found: list[tuple[Assignment, tuple[Pause, ...]]] = []
    moving: list[Assignment] = []
    for assignment in together:
        kind = shift_types.get(assignment.code)
        if kind is None or kind.duty is not Duty.LINE:
            continue
        if assignment.pauses is None:
            moving.append(assignment)
        else:
            found.append((assignment, assignment.pauses))
            placed.extend(_minutes(kind, assignment.pauses))
    for assignment in sorted(moving, key=_turn):
        kind = shift_types[assignment.code]
        pauses = _least_together(kind, placed)
        found.append((assignment, pauses))
        placed.extend(_minutes(kind, pauses))
    return found


def _least_together(kind: ShiftType, placed: Sequence[tuple[int, int]]) -> tuple[Pause, ...]:
    """The choice that has least in common with the breaks of others; the first of those that are equally good."""
    best, fewest = kind.pauses, None
    for pauses in _choices(kind):
        common = _together(_minutes(kind, pauses), placed)
        if fewest is None or common < fewest:
            best, fewest = pauses, common
        if not common:
            break
    return best


def _all(assignments: Iterable[Assignment], shift_types: Mapping[str, ShiftType]) -> frozenset[Assignment]:
    by_day: dict[date, list[Assignment]] = {}
    for assignment in assignments:
        by_day.setdefault(assignment.day, []).append(assignment)
    written: set[Assignment] = set()
    for together in by_day.values():
        written.update(together)
        for assignment, pauses in staggered(together, shift_types):
            if assignment.pauses is None:
                written.discard(assignment)
                written.add(replace(assignment, pauses=pauses))
    return frozenset(written)


def _turn(assignment: Assignment) -> tuple[int, int, str, bool]:
    number = (assignment.person_id.int % _RING) * (assignment.day.toordinal() * _STEP + 1) % _RING
    return number, assignment.person_id.int, assignment.code, assignment.pinned


@lru_cache(maxsize=256)
def _choices(kind: ShiftType) -> Sequence[tuple[Pause, ...]]:
    return [tuple(Pause(after=pause.after + offset, minutes=pause.minutes) for pause in kind.pauses) for offset in _offsets(kind)]


def _offsets(kind: ShiftType) -> Sequence[int]:
    """By how many minutes the breaks of the type can be moved: 0 first, then ever further, earlier before later."""
    if not kind.pauses:
        return (0,)
    first = min(pause.after for pause in kind.pauses)
    last = max(pause.after + pause.minutes for pause in kind.pauses)
    length = max(pause.minutes for pause in kind.pauses)
    if length <= 0 or first < MARGIN or last > kind.minutes - MARGIN:
        # Where the type itself puts them at an edge, it has its reasons (or is wrong, and the rules say so).
        return (0,)
    steps = max((first - MARGIN) // length, (kind.minutes - MARGIN - last) // length)
    found = [0]
    for step in range(1, steps + 1):
        if first - step * length >= MARGIN:
            found.append(-step * length)
        if last + step * length <= kind.minutes - MARGIN:
            found.append(step * length)
    return found


def _minutes(kind: ShiftType, pauses: Iterable[Pause]) -> list[tuple[int, int]]:
    """Breaks as minutes after the midnight at which their date begins."""
    start = kind.starts.hour * 60 + kind.starts.minute
    return [(start + pause.after, start + pause.after + pause.minutes) for pause in pauses]


def _together(some: Iterable[tuple[int, int]], others: Sequence[tuple[int, int]]) -> int:
    """Minutes that they have in common, each pair counted."""
    total = 0
    for start, end in some:
        for other_start, other_end in others:
            if other_start < end and start < other_end:
                total += min(end, other_end) - max(start, other_start)
    return total
