"""Words of one call's state machine: its state, what can happen to it, and what it asks for. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from routing.model import Offer, OfferResult, Outcome


class Phase(StrEnum):
    """Where the caller is."""

    MENU = "menu"
    #: Another desk of the Dasan centre is being rung.
    DIALLING = "dialling"
    #: Talking with another desk.
    TRANSFERRED = "transferred"
    WAITING = "waiting"
    TALKING = "talking"
    #: Hearing the goodbye.
    CLOSING = "closing"
    #: Handed to the dialplan.
    SAFETY_NET = "safety_net"
    ENDED = "ended"


class Timer(StrEnum):
    """One deadline each; starting it again replaces it."""

    #: No key pressed.
    SILENCE = "silence"
    #: After a wrong key.
    SETTLE = "settle"
    #: A playback should have ended by now.
    PLAYBACK = "playback"
    #: A leg should have answered or ended by now.
    RING = "ring"
    COMFORT = "comfort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """State of one call. `playing` is the number of the playback under way, 0 for none."""

    #: The contact's id; legs we make carry it.
    id: str = ""
    phase: Phase = Phase.MENU
    repeats: int = 0
    settling: bool = False
    plays: int = 0
    playing: int = 0
    #: What plays must be heard to its end before anybody is connected.
    must_finish: bool = False
    comforts: int = 0
    #: In the holding bridge, hearing music.
    holding: bool = False
    #: The offer whose leg rings, is up, or is being talked to.
    offer: Offer | None = None
    leg_up: bool = False
    #: The leg towards another desk of the Dasan centre.
    desk_leg: str = ""
    #: A human of the line has talked with this caller.
    talked: bool = False
    talking_since: float = 0.0
    outcome: Outcome | None = None


# --- what can happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The call is here; `direct` skips the menu."""

    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The program was restarted and found the call like this: go on from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackDone:
    """A playback ended, was stopped, or could not start."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A deadline passed."""

    timer: Timer


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
class Unroutable:
    """The database is away: nobody can be reserved."""


Happening = (
    Entered | Resumed | Digit | PlaybackDone | TimerFired | OfferGranted | LegUp | LegDown | Connected | ConnectFailed | CallerGone
    | Unroutable
)  # fmt: skip


# --- what the call asks for ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play prompts one after the other, to the caller's channel or into the holding bridge."""

    number: int
    prompts: tuple[str, ...]
    in_bridge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlay:
    """Stop a playback; its end is still reported."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a timer."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop a timer."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Wait for a counsellor from now on."""

    dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Do not wait any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCaller:
    """Into the holding bridge, with music."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialDesk:
    """Ring another desk of the Dasan centre."""

    key: str
    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A counsellor answered before the caller is ready: put them into the talk bridge, with music."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Caller and leg into the talk bridge."""

    leg_id: str
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLeg:
    """Hang a leg up, ringing or up. `elsewhere`: tell the phone that it missed nothing."""

    leg_id: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOffer:
    """The offer came to nothing."""

    offer: Offer
    result: OfferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTalk:
    """The counsellor's talk is over."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Hang the caller up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSafetyNet:
    """Hand the caller to the dialplan, which rings counsellors without this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of the timeline."""

    kind: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The contact is over, with its one outcome."""

    outcome: Outcome


Command = (
    Play | StopPlay | Start | Stop | Join | Leave | HoldCaller | DialDesk | Seat | Connect | DropLeg | CloseOffer | EndTalk | HangUp
    | ToSafetyNet | Note | Finish
)  # fmt: skip
