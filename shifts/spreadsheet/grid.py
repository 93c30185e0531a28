"""A sheet as it was found, whatever its format: the cells that hold something, by row and column (from 1)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

#: A file is larger only by mistake or by intent: a month of 100 people is some 30 kB.
MOST_BYTES = 5_000_000
MOST_ROWS = 2_000
MOST_COLUMNS = 256

#: What a spreadsheet program would compute rather than show, if it stood first in a cell.
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_GUARD = "'"


class Kind(Enum):
    """What a cell holds."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()
    FORMULA = auto()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `text` as a person would read it; numbers that are whole without a point."""

    kind: Kind
    text: str
    day: date | None = None
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells, corners included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def ref(self) -> str:
        """As in B7:D7."""
        return f"{ref(self.top, self.left)}:{ref(self.bottom, self.right)}"

    def __contains__(self, place: tuple[int, int]) -> bool:
        return self.top <= place[0] <= self.bottom and self.left <= place[1] <= self.right


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet: rows that hold something, in order, each by column."""

    rows: Mapping[int, Mapping[int, Cell]]
    merged: tuple[Area, ...] = ()

    def at(self, row: int, column: int) -> Cell | None:
        """A cell, if it holds something."""
        return self.rows.get(row, {}).get(column)


def ref(row: int, column: int) -> str:
    """B7 of 7, 2."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def text_cell(text: str) -> Cell | None:
    """A cell of text; None where there is nothing to be read."""
    text = unguarded(text).strip()
    return Cell(Kind.TEXT, text) if text else None


def number_cell(number: float) -> Cell:
    """A cell with a number."""
    whole = int(number) if number == number // 1 and abs(number) < 1e15 else None
    return Cell(Kind.NUMBER, str(number if whole is None else whole), number=number)


def guarded(text: str) -> str:
    """The text for a file: no spreadsheet program computes it (formula injection), none refuses it for its characters."""
    text = "".join(character for character in text if character in "\t\n" or unicodedata.category(character) not in {"Cc", "Cs"})
    return _GUARD + text if text.lstrip(" ").startswith(_COMPUTED) or text.startswith(_GUARD) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    rest = text[1:]
    return rest if text.startswith(_GUARD) and (rest.lstrip(" ").startswith(_COMPUTED) or rest.startswith(_GUARD)) else text


def folded(text: str) -> str:
    """For comparing what people typed: without regard to case, width, blanks, and how Hangul is put together."""
    text = unicodedata.normalize("NFKC", unguarded(text)).casefold()
    return "".join(character for character in text if not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
