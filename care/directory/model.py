"""A place or a service, and when it is open. Pure. Days and times are Seoul's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

MINUTES_A_DAY = 1440
#: Monday to Sunday, and public holidays.
DAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
HOLIDAY = "holiday"


class Kind(StrEnum):
    """What it is."""

    #: 서울마음편의점.
    MIND_STORE = "mind_store"
    #: Somewhere to go, or somebody who comes.
    SERVICE = "service"
    #: A number to call.
    HELPLINE = "helpline"


class Area(StrEnum):
    """Which need it is for."""

    EMERGENCY = "emergency"
    EMOTIONAL = "emotional"
    WELFARE = "welfare"
    MEDICAL = "medical"
    HOUSING = "housing"
    PSYCHOLOGICAL = "psychological"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Open from one time to another on some days. Of a day, only the most particular rules count: dates, then holidays, then weekdays.

    On a public holiday rules for weekdays do not count. A rule with `closed` says that on its days nothing is open.
    """

    #: Of `DAYS`; empty where there are dates.
    days: frozenset[str] = frozenset()
    dates: frozenset[date] = frozenset()
    #: Minutes after midnight, 0 to 1439.
    opens: int = 0
    #: 1 to 1440, or past midnight: at or before `opens` it is the next day's.
    closes: int = MINUTES_A_DAY
    valid_from: date | None = None
    valid_to: date | None = None
    closed: bool = False
    #: Where a mobile one stands then.
    where: str = ""

    @property
    def minutes(self) -> int:
        """How long it is open."""
        return self.closes - self.opens if self.closes > self.opens else self.closes + MINUTES_A_DAY - self.opens

    def valid_on(self, day: date) -> bool:
        """Whether it counts on that day at all."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the directory."""

    id: UUID
    #: Stable, short, unique: by it a file's row finds its entry.
    key: str
    kind: Kind
    name: str
    name_en: str = ""
    run_by: str = ""
    #: A code of `care.districts`; "" the whole city.
    district: str = ""
    address: str = ""
    phone: str = ""
    url: str = ""
    areas: frozenset[Area] = frozenset()
    #: Empty: not known.
    hours: tuple[Rule, ...] = ()
    #: Announced, not there yet.
    planned: bool = False
    mobile: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    note: str = ""
    #: Where this was read, and on which day that was true.
    source: str
    source_date: date
    #: Counts its changes; 0: not kept yet.
    version: int = 0

    def valid_on(self, day: date) -> bool:
        """Whether it is there on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Status(StrEnum):
    """Whether one can go or call there at an instant."""

    OPEN = "open"
    CLOSED = "closed"
    #: Its hours are not known: call first.
    UNKNOWN = "unknown"
    #: Not there yet.
    PLANNED = "planned"
    #: Not there any more.
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What can be said of an instant."""

    status: Status
    #: Open: until when (None: always, as far as is looked ahead).
    until: datetime | None = None
    #: Closed: when it opens next (None: not within what is looked ahead).
    next_at: datetime | None = None
    #: Where a mobile one stands now, or next.
    where: str = ""
