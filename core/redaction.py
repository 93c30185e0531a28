"""Keeps numbers, digits and secrets out of the log, even when somebody passes them by mistake.

Two nets: a value under a telling key is never shown, and whatever looks like a telephone number inside any other value is replaced. Ids,
addresses and instants, which are long rows of digits too, stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

REDACTED = "[redacted]"
NUMBER = "[number]"

#: A key one of whose words (between underscores) is here tells what its value is.
_TELLING_WORDS = (
    "number numbers digit digits dtmf pin pins secret secrets password passwd token credentials authorization e164 msisdn caller callerid "
    "dialled cipher words transcript"
)
_TELLING = frozenset(_TELLING_WORDS.split())
#: A whole number under a key that ends so is a measurement.
_MEASURES = ("_ms", "_us", "_ns", "_s", "_bytes", "_count", "count", "waiting", "pid", "port", "epoch")

_LONG_DIGITS = re.compile(
    r"""
    (?P<keep>
        [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}          # our ids
      | \b[0-9a-fA-F]{32}\b
      | \b\d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?          # instants
      | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b                          # addresses
      | \b1\d{9}\.\d{1,6}\b                                                # Asterisk's ids: Unix time and a counter
      | PJSIP/(?:\d{2,5}|[a-z][a-z0-9-]{0,31}?)-[0-9a-f]{8}\b             # Asterisk's names of channels
    )
    | (?<![0-9A-Za-z])\+?\(?\d(?:[\s().\-]{0,3}\d){6,}
    """,
    re.VERBOSE,
)


def redact_text(text: str) -> str:
    """The text with every telephone-number-like row of seven or more digits replaced."""
    return _LONG_DIGITS.sub(lambda match: match[0] if match["keep"] else NUMBER, text)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor; the last before rendering."""
    for key, value in event.items():
        event[key] = value if key == "timestamp" else _safe(key, value, 0)
    return event


def _safe(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    if not _TELLING.isdisjoint(key.lower().replace("-", "_").split("_")):
        return REDACTED
    match value:
        case str():
            return redact_text(value)
        case int():
            return value if abs(value) < 1_000_000 or key.endswith(_MEASURES) else NUMBER
        case Mapping() if depth < 4:
            return {str(name): _safe(str(name), item, depth + 1) for name, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth < 4:
            return [_safe(key, item, depth + 1) for item in value]
        case _:
            try:
                return redact_text(str(value))
            except Exception:  # noqa: BLE001  a log line must come out whatever its values do
                return f"<{type(value).__name__}>"
