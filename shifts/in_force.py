"""What the published rosters say of now: who is on the line until when, and what is wrong with the hours ahead.

Pure, but for `read`. Where no published roster covers an instant, everybody who is signed in is eligible and a supervisor is alarmed: the
line never has nobody because somebody forgot to publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from core.clock import SEOUL
from core.database import Database
from shifts import tables as t
from shifts.demand import demand
from shifts.model import Demand, Duty, Period, Span
from shifts.on_shift import DutyTime, OnShift
from shifts.stored import spans_in

#: Channel on which a publication is announced. A hint: whoever obeys rosters reads them anew.
ROSTER_PUBLISHED = "roster_published"
#: How far ahead of an empty or thin seat an alarm is due, the earliest first.
AHEAD = (timedelta(hours=24), timedelta(hours=2), timedelta(minutes=15))


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLine:
    """Who may be rung at an instant."""

    #: Whether a published roster covers the instant; if not, everybody may.
    planned: bool
    #: By person, when their time on the line ends.
    until: dict[UUID, datetime]
    #: When the answer next changes by itself; None: not within what was read.
    changes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A stretch of time ahead with fewer on the line than the least that is needed."""

    span: Span
    have: int
    least: int


class InForce:
    """Published duty times around now, as an index. Make a new one whenever a roster is published."""

    def __init__(self, times: Iterable[DutyTime], covered: Iterable[Period], demand: Sequence[Demand] = ()) -> None:
        """`covered`: the months that are published."""
        self._index = OnShift(times)
        self._covered = sorted((period.span for period in covered), key=lambda span: span.start)
        self._demand = demand

    def at(self, instant: datetime) -> OnLine:
        """Who is on the line then."""
        planned = any(instant in span for span in self._covered)
        people = {time.person_id for time in self._index.at(instant, Duty.LINE)}
        ends = {person_id: self._index.until(person_id, instant) for person_id in people}
        edges = [edge for span in self._covered for edge in (span.start, span.end) if edge > instant]
        following = self._index.next_change(instant)
        return OnLine(
            planned=planned or bool(people),
            until={person_id: end for person_id, end in ends.items() if end is not None},
            changes_at=min([*edges, *([following] if following is not None else [])], default=None),
        )

    def late(self, instant: datetime, after: timedelta) -> dict[UUID, datetime]:
        """Who has been due on the line for at least `after`, and since when: by then they should have signed in."""
        return {time.person_id: time.span.start for time in self._index.at(instant, Duty.LINE) if instant - time.span.start >= after}

    def thin(self, first: datetime, last: datetime) -> list[Seat]:
        """Stretches of covered time within [first, last) with fewer on the line than the least needed; breaks do not count as away.

        Cut off at `first` and `last`: ask for a fixed time to know them again by their start.
        """
        found: list[Seat] = []
        at = first
        while at < last:
            following = self._next_edge(at, last)
            have, least = len({time.person_id for time in self._index.at(at, Duty.LINE)}), self._least(at)
            if have < least and any(at in span for span in self._covered):
                seat = Seat(span=Span(at, following), have=have, least=least)
                if found and found[-1].span.end == at and (found[-1].have, found[-1].least) == (have, least):
                    seat = Seat(span=Span(found.pop().span.start, following), have=have, least=least)
                found.append(seat)
            at = following
        return found

    def _next_edge(self, at: datetime, last: datetime) -> datetime:
        edges = [self._index.next_change(at), *(edge for span in self._covered for edge in (span.start, span.end))]
        edges += [edge for one in self._demand for span in _on(one, at) for edge in (span.start, span.end)]
        return min([edge for edge in edges if edge is not None and edge > at] + [last])

    def _least(self, at: datetime) -> int:
        return max((one.least for one in self._demand if one.skill is None and any(at in span for span in _on(one, at))), default=1)


def _on(demand: Demand, at: datetime) -> Iterable[Span]:
    """When a demand is on, around an instant; one that began yesterday may reach into today."""
    today = at.astimezone(SEOUL).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        if demand.on(day.weekday()):
            start = datetime.combine(day, demand.starts, SEOUL).astimezone(UTC)
            yield Span(start, start + timedelta(minutes=demand.minutes))


async def read(db: Database, now: datetime) -> InForce:
    """From the database: what is in force from two days ago to five weeks ahead. Raises `DatabaseUnavailable`."""
    since, until = now - timedelta(days=2), now + timedelta(days=35)
    published = select(t.published_shifts).where(t.published_shifts.c.ends_at > since, t.published_shifts.c.starts_at < until)
    months = select(t.rosters.c.first, t.rosters.c.last).where(t.rosters.c.published_version.is_not(None))
    async with db.begin() as session:
        rows = (await session.execute(published)).all()
        covered = [Period(row.first, row.last) for row in await session.execute(months)]
        needed = await demand(session)
    times = [
        DutyTime(
            person_id=row.counsellor_id,
            span=Span(row.starts_at, row.ends_at),
            duty=Duty(row.duty),
            pauses=spans_in(row.pauses),
            code=row.code,
            day=row.day,
        )
        for row in rows
    ]
    return InForce(times, covered, needed)
