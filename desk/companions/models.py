"""What the companions' API reads and answers. Weekly times are by the clock in Seoul."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.centre.models import Language, Named, PermissionIn, Short, Words
from desk.routes import Wire
from escalation.companions.matching import Reason
from escalation.companions.model import CallState, EndReason, Skip, Status, SupportState
from escalation.companions.way_back import Help

Day = Annotated[date, Field(ge=date(2000, 2, 1), le=date(2099, 11, 30))]
Weekday = Annotated[int, Field(ge=0, le=6)]
Tags = Annotated[list[Named], Field(max_length=30, default_factory=list)]


class TimesWire(Wire):
    """Hours of a weekday (0 Monday to 6 Sunday), within one day."""

    weekday: Weekday
    starts: time
    ends: time


Hours = Annotated[list[TimesWire], Field(max_length=50, default_factory=list)]


class CompanionBase(Wire):
    """What is known of a companion."""

    name: Named
    districts: Tags
    languages: Annotated[list[Language], Field(min_length=1, max_length=10, default_factory=lambda: ["ko"])]
    topics: Tags
    gender: Annotated[str, Field(max_length=10)] = ""
    age_band: Annotated[str, Field(max_length=20)] = ""
    times: Hours
    most: Annotated[int, Field(ge=0, le=20)] = 2


class NewCompanion(CompanionBase):
    """Somebody new. `number`: where they are rung, as people write it."""

    number: Annotated[str, Field(max_length=40)]
    user: UUID | None = None


class CompanionIn(CompanionBase):
    """All that is known of somebody; the number only if it is another one."""

    number: Annotated[str, Field(max_length=40)] | None = None
    status: Status


class CompanionOut(CompanionBase):
    """A companion. Their number is not shown to anybody."""

    id: UUID
    status: Status
    load: int


class CompanionsOut(Wire):
    """All who have not left, by name."""

    companions: list[CompanionOut]


class WantedIn(Wire):
    """What a person needs and wishes."""

    referral: UUID
    district: Short = ""
    language: Language = "ko"
    times: Hours
    topics: Tags
    gender: Annotated[str, Field(max_length=10)] = ""
    age_bands: Tags


class ReasonOut(Wire):
    """A reason, and how often it counts."""

    reason: Reason
    count: int


class CandidateOut(Wire):
    """Who fits, and why."""

    companion: UUID
    name: str
    possible: bool
    points: int
    load: int
    reasons: list[ReasonOut]


class CandidatesOut(Wire):
    """Everybody, who fits best first. A person decides."""

    candidates: list[CandidateOut]


class NewSupport(Wire):
    """Ask a companion to take somebody."""

    referral: UUID
    companion: UUID
    permission: PermissionIn


class PlanIn(Wire):
    """A weekly call."""

    weekday: Weekday
    at: time
    skip_holidays: bool = True
    first: Day
    last: Day | None = None


class PlanOut(Wire):
    """A weekly call."""

    id: UUID
    weekday: int
    at: time
    skip_holidays: bool
    first: date
    last: date | None


class SubstituteIn(Wire):
    """Somebody stands in, both days included."""

    companion: UUID
    first: Day
    last: Day


class SubstituteOut(Wire):
    """Who stands in, and when."""

    companion: UUID
    first: date
    last: date


class CallOut(Wire):
    """A planned call."""

    id: UUID
    due_at: datetime
    state: CallState
    next_at: datetime | None
    attempts: int
    skip: Skip | None
    companion: UUID


class SupportNoteIn(Wire):
    """A short text."""

    text: Words
    call: UUID | None = None


class SupportNoteOut(Wire):
    """A short text of a companion."""

    id: UUID
    at: datetime
    by: str | None
    call: UUID | None
    text: str


class SupportOut(Wire):
    """An accompaniment. `person`: what the companion calls them; the number of neither is shown."""

    id: UUID
    referral: UUID | None
    companion: UUID
    companion_name: str
    person: str
    district: str
    state: SupportState
    permission: PermissionIn
    consent_until: datetime
    started_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None


class SupportPage(Wire):
    """All of it."""

    support: SupportOut
    plans: list[PlanOut]
    substitutes: list[SubstituteOut]
    calls: list[CallOut]
    notes: list[SupportNoteOut]


class SupportsOut(Wire):
    """One's own, also where one stands in today; or all."""

    supports: list[SupportOut]


class EndIn(Wire):
    """Why it ends."""

    reason: EndReason


class HelpIn(Wire):
    """Back to the centre, or to crisis."""

    what: Help
    text: Words = ""
    call: UUID | None = None


class HelpOut(Wire):
    """What was done: the centre has it on its worklist; in a crisis there is an incident, or there could not be."""

    worklist: Literal[True] = True
    incident: UUID | None
