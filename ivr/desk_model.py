"""Words of a `*1…` call: its state, what can happen to it, and what it asks for. Pure. Whatever may hold a PIN is never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from routing.presence_model import BreakReason, Change, SignIn


class Phase(StrEnum):
    """Where the call is."""

    START = "start"
    PIN = "pin"
    REASON = "reason"
    #: The line has been asked to change something.
    WORKING = "working"
    #: Saying the last words.
    CLOSING = "closing"
    DONE = "done"


class Action(StrEnum):
    """What a code asks for."""

    SIGN_IN = "*11"
    READY = "*12"
    BREAK = "*13"
    SIGN_OUT = "*14"
    END_WRAPUP = "*15"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCall:
    """State of one call. `playing` is the number of the prompt under way, 0 for none."""

    phase: Phase = Phase.START
    #: Keys of the PIN so far; never shown.
    digits: str = field(default="", repr=False)
    tries: int = 0
    plays: int = 0
    playing: int = 0


# --- what can happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """The call is here. `code` is all that was dialled, the PIN included: never shown."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """A key was pressed."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackDone:
    """A prompt ended, was stopped, or could not be played."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeUp:
    """The timer ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInResult:
    """The answer to `TrySignIn`."""

    result: SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """The answer to `Do`."""

    action: Action
    result: Change
    reason: BreakReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDown:
    """The database is away, or failed: nothing can be changed now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp:
    """The counsellor is gone."""


DeskEvent = Dialled | Digit | PlaybackDone | TimeUp | SignInResult | ChangeResult | LineDown | HungUp


# --- what the call asks for ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play prompts one after another; their end comes back as `PlaybackDone(number)`."""

    number: int
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlay:
    """A key was pressed: be quiet."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer:
    """One timer; starting it again replaces it."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTimer:
    """No timer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrySignIn:
    """Try this PIN."""

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Do:
    """Change the counsellor's presence."""

    action: Action
    reason: BreakReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call."""


DeskCommand = Answer | Play | StopPlay | StartTimer | StopTimer | TrySignIn | Do | HangUp
