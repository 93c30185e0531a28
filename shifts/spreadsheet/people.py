"""Whose row it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from uuid import UUID

from shifts.model import Person
from shifts.spreadsheet.codes import Codes
from shifts.spreadsheet.grid import Grid, Kind, folded, ref
from shifts.spreadsheet.headings import Headings
from shifts.spreadsheet.problem import Problem

#: First in a row that is not a person's: what `write_xlsx` puts beneath the people.
NOTE = "※"
_SUMS = frozenset({"합계", "계", "총계", "소계", "인원", "비고", "total", "sum"})
_IN_BRACKETS = re.compile(r"^([^(\[（]+)[(\[（]\s*(\d{2,8})\s*[)\]）]$")


class People:
    """Everybody by name and by extension."""

    def __init__(self, people: Mapping[UUID, Person]) -> None:
        self._people = people
        self._named: dict[str, list[Person]] = {}
        for person in people.values():
            self._named.setdefault(folded(person.name), []).append(person)

    def find(self, grid: Grid, found: Headings, row: int) -> UUID | Problem:
        """The person of a row, or what is wrong with the name."""
        cell = grid.rows[row][found.name]
        where = ref(row, found.name)
        if cell.kind is Kind.FORMULA:
            return Problem(code="formula", cell=where)
        beside = None if found.extension is None else grid.at(row, found.extension)
        if beside is not None and beside.kind is Kind.FORMULA and found.extension is not None:
            return Problem(code="formula", cell=ref(row, found.extension))
        text, extension = cell.text, "" if beside is None else folded(beside.text)
        same = self._named.get(folded(text), [])
        if not same and (match := _IN_BRACKETS.match(text)):
            text, extension = match[1].strip(), extension or match[2]
            same = self._named.get(folded(text), [])
        shown = text[:40]
        if not same:
            like = self._like(text)
            code, more = ("unknown_person", {}) if like is None else ("unknown_person_like", {"like": like})
            return Problem(code=code, cell=where, values={"text": shown, **more})
        if len(same) == 1:
            (person,) = same
            if extension and person.extension and not _alike(extension, person.extension) and found.extension is not None:
                values = {"text": shown, "right": person.extension, "extension": extension[:20]}
                return Problem(code="extension_differs", cell=ref(row, found.extension), values=values)
            return person.id
        right = [person for person in same if extension and _alike(extension, person.extension)]
        if len(right) != 1:
            extensions = ", ".join(sorted(person.extension for person in same))
            return Problem(code="two_of_a_name", cell=where, values={"text": shown, "number": len(same), "extensions": extensions})
        return right[0].id

    def _like(self, text: str) -> str | None:
        close = get_close_matches(folded(text)[:60], list(self._named), n=1, cutoff=0.6)
        return self._named[close[0]][0].name if close else None


def rows_of(grid: Grid, found: Headings, codes: Codes) -> list[tuple[int, bool]]:
    """The rows of people beneath the headings, and whether each has a name; without one: rows with shifts in them."""
    rows: list[tuple[int, bool]] = []
    for row, cells in grid.rows.items():
        if row <= found.row:
            continue
        first = cells[min(cells)].text
        name = cells.get(found.name)
        if first.startswith(NOTE) or folded(first) in _SUMS or (name is not None and folded(name.text) in _SUMS):
            continue
        if name is not None:
            rows.append((row, True))
            continue
        shifts = [cell for column, cell in cells.items() if column in found.days and cell.kind is Kind.TEXT and codes.read(cell.text).codes]
        if shifts:
            rows.append((row, False))
    return rows


def _alike(one: str, other: str) -> bool:
    """A spreadsheet drops zeros in front."""
    return folded(one).lstrip("0") == folded(other).lstrip("0")
