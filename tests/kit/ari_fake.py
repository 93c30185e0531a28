"""An Asterisk that does what a test tells it to, for what the real one can't be made to do: silence, nonsense, a late answer.

`tests/integration/ari/test_ordinary_path.py` holds it against the real one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from aiohttp import WSMsgType, web

from ivr.ari.transport import authorization
from tests.kit.ports import free_port
from tests.kit.until import until

Answer = tuple[int, object]


class FakeAsterisk:
    """`async with FakeAsterisk() as asterisk:`; set `handle` to answer requests of your own, `send` events."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/ari"
        self.username, self.password = "test", "secret"
        #: Answers "METHOD path" -> (status, body); by default 204 to everything.
        self.handle: Callable[[str, Mapping[str, str]], Awaitable[Answer]] = _no_content
        #: Every request, in order, as (transport, "METHOD path", query).
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        #: Status for the handshake of the event socket, where it is not to be opened.
        self.refuse: int | None = None
        #: Close each socket as soon as it is open.
        self.hang_up = False
        #: Leave handshakes without an answer.
        self.silent = False
        self.answer_pings = True
        #: When each attempt to open a socket came, by the loop's clock.
        self.attempts: list[float] = []
        self.sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{tail:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Vanish, connections and all."""
        for socket in self.sockets:
            await socket.close()
        self.sockets.clear()
        for task in self._answering:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def send(self, message: Mapping[str, object] | str | bytes) -> None:
        """An event (or nonsense) to the newest socket."""
        await until(lambda: self.sockets, 5)
        socket = self.sockets[-1]
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def _http(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != authorization(self.username, self.password):
            return web.json_response({"message": "Authentication required"}, status=401)
        status, body = await self._answer("http", request.method, request.match_info["tail"], dict(request.query))
        return web.Response(status=status) if body is None else web.json_response(body, status=status)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.attempts.append(asyncio.get_running_loop().time())
        if self.silent:
            await asyncio.Event().wait()
        status = self.refuse
        if status is None and request.headers.get("Authorization") != authorization(self.username, self.password):
            status = 401
        if status is not None:
            return web.Response(status=status)
        socket = web.WebSocketResponse(autoping=False, timeout=0.2)
        await socket.prepare(request)
        if self.hang_up:
            await socket.close()
            return socket
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.PING and self.answer_pings:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                task = asyncio.create_task(self._rest(socket, json.loads(message.data)), name="answer")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
        if socket in self.sockets:
            self.sockets.remove(socket)
        return socket

    async def _rest(self, socket: web.WebSocketResponse, message: dict[str, object]) -> None:
        strings = message.get("query_strings", [])
        assert isinstance(strings, list)
        query = {item["name"]: item["value"] for item in strings}
        status, body = await self._answer("websocket", str(message["method"]), str(message["uri"]), query)
        answer = {
            "type": "RESTResponse", "transaction_id": message["transaction_id"], "request_id": message["request_id"],
            "status_code": status, "reason_phrase": "", "uri": message["uri"],
        }  # fmt: skip
        if body is not None:
            answer |= {"content_type": "application/json", "message_body": json.dumps(body)}
        if not socket.closed:
            await socket.send_str(json.dumps(answer))

    async def _answer(self, transport: str, method: str, path: str, query: dict[str, str]) -> Answer:
        if path.endswith("/eventFilter") or (transport, path) == ("http", "asterisk/ping"):
            return 200, {}
        self.requests.append((transport, f"{method} {path}", query))
        return await self.handle(f"{method} {path}", query)


async def _no_content(_request: str, _query: Mapping[str, str]) -> Answer:
    return 204, None


def channel(channel_id: str, **fields: object) -> dict[str, object]:
    """A channel as Asterisk describes it."""
    return {
        "id": channel_id, "name": f"PJSIP/trunk-{channel_id}", "state": "Up", "protocol_id": "", "caller": {"name": "", "number": ""},
        "connected": {"name": "", "number": ""}, "accountcode": "", "creationtime": "2026-11-22T10:50:47.123+0900", "language": "ko",
        "dialplan": {"context": "from-trunk", "exten": "120", "priority": 1, "app_name": "", "app_data": ""}, **fields,
    }  # fmt: skip


def event(kind: str, *, application: str = "app", **fields: object) -> dict[str, object]:
    """An event as Asterisk sends it."""
    return {"type": kind, "timestamp": "2026-11-22T10:50:47.500+0900", "application": application, "asterisk_id": "x", **fields}
