"""Words of a crisis: the incident, the calls to emergency partners made for it, what the desk orders. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

#: Announced after every commit that changes an incident; the payload is its id.
INCIDENTS_CHANGED = "incidents_changed"
#: Announced after an order was written; the payload is the contact's id.
INCIDENT_ORDERS = "incident_orders"


class Danger(StrEnum):
    """What the person is in danger of; decides which partner comes first."""

    SUICIDE = "suicide"
    VIOLENCE = "violence"
    MEDICAL = "medical"
    FIRE = "fire"
    MISSING = "missing"
    OTHER = "other"


class RaisedBy(StrEnum):
    """Whose word began it."""

    COUNSELLOR_KEY = "counsellor_key"
    COUNSELLOR_DESK = "counsellor_desk"
    CALLER_KEY = "caller_key"
    CHECKLIST = "checklist"
    SUPERVISOR = "supervisor"
    CHAT = "chat"
    #: In a call of the centre or of a companion, or by a companion's button.
    CENTRE = "centre"


class State(StrEnum):
    """How far an incident is. It ends by a human's word only: CONFIRMED or CLOSED."""

    #: Nobody is being called at this moment.
    RAISED = "raised"
    #: A partner's phone rings.
    DIALLING = "dialling"
    #: A partner is on the phone, but not yet with the caller.
    ANSWERED = "answered"
    #: A partner talks with the caller and the counsellor.
    JOINED = "joined"
    #: A partner has taken the case over; whether responders met the person is not known yet.
    TAKEN_OVER = "taken_over"
    #: Every partner of the chain was tried in vain: the supervisor calls by hand.
    UNREACHED = "unreached"
    #: A human says that responders made contact.
    CONFIRMED = "confirmed"
    #: A human closed it, with a reason.
    CLOSED = "closed"


#: No happening leads out of these.
ENDED = frozenset({State.CONFIRMED, State.CLOSED})


class Stage(StrEnum):
    """How far one call to a partner is."""

    DIALLING = "dialling"
    ANSWERED = "answered"
    #: Heard who we are and that this is a crisis hand-over.
    BRIEFED = "briefed"
    #: With the counsellor alone.
    PRIVATE = "private"
    #: With caller and counsellor.
    JOINED = "joined"
    OVER = "over"


class Result(StrEnum):
    """What came of one call to a partner."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    #: We could not dial, or lost track of the leg.
    FAILED = "failed"
    #: Given up by us before anybody answered.
    WITHDRAWN = "withdrawn"
    #: Answered, and left without taking the case over.
    LEFT = "left"
    #: Took the case over.
    TAKEN_OVER = "taken_over"


class CloseReason(StrEnum):
    """Why an incident ends without responders having met the person."""

    FALSE_ALARM = "false_alarm"
    #: The danger passed in the talk.
    CALLER_SAFE = "caller_safe"
    #: Somebody at the person's side has taken charge.
    IN_OTHER_HANDS = "in_other_hands"
    #: A proposal (of a checklist) that a person has looked at and does not follow.
    NOT_NEEDED = "not_needed"
    DUPLICATE = "duplicate"
    EXERCISE = "exercise"
    #: Told in words.
    OTHER = "other"


class OrderKind(StrEnum):
    """What the desk asks the process that has the call to do."""

    #: The incident exists already; begin to dial.
    RAISE = "raise"
    #: Give up whoever rings and try the next one.
    DIAL_NEXT = "dial_next"
    #: This partner.
    DIAL = "dial"
    #: Bring the partner on the phone and the caller together.
    JOIN = "join"
    #: Counsellor and partner alone; the caller hears music and word.
    PRIVATE = "private"
    #: The partner has said so.
    TAKEN_OVER = "taken_over"
    #: End whatever is being dialled; the incident stays open.
    STOP = "stop"
    #: Call the person again who dropped.
    REDIAL = "redial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call to one partner. Its row is committed before anything is dialled."""

    id: UUID
    #: Counted from 1 within its incident.
    number: int
    partner_id: str
    leg_id: str
    started_at: datetime
    stage: Stage = Stage.DIALLING
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    result: Result | None = None
    #: The test endpoint was called, not the partner.
    test: bool = False

    @property
    def live(self) -> bool:
        """The leg is not known to have ended."""
        return self.stage is not Stage.OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A crisis in one contact. `state` follows from the rest (`escalation.incident.state_of`)."""

    id: UUID
    contact_id: UUID
    raised_at: datetime
    raised_by: RaisedBy
    state: State = State.RAISED
    counsellor_id: UUID | None = None
    danger: Danger | None = None
    #: A checklist (or the like) proposes it; a person decides, by raising or dialling it.
    proposed: bool = False
    #: Whoever talks to us needs the whereabouts of somebody else: the police ask for those (Location Act art. 29).
    third_party: bool = False
    attempts: tuple[Attempt, ...] = ()
    #: How many attempts there were when the chain was at its end; None: it never was. The next round begins after them.
    exhausted: int | None = None
    taken_over_at: datetime | None = None
    #: Somebody said that nobody is to be called any more, and nobody has asked for it again since.
    called_off: bool = False
    #: Since when the caller is off the phone; None: there, or back.
    caller_gone_at: datetime | None = None
    counsellor_gone_at: datetime | None = None
    #: How often the person was called again.
    redials: int = 0
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    close_reason: CloseReason | None = None

    @property
    def over(self) -> bool:
        """A human has ended it."""
        return self.state in ENDED

    @property
    def live(self) -> tuple[Attempt, ...]:
        """Attempts whose leg is not known to have ended, in order."""
        return tuple(attempt for attempt in self.attempts if attempt.live)

    def attempt(self, attempt_id: UUID) -> Attempt | None:
        """The attempt with this id."""
        return next((attempt for attempt in self.attempts if attempt.id == attempt_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The answer to a press of the key."""

    incident_id: UUID
    #: This press made it: dial now. False: an earlier one did, and whoever answered that one dials.
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Whom to dial, and how; the attempt is stored."""

    attempt_id: UUID
    #: Which attempt of the incident it is, from 1.
    number: int
    #: The id the leg must get: `crisis-<attempt id>`; a restart finds it by this.
    leg_id: str
    partner_id: str
    #: As counsellors know the partner, in Korean; `name_en` in English.
    name: str
    name_en: str
    #: Such as `PJSIP/112@carrier`.
    endpoint: str
    #: How long it rings; seconds.
    ring_s: float
    #: Prompts that the partner hears before joining.
    briefing: tuple[str, ...]
    #: What the partner sees; empty: as counsellors see it (`line.caller_id`).
    caller_id: str
    #: The test endpoint, not the partner: to be shown wherever this attempt is.
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """What a process that takes a call over has to know."""

    incident: Incident

    @property
    def legs(self) -> tuple[str, ...]:
        """Leg ids that may still be there; those that are not: `AttemptFailed` with FAILED, or `PartnerLeft` if they had answered."""
        return tuple(attempt.leg_id for attempt in self.incident.live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something the desk asked for, taken once by the process that has the call."""

    id: UUID
    kind: OrderKind
    contact_id: UUID
    incident_id: UUID
    at: datetime
    #: With DIAL.
    partner_id: str | None = None
    #: Whoever pressed the button, a counsellor.
    counsellor_id: UUID | None = None
