"""What people write into a roster's cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shifts.model import ShiftType
from shifts.spreadsheet.grid import folded

#: A day off, in the ways it is written.
_OFF = frozenset({"", "-", "–", "—", "·", ".", "/", "x", "o", "off", "휴", "휴무", "주휴", "비", "비번", "쉼", "휴일"})
#: Days off that have a reason, which is not for a roster.
_LEAVE = frozenset({"연차", "휴가", "연가", "병가", "공가", "특휴", "al", "leave", "sick", "vacation"})
_BETWEEN = re.compile(r"[+/,&·\s]+")


@dataclass(frozen=True, slots=True)
class Read:
    """A cell's shifts, or why it has none."""

    codes: frozenset[str] = frozenset()
    unknown: str | None = None
    twice: str | None = None
    leave: bool = False


class Codes:
    """The shift types by all they may be called: code, Korean and English name, in any case."""

    def __init__(self, types: Mapping[str, ShiftType]) -> None:
        self._exact = dict.fromkeys(types)
        self._called: dict[str, set[str]] = {}
        for code, kind in types.items():
            for name in (code, kind.name, kind.name_en):
                self._called.setdefault(folded(name), set()).add(code)
        self.all = ", ".join(f"{code} {kind.name}" for code, kind in types.items())

    def read(self, text: str) -> Read:
        """Of one cell, several shifts with a plus between them."""
        text = text.strip()
        if (whole := self._one(text)) is not None:
            return Read(frozenset({whole}))
        if folded(text) in _OFF:
            return Read()
        if folded(text) in _LEAVE:
            return Read(leave=True)
        codes: list[str] = []
        for part in filter(None, _BETWEEN.split(text)):
            code = self._one(part)
            if code is None:
                return Read(unknown=text)
            codes.append(code)
        twice = next((code for code in codes if codes.count(code) > 1), None)
        return Read(unknown=None if codes else text, twice=twice, codes=frozenset(codes))

    def _one(self, text: str) -> str | None:
        if text in self._exact:
            return text
        found = self._called.get(folded(text), set())
        return next(iter(found)) if len(found) == 1 else None
