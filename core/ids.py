"""Identifiers of our own: UUID version 7 (RFC 9562 §5.7), so that rows and their indexes grow in time order."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

_SEQUENCE_BITS = 12
_STEPS_PER_MS = 1 << _SEQUENCE_BITS


class IdFactory:
    """Makes strictly increasing ids: 48 bits of Unix milliseconds, 12 bits of sub-millisecond time (RFC 9562 §6.2 method 3), 62 random.

    If the clock stands still or goes back, the last time is counted on instead, so order within a process is never lost.
    """

    def __init__(self, time_ns: Callable[[], int] = time.time_ns, random: Callable[[int], bytes] = os.urandom) -> None:
        self._time_ns = time_ns
        self._random = random
        self._last = 0
        self._lock = threading.Lock()

    @contextmanager
    def determined(self, time_ns: Callable[[], int], random: Callable[[int], bytes]) -> Iterator[None]:
        """Within the block ids come from these sources alone: for simulations that must happen again exactly as they did."""
        before = self._time_ns, self._random, self._last
        self._time_ns, self._random, self._last = time_ns, random, 0
        try:
            yield
        finally:
            self._time_ns, self._random, self._last = before

    def __call__(self) -> UUID:
        """A new id; safe to call from several threads."""
        steps = self._time_ns() * _STEPS_PER_MS // 1_000_000
        with self._lock:
            steps = self._last = max(steps, self._last + 1)
        milliseconds, sequence = divmod(steps, _STEPS_PER_MS)
        tail = int.from_bytes(self._random(8)) & ((1 << 62) - 1)
        return UUID(int=(milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | tail)


#: The process-wide factory.
new_id = IdFactory()
