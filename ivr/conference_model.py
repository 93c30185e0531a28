"""Words of the crisis chain: its state, what can happen to it, what it asks for. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from routing.model import OfferResult


class Stage(StrEnum):
    """How far the partner is."""

    #: Nobody is being brought in.
    IDLE = ""
    #: The attempt is being written.
    ASKING = "asking"
    RINGING = "ringing"
    #: They answered, and hear who we are.
    BRIEFING = "briefing"
    #: They heard it; the counsellor may choose.
    BRIEFED = "briefed"
    #: With the counsellor; the caller has a word and music.
    PRIVATE = "private"
    #: With the caller.
    JOINED = "joined"


class What(StrEnum):
    """What a counsellor (or the desk) asks for."""

    RAISE = "raise"
    NEXT = "dial_next"
    DIAL = "dial"
    JOIN = "join"
    PRIVATE = "private"
    TAKEN_OVER = "taken_over"
    STOP = "stop"
    #: Call the caller who dropped out again, now. Not the chain's.
    REDIAL = "redial"


class Word(StrEnum):
    """What the counsellor is told on their own channel."""

    RUNG = "rung"
    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NOBODY_LEFT = "nobody_left"
    JOINED = "joined"
    PRIVATE = "private"
    TAKEN_OVER = "taken_over"
    LEFT = "left"
    STOPPED = "stopped"


class Fact(StrEnum):
    """What the incident's timeline is told."""

    DIALLED = "dialled"
    ANSWERED = "answered"
    BRIEFED = "briefed"
    PRIVATE = "private"
    JOINED = "joined"
    TAKEN_OVER = "taken_over"
    PARTNER_LEFT = "partner_left"
    FAILED = "failed"
    NOBODY_LEFT = "nobody_left"
    CALLED_OFF = "called_off"
    CALLER_GONE = "caller_gone"
    CALLER_BACK = "caller_back"
    REDIALLED = "redialled"
    COUNSELLOR_GONE = "counsellor_gone"
    COUNSELLOR_BACK = "counsellor_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Times in seconds."""

    #: After the briefing, for the counsellor's choice.
    choose_s: float = 6.0
    #: The longest word in private; then all three.
    private_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingAgain:
    """How a caller who dropped out is called again while counsellor and partner wait. Times in seconds."""

    attempts: int = 5
    every_s: float = 20.0
    #: Before the first time: their own telephone may not be free yet.
    first_s: float = 3.0
    ring_s: float = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """One attempt that is on record: whom to ring, and how."""

    leg_id: str
    endpoint: str
    ring_s: float
    #: Ids of the prompts that say who we are.
    briefing: tuple[str, ...] = ()
    caller_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """Where one call's chain is."""

    stage: Stage = Stage.IDLE
    #: A crisis was raised, and neither taken over nor called off.
    open: bool = False
    taken_over: bool = False
    partner: Partner | None = None
    #: How often an attempt was asked for; answers carry it.
    asked: int = 0
    #: Times in a row that this was not answered.
    unanswered: int = 0
    #: Whom the attempt under way was asked for; "": the next in order.
    wanted: str = ""

    @property
    def leg_id(self) -> str:
        """The partner's leg; "" for nobody."""
        return self.partner.leg_id if self.partner else ""

    @property
    def there(self) -> bool:
        """The partner talks with somebody."""
        return self.stage in (Stage.PRIVATE, Stage.JOINED)

    @property
    def waits(self) -> bool:
        """Something must happen within a time: a deadline runs."""
        return self.stage not in (Stage.IDLE, Stage.JOINED)


#: No crisis.
CALM = Conference()


# --- what can happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The counsellor, or the desk, asks for something; `partner`: for whom (`What.DIAL`)."""

    what: What
    partner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to `Ask`: the attempt is on record; None: nobody is left."""

    number: int
    partner: Partner | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The partner's leg is up. `alone`: no counsellor is there who could choose."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The briefing ended."""

    leg_id: str
    #: No counsellor is there who could choose.
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The partner's leg ended, could not be made, or could not be connected."""

    leg_id: str
    result: OfferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The deadline passed."""

    #: No counsellor is there who could choose.
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """The counsellor is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The caller is gone, and nobody stays. `known`: that they are gone is on record already."""

    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The caller is gone; counsellor and partner stay."""


Event = Asked | Found | Answered | Said | Ended | Overdue | Alone | Over | Left


# --- what the chain asks for -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Put the next attempt on record. Answered by `Found`."""

    number: int
    partner: str = ""
    #: A person asks, not the chain: whoever was tried before may be tried again.
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Ring this partner."""

    partner: Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Say who we are, at the partner's phone only. Answered by `Said`."""

    partner: Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """`Overdue` after so many seconds, in place of the last deadline; 0: none."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Hang the partner's leg up."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Partner, caller and, if there is one, counsellor hear each other."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Partner and counsellor hear each other; the caller has a word and music."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The partner, who was with somebody, is so no more: whoever is left is cared for. `private`: the caller waits with music."""

    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell the counsellor, and nobody else."""

    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A line of the incident's timeline."""

    fact: Fact
    leg_id: str = ""
    result: OfferResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """Nobody is left to be tried: a person must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redial:
    """The caller dropped out of a crisis: they are called back."""


Command = Ask | Ring | Brief | Deadline | Drop | Together | Apart | Gone | Tell | Record | Unreached | Redial
