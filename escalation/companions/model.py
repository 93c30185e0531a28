"""Words of companions: who they are, a support, its plan, one planned call. Pure; instants are aware, in UTC, days and hours are Seoul's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from escalation.centre.model import Permission


class Status(StrEnum):
    """Whether a companion takes people."""

    ACTIVE = "active"
    #: For a while not: illness, holidays. Their people get substitutes.
    PAUSED = "paused"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Hours of a weekday in which somebody has time; within one day."""

    #: 0 Monday to 6 Sunday.
    weekday: int
    starts: time
    ends: time

    def holds(self, weekday: int, at: time) -> bool:
        """Whether a call may begin then."""
        return weekday == self.weekday and self.starts <= at < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """Somebody of the companion group."""

    id: UUID
    name: str
    #: Districts they know; empty: anywhere.
    districts: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset({"ko"})
    #: What they like to talk of, and can deal with.
    topics: frozenset[str] = frozenset()
    gender: str = ""
    age_band: str = ""
    times: tuple[Times, ...] = ()
    #: How many people at a time.
    most: int = 2
    #: How many they have.
    load: int = 0
    status: Status = Status.ACTIVE
    #: Persons (referrals) with whom it did not work out.
    not_with: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person needs and wishes. Empty: no wish."""

    referral_id: UUID
    district: str = ""
    language: str = "ko"
    times: tuple[Times, ...] = ()
    topics: frozenset[str] = frozenset()
    gender: str = ""
    age_bands: Collection[str] = ()


class SupportState(StrEnum):
    """Where an accompaniment is."""

    #: The companion was asked.
    OFFERED = "offered"
    ACTIVE = "active"
    #: For a while no calls, at the person's wish.
    PAUSED = "paused"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why an accompaniment ended."""

    #: The person needs it no more.
    GOAL_REACHED = "goal_reached"
    PERSON_WISHES = "person_wishes"
    COMPANION_STOPS = "companion_stops"
    #: The companion did not take it on.
    NOT_TAKEN = "not_taken"
    NOT_REACHED = "not_reached"
    BACK_TO_CENTRE = "back_to_centre"
    CONSENT_OVER = "consent_over"
    DECEASED = "deceased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """A companion and a person. The person's name and number are the referral's."""

    id: UUID
    referral_id: UUID
    companion_id: UUID
    state: SupportState
    #: Consent to pass data to companions holds until then.
    consent_until: datetime
    permission: Permission = field(default_factory=Permission)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A weekly call."""

    id: UUID
    support_id: UUID
    weekday: int
    at: time
    skip_holidays: bool
    first: date
    #: Included; None: open-ended.
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Somebody who stands in, both days included."""

    companion_id: UUID
    first: date
    last: date


class CallState(StrEnum):
    """Where one planned call is."""

    DUE = "due"
    #: The companion's phone rings.
    COMPANION_RUNG = "companion_rung"
    #: The companion is there; the person's phone rings.
    PERSON_RUNG = "person_rung"
    #: They talk, or have talked.
    TALKED = "talked"
    #: An attempt came to nothing; there will be another.
    MISSED = "missed"
    #: All attempts came to nothing: somebody must look.
    GIVEN_UP = "given_up"
    #: Not to be made: a holiday, the support ended or paused, no permission.
    SKIPPED = "skipped"


class Skip(StrEnum):
    """Why a planned call is not made."""

    HOLIDAY = "holiday"
    SUPPORT_PAUSED = "support_paused"
    SUPPORT_ENDED = "support_ended"
    PLAN_CHANGED = "plan_changed"
    NO_PERMISSION = "no_permission"
    CONSENT_OVER = "consent_over"
    NO_NUMBER = "no_number"
    #: Somebody cancelled this one.
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One planned call as its machine knows it."""

    id: UUID
    due_at: datetime
    state: CallState = CallState.DUE
    #: When it is to be dialled (again); None: not any more, or it is under way.
    next_at: datetime | None = None
    attempts: int = 0
    #: They have talked, and the call is over.
    ended: bool = False
    skip: Skip | None = None


#: Nothing more will happen by itself.
FINAL = frozenset({CallState.GIVEN_UP, CallState.SKIPPED})
