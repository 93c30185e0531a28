"""What a simulated Asterisk is made of: channels, bridges, playbacks, applications, and their form on the wire."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from helpline.simulation.loop import BEGINNING, Appointment

Json = dict[str, object]
#: Status and body of an answer.
Answer = tuple[int, object]
Reply = Callable[[int, object], None]

#: Seconds a prompt takes where it is not named here.
PROMPT_S = 3.0
_SECONDS = {"greeting": 9.0, "menu_repeat": 6.0, "notice_recording": 5.0, "notice_protection": 5.0, "safety_net_hold": 5.0}


class Far(Protocol):
    """Whoever is at the other end of a channel: a caller's phone, a counsellor's, an outside number."""

    def ended(self, channel: Channel) -> None:
        """The channel is no more."""

    def heard(self, channel: Channel, prompt: str) -> None:
        """A prompt begins; what it says may make a person do something."""


class Callee(Far, Protocol):
    """A phone that can be rung."""

    def invited(self, channel: Channel) -> None:
        """An INVITE arrives; answers through `Asterisk.leg_ringing`, `leg_answered`, `leg_refused`."""


@dataclass(slots=True, eq=False)
class Playback:
    """A prompt in a queue, or playing."""

    id: str
    media: list[str]
    target: str
    app: str
    state: str = "queued"
    end: Appointment | None = None


@dataclass(slots=True, eq=False)
class Channel:
    """One leg."""

    id: str
    far: Far
    endpoint: str
    number: str = ""
    state: str = "Ring"
    context: str = "from-trunk"
    extension: str = ""
    created: float = 0.0
    #: The application that commands it, and whether its StasisStart was sent.
    app: str = ""
    in_stasis: bool = False
    #: When a program last took it.
    claimed: float = 0.0
    #: Dialled by us.
    dialled: bool = False
    bridge: Bridge | None = None
    playbacks: deque[Playback] = field(default_factory=deque)
    #: Requests that wait for the prompts to end.
    behind: list[Callable[[], None]] = field(default_factory=list)
    ringback: bool = False
    #: What is said to its owner alone (snoop channels), and whose such a channel is.
    whispers: list[Channel] = field(default_factory=list)
    whispers_to: Channel | None = None
    gone: bool = False
    cause: int = 0
    #: Who ended it: far, program, dialplan, asterisk.
    ended_by: str = ""
    ring_out: Appointment | None = None
    arguments: tuple[str, ...] = ()
    #: What the dialplan does with it: "", broadcast, music, prompt, talk.
    dialplan: str = ""
    presentation: str = "allowed"
    entry: str = "menu"
    #: The dialplan's legs towards counsellors, and whether the safety net has recorded it.
    net_legs: list[Channel] = field(default_factory=list)
    net_for: Channel | None = None
    net_recorded: bool = False
    net_step: Appointment | None = None
    net_talk_since: float | None = None

    def wire(self) -> Json:
        """As ARI shows it."""
        return {
            "id": self.id,
            "name": f"{self.endpoint}-{self.id[-8:]}",
            "state": self.state,
            "caller": {"number": self.number, "name": ""},
            "connected": {"number": "", "name": ""},
            "accountcode": "",
            "dialplan": {"context": self.context, "exten": self.extension, "priority": 1},
            "creationtime": stamp(self.created),
            "language": "ko",
        }


@dataclass(slots=True, eq=False)
class Bridge:
    """Where channels hear each other, or wait."""

    id: str
    kind: str
    name: str = ""
    channels: list[Channel] = field(default_factory=list)
    music: bool = False
    playbacks: deque[Playback] = field(default_factory=deque)

    def wire(self) -> Json:
        """As ARI shows it."""
        return {
            "id": self.id,
            "technology": "holding_bridge" if self.kind == "holding" else "softmix",
            "bridge_type": self.kind,
            "bridge_class": "stasis",
            "name": self.name,
            "channels": [channel.id for channel in self.channels],
        }


@dataclass(slots=True, eq=False)
class Application:
    """A program as Asterisk knows it; outlives its socket."""

    name: str
    send: Callable[[Json], None] | None = None


def stamp(at: float) -> str:
    """An instant as ARI writes it."""
    return (BEGINNING + timedelta(seconds=at)).isoformat(timespec="milliseconds")


def prompt_name(media: str) -> str:
    """`sound:ko/greeting` -> `greeting`."""
    return media.rpartition("/")[2]


def seconds(media: list[str]) -> float:
    """How long these prompts take."""
    return sum(_SECONDS.get(name, PROMPT_S if len(name) > 3 else 0.6) for name in map(prompt_name, media))
