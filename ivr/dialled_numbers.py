"""Numbers of Korea that can be called back: as people press them, store them and hear them. Pure; standard library only.

Only telephones of persons: mobile, land line, 070, 050X. Not numbers abroad, 060 and 080 services, 15XX lines or short codes: what anybody can
enter with keys must not make the helpline call a paid or foreign number (`core.phone` reads all of them, to know who calls).
"""

from __future__ import annotations

import re
from typing import Final

from ivr.prompts.numbers import telephone
from ivr.prompts.texts import Language

#: Shortest and longest number that can be valid, in pressed digits: 02-234-5678 and 0505-1234-5678.
MIN_DIGITS: Final = 9
MAX_DIGITS: Final = 12

# As people write them, in three groups. Source: Korea's numbering plan, as in core.phone.
_PLAN: Final = (
    re.compile(r"(010)(\d{4})(\d{4})"),
    re.compile(r"(01[16-9])(\d{3,4})(\d{4})"),
    re.compile(r"(070)(\d{4})(\d{4})"),
    re.compile(r"(050\d)(\d{3,4})(\d{4})"),
    re.compile(r"(0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]))([2-9]\d{2,3})(\d{4})"),
)


def e164(pressed: str) -> str | None:
    """The number in international form, or None if it is none that can be called back: 01012345678 -> +821012345678."""
    return f"+82{pressed[1:]}" if groups(pressed) else None


def local(number: str | None) -> str | None:
    """How the number is pressed here (01012345678), or None if it is none that can be called back."""
    if number is None or not number.startswith("+82"):
        return None
    pressed = f"0{number[3:]}"
    return pressed if groups(pressed) else None


def groups(pressed: str) -> tuple[str, ...]:
    """The three groups in which the number is written: 010, 1234, 5678; empty if it can't be called back."""
    if not pressed.isascii():
        return ()
    return next((match.groups() for plan in _PLAN if (match := plan.fullmatch(pressed))), ())


def spoken(pressed: str, language: Language) -> tuple[str, ...]:
    """Prompt ids of a number, group by group."""
    return tuple(telephone(groups(pressed) or (pressed,), language))
