"""The records of a roster. Pure.

A shift belongs to the date on which it starts, in the service's zone; its span is kept as instants, half-open: [start, end). So the minute
at which one shift ends and another begins has exactly one owner, and a night shift of the last day of a month is that month's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

# Korea has had no daylight saving since 1988; spans are computed as instants all the same.
from core.clock import SEOUL


class Duty(StrEnum):
    """What somebody does in a shift."""

    #: Takes contacts; counts for coverage.
    LINE = "line"
    #: Can be asked to come in when somebody is missing; does not count.
    STANDBY = "standby"
    #: The supervisor who is reachable; may be at home.
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, but not including, `end`; aware instants."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    @property
    def minutes(self) -> int:
        """Length."""
        return int((self.end - self.start).total_seconds()) // 60

    def overlap(self, other: Span) -> Span | None:
        """The part that both have, if any."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A break inside a shift with the phone off: minutes after the shift's start, and how many."""

    after: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftType:
    """A kind of shift, as data. `minutes` is its length, breaks included."""

    code: str
    name: str
    name_en: str
    starts: time
    minutes: int
    duty: Duty = Duty.LINE
    #: Where an assignment names none of its own.
    pauses: tuple[Pause, ...] = ()

    def span(self, day: date) -> Span:
        """When it is on the date on which it starts."""
        start = datetime.combine(day, self.starts, SEOUL).astimezone(UTC)
        return Span(start, start + timedelta(minutes=self.minutes))


class NightWork(StrEnum):
    """Whether somebody may work between 22:00 and 06:00 (Labour Standards Act art. 70)."""

    ALLOWED = "allowed"
    #: Their written consent is needed and not there.
    NO_CONSENT = "no_consent"
    #: Whatever they say: see `Protection`.
    BARRED = "barred"


class Protection(StrEnum):
    """Why somebody is barred from night work; it decides how many hours a week they may have. Nobody's business but theirs and their supervisors'."""

    #: Labour Standards Act art. 70(2), 74(5): no overtime at all.
    PREGNANT = "pregnant"
    #: Less than a year after birth; art. 70(2), 71: six hours of overtime a week.
    POSTPARTUM = "postpartum"
    #: Under 18; art. 69, 70(2): 35 hours a week, five more if agreed.
    MINOR = "minor"
    #: By the outcome of a health check; Occupational Safety and Health Act art. 132(4).
    DOCTOR = "doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is rostered; `id` is the counsellor's."""

    id: UUID
    name: str
    extension: str = ""
    languages: frozenset[str] = frozenset({"ko"})
    skills: frozenset[str] = frozenset()
    #: Agreed working time a week, breaks not counted.
    contract_minutes: int = 40 * 60
    night_work: NightWork = NightWork.ALLOWED
    #: Of who is barred from night work, where it is stated.
    protection: Protection | None = None
    supervisor: bool = False
    #: First and last day of employment, both included; None: open.
    since: date | None = None
    until: date | None = None
    #: For the desk's address book, not for the roster.
    active: bool = True

    def employed_on(self, day: date) -> bool:
        """Whether they can be rostered on that day."""
        return self.active and (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends before it begins")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def span(self) -> Span:
        """From midnight to midnight in the service's zone. A night shift of its last day reaches beyond."""
        first = datetime.combine(self.first, time.min, SEOUL).astimezone(UTC)
        return Span(first, datetime.combine(self.last + timedelta(days=1), time.min, SEOUL).astimezone(UTC))


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Assignment:
    """One shift of one person."""

    day: date
    person_id: UUID
    code: str
    #: Breaks of this one shift; None: those of its type.
    pauses: tuple[Pause, ...] | None = None
    #: The solver leaves it alone.
    pinned: bool = False


class LeaveKind(StrEnum):
    """Why somebody is away. Shown to supervisors and the person, never to others: they see only that the person is away."""

    ANNUAL = "annual"
    SICK = "sick"
    OTHER = "other"


class RequestState(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Days on which somebody is away, both included."""

    id: UUID
    person_id: UUID
    first: date
    last: date
    kind: LeaveKind = LeaveKind.ANNUAL
    state: RequestState = RequestState.REQUESTED

    def covers(self, day: date) -> bool:
        """Whether that day is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A day that somebody wants, or does not want, to work (`code`: that shift; None: any)."""

    person_id: UUID
    day: date
    code: str | None = None
    wanted: bool = True
    #: How much it counts, 1 to 10.
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How many are needed on the line in a slot of every such day: the least and the wanted number, of whom so many with a skill or language."""

    starts: time
    minutes: int
    least: int
    wanted: int
    #: 0 Monday … 6 Sunday; empty: every day. A public holiday counts as a Sunday.
    weekdays: frozenset[int] = frozenset()
    skill: str | None = None

    def on(self, weekday: int) -> bool:
        """Whether it is asked for on such a day."""
        return not self.weekdays or weekday in self.weekdays


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a roster is checked and solved against: everything but its assignments."""

    people: Mapping[UUID, Person]
    shift_types: Mapping[str, ShiftType]
    leaves: tuple[Leave, ...] = ()
    wishes: tuple[Wish, ...] = ()
    demand: tuple[Demand, ...] = ()
    #: Public holidays by date, with their Korean name.
    holidays: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The assignments of a period; an immutable value. `before`: those of the days before it, which rules look back on (14 days of history)."""

    period: Period
    assignments: frozenset[Assignment] = frozenset()
    before: frozenset[Assignment] = frozenset()

    def cells(self) -> dict[tuple[UUID, date], tuple[Assignment, ...]]:
        """By person and day; most cells hold one."""
        found: dict[tuple[UUID, date], list[Assignment]] = {}
        for assignment in sorted(self.assignments):
            found.setdefault((assignment.person_id, assignment.day), []).append(assignment)
        return {key: tuple(value) for key, value in found.items()}

    def changed(self, *, remove: Iterable[Assignment] = (), add: Iterable[Assignment] = ()) -> Roster:
        """The same without some and with others."""
        assignments = (self.assignments - frozenset(remove)) | frozenset(add)
        return Roster(period=self.period, assignments=assignments, before=self.before)


#: 07-15, 15-23, 23-07; breaks of 30 min per 4 h (Labour Standards Act art. 54), staggered by the roster where two work together.
DEFAULT_SHIFT_TYPES: Mapping[str, ShiftType] = {
    kind.code: kind
    for kind in (
        ShiftType(code="D", name="낮", name_en="Day", starts=time(7), minutes=480, pauses=(Pause(after=210, minutes=60),)),
        ShiftType(code="E", name="저녁", name_en="Evening", starts=time(15), minutes=480, pauses=(Pause(after=210, minutes=60),)),
        ShiftType(code="N", name="밤", name_en="Night", starts=time(23), minutes=480, pauses=(Pause(after=210, minutes=60),)),
        ShiftType(code="SB", name="대기", name_en="Standby", starts=time(7), minutes=1440, duty=Duty.STANDBY),
        ShiftType(code="SV", name="당직", name_en="Supervisor on call", starts=time(7), minutes=1440, duty=Duty.SUPERVISOR),
    )
}
