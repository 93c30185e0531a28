"""Passwords: what is accepted, and argon2id hashes. A password or its hash is never logged.

At least ten characters, whatever they are (no rule asks for signs or digits: that makes worse passwords, NIST SP 800-63B §5.1.1.2); not one
that everybody tries first, not the person's own name. Compared in NFKC, so one keyboard's 한글 is another's.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import AnnyeongError
from desk.access.common import COMMON
from desk.access.line import Line

T = TypeVar("T")

MIN_LENGTH = 10
#: Nobody types more; a hash of a megabyte would be work for nothing.
MAX_LENGTH = 200
#: One that we make up: 12 signs of 31 are 59 bits. None of them is taken for another on paper.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_MADE_LENGTH = 12
#: Sequences of a keyboard that a password may not merely consist of.
_ROWS = ("0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

#: OWASP's argon2id setting of 19 MiB and two passes: 43 ms of processor time on the 2-core machine, in a thread.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: How many may wait for a hash; more are told to come again.
_WAITING = 23


class WeakPassword(AnnyeongError):
    """This password is not accepted."""

    def __init__(self, why: Weakness) -> None:
        super().__init__(f"this password is not accepted: {why}")
        #: Which rule it breaks.
        self.why = why


class Weakness(StrEnum):
    """Which rule a password breaks."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    OWN_NAME = "own_name"
    SAME_AS_BEFORE = "same_as_before"


def normal(password: str) -> str:
    """The form that is hashed."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *names: str) -> None:
    """Raises WeakPassword. `names`: the person's own, which a password must not consist of."""
    password = normal(password)
    if len(password) < MIN_LENGTH:
        raise WeakPassword(Weakness.TOO_SHORT)
    if len(password) > MAX_LENGTH:
        raise WeakPassword(Weakness.TOO_LONG)
    plain = password.casefold()
    rows = any(plain in row or plain in row[::-1] for row in _ROWS)
    if plain in COMMON or rows or len(set(plain)) < 4:
        raise WeakPassword(Weakness.COMMON)
    for name in map(str.casefold, map(normal, names)):
        # The name, alone or with a few signs around it.
        if len(name) >= 3 and name in plain and len(plain) - len(name) < 5:
            raise WeakPassword(Weakness.OWN_NAME)


def make() -> str:
    """A random password that `check` accepts, for one sign-in."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(_MADE_LENGTH // 3)) for _ in range(3))


class PasswordBook:
    """Hashes and verifies in threads, one at a time each for known and for unknown browsers: a flood never holds up who is known."""

    def __init__(self, hasher: PasswordHasher = _HASHER) -> None:
        self._hasher = hasher
        self._lines = {known: Line(1, _WAITING) for known in (False, True)}
        #: For names that do not exist: takes as long as a real one.
        self._nobodys = hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """The text to be stored. Raises Busy."""
        return await self._run(True, self._hasher.hash, normal(password))

    async def verify(self, stored: str | None, password: str, *, known: bool = False) -> bool:
        """Whether it is the stored one; None is nobody's and takes as long. Raises Busy."""
        fits = await self._run(known, self._fits, stored or self._nobodys, normal(password)[: MAX_LENGTH + 1])
        return fits and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than ours."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return True

    async def _run(self, known: bool, work: Callable[..., T], *arguments: str) -> T:
        async with self._lines[known]:
            return await asyncio.to_thread(work, *arguments)

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
