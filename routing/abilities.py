"""What counsellors are asked for besides being there: languages and skills, as short words. Pure; standard library only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from core.errors import AnnyeongError

#: Everybody's, unless told otherwise.
DEFAULT_LANGUAGES = ("ko",)
MAX_LANGUAGES = 10
MAX_SKILLS = 20

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SKILL = re.compile(r"[^\W_][\w-]{0,29}")


class AbilityError(AnnyeongError):
    """Not a language or skill that can be kept; the message says which and why."""


def languages(given: Iterable[str]) -> list[str]:
    """ISO 639 codes (ko, en, vi …), each once, in the order given. Raises `AbilityError`, also for none at all."""
    found = _distinct(given)
    for word in found:
        if not _LANGUAGE.fullmatch(word):
            raise AbilityError(f"{word!r}: 언어는 ko, en 같은 부호입니다. / A language is a code such as ko or en.")
    if not 1 <= len(found) <= MAX_LANGUAGES:
        raise AbilityError(f"언어는 1~{MAX_LANGUAGES}개입니다. / There must be 1 to {MAX_LANGUAGES} languages.")
    return found


def skills(given: Iterable[str]) -> list[str]:
    """Words of 1 to 30 letters, digits, `-` and `_`, each once, in the order given. Raises `AbilityError`."""
    found = _distinct(given)
    for word in found:
        if not _SKILL.fullmatch(word):
            raise AbilityError(
                f"{word!r}: 전문 분야는 글자, 숫자, -, _ 로 된 30자 이내의 한 낱말입니다. / A skill is one word of letters, digits, - and _."
            )
    if len(found) > MAX_SKILLS:
        raise AbilityError(f"전문 분야는 {MAX_SKILLS}개까지입니다. / At most {MAX_SKILLS} skills.")
    return found


def _distinct(given: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(unicodedata.normalize("NFC", word).strip().lower() for word in given))
