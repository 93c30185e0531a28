"""The event stream: `GET /api/events` as Server-Sent Events.

A new stream begins with `hello` and the number of the newest event; the browser sends the last number it saw (`Last-Event-ID`) when it comes back, and
gets everything since. A page that was away for too long gets `reload`: it fetches its data anew. The stream does not count as doing something, and
ends with its session.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from aiohttp import web

from core.errors import DatabaseError
from desk.access.model import Actor, Permission
from desk.access.sessions import Sessions
from desk.errors import TOO_MANY_STREAMS, Problem
from desk.events import Event, Events
from desk.routes import Call, Route

#: A comment at least so often, so that whoever is in between keeps the connection; the session is looked at, too. Seconds.
HEARTBEAT_S = 15.0
#: A browser that takes nothing for so long is cut off; it comes back and misses nothing. Seconds.
STALLED_S = 30.0
#: A browser opens one for each page; more is a mistake of the page.
MAX_STREAMS = 12
#: How often it is looked whether the browser is still there; seconds.
_LOOK_EVERY_S = 1.0
#: After how many milliseconds the browser comes back.
_RETRY_MS = 1500


class StreamApi:
    """Serves the stream."""

    def __init__(self, events: Events, sessions: Sessions, *, heartbeat_s: float = HEARTBEAT_S, stalled_s: float = STALLED_S) -> None:
        self._events = events
        self._sessions = sessions
        self._heartbeat_s = heartbeat_s
        self._stalled_s = stalled_s
        #: Streams by session.
        self.open: Counter[UUID] = Counter()

    def routes(self) -> list[Route]:
        """Its route."""
        return [Route(method="GET", path="/api/events", handler=self.stream, permission=Permission.OWN, active=False)]

    async def stream(self, call: Call) -> web.StreamResponse:
        """Events as they happen (Server-Sent Events): `roster_changed`, `session_ended` and others; `hello` first, `reload` after a gap."""
        actor = call.actor
        if self.open[actor.session_id] >= MAX_STREAMS:
            raise Problem(TOO_MANY_STREAMS)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        self.open[actor.session_id] += 1
        try:
            await response.prepare(call.request)
            await self._run(call, response)
        except TimeoutError:
            # What waits to be sent to a browser that takes nothing is not kept; it comes back by itself, as in the other cases.
            if call.request.transport is not None:
                call.request.transport.abort()
        except (ConnectionError, DatabaseError):
            pass
        finally:
            self.open[actor.session_id] -= 1
            if not self.open[actor.session_id]:
                del self.open[actor.session_id]
        return response

    async def _run(self, call: Call, response: web.StreamResponse) -> None:
        actor = call.actor
        number = await self._begin(call, response)
        while not self._events.closed:
            events, kept = await self._events.after(number)
            if not kept:
                number = await self._events.last()
                await self._write(response, "reload", {}, number)
                continue
            for event in events:
                number = event.number
                if event.concerns(actor):
                    await self._write(response, event.kind, event.data, number)
                    if _ends(event, actor):
                        return
            if events:
                continue
            if not await self._quiet(call, number):
                continue
            now = await self._sessions.look(actor.session_id)
            if now is None:
                await self._write(response, "session_ended", {"session": str(actor.session_id)}, number)
                return
            actor = now
            await self._send(response, b":\n\n")

    async def _quiet(self, call: Call, number: int) -> bool:
        """Wait; True: nothing came until a heartbeat was due. Raises ConnectionError when the browser has gone."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._heartbeat_s
        while (left := due - loop.time()) > 0:
            # aiohttp tells a handler only when it writes; a browser that went should not count as an open one until then.
            if await self._events.wait(number, min(left, _LOOK_EVERY_S)):
                return False
            if call.request.transport is None or call.request.transport.is_closing():
                raise ConnectionResetError
        return True

    async def _begin(self, call: Call, response: web.StreamResponse) -> int:
        await self._send(response, f"retry: {_RETRY_MS}\n\n".encode())
        given = call.request.headers.get("Last-Event-ID", "")
        if given.isascii() and given.isdigit() and len(given) < 19:
            return int(given)
        number = await self._events.last()
        await self._write(response, "hello", {}, number)
        return number

    async def _write(self, response: web.StreamResponse, kind: str, data: Mapping[str, object], number: int) -> None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        await self._send(response, f"id: {number}\nevent: {kind}\ndata: {text}\n\n".encode())

    async def _send(self, response: web.StreamResponse, chunk: bytes) -> None:
        # Waits while the browser takes nothing: at most what the connection's buffer holds is kept for it.
        async with asyncio.timeout(self._stalled_s):
            await response.write(chunk)


def _ends(event: Event, actor: Actor) -> bool:
    return event.kind == "session_ended" and event.data.get("session") == str(actor.session_id)
