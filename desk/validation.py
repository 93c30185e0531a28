"""What is wrong with a value that was sent, in Korean and English. The value itself is never said back: it may be personal."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from desk.errors import FieldError

#: By pydantic's type of error; `{…}` are its own figures.
_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("꼭 있어야 하는 값입니다.", "This is needed."),
    "extra_forbidden": ("알 수 없는 항목입니다.", "There is no such field."),
    "string_too_short": ("{min_length}자 이상이어야 합니다.", "At least {min_length} characters are needed."),
    "string_too_long": ("{max_length}자까지 됩니다.", "At most {max_length} characters are allowed."),
    "string_pattern_mismatch": ("정해진 형식이 아닙니다.", "This is not of the form that is asked for."),
    "too_short": ("{min_length}개 이상이어야 합니다.", "At least {min_length} are needed."),
    "too_long": ("{max_length}개까지 됩니다.", "At most {max_length} are allowed."),
    "greater_than": ("{gt}보다 커야 합니다.", "It must be above {gt}."),
    "greater_than_equal": ("{ge} 이상이어야 합니다.", "It must be at least {ge}."),
    "less_than": ("{lt}보다 작아야 합니다.", "It must be below {lt}."),
    "less_than_equal": ("{le} 이하여야 합니다.", "It must be at most {le}."),
    "enum": ("다음 가운데 하나여야 합니다: {expected}", "It must be one of: {expected}"),
    "literal_error": ("다음 가운데 하나여야 합니다: {expected}", "It must be one of: {expected}"),
}
#: By how its name begins.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("string", "글자여야 합니다.", "It must be text."),
    ("int", "정수여야 합니다.", "It must be a whole number."),
    ("float", "숫자여야 합니다.", "It must be a number."),
    ("finite", "숫자여야 합니다.", "It must be a number."),
    ("bool", "true 또는 false 여야 합니다.", "It must be true or false."),
    ("uuid", "번호(UUID)가 아닙니다.", "It must be an id (UUID)."),
    ("datetime", "시각이 아닙니다 (예: 2026-03-02T09:00:00+09:00).", "It must be an instant, like 2026-03-02T09:00:00+09:00."),
    ("timezone", "시간대가 있는 시각이어야 합니다.", "It must be an instant with its zone."),
    ("date", "날짜가 아닙니다 (예: 2026-03-02).", "It must be a date, like 2026-03-02."),
    ("time", "시간이 아닙니다 (예: 09:30).", "It must be a time, like 09:30."),
    ("list", "목록이어야 합니다.", "It must be a list."),
    ("tuple", "목록이어야 합니다.", "It must be a list."),
    ("set", "목록이어야 합니다.", "It must be a list."),
    ("frozen_set", "목록이어야 합니다.", "It must be a list."),
    ("dict", "이름과 값이어야 합니다.", "It must be an object."),
    ("model", "이름과 값이어야 합니다.", "It must be an object."),
)
_OTHERWISE = ("맞지 않는 값입니다.", "This value is not right.")
#: More are not told at once.
_MANY = 50


def field_errors(error: ValidationError, where: str = "") -> list[FieldError]:
    """One for each value that is wrong. `where`: the part of the request it was found in."""
    found = error.errors(include_url=False, include_input=False, include_context=True)
    return [_field_error(details, where) for details in found[:_MANY]]


def one(field: str, code: str, ko: str, en: str) -> list[FieldError]:
    """A list of a single one."""
    return [FieldError(field=field, code=code, ko=ko, en=en)]


def _field_error(details: ErrorDetails, where: str) -> FieldError:
    kind = details["type"]
    ko, en = _words(kind)
    # Of the context only limits and choices, which are ours; what a check of our own raises may quote what was sent.
    figures = {name: str(value) for name, value in details.get("ctx", {}).items() if name != "error"}
    # A field's name that does not exist comes from whoever sent it.
    path = ".".join(str(part)[:60] for part in details["loc"][:12])
    return FieldError(field=".".join(filter(None, (where, path))) or "body", code=kind, ko=_filled(ko, figures), en=_filled(en, figures))


def _words(kind: str) -> tuple[str, str]:
    if kind in _WORDS:
        return _WORDS[kind]
    return next(((ko, en) for begin, ko, en in _KINDS if kind.startswith(begin)), _OTHERWISE)


def _filled(sentence: str, figures: Mapping[str, str]) -> str:
    try:
        return sentence.format(**figures)
    except (KeyError, IndexError):
        return sentence
