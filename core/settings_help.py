"""What a setting may be, in words: read off the fields of `core.settings`, so that the words can't drift from the check."""

from __future__ import annotations

import types
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from core.settings import Settings


def allowed_keys(where: Sequence[str | int]) -> list[str]:
    """The keys of the table at this place; empty if it is none, or takes any key."""
    kind, _ = _at(where)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def is_secret(where: Sequence[str | int]) -> bool:
    """Whether a value at this place must not be shown."""
    return _at(where)[0] is SecretStr


def must_be(where: Sequence[str | int], details: ErrorDetails) -> str:
    """`must be a whole number between 1 and 65535`; a check of our own speaks for itself."""
    message = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if details["type"] in ("value_error", "assertion_error"):
        return message
    kind, constraints = _at(where)
    words = _words(kind, constraints)
    return f"must be {words}" if words else message[:1].lower() + message[1:]


def _at(where: Sequence[str | int]) -> tuple[Any, list[object]]:
    """The type at this place and what restricts it."""
    kind: Any = Settings
    constraints: list[object] = []
    for part in where:
        field: FieldInfo | None = None
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind, constraints = (field.annotation, list(field.metadata)) if field else (None, [])
        elif get_origin(kind) in (list, dict):
            kind, constraints = get_args(kind)[-1], []
        else:
            return None, []
        kind, constraints = _unwrap(kind, constraints)
    return kind, constraints


def _unwrap(kind: Any, constraints: list[object]) -> tuple[Any, list[object]]:
    """Without Annotated and `| None`."""
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            constraints = [*constraints, *more]
        elif get_origin(kind) in (Union, types.UnionType):
            kind = next(member for member in get_args(kind) if member is not type(None))
        else:
            return kind, _flat(constraints)


def _flat(constraints: list[object]) -> list[object]:
    return [inner for item in constraints for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]


def _words(kind: Any, constraints: list[object]) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f'"{choice}"' for choice in get_args(kind))
    if get_origin(kind) is list:
        at_least = next((item.min_length for item in constraints if isinstance(item, annotated_types.MinLen)), 0)
        return "a list, like [ … ]" + (f", with at least {at_least} in it" if at_least else "")
    if get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return "a table, like [name] with key = value lines"
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return ("a whole number" if kind is int else "a number") + _bounds(constraints)
    if kind in (str, SecretStr):
        pattern = next((found for item in constraints if (found := getattr(item, "pattern", None))), None)
        return 'a text in quotation marks, like "…"' + (f", of the form {pattern}" if pattern else "")
    if kind is Path:
        return "a path in quotation marks"
    return ""


def _bounds(constraints: list[object]) -> str:
    low, high, above = None, None, None
    for item in constraints:
        match item:
            case annotated_types.Ge(ge=value):
                low = value
            case annotated_types.Gt(gt=value):
                above = value
            case annotated_types.Le(le=value):
                high = value
    if low is not None and high is not None:
        return f" between {low} and {high}"
    parts = [
        f"of at least {low}" if low is not None else "",
        f"above {above}" if above is not None else "",
        f"of at most {high}" if high is not None else "",
    ]
    return "".join(f" {part}" if not index else f" and {part}" for index, part in enumerate(filter(None, parts)))
