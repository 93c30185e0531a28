"""The line between a program and the simulated Asterisk: the event socket and HTTP, with delays, and with what can go wrong on it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from random import Random
from typing import Protocol, cast

import aiohttp

from helpline.simulation import rest
from helpline.simulation.asterisk import Asterisk
from helpline.simulation.loop import ProcessLoop
from helpline.simulation.switch import Application, Json
from ivr.ari import Ari, OutcomeUnknown, Unreachable
from ivr.ari.connection import Connection
from ivr.ari.supervision import Lost
from ivr.ari.transport import Request, Response, reason_of


class Trouble(Protocol):
    """What goes wrong on the line; `helpline.simulation.faults`."""

    def request(self, operation: str) -> str:
        """Nothing (""); `refused`: 500 without effect; `failed`: 500 although it took effect; `lost`: no answer, no effect;
        `unanswered`: no answer, but it takes effect; `slow`.
        """

    def event(self, kind: str) -> str:
        """Nothing (""); `lost`, `doubled`, `late`."""


class Wire:
    """One process's line to Asterisk."""

    def __init__(self, asterisk: Asterisk, process: ProcessLoop, rng: Random, trouble: Trouble) -> None:
        self.asterisk = asterisk
        self.process = process
        self.rng = rng
        self.trouble = trouble
        #: Cut: nothing gets through, and nobody says so (a black hole).
        self.dark = False
        #: Writes requests and events into the trace.
        self.chatty: Callable[..., None] | None = None
        self._socket_busy = 0.0

    @property
    def universe_now(self) -> float:
        """Virtual seconds."""
        return self.asterisk.universe.now

    def send(self, request: Request, answer: asyncio.Future[Response], *, over_socket: bool) -> None:
        """Carry a request; its answer is put into the future, if one comes."""
        trouble = self.trouble.request(request.operation)
        if self.chatty is not None and request.method != "GET":
            self.chatty("->", request.method, request.uri, *(value for _, value in request.query), trouble)
        universe = self.asterisk.universe
        delay = self.rng.uniform(0.0003, 0.003)
        if trouble == "slow":
            delay += self.rng.uniform(0.5, 2.5)
        if over_socket:
            # One after another.
            delay = max(delay, self._socket_busy - universe.now + 0.0002)
            self._socket_busy = universe.now + delay
        if trouble == "lost" or self.dark:
            return
        started = self.asterisk.started

        def reply(status: int, body: object) -> None:
            if trouble == "failed" and status < 300:
                status, body = 500, {"message": "Internal error"}
            if trouble != "unanswered":
                response = Response(status=status, reason=reason_of(body) if status >= 300 else "", body=body)
                universe.after(self.rng.uniform(0.0002, 0.002), self.process.post, _set, answer, response)

        def execute() -> None:
            if not self.asterisk.up or self.asterisk.started != started:
                self.process.post(_fail, answer, OutcomeUnknown(request.operation, reason="connection lost"))
            elif trouble == "refused":
                reply(500, {"message": "Internal error"})
            else:
                rest.serve(self.asterisk, request.method, request.uri, dict(request.query), request.body or {}, reply)

        universe.after(delay, execute)


def _set(answer: asyncio.Future[Response], response: Response) -> None:
    if not answer.done():
        answer.set_result(response)


def _fail(answer: asyncio.Future[Response], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


class Http:
    """`ivr.ari.transport.Transport` over HTTP."""

    available = True

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def request(self, request: Request, timeout_s: float) -> Response:
        """See `Transport.request`."""
        if not self._wire.asterisk.up:
            raise Unreachable(request.operation, reason="connection refused")
        answer: asyncio.Future[Response] = self._wire.process.create_future()
        self._wire.send(request, answer, over_socket=False)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as error:
            raise OutcomeUnknown(request.operation, reason=f"no answer in {timeout_s:g} s") from error


class Socket:
    """What `ivr.ari.connection` needs of aiohttp's WebSocket."""

    close_code = 1006

    def __init__(self, wire: Wire, names: tuple[str, ...]) -> None:
        self.closed = False
        self._wire = wire
        self._names = names
        self._mail: deque[aiohttp.WSMessage] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._arrives = 0.0
        self._asterisk_started = wire.asterisk.started
        for name in names:
            app = wire.asterisk.applications.setdefault(name, Application(name))
            if app.send is not None:
                app.send({"type": "ApplicationReplaced", "application": name})
            app.send = self._event

    # --- Asterisk's end

    def _event(self, message: Json) -> None:
        kind = str(message["type"])
        # Written straight to the socket in the instant in which it is taken away: nothing in Asterisk can drop it.
        trouble = "" if kind == "ApplicationReplaced" else self._wire.trouble.event(kind)
        if trouble == "lost" or self._wire.dark:
            return
        universe = self._wire.asterisk.universe
        if self._wire.chatty is not None:
            subject = message.get("channel") or message.get("peer") or message.get("playback") or message.get("bridge") or {}
            self._wire.chatty("<-", message["type"], subject.get("id") if isinstance(subject, dict) else "", trouble)
        # Asterisk's order is kept, but for an event that is late.
        arrives = max(universe.now + self._wire.rng.uniform(0.0002, 0.002), self._arrives)
        if trouble != "late":
            self._arrives = arrives
        text = json.dumps(message)
        frame = aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, text, None)
        late = self._wire.rng.uniform(0.01, 1.5) if trouble == "late" else 0.0
        universe.after(arrives - universe.now + late, self._wire.process.post, self._take, frame)
        if trouble == "doubled":
            universe.after(arrives - universe.now + self._wire.rng.choice((0.0, 0.5)), self._wire.process.post, self._take, frame)

    def drop(self) -> None:
        """The connection is closed by the other side or on the way."""
        self._detach()
        self._wire.process.post(self._take, aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None))

    def _detach(self) -> None:
        for name in self._names:
            app = self._wire.asterisk.applications.get(name)
            if app is not None and app.send == self._event:
                self._wire.asterisk.lose(app)

    def _take(self, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.CLOSED:
            self.closed = True
        self._mail.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the program's end

    async def receive(self) -> aiohttp.WSMessage:
        """The next message."""
        while not self._mail:
            self._waiter = self._wire.process.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._mail.popleft()

    async def ping(self, data: bytes) -> None:
        """Answered by Asterisk, if it is there."""
        if self._wire.asterisk.up and self._wire.asterisk.started == self._asterisk_started and not self._wire.dark and not self.closed:
            message = aiohttp.WSMessage(aiohttp.WSMsgType.PONG, data, None)
            self._wire.asterisk.universe.after(0.001, self._wire.process.post, self._take, message)

    async def pong(self, _: bytes) -> None:
        """Nobody pings us."""

    async def send_str(self, text: str) -> None:
        """A request over the socket."""
        message = json.loads(text)
        request = Request(
            operation=_operation(message["method"], message["uri"]),
            method=message["method"],
            uri=message["uri"],
            query=tuple((item["name"], item["value"]) for item in message.get("query_strings", ())),
            body=json.loads(message["message_body"]) if "message_body" in message else None,
        )
        answer: asyncio.Future[Response] = self._wire.process.create_future()
        answer.add_done_callback(lambda done: self._answered(message["request_id"], done))
        self._wire.send(request, answer, over_socket=True)

    def _answered(self, request_id: str, answer: asyncio.Future[Response]) -> None:
        if answer.cancelled() or answer.exception() is not None or self.closed:
            return
        response = answer.result()
        message = {
            "type": "RESTResponse",
            "transaction_id": request_id,
            "request_id": request_id,
            "status_code": response.status,
            "reason_phrase": response.reason,
            "message_body": "" if response.body is None else json.dumps(response.body),
        }
        self._take(aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, json.dumps(message), None))

    async def close(self) -> None:
        """We hang up."""
        self.closed = True
        self._detach()


def _operation(method: str, uri: str) -> str:
    return f"{method} {'/'.join(part for part in uri.split('/') if part.isalpha())}"


class SimulatedConnection(Connection):
    """The production connection over a simulated socket."""

    def attach(self, wire: Wire) -> None:
        """Use this line."""
        self._wire = wire
        self.socket: Socket | None = None

    async def _open(self, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        await asyncio.sleep(self._wire.rng.uniform(0.002, 0.01))
        if not self._wire.asterisk.up or self._wire.dark:
            raise Lost("Asterisk is not there")
        self.socket = Socket(self._wire, self.applications)
        return cast("aiohttp.ClientWebSocketResponse", self.socket)


def client(wire: Wire, application: str) -> Ari:
    """The production client over the simulated line."""
    return Ari("http://asterisk.invalid/ari", "simulation", "simulation", application, http=Http(wire))


__all__ = ["Http", "Mapping", "SimulatedConnection", "Socket", "Trouble", "Wire", "client"]
