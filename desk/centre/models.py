"""What the centre's API reads and answers. Instants are aware; a member of staff is an id of the centre's, not a desk account."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from desk.routes import Loose, Wire
from escalation.centre.case import Area, FollowUpKind, LinkState, NeedState, NoteKind
from escalation.centre.model import Hours, Outcome, Recipient, Result, State, Urgency
from escalation.centre.staff import Human

Short = Annotated[str, Field(max_length=100)]
Named = Annotated[str, Field(min_length=1, max_length=100)]
#: The limit of what is kept is the room's own; here is only where reading ends.
Words = Annotated[str, Field(max_length=200_000)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class PermissionIn(Wire):
    """Consent to be called, as data. Null: not asked."""

    may_call: bool | None = None
    may_say_who: bool | None = None
    may_leave_message: bool | None = None
    shared_phone: bool | None = None
    hours: Hours = Hours.ANY


class NewReferral(Wire):
    """Somebody the centre should take over. `number`: as people write it; null: that of the call."""

    contact: UUID | None = None
    name: Short = ""
    number: Annotated[str, Field(max_length=40)] | None = None
    language: Language | None = None
    district: Short = ""
    age_band: Annotated[str, Field(max_length=20)] = ""
    reason: Words
    urgency: Urgency


class ConsentIn(Wire):
    """What the person answered. A refusal (`given` false) is kept as well."""

    given: bool
    recipient_name: Named
    purpose: Named
    items: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=20, default_factory=list)]
    until: AwareDatetime | None = None
    right_to_refuse_told: bool = False
    script_version: Named
    recording: Short = ""
    under_14: bool = False
    by_guardian: bool = False


class CentreConsent(ConsentIn):
    """… about the centre, and whether it may call."""

    permission: PermissionIn | None = None


class OtherConsent(ConsentIn):
    """… about a service, or companions."""

    recipient: Recipient


class DangerIn(Wire):
    """Imminent danger: the article that is the ground."""

    ground: Annotated[str, Field(pattern=r"^pipa_(17_1_2|18_2_3)$")]


class SendIn(Wire):
    """`live`: the caller would like to be put through now."""

    live: bool = False


class ReferralOut(Wire):
    """A referral as its maker sees it: how it stands, nothing that was said at the centre."""

    id: UUID
    state: State
    urgency: Urgency
    created_at: datetime
    due_at: datetime | None
    outcome: Outcome | None
    district: str


class SentOut(Wire):
    """How it was sent: `live` (to whom), or `worklist` and why not live."""

    way: str
    why: str
    staff: UUID | None
    referral: ReferralOut


class ReferralsOut(Wire):
    """One's own, or everybody's; the newest first."""

    referrals: list[ReferralOut]


class ItemOut(Wire):
    """A line of the worklist. `next_at`: what is due first of it."""

    id: UUID
    state: State
    urgency: Urgency
    due_at: datetime
    next_at: datetime
    overdue: bool
    owner: UUID | None
    owner_name: str | None
    district: str


class WorklistOut(Wire):
    """In the order in which it is to be done."""

    items: list[ItemOut]
    mine: UUID | None


class ConsentOut(Wire):
    """An answer."""

    id: UUID
    given: bool
    recipient: Recipient
    recipient_name: str
    purpose: str
    items: list[str]
    until: datetime | None
    script_version: str
    at: datetime
    recording: str
    under_14: bool
    by_guardian: bool


class NoteOut(Wire):
    """A text; null for who may not read texts."""

    id: UUID
    at: datetime
    by: str | None
    kind: NoteKind
    text: str | None
    replaces: UUID | None


class NeedOut(Wire):
    """A need."""

    id: UUID
    area: Area
    state: NeedState
    text: str | None
    at: datetime


class LinkOut(Wire):
    """A link to a service."""

    id: UUID
    need: UUID
    service_id: UUID | None
    service: str
    state: LinkState
    result: str | None
    at: datetime
    handed_over_at: datetime | None


class FollowUpOut(Wire):
    """A follow-up."""

    id: UUID
    kind: FollowUpKind
    due_at: datetime
    text: str | None
    done_at: datetime | None
    cancelled: bool
    result: str | None


class AttemptOut(Wire):
    """A call back; no result: under way."""

    id: UUID
    staff: UUID
    ordered_at: datetime
    talked_at: datetime | None
    ended_at: datetime | None
    result: Result | None


class EventOut(Wire):
    """A line of the story."""

    at: datetime
    kind: str
    by: str | None
    state: State


class CallableOut(Wire):
    """Whether the person may be called now: what is in the way, until when; and what may be said."""

    barrier: str | None
    until: datetime | None
    say_who: bool
    leave_message: bool
    message_says_who: bool


class CaseOut(Wire):
    """A case. Name and texts are for who works on cases; the number is covered for everybody: the system dials."""

    referral: ReferralOut
    #: Whose records they are; null: not known by their number.
    person: UUID | None
    name: str
    number: str | None
    language: str
    age_band: str
    basis: str | None
    consent_until: datetime | None
    permission: PermissionIn
    owner: UUID | None
    owner_name: str | None
    mine: bool
    call: CallableOut
    consents: list[ConsentOut]
    notes: list[NoteOut]
    needs: list[NeedOut]
    links: list[LinkOut]
    follow_ups: list[FollowUpOut]
    attempts: list[AttemptOut]
    events: list[EventOut]


class HandOverIn(Wire):
    """To whom."""

    to: UUID


class NoteIn(Wire):
    """A text; `replaces`: the one that it corrects."""

    kind: NoteKind
    text: Words
    replaces: UUID | None = None


class NeedIn(Wire):
    """A need."""

    area: Area
    text: Words


class NeedStateIn(Wire):
    """How it stands."""

    state: NeedState


class LinkIn(Wire):
    """A service that may help."""

    need: UUID
    service: Named
    service_id: UUID | None = None


class PassOnIn(Wire):
    """Pass data on to the service; `ground` only in imminent danger and without consent."""

    ground: Annotated[str, Field(pattern=r"^pipa_(17_1_2|18_2_3)$")] | None = None


class LinkStateIn(Wire):
    """What came of it."""

    state: LinkState
    result: Words = ""


class FollowUpIn(Wire):
    """Something to be done."""

    kind: FollowUpKind
    due_at: AwareDatetime
    text: Words = ""


class DoneIn(Wire):
    """It was done, or is not to be done any more."""

    result: Words = ""
    cancelled: bool = False


class UrgencyIn(Wire):
    """How urgent it is."""

    urgency: Urgency


class CloseIn(Wire):
    """It is over."""

    outcome: Outcome
    note: Words = ""


class ReopenIn(Wire):
    """It is not over."""

    urgency: Urgency
    note: Words


class MadeOut(Wire):
    """What was made."""

    id: UUID


class StaffOut(Wire):
    """Somebody of the centre. `until`: on duty until then."""

    id: UUID
    name: str
    extension: str
    languages: list[str]
    human: Human
    free: bool
    until: datetime | None


class DutyIn(Wire):
    """Hours of a weekday (0 Monday to 6 Sunday) or of a date; without times: off."""

    weekday: Annotated[int, Field(ge=0, le=6)] | None = None
    day: Annotated[date, Field(ge=date(2000, 2, 1), le=date(2099, 11, 30))] | None = None
    starts: time | None = None
    ends: time | None = None


class DutyOut(DutyIn):
    """Whose hours they are."""

    staff: UUID


class StaffListOut(Wire):
    """Everybody, and their hours."""

    staff: list[StaffOut]
    duties: list[DutyOut]
    mine: UUID | None


class NewStaff(Wire):
    """Somebody new; `user`: their account at the desk."""

    name: Named
    extension: Annotated[str, Field(pattern=r"^[0-9]{0,6}$")] = ""
    user: UUID | None = None
    languages: Annotated[list[Language], Field(min_length=1, max_length=10, default_factory=lambda: ["ko"])]


class DutiesIn(Wire):
    """All hours of somebody."""

    duties: Annotated[list[DutyIn], Field(max_length=200)]


class HumanIn(Wire):
    """What they say of themselves."""

    human: Human


class Which(Loose):
    """Open cases, or closed ones."""

    closed: bool = False
