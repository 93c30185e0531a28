"""The only way to an outside number: the allow-list, the trunk, and how a number is dialled there.

Whatever asks for an outside call gets a dial string from here or `NumberNotAllowed`. A refusal is logged without the number, counted
and alarmed; whoever asked goes on as if nobody had answered there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

import structlog

from core import number_pattern
from core.alarms import AlarmKind, Alarms
from core.errors import AnnyeongError
from core.phone import normalise
from core.settings import Settings

log = structlog.get_logger()


_EXTENSION = re.compile(r"[0-9]{2,6}")


class NumberNotAllowed(AnnyeongError):
    """This number is not on the allow-list and is never dialled."""


class Purpose(StrEnum):
    """What a number is dialled for; each has a list of its own."""

    #: Standby people and the partner line: numbers of the operator's own settings.
    OVERFLOW = "overflow"
    #: Numbers that callers gave, and those of the centre's people and of companions at home.
    CALLBACK = "callback"
    #: Emergency partners: dial strings of the partners file, and no others (`Outbound.partner`).
    PARTNER = "partner"


class Outbound:
    """Dial strings for outside numbers."""

    def __init__(self, settings: Settings, alarms: Alarms | None = None, *, partners: Collection[str] = ()) -> None:
        """`partners`: the dial strings of the emergency partners, all there are."""
        self._alarms = alarms
        self._partners = frozenset(partners)
        self._trunks = {Purpose.OVERFLOW: settings.overflow.trunk, Purpose.CALLBACK: settings.callbacks.trunk}
        self._allowed = {Purpose.OVERFLOW: tuple(settings.overflow.allowed), Purpose.CALLBACK: tuple(settings.callbacks.allowed)}
        inside = settings.line.caller_id
        self._caller_ids = {
            Purpose.OVERFLOW: settings.overflow.caller_id or inside,
            Purpose.CALLBACK: settings.callbacks.caller_id or inside,
        }

    def can_call(self, purpose: Purpose) -> bool:
        """Whether there is a trunk for it at all."""
        return bool(self._trunks[purpose])

    def caller_id(self, purpose: Purpose) -> str:
        """What the far end sees as the caller."""
        return self._caller_ids[purpose]

    def allows(self, number: str, purpose: Purpose) -> bool:
        """Whether `destination` would give a dial string; asks without logging or counting."""
        return bool(self._trunks[purpose]) and _allowed(number, self._allowed[purpose]) is not None

    def destination(self, number: str, purpose: Purpose) -> str:
        """The dial string of a number in any usual form, such as `PJSIP/01012345678@carrier`. Raises `NumberNotAllowed`."""
        e164 = _allowed(number, self._allowed[purpose])
        trunk = self._trunks[purpose]
        if e164 is None or not trunk:
            log.error("number_not_allowed", purpose=str(purpose), trunk=bool(trunk))
            if self._alarms is not None:
                self._alarms.raise_(AlarmKind.NUMBER_NOT_ALLOWED, detail={"purpose": str(purpose), "trunk": bool(trunk)})
            raise NumberNotAllowed
        return f"PJSIP/{number_pattern.dialled(e164)}@{trunk}"

    def partner(self, endpoint: str) -> str:
        """An emergency partner's dial string, if it is one. Raises `NumberNotAllowed`."""
        if endpoint not in self._partners:
            log.error("number_not_allowed", purpose=str(Purpose.PARTNER), trunk=bool(endpoint))
            if self._alarms is not None:
                self._alarms.raise_(AlarmKind.NUMBER_NOT_ALLOWED, detail={"purpose": str(Purpose.PARTNER), "trunk": bool(endpoint)})
            raise NumberNotAllowed
        return endpoint


def is_extension(value: str) -> bool:
    """Whether this names a telephone of the house and nothing else that could be dialled."""
    return _EXTENSION.fullmatch(value) is not None


def _allowed(number: str, patterns: Sequence[str]) -> str | None:
    e164 = normalise(number).e164
    return e164 if e164 is not None and number_pattern.matches(patterns, e164) else None
