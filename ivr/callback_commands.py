"""What a call-back asks for before the talk (`ivr.callback_call`); `ivr.callback_stage` and `ivr.callback_actor` carry it out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ivr.phases import Timer
from routing.model import Offer, OfferResult


class Result(StrEnum):
    """What came of the attempt; the words of `callback_attempts.result`."""

    TALKED = "talked"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    WRONG_PERSON = "wrong_person"
    UNREACHABLE = "unreachable"
    #: Nobody was called, or we failed; does not count.
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingCounsellor:
    """Ring the reserved counsellor."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPerson:
    """Write the attempt down, then dial. `CallerGone`: the request is no more."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The counsellor into the talk bridge: told what this is, then music."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say something at the person's phone."""

    number: int
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSay:
    """Stop that."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a deadline."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop a deadline."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Hang a leg up."""

    leg_id: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The counsellor is free again; the call-back stays in the line unless it has left."""

    offer: Offer
    result: OfferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Tell the counsellor, who listens to music, that the person was not reached; then hang up and set them free."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """The person wants to talk: the ordinary call machine takes both."""

    offer: Offer
    #: The counsellor is there already; else their phone is still to be rung.
    seated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Do not wait for a counsellor any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of the timeline."""

    kind: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The one result. `dialled`: the person's phone was rung."""

    result: Result
    dialled: bool


Command = (
    RingCounsellor | RingPerson | Seat | Say | StopSay | Start | Stop | Drop | Close | Release | HandOver | Leave | Note | Done
)  # fmt: skip
