"""Small fault proxies: a TCP connection that is cut or swallowed, a UDP path that loses or delays packets.

They stand between our program and Asterisk's ARI (or PostgreSQL), or between a phone and Asterisk.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable
from typing import Self

from tests.kit.ports import free_port

#: TCP_ESTABLISHED of Linux's tcp_states.h.
_ESTABLISHED = 1


class TcpProxy:
    """`async with TcpProxy(8088) as proxy:` and connect to `proxy.port`. Faults hold for old and new connections until `heal`.

    Like a network: what was sent on a connection that stood arrives after `heal`, as TCP would send it again; a connection that was
    tried in vain and given up before never comes about.
    """

    def __init__(self, target_port: int, *, target: str = "127.0.0.1", address: str = "127.0.0.1", port: int | None = None) -> None:
        self.port = port or free_port()
        self._target, self._target_port, self._address = target, target_port, address
        self._open = asyncio.Event()
        self._open.set()
        self._delay_s = 0.0
        self._server: asyncio.Server | None = None
        self._pairs: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: Connections accepted so far.
        self.accepted = 0

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._pairs)

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, *, reset: bool = True) -> None:
        """End every open connection: with a reset as when a process is killed, or an orderly FIN. New ones are accepted."""
        for near, far in list(self._pairs.items()):
            for writer in (near, far):
                if reset:
                    _reset_on_close(writer)
                    writer.transport.abort()
                else:
                    writer.close()

    def black_hole(self) -> None:
        """Swallow: nothing passes in either direction, no FIN, no reset; new connections stay silent, and reach the target only if their
        client still waits at `heal`.
        """
        self._open.clear()

    def delay(self, seconds: float) -> None:
        """Hold each piece of data back for so long, each direction by itself."""
        self._delay_s = seconds

    def heal(self) -> None:
        """Forward again, what was held back first."""
        self._delay_s = 0.0
        self._open.set()

    async def refuse(self) -> None:
        """Accept no new connections: the port is closed. Open ones stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # The listening socket is closed by the event loop in its next turn.
            await asyncio.sleep(0)

    async def accept(self) -> None:
        """Listen again after `refuse`."""
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, self._address, self.port)

    def _accept(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.accepted += 1
        # A task of our own: asyncio complains of a cancelled one that it started for an `async` callback.
        task = asyncio.create_task(self._serve(near_reader, near), name="proxy connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            await self._open.wait()
            # What the client closed meanwhile is seen in the loop's next turns, its data before its end.
            for _ in range(3):
                await asyncio.sleep(0)
            if near_reader.at_eof() or _peer_is_gone(near):
                _reset_on_close(near)
                near.transport.abort()
                return
            far_reader, far = await asyncio.open_connection(self._target, self._target_port)
        except OSError:
            _reset_on_close(near)
            near.transport.abort()
            return
        self._pairs[near] = far
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(near_reader, far), name="proxy to target")
                group.create_task(self._pump(far_reader, near), name="proxy from target")
        except* OSError:
            pass
        finally:
            self._pairs.pop(near, None)
            near.close()
            far.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        await self._open.wait()
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()


def _peer_is_gone(writer: asyncio.StreamWriter) -> bool:
    # The stream tells its end only after everything before it has been read; the kernel knows now.
    connection = writer.get_extra_info("socket")
    if connection is None or writer.transport.is_closing():
        return True
    state: int = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != _ESTABLISHED


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    # Linger of zero seconds: closing sends RST instead of FIN.
    connection = writer.get_extra_info("socket")
    # One that has just been closed has no descriptor any more; uvloop says so with a ValueError.
    if connection is None:
        return
    with contextlib.suppress(OSError, ValueError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class UdpProxy:
    """One UDP port forwarded to one target; answers go back to whoever sent last. For SIP and for RTP."""

    def __init__(self, target_port: int, *, target: str = "127.0.0.1", address: str = "127.0.0.1", seed: int = 120) -> None:
        self.port = free_port()
        self._target, self._address = (target, target_port), address
        #: Share of packets lost, each direction.
        self.loss = 0.0
        self.delay_s = 0.0
        #: Which packets to drop: called with the data and whether it goes to the target.
        self.drop: Callable[[bytes, bool], bool] = lambda _data, _to_target: False
        self.forwarded = 0
        self._dice = random.Random(seed)
        self._hole = False
        self._client: tuple[str, int] | None = None
        self._near: asyncio.DatagramTransport | None = None
        self._far: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_client), local_addr=(self._address, self.port))
        self._far, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_target), local_addr=(self._address, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        for side in (self._near, self._far):
            if side is not None:
                side.close()

    def black_hole(self) -> None:
        """Forward nothing."""
        self._hole = True

    def heal(self) -> None:
        """Forward everything again; what was swallowed is lost."""
        self._hole = False
        self.loss = self.delay_s = 0.0
        self.drop = lambda _data, _to_target: False

    def _from_client(self, data: bytes, sender: tuple[str, int]) -> None:
        self._client = sender
        self._pass_on(data, self._far, self._target, to_target=True)

    def _from_target(self, data: bytes, _sender: tuple[str, int]) -> None:
        if self._client is not None:
            self._pass_on(data, self._near, self._client, to_target=False)

    def _pass_on(self, data: bytes, side: asyncio.DatagramTransport | None, to: tuple[str, int], *, to_target: bool) -> None:
        if side is None or self._hole or self._dice.random() < self.loss or self.drop(data, to_target):
            return
        self.forwarded += 1
        if self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, side.sendto, data, to)
        else:
            side.sendto(data, to)


class _Side(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._receive(data, addr)
