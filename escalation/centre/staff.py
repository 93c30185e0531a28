"""The centre's staff: their hours, who is on duty, who is free; and whether a caller is put through at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from core.clock import SEOUL, seoul
from core.holidays_kr import weekday
from escalation.centre.model import Basis, Referral, State
from shifts.model import Span


class Human(StrEnum):
    """What somebody says of themselves."""

    OFF = "off"
    READY = "ready"
    BREAK = "break"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Hours of one person: of every such weekday, or of one date.

    Whatever is said for a date replaces the weekday's hours of that person. Hours that end before they begin end on the next day.
    """

    staff_id: UUID
    #: 0 Monday to 6 Sunday; a public holiday counts as Sunday. None: of a date.
    weekday: int | None = None
    day: date | None = None
    #: None: off that day.
    starts: time | None = None
    ends: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One of the centre, with what is known of them now."""

    id: UUID
    name: str
    #: What their phone registers as.
    extension: str
    languages: tuple[str, ...] = ("ko",)
    human: Human = Human.OFF
    #: In a call until it ends, or until this at the latest.
    busy_until: datetime | None = None
    #: When they were last put through to somebody; who waited longest is first.
    last_live_at: datetime | None = None
    disabled: bool = False

    def free(self, now: datetime) -> bool:
        """Signed in, ready, and in no call."""
        return self.human is Human.READY and not self.disabled and (self.busy_until is None or self.busy_until <= now)


def on_duty(duties: Iterable[Duty], now: datetime, holidays: Mapping[date, str]) -> dict[UUID, datetime]:
    """Who is at work at an instant, and until when. Yesterday's hours may reach into today."""
    today = seoul(now).date()
    found: dict[UUID, datetime] = {}
    everything = list(duties)
    for day in (today - timedelta(days=1), today):
        for duty in _of(everything, day, holidays):
            span = _span(duty, day)
            if span is not None and now in span:
                found[duty.staff_id] = max(span.end, found.get(duty.staff_id, span.end))
    return found


def available(staff: Iterable[Staff], duties: Iterable[Duty], now: datetime, holidays: Mapping[date, str]) -> list[Staff]:
    """Who is on duty, signed in and free; who was put through to nobody for the longest time first."""
    at_work = on_duty(duties, now, holidays)
    never = datetime.min.replace(tzinfo=UTC)
    there = [one for one in staff if one.id in at_work and one.free(now)]
    return sorted(there, key=lambda one: (one.last_live_at or never, one.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Put the caller through to these, one after another."""

    to: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """Put it on the worklist."""

    why: str


def decide(case: Referral, there: Sequence[Staff], *, in_call: bool, language: str, wants_live: bool = True) -> Live | WorkItem:
    """Live or a work item. `in_call`: the person is on the line; `there`: `available`; who speaks their language comes first, others after."""
    if case.state is not State.CONSENTED or case.basis is None:
        return WorkItem(why="no_consent")
    if not in_call:
        return WorkItem(why="not_in_call")
    if not wants_live and case.basis is not Basis.DANGER:
        return WorkItem(why="not_wanted")
    return Live(to=tuple(one.id for one in in_turn(there, language))) if there else WorkItem(why="nobody_free")


def in_turn(there: Iterable[Staff], language: str) -> list[Staff]:
    """Who speaks the language before the others; else as they are."""
    return sorted(there, key=lambda one: language not in one.languages)


def _of(duties: Sequence[Duty], day: date, holidays: Mapping[date, str]) -> list[Duty]:
    dated = [one for one in duties if one.day == day]
    own = {one.staff_id for one in dated}
    return dated + [one for one in duties if one.weekday == weekday(day, holidays) and one.day is None and one.staff_id not in own]


def _span(duty: Duty, day: date) -> Span | None:
    if duty.starts is None or duty.ends is None:
        return None
    start = datetime.combine(day, duty.starts, SEOUL)
    end = datetime.combine(day + timedelta(days=1) if duty.ends <= duty.starts else day, duty.ends, SEOUL)
    return Span(start.astimezone(UTC), end.astimezone(UTC))
