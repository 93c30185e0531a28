"""Words of a referral to the centre: its states, urgency, consent, permission to call, outcome. Pure; instants are aware, in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    """Where a referral is."""

    #: A counsellor thinks the centre should take over; the person has not been asked or has not answered.
    PROPOSED = "proposed"
    #: The person does not want it. Kept, and nothing is sent; they may say otherwise later.
    REFUSED = "refused"
    #: The person agreed, or danger stands in for it; not sent yet.
    CONSENTED = "consented"
    #: A warm transfer to the centre is under way.
    LIVE = "live"
    #: On the worklist, nobody has it.
    WAITING = "waiting"
    CLAIMED = "claimed"
    #: Somebody of the centre talks, or has talked, with the person.
    IN_CONTACT = "in_contact"
    IN_COUNSELLING = "in_counselling"
    CLOSED = "closed"
    #: Closed once, on the worklist again.
    REOPENED = "reopened"
    #: The person took the consent back.
    WITHDRAWN = "withdrawn"


#: Nothing more is to be done; each is left only by somebody's decision. All others have a deadline.
RESTING = frozenset({State.REFUSED, State.CLOSED, State.WITHDRAWN})
#: On the worklist without an owner.
FREE = frozenset({State.WAITING, State.REOPENED})
#: With an owner.
HELD = frozenset({State.CLAIMED, State.IN_CONTACT, State.IN_COUNSELLING})


class Urgency(StrEnum):
    """How soon the centre must have reached the person; hours are in the rules."""

    IMMEDIATE = "immediate"
    TODAY = "today"
    SOON = "soon"
    ROUTINE = "routine"


#: The most urgent first.
URGENCIES: tuple[Urgency, ...] = tuple(Urgency)


class Outcome(StrEnum):
    """How a case ended."""

    #: The person is better and needs the centre no more.
    RELIEVED = "relieved"
    #: Services took over.
    LINKED = "linked"
    #: A companion goes on.
    COMPANION = "companion"
    #: The person does not want it any more.
    DECLINED = "declined"
    #: Nobody was reached, by all permitted attempts.
    UNREACHED = "unreached"
    #: The number belongs to somebody else.
    WRONG_PERSON = "wrong_person"
    #: Emergency services took over.
    EMERGENCY = "emergency"
    MOVED_AWAY = "moved_away"
    DECEASED = "deceased"
    #: The same as another case.
    DUPLICATE = "duplicate"


class Recipient(StrEnum):
    """To whom the person's data go."""

    CENTRE = "centre"
    COMPANIONS = "companions"
    #: A service of welfare, medicine, housing …, by name.
    SERVICE = "service"


class Basis(StrEnum):
    """Why data may go to somebody else."""

    CONSENT = "consent"
    #: PIPA art. 15(1)5, 17(1)2, 18(2)3: clearly necessary for life or body, in imminent danger.
    DANGER = "danger"


class Hours(StrEnum):
    """When the person wants to be called, by the clock in Seoul; which hours these are is in the rules."""

    ANY = "any"
    DAYTIME = "daytime"
    EVENING = "evening"


class Result(StrEnum):
    """How an attempt to call back ended."""

    TALKED = "talked"
    #: Also when only a machine answered and no message was left.
    NO_ANSWER = "no_answer"
    MESSAGE_LEFT = "message_left"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    #: The person does not want to be called.
    DECLINED = "declined"
    #: Somebody else answered.
    WRONG_PERSON = "wrong_person"
    #: The member of staff did not answer their own phone: the person was not rung. Does not count.
    STAFF_ABSENT = "staff_absent"
    #: We failed. Does not count.
    INTERRUPTED = "interrupted"


class PutThrough(StrEnum):
    """How putting a caller through to the centre in the same call ended."""

    #: They talked with somebody of the centre.
    TAKEN = "taken"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    #: We could not bring them together.
    FAILED = "failed"
    #: The counsellor called it off.
    CALLED_OFF = "called_off"
    #: A crisis was raised meanwhile: that comes first.
    CRISIS = "crisis"
    CALLER_GONE = "caller_gone"
    #: The caller talked with no counsellor just then.
    NOT_IN_CALL = "not_in_call"
    #: No process took the order in time.
    NOT_BEGUN = "not_begun"
    #: The process died in it.
    INTERRUPTED = "interrupted"


#: The person's phone was not rung for these, or we don't know.
UNCOUNTED = frozenset({Result.STAFF_ABSENT, Result.INTERRUPTED})
#: After these nobody is called again unless they permit it anew.
NO_MORE = frozenset({Result.DECLINED, Result.WRONG_PERSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Consent to be called, as data. None: not asked or not answered, to be treated like the careful answer."""

    may_call: bool | None = None
    #: May whoever answers be told who calls?
    may_say_who: bool | None = None
    may_leave_message: bool | None = None
    #: Do others use the telephone? (Careful: yes.)
    shared_phone: bool | None = None
    hours: Hours = Hours.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the person answered when they were asked whether their data may go to somebody else (PIPA art. 17(2), 22-2).

    A refusal is one, too (`given` False): kept, so that nobody asks again as if nothing had been said.
    """

    id: UUID
    given: bool
    recipient: Recipient
    #: The name of the recipient, as it was said.
    recipient_name: str
    purpose: str
    #: Codes of what is passed on.
    items: tuple[str, ...]
    #: Until when it holds.
    until: datetime | None
    #: They were told that they may refuse, and what follows from it.
    right_to_refuse_told: bool
    #: Which wording was read to them.
    script_version: str
    at: datetime
    #: Who asked: a desk account.
    asked_by: UUID | None
    #: Where the answer can be heard or seen: a recording's or a document's id.
    recording: str = ""
    under_14: bool = False
    #: Somebody with parental authority gave it (PIPA art. 22-2: under 14 only so).
    by_guardian: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """Imminent danger, the only ground on which data go out without consent."""

    #: The article, as the ledger names it.
    ground: str
    decided_by: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A case as the machine knows it."""

    id: UUID
    state: State
    urgency: Urgency
    created_at: datetime
    #: By when the next step must be done; None exactly where it rests.
    due_at: datetime | None
    basis: Basis | None = None
    #: Until when the consent holds; None: no consent, or danger.
    consent_until: datetime | None = None
    permission: Permission = field(default_factory=Permission)
    #: A member of the centre's staff.
    owner_id: UUID | None = None
    outcome: Outcome | None = None
    #: Attempts since the last talk that rang the person's phone.
    attempts: int = 0
    last_attempt_at: datetime | None = None
    #: The attempt that is under way.
    calling: UUID | None = None
    #: Grows with every change.
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether somebody has still something to do."""
        return self.state not in RESTING


#: What is shown of a happening in the timeline: codes, never text.
Detail = Mapping[str, str | int | bool | None]
