"""Connections of the hot path: psycopg in autocommit, kept warm, found stale without a round trip, never waited for without end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

T = TypeVar("T")


class GuardedConnection(psycopg.AsyncConnection[TupleRow]):
    """A connection whose every wait ends.

    The server ends a slow statement itself (`statement_timeout`). A server that is frozen or unreachable can't, so the client cuts the
    socket `answer_within_s` seconds after asking; psycopg then reports a lost connection. Cancelling instead would wait for the server.
    """

    answer_within_s: float = 2.5
    #: Which of its pool's generations it belongs to.
    generation: int = 0
    _poll: select.poll | None = None

    async def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Run one exchange with the server; see the class."""
        guard = asyncio.get_running_loop().call_later(self.answer_within_s, self.cut)
        try:
            return await super().wait(gen, *args, **kwargs)
        finally:
            guard.cancel()

    def cut(self) -> None:
        """Break the socket, so that whoever waits for it is told at once."""
        with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as double:
            double.shutdown(socket.SHUT_RDWR)

    @property
    def stale(self) -> bool:
        """Whether the server has hung up on this idle connection. Costs one poll(2), no round trip."""
        if self.closed:
            return True
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.pgconn.socket, select.POLLIN)
        # An idle connection has nothing to say but goodbye. (A notice of a changed server setting costs a new connection, once in a while.)
        return bool(self._poll.poll(0))


class PoolExhausted(Exception):
    """Every connection is in use."""


class ConnectionPool:
    """Up to `size` connections, last used first out. Not for use from several event loops."""

    def __init__(self, connect: Callable[[], Awaitable[GuardedConnection]], *, size: int, wait_s: float) -> None:
        self._connect = connect
        self._size = size
        self._wait_s = wait_s
        self._free = asyncio.Semaphore(size)
        self._idle: list[GuardedConnection] = []
        self._generation = 0

    @property
    def idle(self) -> int:
        """Connections that wait for work."""
        return len(self._idle)

    async def acquire(self) -> GuardedConnection:
        """Take a live connection; give it back with `release`.

        Raises psycopg.OperationalError if none can be had, PoolExhausted if all are taken for too long.
        """
        if self._free.locked():
            try:
                async with asyncio.timeout(self._wait_s):
                    await self._free.acquire()
            except TimeoutError:
                raise PoolExhausted from None
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not connection.stale:
                    return connection
                _discard(connection)
            generation = self._generation
            connection = await self._connect()
        except BaseException:
            self._free.release()
            raise
        connection.generation = generation
        return connection

    def release(self, connection: GuardedConnection) -> None:
        """Give a connection back; one that is not idle any more is thrown away."""
        try:
            if (
                connection.closed
                or connection.pgconn.transaction_status != TransactionStatus.IDLE
                or connection.generation != self._generation
            ):
                _discard(connection)
            else:
                self._idle.append(connection)
        finally:
            self._free.release()

    async def fill(self, count: int) -> None:
        """Open connections until `count` of them exist idle, so that a burst of calls does not pay for connecting."""
        taken: list[GuardedConnection] = []
        try:
            while len(taken) < min(count, self._size) and not self._free.locked():
                taken.append(await self.acquire())
        finally:
            for connection in taken:
                self.release(connection)

    def forget(self) -> None:
        """Forget what is idle now; connections in use are thrown away when they come back."""
        self._generation += 1
        idle, self._idle = self._idle, []
        for connection in idle:
            _discard(connection)


def _discard(connection: GuardedConnection) -> None:
    # A polite goodbye is one write; a connection that is lost must not delay anybody.
    with contextlib.suppress(Exception):
        connection.pgconn.finish()
