"""Asterisk's events as records, and `parse`, which makes one of any message and never raises.

Every event has `at` (Asterisk's clock), `application` (whose event it is: ours or an adopted one) and `subjects` (the ids of the objects
it is about, the nearest first), by which a mailbox may own it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.ari import model
from ivr.ari.model import Bridge, Channel, Endpoint, Playback, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has."""

    at: datetime | None = None
    application: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Ids of the channels, bridges and playbacks that this is about."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutChannel(Event):
    channel: Channel

    @property
    def subjects(self) -> tuple[str, ...]:
        """The channel."""
        return (self.channel.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBroadcast(_AboutChannel):
    """A call is offered to every program; whoever claims it first has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallClaimed(_AboutChannel):
    """Somebody claimed the call."""

    winner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StasisStart(_AboutChannel):
    """The channel is now ours to command. `replaces` is the id of a channel whose place it takes, or empty."""

    args: tuple[str, ...]
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StasisEnd(_AboutChannel):
    """The channel left us: hung up, or gone on in the dialplan. Of an incoming channel it is the last that we hear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfReceived(_AboutChannel):
    """A key was pressed and released. Never log `digit`."""

    digit: str
    duration_ms: int

    def __repr__(self) -> str:
        """Without the digit."""
        return f"DtmfReceived(channel={self.channel!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkingFinished(_AboutChannel):
    """It is quiet again on a channel that TALK_DETECT was set on; `duration_ms` is how long there was sound, without the quiet that ended it."""

    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCreated(_AboutChannel):
    """A channel exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDestroyed(_AboutChannel):
    """The channel no longer exists; `cause` is a Q.850 cause (0: none was given). Comes only for channels that we dialled."""

    cause: int
    cause_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupRequest(_AboutChannel):
    """Somebody hung up; may repeat. `cause` is a Q.850 cause, or 32 where the hang-up was our own request."""

    cause: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStateChange(_AboutChannel):
    """For example Ringing, Up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial(Event):
    """How a leg that we dial is doing; these may come reordered."""

    peer: Channel
    caller: Channel | None = None
    #: Empty (dialling began), PROGRESS, RINGING, ANSWER, BUSY, CONGESTION, NOANSWER, CANCEL, CHANUNAVAIL, DONTCALL, TORTURE, INVALIDARGS.
    status: str

    @property
    def subjects(self) -> tuple[str, ...]:
        """The dialled channel, then the calling one."""
        return (self.peer.id, self.caller.id) if self.caller else (self.peer.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutPlayback(Event):
    playback: Playback

    @property
    def subjects(self) -> tuple[str, ...]:
        """The playback, then the channel or bridge that hears it."""
        return (self.playback.id, self.playback.target) if self.playback.target else (self.playback.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted(_AboutPlayback):
    """A prompt began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished(_AboutPlayback):
    """A prompt ended, was stopped or failed (`playback.state`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredBridge(_AboutChannel):
    """The channel is in the bridge."""

    bridge: Bridge

    @property
    def subjects(self) -> tuple[str, ...]:
        """The channel, then the bridge."""
        return (self.channel.id, self.bridge.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBridge(_AboutChannel):
    """The channel is out of the bridge."""

    bridge: Bridge

    @property
    def subjects(self) -> tuple[str, ...]:
        """The channel, then the bridge."""
        return (self.channel.id, self.bridge.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeDestroyed(Event):
    """The bridge no longer exists; its channels do."""

    bridge: Bridge

    @property
    def subjects(self) -> tuple[str, ...]:
        """The bridge."""
        return (self.bridge.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStatusChange(Event):
    """A phone registered, went away or stopped answering. `status`: Unreachable, Reachable, NonQualified, Removed, Unknown, Updated."""

    endpoint: Endpoint
    status: str
    aor: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatusChange(Event):
    """The same of an endpoint as a whole. `status`: Registered, Unregistered, Reachable, Unreachable, Lagged, Rejected."""

    endpoint: Endpoint
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState(Event):
    """`endpoint.state` changed."""

    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReplaced(Event):
    """Another connection took `application`'s name; this one hears nothing more of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Event):
    """A type that we have no use for."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed(Event):
    """A message that cannot be what it says it is; `reason` names the field."""

    type: str
    reason: str


Message = Mapping[str, object]


def _channel(m: Message) -> Channel:
    return model.channel(model.inner(m, "channel"))


def _dial(m: Message, at: datetime | None, app: str) -> Dial:
    caller = model.optional_inner(m, "caller")
    status = m.get("dialstatus")
    if not isinstance(status, str):
        raise Unreadable("dialstatus")
    # An empty status is meaningful (dialling began), so it is not read with `text`.
    return Dial(
        at=at, application=app, peer=model.channel(model.inner(m, "peer")), caller=model.channel(caller) if caller else None, status=status
    )


def _stasis_start(m: Message, at: datetime | None, app: str) -> StasisStart:
    replaced = model.optional_inner(m, "replace_channel")
    return StasisStart(
        at=at, application=app, channel=_channel(m), args=model.strings(m, "args"), replaces=model.text(replaced, "id") if replaced else ""
    )


def _dtmf(m: Message, at: datetime | None, app: str) -> DtmfReceived:
    digit = model.text(m, "digit")
    if len(digit) != 1:
        raise Unreadable("digit")
    return DtmfReceived(at=at, application=app, channel=_channel(m), digit=digit, duration_ms=model.optional_number(m, "duration_ms") or 0)


def _contact(m: Message, at: datetime | None, app: str) -> ContactStatusChange:
    info = model.inner(m, "contact_info")
    return ContactStatusChange(
        at=at,
        application=app,
        endpoint=model.endpoint(model.inner(m, "endpoint")),
        status=model.text(info, "contact_status"),
        aor=model.words(info, "aor"),
        uri=model.words(info, "uri"),
    )


def _playback(m: Message) -> Playback:
    return model.playback(model.inner(m, "playback"))


def _bridge(m: Message) -> Bridge:
    return model.bridge(model.inner(m, "bridge"))


def _endpoint(m: Message) -> Endpoint:
    return model.endpoint(model.inner(m, "endpoint"))


#: How each type of message is read. Its keys are also the filter that Asterisk is given: what is not here is not even sent.
READERS: Mapping[str, Callable[[Message, datetime | None, str], Event]] = {
    "ApplicationReplaced": lambda _, at, app: ApplicationReplaced(at=at, application=app),
    "BridgeDestroyed": lambda m, at, app: BridgeDestroyed(at=at, application=app, bridge=_bridge(m)),
    "CallBroadcast": lambda m, at, app: CallBroadcast(at=at, application=app, channel=_channel(m)),
    "CallClaimed": lambda m, at, app: CallClaimed(at=at, application=app, channel=_channel(m), winner=model.text(m, "winner_app")),
    "ChannelCreated": lambda m, at, app: ChannelCreated(at=at, application=app, channel=_channel(m)),
    "ChannelDestroyed": lambda m, at, app: ChannelDestroyed(
        at=at, application=app, channel=_channel(m), cause=model.number(m, "cause"), cause_text=model.words(m, "cause_txt")
    ),
    "ChannelDtmfReceived": _dtmf,
    "ChannelEnteredBridge": lambda m, at, app: EnteredBridge(at=at, application=app, channel=_channel(m), bridge=_bridge(m)),
    "ChannelHangupRequest": lambda m, at, app: HangupRequest(
        at=at, application=app, channel=_channel(m), cause=model.optional_number(m, "cause")
    ),
    "ChannelLeftBridge": lambda m, at, app: LeftBridge(at=at, application=app, channel=_channel(m), bridge=_bridge(m)),
    "ChannelStateChange": lambda m, at, app: ChannelStateChange(at=at, application=app, channel=_channel(m)),
    "ChannelTalkingFinished": lambda m, at, app: TalkingFinished(
        at=at, application=app, channel=_channel(m), duration_ms=model.number(m, "duration")
    ),
    "ContactStatusChange": _contact,
    "Dial": _dial,
    "EndpointStateChange": lambda m, at, app: EndpointState(at=at, application=app, endpoint=_endpoint(m)),
    "PeerStatusChange": lambda m, at, app: PeerStatusChange(
        at=at, application=app, endpoint=_endpoint(m), status=model.text(model.inner(m, "peer"), "peer_status")
    ),
    "PlaybackFinished": lambda m, at, app: PlaybackFinished(at=at, application=app, playback=_playback(m)),
    "PlaybackStarted": lambda m, at, app: PlaybackStarted(at=at, application=app, playback=_playback(m)),
    "StasisEnd": lambda m, at, app: StasisEnd(at=at, application=app, channel=_channel(m)),
    "StasisStart": _stasis_start,
}


def parse(message: Mapping[str, object]) -> Event:
    """The event that `message` is; `Unknown` or `Malformed` where it is none that we can use."""
    kind = message.get("type")
    if not isinstance(kind, str):
        return Malformed(type="", reason="type")
    at = model.moment(message, "timestamp")
    application = model.words(message, "application")
    reader = READERS.get(kind)
    if reader is None:
        return Unknown(at=at, application=application, type=kind)
    try:
        return reader(message, at, application)
    except Unreadable as error:
        return Malformed(at=at, application=application, type=kind, reason=str(error))
