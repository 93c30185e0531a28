"""Who is on shift at an instant. Pure.

A roster becomes duty times (instants, half-open); the index answers for any instant in logarithmic time, and says when the answer next
changes, so that whoever obeys it can sleep until then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from shifts.model import Assignment, Duty, ShiftType, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyTime:
    """One shift of one person as instants."""

    person_id: UUID
    span: Span
    duty: Duty
    #: Breaks with the phone off, within the span, in order.
    pauses: tuple[Span, ...] = ()
    code: str = ""
    #: The date it belongs to.
    day: date

    def paused_at(self, instant: datetime) -> bool:
        """Whether the phone is off then."""
        return any(instant in pause for pause in self.pauses)

    @property
    def worked_minutes(self) -> int:
        """Without breaks."""
        return self.span.minutes - sum(pause.minutes for pause in self.pauses)


def duty_time(assignment: Assignment, shift_type: ShiftType) -> DutyTime:
    """The instants of an assignment. Breaks that reach beyond the shift are cut off at its end; those that touch are one."""
    span = shift_type.span(assignment.day)
    pauses: list[Span] = []
    for pause in sorted(shift_type.pauses if assignment.pauses is None else assignment.pauses):
        start = span.start + timedelta(minutes=pause.after)
        cut = Span(start, start + timedelta(minutes=pause.minutes)).overlap(span)
        if cut is not None and pauses and cut.start <= pauses[-1].end:
            pauses[-1] = Span(pauses[-1].start, max(pauses[-1].end, cut.end))
        elif cut is not None:
            pauses.append(cut)
    return DutyTime(
        person_id=assignment.person_id,
        span=span,
        duty=shift_type.duty,
        pauses=tuple(pauses),
        code=assignment.code,
        day=assignment.day,
    )


def duty_times(assignments: Iterable[Assignment], shift_types: Mapping[str, ShiftType]) -> tuple[DutyTime, ...]:
    """Of all assignments, by their start. Raises `KeyError` for a code that is no shift type."""
    found = (duty_time(assignment, shift_types[assignment.code]) for assignment in assignments)
    return tuple(sorted(found, key=lambda time: (time.span, time.person_id)))


class OnShift:
    """An index over duty times: between two instants at which somebody starts or ends, the answer is the same."""

    def __init__(self, times: Iterable[DutyTime]) -> None:
        times = sorted(times, key=lambda time: (time.span, time.person_id))
        edges = sorted({instant for time in times for instant in (time.span.start, time.span.end)})
        self._edges = edges
        self._between: list[tuple[DutyTime, ...]] = []
        live: list[DutyTime] = []
        coming = iter(times)
        following = next(coming, None)
        for edge in edges:
            live = [time for time in live if time.span.end > edge]
            while following is not None and following.span.start <= edge:
                if following.span.end > edge:
                    live.append(following)
                following = next(coming, None)
            self._between.append(tuple(live))

    def at(self, instant: datetime, duty: Duty | None = None) -> tuple[DutyTime, ...]:
        """Who is on duty (of one kind, or of any), in no particular order. Those at a break are among them."""
        index = bisect_right(self._edges, instant) - 1
        found = self._between[index] if index >= 0 else ()
        return found if duty is None else tuple(time for time in found if time.duty is duty)

    def until(self, person_id: UUID, instant: datetime) -> datetime | None:
        """When the person's time on the line ends, shifts that follow each other without a gap taken as one. None: not on the line then."""
        end: datetime | None = None
        while (following := self._line_end(person_id, instant if end is None else end)) is not None:
            end = following
        return end

    def next_change(self, instant: datetime) -> datetime | None:
        """The next instant at which somebody starts or ends. None: nothing follows."""
        index = bisect_right(self._edges, instant)
        return self._edges[index] if index < len(self._edges) else None

    def _line_end(self, person_id: UUID, instant: datetime) -> datetime | None:
        return max((time.span.end for time in self.at(instant, Duty.LINE) if time.person_id == person_id), default=None)
