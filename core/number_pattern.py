"""Patterns of telephone numbers: which outside numbers this installation may dial.

A pattern is digits as people dial them here (`010*`, `1577XXXX`) or with a country code (`+81*`). `X` is any digit, `N` is 2 to 9, and `*`,
only at the end, is any further digits. Patterns and numbers are compared in the form in which they are dialled: in E.164 a short code
(112 is "+82112") could not be told from the beginning of an old mobile number (0112… is "+82112…").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from core.phone import national

_FORM = re.compile(r"\+?[0-9][0-9XN]*\*?", re.ASCII)
_HOME = "+82"
#: The person who is called pays for nothing, but whoever calls pays by the minute. No pattern opens these.
_PREMIUM = "060"


class PatternError(ValueError):
    """The text is no pattern; the message says what is wrong with it."""


def check(pattern: str) -> str:
    """The pattern itself, if it is one. Raises `PatternError`."""
    _compiled(pattern)
    return pattern


def matches(patterns: Iterable[str], e164: str) -> bool:
    """Whether one of the patterns allows this number. A premium number is allowed by none. Raises `PatternError`."""
    number = dialled(e164)
    return not number.startswith(_PREMIUM) and any(_compiled(pattern).fullmatch(number) for pattern in patterns)


def dialled(e164: str) -> str:
    """As it is dialled in Korea: 01012345678, 15770199, 112; a foreign number stays +12025550123."""
    return national(e164).replace("-", "") if e164.startswith(_HOME) else e164


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    plain = re.sub(r"[\s-]", "", pattern)
    if not _FORM.fullmatch(plain):
        raise PatternError(
            f'"{pattern}" is not a number pattern: digits, X (any digit), N (2 to 9), and * at the end, like 010* or 1577XXXX'
        )
    if plain.startswith("00"):
        raise PatternError(f'"{pattern}": write a number abroad with + and its country code')
    # From abroad +82 10 …, at home 010 ….
    home = f"0{plain.removeprefix(_HOME)}" if plain.startswith(_HOME) else plain
    if home.startswith("00"):
        raise PatternError(f'"{pattern}": after +82 there is no 0')
    if home.startswith(_PREMIUM):
        raise PatternError(f'"{pattern}": 060 numbers charge by the minute and are never dialled')
    if home in ("0*", "+*") or re.fullmatch(r"[1-9XN]?\*", home):
        raise PatternError(f'"{pattern}" would allow a whole country: name its first digits')
    body = home.replace("+", r"\+").replace("X", "[0-9]").replace("N", "[2-9]").replace("*", "[0-9]*")
    return re.compile(body, re.ASCII)
