"""What Asterisk tells us about its objects, as records; and the reading of one from JSON.

Reading is strict about what we act on (ids, digits, causes) and lenient about what only decorates a record: a malformed caller name must
never lose a call. `Unreadable` is raised for the former and never leaves this folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class Unreadable(ValueError):
    """A field that we need is missing or of the wrong type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One leg of a call as it was when the event was made. `caller_number` is as Asterisk has it: never log it."""

    id: str
    name: str = ""
    #: Down, Rsrved, OffHook, Dialing, Ring, Ringing, Up, Busy, Dialing Offhook, Pre-ring, Unknown.
    state: str = "Unknown"
    caller_number: str = ""
    caller_name: str = ""
    dialplan_context: str = ""
    dialplan_exten: str = ""
    created_at: datetime | None = None
    language: str = ""
    #: Those named by `channelvars` in ari.conf.
    variables: Mapping[str, str] = field(default_factory=lambda: NO_VARIABLES)

    def __repr__(self) -> str:
        """Without numbers, names and extensions: a record that slips into a log must not carry a caller."""
        return f"Channel(id={self.id!r}, name={self.name!r}, state={self.state!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Where channels hear each other (`mixing`) or wait (`holding`)."""

    id: str
    kind: str = ""
    channel_ids: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """A prompt being played."""

    id: str
    #: queued, playing, continuing, done, failed, cancelled.
    state: str = ""
    #: `channel:<id>` or `bridge:<id>`.
    target_uri: str = ""
    media_uri: str = ""

    @property
    def target(self) -> str:
        """Id of the channel or bridge that hears it; empty if Asterisk did not say."""
        return self.target_uri.partition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A phone or trunk as Asterisk knows it."""

    technology: str
    resource: str
    #: online, offline, unknown.
    state: str = "unknown"
    channel_ids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As in a dial string: `PJSIP/101`."""
        return f"{self.technology}/{self.resource}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Our application (or a dead worker's) as Asterisk knows it: what is in it survives its socket."""

    name: str
    channel_ids: tuple[str, ...] = ()
    bridge_ids: tuple[str, ...] = ()
    endpoint_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskInfo:
    """The Asterisk at the other end."""

    version: str
    entity_id: str = ""
    #: A later start than the one we knew means that every call of before is gone.
    started_at: datetime | None = None


def text(source: Mapping[str, object], key: str) -> str:
    """A string that we need, not empty."""
    value = source.get(key)
    if isinstance(value, str) and value:
        return value
    raise Unreadable(key)


def words(source: Mapping[str, object], key: str) -> str:
    """A string that only decorates."""
    value = source.get(key)
    return value if isinstance(value, str) else ""


def number(source: Mapping[str, object], key: str) -> int:
    """A whole number that we need."""
    value = source.get(key)
    # bool is an int in Python, but not in Asterisk's models.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Unreadable(key)


def optional_number(source: Mapping[str, object], key: str) -> int | None:
    """A whole number, or None where there is none."""
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(source: Mapping[str, object], key: str) -> datetime | None:
    """An aware time such as `2026-11-22T10:50:47.123+0900`, or None."""
    value = source.get(key)
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def strings(source: Mapping[str, object], key: str) -> tuple[str, ...]:
    """A list of strings that we need."""
    value = source.get(key)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise Unreadable(key)


def inner(source: Mapping[str, object], key: str) -> Mapping[str, object]:
    """An object inside that we need."""
    value = source.get(key)
    if isinstance(value, dict):
        return value
    raise Unreadable(key)


def optional_inner(source: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    """An object inside, or None where there is none."""
    value = source.get(key)
    return value if isinstance(value, dict) else None


def channel(source: Mapping[str, object]) -> Channel:
    """Read a Channel."""
    caller = optional_inner(source, "caller") or _EMPTY
    dialplan = optional_inner(source, "dialplan") or _EMPTY
    variables = optional_inner(source, "channelvars")
    return Channel(
        id=text(source, "id"),
        name=words(source, "name"),
        state=words(source, "state") or "Unknown",
        caller_number=words(caller, "number"),
        caller_name=words(caller, "name"),
        dialplan_context=words(dialplan, "context"),
        dialplan_exten=words(dialplan, "exten"),
        created_at=moment(source, "creationtime"),
        language=words(source, "language"),
        variables={name: value for name, value in variables.items() if isinstance(value, str)} if variables else NO_VARIABLES,
    )


def bridge(source: Mapping[str, object]) -> Bridge:
    """Read a Bridge."""
    return Bridge(
        id=text(source, "id"), kind=words(source, "bridge_type"), channel_ids=strings(source, "channels"), name=words(source, "name")
    )


def playback(source: Mapping[str, object]) -> Playback:
    """Read a Playback."""
    return Playback(
        id=text(source, "id"), state=text(source, "state"), target_uri=words(source, "target_uri"), media_uri=words(source, "media_uri")
    )


def endpoint(source: Mapping[str, object]) -> Endpoint:
    """Read an Endpoint. In events it may come without its channels."""
    ids = source.get("channel_ids")
    return Endpoint(
        technology=text(source, "technology"),
        resource=text(source, "resource"),
        state=words(source, "state") or "unknown",
        channel_ids=tuple(item for item in ids if isinstance(item, str)) if isinstance(ids, list) else (),
    )


def application(source: Mapping[str, object]) -> Application:
    """Read an Application."""
    return Application(
        name=text(source, "name"),
        channel_ids=strings(source, "channel_ids"),
        bridge_ids=strings(source, "bridge_ids"),
        endpoint_ids=strings(source, "endpoint_ids"),
    )


def asterisk_info(source: Mapping[str, object]) -> AsteriskInfo:
    """Read the answer of /asterisk/info."""
    system = inner(source, "system")
    status = optional_inner(source, "status") or _EMPTY
    return AsteriskInfo(version=text(system, "version"), entity_id=words(system, "entity_id"), started_at=moment(status, "startup_time"))


def variable(source: Mapping[str, object]) -> str:
    """Read a Variable."""
    return words(source, "value")


_EMPTY: Mapping[str, object] = MappingProxyType({})
