"""Counsellors' PINs: made up, hashed (argon2id) and checked. A PIN or its hash is never logged.

A PIN is short because it is typed on a telephone; what protects it is that it is accepted only from the person's own phone, which
has proved a strong secret of its own, and that five wrong ones lock it (`routing.counsellors`). The hash protects it in a stolen
database, as far as 4 to 8 digits can be protected.
"""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from routing.pin_rules import WeakPin, check

#: Digits of a PIN that we make up.
GENERATED_LENGTH = 6

#: OWASP's smallest argon2id setting: 19 MiB, two passes; 43 ms of processor time on the 2-core machine, in a thread.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def generate(extension: str = "") -> str:
    """A random PIN that `check` accepts."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(GENERATED_LENGTH))
        try:
            check(pin, extension=extension)
        except WeakPin:
            continue
        return pin


class PinHasher:
    """Hashes and verifies in a thread, one at a time: 19 MiB each, and the event loop never waits for it."""

    def __init__(self, hasher: PasswordHasher = _HASHER) -> None:
        self._hasher = hasher
        self._one_at_a_time = asyncio.Semaphore(1)

    async def hash(self, pin: str) -> str:
        """The text to be stored."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._hasher.hash, pin)

    async def verify(self, stored: str, pin: str) -> bool:
        """Whether the PIN is the stored one; False as well for a hash that cannot be read."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._matches, stored, pin)

    def _matches(self, stored: str, pin: str) -> bool:
        try:
            return self._hasher.verify(stored, pin)
        except (VerificationError, InvalidHashError):
            return False
