"""The operations of Asterisk's REST interface that we use, as typed methods. All of them raise `ivr.ari.errors`.

What is sent, over which transport, how long it may take and whether it is tried again is decided in `ivr.ari.operations`, not here.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Literal, Self, TypeVar

from core import metrics
from ivr.ari import model
from ivr.ari.errors import (
    ApplicationReplacedError,
    AriError,
    Conflict,
    NotFound,
    OutcomeUnknown,
    ServerFault,
    Unreachable,
    from_status,
)
from ivr.ari.events import READERS
from ivr.ari.model import Application, AsteriskInfo, Bridge, Channel, Endpoint, Unreadable
from ivr.ari.operations import OPERATIONS, Operation, Way
from ivr.ari.transport import HttpTransport, Request, Response, Transport, authorization, path_segment
from ivr.ari.wire import REST_RESPONSE

T = TypeVar("T")
Kind = Literal["mixing", "holding"]
Role = Literal["participant", "announcer"]
#: What a request comes back with if an earlier attempt of it, whose answer was lost, turns out to have succeeded.
DONE_BEFORE = Response(status=0)


class HangupReason(enum.StrEnum):
    """Why a leg is hung up; the other end is told so."""

    #: Q.850 16: the conversation is over.
    NORMAL = "normal"
    #: 17.
    BUSY = "busy"
    #: 19: it rang and nobody answered.
    NO_ANSWER = "no_answer"
    #: 21.
    REJECTED = "rejected"
    #: 26: somebody else took the call; phones show no missed call.
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    #: 34.
    CONGESTION = "congestion"
    #: 38.
    FAILURE = "failure"


class Ari:
    """A client of one Asterisk on behalf of one application."""

    def __init__(self, url: str, username: str, password: str, application: str, *, http: Transport | None = None) -> None:
        """`url` is ARI's base address; `application` our name there. `http` replaces the HTTP transport (tests)."""
        self.url = url.rstrip("/")
        self.app = application
        self.authorization = authorization(username, password)
        self._own_http = None if http is not None else HttpTransport(self.url, self.authorization)
        self.over_http: Transport = http or self._own_http  # type: ignore[assignment]  # one of them is there
        self._socket: Transport | None = None
        self._replaced = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the HTTP pool."""
        if self._own_http is not None:
            await self._own_http.start()

    async def close(self) -> None:
        """Close the HTTP pool."""
        if self._own_http is not None:
            await self._own_http.close()

    def use_socket(self, socket: Transport | None) -> None:
        """Send what the operations table marks `SOCKET` over this transport while it is available."""
        self._socket = socket

    def stop_acting(self) -> None:
        """Refuse everything from now on: another process is us."""
        self._replaced = True

    # --- calls -------------------------------------------------------------------------------------------------------------------

    async def claim(self, channel_id: str) -> bool:
        """Take a broadcast call; False if somebody else has it or it is gone."""
        try:
            await self._do("claim", query={"channelId": channel_id, "application": self.app})
        except (NotFound, Conflict):
            return False
        return True

    async def answer(self, channel_id: str) -> None:
        """Answer an incoming call."""
        await self._do("answer", {"channelId": channel_id})

    async def ring(self, channel_id: str) -> None:
        """Let the caller hear ringing."""
        await self._do("ring", {"channelId": channel_id})

    async def ring_stop(self, channel_id: str) -> None:
        """End that."""
        await self._do("ring_stop", {"channelId": channel_id})

    async def hangup(self, channel_id: str, reason: HangupReason | str = HangupReason.NORMAL) -> bool:
        """End a leg; False if it was gone already."""
        return await self._unless_gone("hangup", {"channelId": channel_id}, {"reason": str(reason)})

    async def move_to_dialplan(self, channel_id: str, context: str, extension: str = "s", priority: int = 1) -> None:
        """Let the channel go on in the dialplan; it leaves us (StasisEnd)."""
        await self._do(
            "move_to_dialplan",
            {"channelId": channel_id},
            {"context": context, "extension": extension, "priority": str(priority)},
            done_if=Conflict,
        )

    async def set_variable(self, channel_id: str, name: str, value: str) -> None:
        """Set a channel variable or function."""
        await self._do("set_variable", {"channelId": channel_id}, {"variable": name, "value": value})

    async def get_variable(self, channel_id: str, name: str) -> str | None:
        """The value of a channel variable or function; None if channel or variable is not there."""
        return await self._find("get_variable", {"channelId": channel_id}, model.variable, {"variable": name})

    async def send_dtmf(self, channel_id: str, digits: str, *, between_ms: int = 100, duration_ms: int = 100) -> None:
        """Play digits to the far end of a channel."""
        await self._do("send_dtmf", {"channelId": channel_id}, {"dtmf": digits, "between": str(between_ms), "duration": str(duration_ms)})

    async def originate(
        self,
        *,
        endpoint: str,
        channel_id: str,
        app_args: Sequence[str] | str,
        timeout_s: float,
        caller_id: str = "",
        originator: str | None = None,
        variables: Mapping[str, str] | None = None,
        formats: str | None = None,
    ) -> Channel:
        """Dial `endpoint` (such as `PJSIP/101`); our StasisStart comes when it answers. Rings at most `timeout_s`, rounded up to a second.

        `Gone`: the originator hung up (or the endpoint's name makes no sense). `ServerFault`: the phone cannot be reached.
        `Conflict`: a channel with this id exists already, so an earlier attempt did get through.
        """
        arguments = app_args if isinstance(app_args, str) else ",".join(_argument(part) for part in app_args)
        seconds = max(1, -int(-timeout_s // 1))
        query = {"endpoint": endpoint, "app": self.app, "timeout": str(seconds), "appArgs": arguments}
        optional = (("callerId", caller_id), ("originator", originator), ("formats", formats))
        query |= {name: value for name, value in optional if value}
        variables_body = {"variables": dict(variables)} if variables else None
        try:
            answer = await self._do("originate", {"channelId": channel_id}, query, variables_body)
        except Conflict as error:
            # Asterisk reads 409 from an `errno` that may be left over from another request, where "Allocation failed" would be the truth.
            if await self.channel(channel_id) is None:
                raise ServerFault("originate", status=500, reason="Allocation failed") from error
            raise
        return self._read("originate", answer, model.channel)

    async def whisper(self, channel_id: str, whisper_id: str) -> bool:
        """Make a channel whose sound only the owner of `channel_id` hears, over what they hear anyway. Its StasisStart follows.

        False: there is one already, whose StasisStart may have been.
        """
        try:
            await self._do("snoop", {"channelId": channel_id, "snoopId": whisper_id}, {"app": self.app, "spy": "none", "whisper": "out"})
        except ServerFault:
            # Asterisk has no other word for an id that is taken (measured on 22.10.1).
            if await self.channel(whisper_id) is None:
                raise
            return False
        return True

    # --- prompts -----------------------------------------------------------------------------------------------------------------

    async def play_on_channel(self, channel_id: str, media: Sequence[str], playback_id: str, language: str | None = None) -> None:
        """Play prompts one after another to a channel. They block its command queue: stop the playback before bridging."""
        await self._do("play_on_channel", {"channelId": channel_id, "playbackId": playback_id}, _media(media, language))

    async def play_on_bridge(self, bridge_id: str, media: Sequence[str], playback_id: str, language: str | None = None) -> None:
        """Play prompts one after another to everybody in a bridge."""
        await self._do("play_on_bridge", {"bridgeId": bridge_id, "playbackId": playback_id}, _media(media, language))

    async def stop_playback(self, playback_id: str) -> bool:
        """Stop a prompt; False if it had ended already."""
        return await self._unless_gone("stop_playback", {"playbackId": playback_id})

    # --- bridges -----------------------------------------------------------------------------------------------------------------

    async def create_bridge(self, bridge_id: str, kind: Kind, name: str = "") -> Bridge:
        """Create a bridge; `Conflict` if there is one with this id (but not if that is our own attempt whose answer was lost)."""
        # Without dtmf_events two phones that agree on everything are connected past Asterisk's core, and no key is ever reported (measured).
        query = {"type": f"{kind},dtmf_events" if kind == "mixing" else kind}
        answer = await self._do("create_bridge", {"bridgeId": bridge_id}, query | ({"name": name} if name else {}), done_if=Conflict)
        if answer is DONE_BEFORE:
            return Bridge(id=bridge_id, kind=kind, name=name)
        return self._read("create_bridge", answer, model.bridge)

    async def destroy_bridge(self, bridge_id: str) -> bool:
        """Destroy a bridge (its channels stay up); False if it was gone already."""
        return await self._unless_gone("destroy_bridge", {"bridgeId": bridge_id})

    async def add_to_bridge(self, bridge_id: str, channel_id: str, *, role: Role | None = None) -> None:
        """Put a channel into a bridge, out of any other. Waits behind a prompt on that channel: stop it first."""
        await self._do("add_to_bridge", {"bridgeId": bridge_id}, {"channel": channel_id} | ({"role": role} if role else {}))

    async def remove_from_bridge(self, bridge_id: str, channel_id: str) -> None:
        """Take a channel out of a bridge."""
        await self._do("remove_from_bridge", {"bridgeId": bridge_id}, {"channel": channel_id})

    async def start_bridge_music(self, bridge_id: str, music_class: str) -> None:
        """Play music to everybody in a bridge until it is stopped."""
        await self._do("start_bridge_music", {"bridgeId": bridge_id}, {"mohClass": music_class})

    async def stop_bridge_music(self, bridge_id: str) -> None:
        """Stop it."""
        await self._do("stop_bridge_music", {"bridgeId": bridge_id})

    # --- looking -----------------------------------------------------------------------------------------------------------------

    async def channel(self, channel_id: str) -> Channel | None:
        """One channel, or None."""
        return await self._find("channel", {"channelId": channel_id}, model.channel)

    async def channels(self) -> list[Channel]:
        """Every channel of Asterisk, ours or not."""
        return self._read_list("channels", await self._do("channels"), model.channel)

    async def bridges(self) -> list[Bridge]:
        """Every bridge of Asterisk, ours or not."""
        return self._read_list("bridges", await self._do("bridges"), model.bridge)

    async def application(self, name: str | None = None) -> Application | None:
        """What is in our application (or in another one); None if Asterisk does not know it."""
        return await self._find("application", {"applicationName": name or self.app}, model.application)

    async def endpoints(self, tech: str = "PJSIP") -> list[Endpoint]:
        """Every endpoint of a technology; none if it has none."""
        try:
            return self._read_list("endpoints", await self._do("endpoints", {"tech": tech}), model.endpoint)
        except NotFound:
            return []

    async def endpoint(self, tech: str, resource: str) -> Endpoint | None:
        """One endpoint, or None."""
        return await self._find("endpoint", {"tech": tech, "resource": resource}, model.endpoint)

    async def asterisk_info(self) -> AsteriskInfo:
        """Version and start time."""
        return self._read("asterisk_info", await self._do("asterisk_info"), model.asterisk_info)

    async def ping(self) -> None:
        """Raise unless Asterisk answers."""
        await self._do("ping")

    # --- events ------------------------------------------------------------------------------------------------------------------

    async def filter_events(self, application: str | None = None) -> None:
        """Tell Asterisk to send only the types that we read: the others are more than half of the traffic of a call."""
        # The filter also holds for the answers on the socket: without naming their type, no request over it is ever answered.
        allowed = [{"type": kind} for kind in (*READERS, REST_RESPONSE)]
        await self._do("filter_events", {"applicationName": application or self.app}, body={"allowed": allowed})

    # --- how ---------------------------------------------------------------------------------------------------------------------

    async def _do(
        self,
        name: str,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        done_if: type[AriError] | None = None,
    ) -> Response:
        """Once, and once more if the table allows it; an error `done_if` of the second try proves that the first one did it."""
        operation = OPERATIONS[name]
        request = Request(
            operation=name,
            method=operation.method,
            uri=operation.path.lstrip("/").format_map({key: path_segment(value) for key, value in (path or {}).items()}),
            query=tuple((query or {}).items()),
            body=body,
        )
        try:
            return await self._once(operation, request, self._transport(operation))
        except (ServerFault, OutcomeUnknown):
            if not operation.retry:
                raise
            # Whatever ate the first one, a pooled connection of its own is the way least likely to share that fate.
            try:
                return await self._once(operation, request, self.over_http)
            except AriError as error:
                if done_if is not None and isinstance(error, done_if):
                    return DONE_BEFORE
                raise

    def _transport(self, operation: Operation) -> Transport:
        if operation.way is Way.SOCKET and self._socket is not None and self._socket.available:
            return self._socket
        return self.over_http

    async def _once(self, operation: Operation, request: Request, transport: Transport) -> Response:
        if self._replaced:
            raise ApplicationReplacedError(operation.name)
        began = time.perf_counter()
        result = "unknown"
        try:
            try:
                answer = await transport.request(request, operation.timeout_s)
            except Unreachable:
                if transport is self.over_http:
                    raise
                # The socket went away between looking and sending.
                answer = await self.over_http.request(request, operation.timeout_s)
            result = f"{answer.status // 100}xx"
        except Unreachable:
            result = "unreachable"
            raise
        finally:
            metrics.ari_request_seconds.observe(time.perf_counter() - began)
            metrics.ari_requests_total.labels(operation.name, result).inc()
        if answer.status >= 300:
            raise from_status(operation.name, answer.status, answer.reason, gone_when=operation.gone_when)
        return answer

    async def _unless_gone(self, name: str, path: Mapping[str, str], query: Mapping[str, str] | None = None) -> bool:
        try:
            await self._do(name, path, query)
        except NotFound:
            return False
        return True

    async def _find(
        self, name: str, path: Mapping[str, str], reader: Callable[[Mapping[str, object]], T], query: Mapping[str, str] | None = None
    ) -> T | None:
        try:
            return self._read(name, await self._do(name, path, query), reader)
        except NotFound:
            return None

    def _read(self, name: str, answer: Response, reader: Callable[[Mapping[str, object]], T]) -> T:
        if isinstance(answer.body, dict):
            try:
                return reader(answer.body)
            except Unreadable as error:
                raise ServerFault(name, status=answer.status, reason=f"unreadable answer: {error}") from error
        raise ServerFault(name, status=answer.status, reason="unreadable answer")

    def _read_list(self, name: str, answer: Response, reader: Callable[[Mapping[str, object]], T]) -> list[T]:
        if not isinstance(answer.body, list):
            raise ServerFault(name, status=answer.status, reason="unreadable answer")
        return [self._read(name, Response(status=answer.status, body=item), reader) for item in answer.body]


def _media(media: Sequence[str], language: str | None) -> dict[str, str]:
    return {"media": ",".join(media)} | ({"lang": language} if language else {})


def _argument(part: str) -> str:
    if "," in part or '"' in part:
        raise ValueError("an application argument can't contain a comma or a quotation mark")
    return part
