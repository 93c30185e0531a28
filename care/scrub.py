"""Takes resident registration numbers out of what people type. Pure.

A public body may not keep such a number without a law that says so (PIPA art. 24-2), and this line has none. The number is six digits of
a birthday and seven more (Enforcement Rule of the Resident Registration Act art. 2; foreigners' are alike), written with a hyphen, a space
or nothing between, in any digits there are. Every six and seven digits written so go, whether or not a birthday is in them: its check
digit means nothing since October 2020, and people mistype. Telephone numbers stay: none is written in groups of six and seven.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: What is put in its place; without digits, so that scrubbing twice is scrubbing once.
NOTE = "[주민등록번호 삭제됨]"

_DASHES = frozenset("-‐‑‒–—―−﹣－ー~～·・.．/／_＿:：")
_COVERED = frozenset("*＊xXｘＸ●○•")
_IGNORED = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\ufe0f\u20e3")

# Over the text in its plain form (see `_plain`), one character for one. A digit that was covered is an asterisk.
# Digits one by one are a number of their own only if no more of them stand before or behind.
_SIX = "(?:[0-9]{6}|(?<![^0-9][0-9] )[0-9](?: [0-9]){5})"
_SEVEN = "(?:[0-9][0-9*]{6}|[0-9][ -][0-9*]{6}|[0-9](?: [0-9*]){6}(?! [0-9](?![0-9])))(?![0-9])"
_BIRTHDAY = "[0-9]{2}(?P<s>[- ])[0-9]{2}(?P=s)[0-9]{2}"
_PATTERN = re.compile(
    "|".join(
        (
            # 900101 1234567, 9001011234567, 9 0 0 1 0 1 - 1 2 3 4 5 6 7; what begins with a plus is a number abroad …
            f"(?<![0-9+]){_SIX} {{0,3}}{_SEVEN}",
            # … unless there is a hyphen.
            f"(?<![0-9]){_SIX} {{0,3}}-[ -]{{0,3}}{_SEVEN}",
            # 90.01.01-1234567
            f"(?<![0-9])(?<![0-9]-){_BIRTHDAY} {{0,3}}-[ -]{{0,3}}{_SEVEN}",
        )
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """A text without registration numbers, and how many were taken out."""

    text: str
    removed: int


def scrub(text: str) -> Scrubbed:
    """The text with each registration number replaced by `NOTE`."""
    plain, places = _plain(text)
    parts: list[str] = []
    end = removed = 0
    for found in _PATTERN.finditer(plain):
        start = places[found.start()]
        parts += [text[end:start], NOTE]
        end = places[found.end() - 1] + 1
        removed += 1
    return Scrubbed(text="".join([*parts, text[end:]]), removed=removed)


def _plain(text: str) -> tuple[str, list[int]]:
    """The text in plain digits, hyphens and spaces, without invisible characters; and where each character stands in it."""
    signs: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char in _IGNORED:
            continue
        if char in _DASHES:
            sign = "-"
        elif char in _COVERED:
            sign = "*"
        elif char.isspace() or char == "\u3164":
            sign = " "
        elif char == "＋":
            sign = "+"
        else:
            digit = unicodedata.digit(char, None)
            sign = char if digit is None else str(digit)
        signs.append(sign)
        places.append(place)
    return "".join(signs), places
