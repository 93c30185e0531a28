"""What a call between somebody of ours and a person asks for (`ivr.linked.call`); `ivr.linked.stage` carries it out. Pure.

What it asks for in a crisis is said in the words of the line's calls (`ivr.commands`) where they fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from escalation.centre.model import Result
from ivr import commands as line
from ivr.phases import Timer


class Side(StrEnum):
    """One of the two."""

    #: Somebody of ours, rung first.
    FIRST = "first"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Ring this one."""

    side: Side
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The first into the bridge: `Connected` or `ConnectFailed` follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Music:
    """Music in the bridge, for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """The person into the bridge, where nothing else is heard any more: `Connected` or `ConnectFailed` follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say something to one of the two; `PlaybackDone` follows."""

    side: Side
    number: int
    prompts: tuple[str, ...]
    in_bridge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSay:
    """Stop that."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell whoever ordered the call. `side`: who pressed a key; they hear what became of it."""

    what: str
    side: Side | None = None


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
    """Hang up."""

    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is over."""

    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper:
    """Say something to one who talks, and to nobody else; `leg_id` "": to the first."""

    prompts: tuple[str, ...]
    leg_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToLine:
    """The person goes on in the line, before everybody else: nobody else is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAgain:
    """The person dropped out of a crisis: the line calls them back, before everybody else."""


#: The crisis and its books.
BookCommand = line.RaiseIncident | line.AskPartner | line.IncidentNote | line.Note | line.Alarm | CallAgain
#: The telephone, for an emergency partner.
PartnerCommand = line.RingPartner | line.SayToLeg | line.DropLeg | line.Gather | Whisper
Command = BookCommand | PartnerCommand | ToLine | Ring | Seat | Music | Join | Say | StopSay | Tell | Start | Stop | Drop | Done
