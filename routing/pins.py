"""Counsellors' PINs: what is acceptable, hashing (argon2id) and checking. A PIN or its hash is never logged.

A PIN is short because it is typed on a telephone; what protects it is that it is accepted only from the person's own phone, which
has proved a strong secret of its own, and that five wrong ones lock it (`routing.counsellors`). The hash protects it in a stolen
database, as far as 4 to 8 digits can be protected.
"""

from __future__ import annotations

import asyncio
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import AnnyeongError

MIN_LENGTH = 4
MAX_LENGTH = 8
#: Digits of a PIN that we make up.
GENERATED_LENGTH = 6

#: Straight lines and other patterns on a keypad, and numbers everybody in Korea thinks of first (1004 reads "angel").
_FAVOURITES = frozenset({"1004", "2580", "0852", "1379", "9731", "1397", "1470", "3690", "0070", "7979", "8282", "2424", "0120", "1120"})
#: OWASP's smallest argon2id setting: 19 MiB, two passes; about 15 ms on the 2-core machine, in a thread.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class WeakPin(AnnyeongError):
    """This PIN is too easy to guess."""


def check(pin: str, *, extension: str = "") -> None:
    """Accept a new PIN or raise `WeakPin` saying why not. `extension` is the person's own, which anybody can see."""
    if not re.fullmatch(f"[0-9]{{{MIN_LENGTH},{MAX_LENGTH}}}", pin):
        raise WeakPin(f"PIN은 숫자 {MIN_LENGTH}~{MAX_LENGTH}자리여야 합니다. / A PIN is {MIN_LENGTH} to {MAX_LENGTH} digits.")
    if _is_repetition(pin) or _is_run(pin) or pin in _FAVOURITES or (extension and extension in pin):
        raise WeakPin(
            "너무 쉬운 PIN입니다: 같은 숫자, 차례로 이어지는 숫자, 되풀이되는 숫자, 내선번호는 쓸 수 없습니다. / "
            "Too easy to guess: no equal digits, runs, repetitions or the extension itself."
        )


def _is_repetition(pin: str) -> bool:
    return any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin) // 2 + 1))


def _is_run(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in zip(pin, pin[1:], strict=False)}
    return steps in ({1}, {9})


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
