"""Free ports for a system that runs beside others on one machine.

Asking the kernel for port 0 is not enough here: a port is chosen now and bound seconds later by another program (Asterisk,
PostgreSQL), and two runs side by side would be given the same one. So a run first locks a block of ports, below the kernel's
own ephemeral range, by a lock file that the kernel releases when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST = 20_000
LAST = 31_999
BLOCK = 500
#: A long run goes through its own blocks again from here on, so that others beside it find some.
MOST_BLOCKS = 6


class NoFreePort(RuntimeError):
    """No free port is left in the range that is searched."""


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether both TCP and UDP can be bound to the port now."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # What a server does: a connection of an earlier run in TIME_WAIT is no obstacle.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


class Ports:
    """Hands out ports of blocks that no other run on this machine uses; none twice until `MOST_BLOCKS` of them have been gone through."""

    def __init__(self, address: str = "127.0.0.1", *, shuffle: random.Random | None = None) -> None:
        self._address = address
        self._random = shuffle or random.Random(os.getpid() ^ int.from_bytes(os.urandom(4), "big"))
        #: First port of each of our blocks, and its lock; the one used longest ago first.
        self._blocks: list[tuple[int, int]] = []
        self._next = 0
        self._end = 0

    def one(self) -> int:
        """A port that is free for TCP and UDP."""
        return self.range(1)

    def range(self, count: int) -> int:
        """The first of `count` neighbouring free ports, an even number when there are several (RTP wants that)."""
        if count > BLOCK:
            raise NoFreePort(f"at most {BLOCK} neighbouring ports, not {count}")
        for _ in range(2 * MOST_BLOCKS * BLOCK):
            first = self._next + (self._next % 2 if count > 1 else 0)
            if first + count > self._end:
                self._take_block()
                continue
            taken = next((port for port in range(first + count - 1, first - 1, -1) if not is_free(port, self._address)), None)
            self._next = first + count if taken is None else taken + 1
            if taken is None:
                return first
        raise NoFreePort(f"no {count} neighbouring free ports between {FIRST} and {LAST}")

    def close(self) -> None:
        """Give the blocks back."""
        for _, lock in self._blocks:
            os.close(lock)
        self._blocks.clear()
        self._next = self._end = 0

    def _take_block(self) -> None:
        block = self._another() if len(self._blocks) < MOST_BLOCKS else None
        if block is None:
            if not self._blocks:
                raise NoFreePort(f"every block between {FIRST} and {LAST} is in use")
            self._blocks.append(self._blocks.pop(0))
            block = self._blocks[-1][0]
        self._next, self._end = block, block + BLOCK

    def _another(self) -> int | None:
        folder = Path(tempfile.gettempdir()) / f"annyeong120-ports-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        blocks = list(range(FIRST, LAST - BLOCK + 2, BLOCK))
        self._random.shuffle(blocks)
        for block in blocks:
            lock = os.open(folder / str(block), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            self._blocks.append((block, lock))
            return block
        return None
