"""Numbers as sequences of prompt ids.

Korean: Sino-Korean numerals (일 이 삼 …) for minutes and places, native ones (한 두 세 …) for people. English: number words.
The sequences are played back to back; each id is one word in `texts.<language>.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ivr.prompts.errors import NumberError
from ivr.prompts.texts import Language

#: The largest number that can be said; no caller hears a million, and the word is not worth a recording.
LARGEST: Final = 999_999
#: Native numerals are used for people up to here; above it Korean speakers change to Sino-Korean ones.
_LARGEST_NATIVE: Final = 19
_SEPARATORS: Final = " -.\u00a0"


def cardinal(n: int, language: Language) -> list[str]:
    """How a number is said: 25 -> 이 십 오, twenty five. 0 is 영. Raises NumberError outside 0..LARGEST."""
    if not 0 <= n <= LARGEST:
        raise NumberError(f"{n!r} can't be said: a whole number between 0 and {LARGEST}")
    if n == 0:
        return ["num_0"]
    return _korean(n) if language == "ko" else _english(n)


def minutes(n: int, language: Language) -> list[str]:
    """A duration: 오 분; five minutes, one minute."""
    if language == "en" and n == 1:
        return [*cardinal(n, language), "unit_minute"]
    return [*cardinal(n, language), "unit_minutes"]


def place(n: int, language: Language) -> list[str]:
    """A place in line, from 1: 삼 번 (with the Sino-Korean numeral, as numbers on a ticket are read); number three."""
    if n < 1:
        raise NumberError(f"{n!r} is not a place in line: they start at 1")
    if language == "en":
        return ["unit_place", *cardinal(n, language)]
    return [*cardinal(n, language), "unit_place"]


def people(n: int, language: Language) -> list[str]:
    """A number of people: 세 명, 열두 명, 이십 명; three people, one person."""
    if language == "en":
        return [*cardinal(n, language), "unit_person" if n == 1 else "unit_people"]
    if 1 <= n <= _LARGEST_NATIVE:
        tens, ones = divmod(n, 10)
        return [*(["count_10"] if tens else []), *([f"count_{ones}"] if ones else []), "unit_people"]
    return [*cardinal(n, language), "unit_people"]


def digits(text: str, language: Language) -> list[str]:
    """Digit by digit, as a code or a telephone number is read; zero is 공. Spaces, hyphens and dots are skipped.

    Raises NumberError when anything else is in the text, or nothing at all.
    """
    said: list[str] = []
    for character in text:
        if character in _SEPARATORS:
            continue
        if character not in "0123456789":
            # The text may be a telephone number: it must not reach a log through the message.
            raise NumberError("only digits can be said one by one")
        said.append("num_0_digit" if character == "0" and language == "ko" else f"num_{character}")
    if not said:
        raise NumberError("there are no digits to say")
    return said


def telephone(groups: Sequence[str], language: Language) -> list[str]:
    """A telephone number, digit by digit; the hyphens between its groups are read 에 in Korean, as people do, and not at all in English.

    Raises NumberError as `digits`.
    """
    said: list[str] = []
    for group in groups:
        if said and language == "ko":
            said.append("num_hyphen")
        said += digits(group, language)
    return said


def _korean(n: int) -> list[str]:
    myriads, rest = divmod(n, 10_000)
    said: list[str] = []
    if myriads:
        # 만 alone, as 백 and 천 (10,000 is 만, not 일만), but 십일만.
        said = [*(_korean_below_10000(myriads) if myriads > 1 else []), "num_10000"]
    return said + _korean_below_10000(rest)


def _korean_below_10000(n: int) -> list[str]:
    said: list[str] = []
    for unit in (1000, 100, 10):
        count, n = divmod(n, unit)
        if count > 1:
            said.append(f"num_{count}")
        if count:
            said.append(f"num_{unit}")
    if n:
        said.append(f"num_{n}")
    return said


def _english(n: int) -> list[str]:
    thousands, rest = divmod(n, 1000)
    said = [*_english_below_1000(thousands), "num_1000"] if thousands else []
    return said + _english_below_1000(rest)


def _english_below_1000(n: int) -> list[str]:
    hundreds, rest = divmod(n, 100)
    said = [f"num_{hundreds}", "num_100"] if hundreds else []
    if rest > 20:
        tens, ones = divmod(rest, 10)
        said.append(f"num_{tens * 10}")
        rest = ones
    if rest:
        said.append(f"num_{rest}")
    return said
