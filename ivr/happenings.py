"""What can happen to a call. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ivr.conference import Partner, What
from ivr.phases import PlaceFor, Timer
from routing.model import Offer, OfferResult, OverflowReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The call is here; `direct` skips the menu."""

    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The program was restarted and found the call like this: go on from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """The caller pressed a key. Never log it."""

    digit: str = field(repr=False)
    #: Seconds, of whatever clock, the same for every key of a call; None: not known.
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """The caller was heard to speak (only listened for where no key was pressed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackDone:
    """A playback ended, was stopped, or could not start."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A deadline passed."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The caller is in the holding bridge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFailed:
    """The caller could not be put into the holding bridge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The answer to `AskPlace`: how many are before the caller, and the estimate in seconds from now; None: not known, or not to be trusted."""

    why: PlaceFor
    ahead: int | None = None
    low_s: float | None = None
    high_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueDone:
    """The answer to `Arrange`, `GiveCode` or `CheckCode`."""

    ok: bool
    #: The code that was given. Never logged.
    detail: str = field(default="", repr=False)
    #: The place that a code gave back.
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferGranted:
    """The router reserved a counsellor and their phone is being rung."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUp:
    """A leg answered."""

    leg_id: str
    #: Monotonic seconds.
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDown:
    """A leg ended, or could not be made."""

    leg_id: str
    result: OfferResult
    #: Hung up by hand (normal clearing), as opposed to died.
    by_hand: bool = False
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDigit:
    """Whoever answered a leg pressed a key. Never log it."""

    leg_id: str
    digit: str = field(repr=False)
    #: Seconds, of whatever clock, the same for every key of a leg; None: not known.
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSaid:
    """What was said to whoever answered a leg has ended, or could not be said."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Caller and leg hear each other."""

    leg_id: str
    #: Monotonic seconds.
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailed:
    """Caller and leg could not be bridged."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGone:
    """The caller hung up, or their channel is no more. `cut_off`: it died with the telephone server."""

    cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAway:
    """The caller's channel lives on, but not with us: in the dialplan, or with another worker. The contact is not ours to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialledAgain:
    """Somebody is on the line from the number of the caller who dropped out of the crisis."""

    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unroutable:
    """The database is away: nobody can be reserved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflowed:
    """Standby list and partner line are to be tried for this caller, who stays in the line meanwhile."""

    reason: OverflowReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFound:
    """The answer to `AskPartner`: the attempt is on record; None: nobody is left."""

    number: int
    partner: Partner | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The partner hears those whom they should hear. `caller`: the caller is one of them."""

    leg_id: str
    caller: bool
    #: Monotonic seconds.
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherFailed:
    """The partner could not be bridged."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The desk asks for something in a crisis; `partner`: for whom."""

    what: What
    partner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutThroughTo:
    """The desk asks for the caller to be put through to a member of the centre's staff."""

    order: UUID
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unattended:
    """The watchdog found the caller without sound or without a deadline: `what` is one of `ivr.watchdog`'s words."""

    what: str


Happening = (
    Entered | Resumed | Digit | Spoke | PlaybackDone | TimerFired | Held | HoldFailed | Place | DialogueDone | OfferGranted | LegUp | LegDown
    | LegDigit | LegSaid | Connected | ConnectFailed | CallerGone | TakenAway | DialledAgain | Unroutable | Overflowed | PartnerFound | Gathered
    | GatherFailed | Ordered | PutThroughTo | Unattended
)  # fmt: skip
