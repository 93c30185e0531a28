"""Requests on the event WebSocket: who waits for which answer, and what they are told when the socket is lost."""

from __future__ import annotations

import asyncio

import aiohttp

from ivr.ari import wire
from ivr.ari.errors import OutcomeUnknown, Unreachable
from ivr.ari.transport import Request, Response


class _SocketLost(Exception):
    """The socket went away before the answer came."""


class RestOverSocket:
    """A transport as long as there is a socket; answers come in through `answer`."""

    def __init__(self) -> None:
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._pending: dict[str, asyncio.Future[Response]] = {}
        # Never starts again at 1: an answer to a request on the last socket must not pass for one on this.
        self._last_id = 0

    @property
    def available(self) -> bool:
        """Whether a request can be sent now."""
        return self._socket is not None and not self._socket.closed

    def opened(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Use this socket."""
        self._socket = socket

    def lost(self, reason: str) -> None:
        """There is no socket any more; whoever waits for an answer is told at once."""
        self._socket = None
        pending, self._pending = self._pending, {}
        for future in pending.values():
            if not future.done():
                future.set_exception(_SocketLost(reason))

    def answer(self, request_id: str, response: Response) -> bool:
        """Give an answer to who waits for it; False if nobody does any more."""
        future = self._pending.get(request_id)
        if future is None or future.done():
            return False
        future.set_result(response)
        return True

    async def request(self, request: Request, timeout_s: float) -> Response:
        """See `Transport.request`."""
        socket = self._socket
        if socket is None or socket.closed:
            raise Unreachable(request.operation, reason="no socket")
        self._last_id += 1
        request_id = str(self._last_id)
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = future
        try:
            async with asyncio.timeout(timeout_s):
                await socket.send_str(wire.encode(request, request_id))
                return await future
        except TimeoutError as error:
            raise OutcomeUnknown(request.operation, reason=f"no answer in {timeout_s:g} s") from error
        except (OSError, aiohttp.ClientError, _SocketLost) as error:
            raise OutcomeUnknown(request.operation, reason=str(error)) from error
        finally:
            self._pending.pop(request_id, None)
            if future.done() and not future.cancelled():
                # Sending may have failed just when `lost` put an exception in here; asyncio complains of those that nobody looks at.
                future.exception()
