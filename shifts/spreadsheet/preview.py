"""What a file would change in a roster, and everything that is wrong with it, cell by cell. Nothing is written.

A file says what it shows: the people of its rows on the days of its columns; an empty cell is a day off. Whoever is not in it, and whatever
day is not in it, stays as it is. Shifts that stay keep their breaks and pins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from core.office_files import Unreadable
from shifts.edits import Entry, Wanted
from shifts.model import Assignment, Roster, Setting
from shifts.rules import check, parameters
from shifts.spreadsheet import headings
from shifts.spreadsheet.codes import Codes
from shifts.spreadsheet.grid import MOST_BYTES, Grid, Kind, ref
from shifts.spreadsheet.headings import Headings
from shifts.spreadsheet.people import People, rows_of
from shifts.spreadsheet.problem import Problem
from shifts.spreadsheet.read_csv import read_csv
from shifts.spreadsheet.read_xlsx import read_xlsx

#: Listed; nobody reads more, and the next file has fewer.
MOST_PROBLEMS = 200
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Place = tuple[UUID, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The outcome. `changes` is for `Rosters.edit`, and empty as long as anything blocks."""

    changes: tuple[Wanted, ...] = ()
    problems: tuple[Problem, ...] = ()
    #: Problems beyond those listed.
    more: int = 0
    people: int = 0
    days: int = 0

    @property
    def blocked(self) -> bool:
        """Whether something must be mended before it can be imported."""
        return any(problem.blocking for problem in self.problems)


def preview(setting: Setting, roster: Roster, content: bytes) -> Preview:
    """Of a file, whatever it is called; never raises for what is in it."""
    try:
        grid = _read(content, roster)
    except Unreadable as error:
        return Preview(problems=(Problem(code=error.code, values=error.values),))
    found, problems = headings.find(grid, roster.period)
    if found is None:
        return Preview(problems=tuple(problems))
    reading = _Reading(setting, roster, grid, found)
    problems += reading.problems
    # What blocks first, then from the top.
    problems.sort(key=lambda problem: not problem.blocking)
    blocked = any(problem.blocking for problem in problems)
    return Preview(
        changes=() if blocked else tuple(reading.changes),
        problems=tuple(problems[:MOST_PROBLEMS]),
        more=max(0, len(problems) - MOST_PROBLEMS),
        people=reading.number,
        days=len(found.days),
    )


def _read(content: bytes, roster: Roster) -> Grid:
    """By what the file is, not by its name. Raises `Unreadable`."""
    if len(content) > MOST_BYTES:
        raise Unreadable("too_large", size=math.ceil(len(content) / 1_000_000), limit=MOST_BYTES // 1_000_000)
    if not content.strip():
        raise Unreadable("empty")
    if content.startswith(_ZIP):
        return read_xlsx(content, roster.period)
    if content.startswith(_OLE):
        names = {name: name.encode("utf-16-le") in content for name in ("EncryptedPackage", "Workbook")}
        raise Unreadable("password" if names["EncryptedPackage"] else "old_excel" if names["Workbook"] else "not_a_spreadsheet")
    if content.lstrip()[:1] in {b"<", b"%"} or content.startswith(b"{\\rtf"):
        # Web pages with the name of a spreadsheet, PDF, rich text.
        raise Unreadable("not_a_spreadsheet")
    return read_csv(content)


class _Reading:
    """The rows of people, read one by one."""

    def __init__(self, setting: Setting, roster: Roster, grid: Grid, found: Headings) -> None:
        self._setting, self._roster, self._headings = setting, roster, found
        self._grid = grid
        self._held = roster.cells()
        self._codes = Codes(setting.shift_types)
        self._where: dict[Place, str] = {}
        self.changes: list[Wanted] = []
        self.problems: list[Problem] = []
        self.number = 0
        known, seen = People(setting.people), dict[UUID, str]()
        rows = rows_of(grid, found, self._codes)
        self.problems += _merged(grid, found, [row for row, _ in rows])
        for row, named in rows:
            if not named:
                self._say("no_name", row, found.name)
                continue
            self.number += 1
            who = known.find(grid, found, row)
            if isinstance(who, Problem):
                self.problems.append(who)
                # So that what is wrong with the cells is said in one go.
                self._row(row, None)
            elif who in seen:
                self._say("person_twice", row, found.name, text=setting.people[who].name, first=seen[who])
            else:
                seen[who] = ref(row, found.name)
                self._row(row, who)
        if not self.number:
            self.problems.append(Problem(code="no_people"))
        self._overlaps()

    def _say(self, code: str, row: int, column: int, *, blocking: bool = True, **values: str | int) -> None:
        self.problems.append(Problem(code=code, cell=ref(row, column), values=values, blocking=blocking))

    def _row(self, row: int, who: UUID | None) -> None:
        for column, day in sorted(self._headings.days.items()):
            wanted = self._cell(row, column)
            if wanted is None or who is None:
                continue
            self._where[who, day] = ref(row, column)
            held = {one.code: one for one in self._held.get((who, day), ())}
            if held.keys() == wanted:
                continue
            person = self._setting.people[who]
            if wanted - held.keys() and not person.employed_on(day):
                self._say("not_employed", row, column, name=person.name, day=day.isoformat())
                continue
            entries = tuple(_entry(code, held) for code in sorted(wanted))
            self.changes.append(Wanted(person_id=who, day=day, entries=entries, seen=frozenset(held)))

    def _cell(self, row: int, column: int) -> frozenset[str] | None:
        """The codes of a cell; None where they can't be read."""
        cell = self._grid.at(row, column)
        if cell is None:
            return frozenset()
        if cell.kind is Kind.FORMULA:
            self._say("formula", row, column)
            return None
        if cell.kind is Kind.DATE:
            self._say("date_in_cell", row, column, text=cell.text)
            return None
        read = self._codes.read(cell.text)
        if read.unknown is not None:
            self._say("unknown_code", row, column, text=read.unknown[:40], codes=self._codes.all)
            return None
        if read.twice is not None:
            self._say("same_shift_twice", row, column, text=read.twice)
            return None
        if read.leave:
            self._say("leave_word", row, column, blocking=False, text=cell.text[:40])
        return read.codes

    def _overlaps(self) -> None:
        """Shifts of one person at the same time, where the file brings one of them."""
        changed = {(one.person_id, one.day): one for one in self.changes}
        gone = [assignment for place in changed for assignment in self._held.get(place, ())]
        brought = [
            Assignment(person_id=one.person_id, day=one.day, code=entry.code, pauses=entry.pauses, pinned=entry.pinned)
            for one in self.changes
            for entry in one.entries
        ]
        after = replace(self._roster, assignments=(self._roster.assignments - frozenset(gone)) | frozenset(brought))
        for violation in check(self._setting, after, parameters()):
            if violation.rule != "overlap" or violation.person_id is None:
                continue
            for day in sorted({violation.day, *violation.days}, reverse=True):
                if (place := (violation.person_id, day)) in changed:
                    other = str(violation.values.get("previous_code", ""))
                    self.problems.append(Problem(code="overlap", cell=self._where[place], values={"other": other}))
                    break


def _entry(code: str, held: Mapping[str, Assignment]) -> Entry:
    kept = held.get(code)
    return Entry(code=code) if kept is None else Entry(code=code, pinned=kept.pinned, pauses=kept.pauses)


def _merged(grid: Grid, found: Headings, rows: list[int]) -> list[Problem]:
    """Merged cells that reach into what is read: of one of them only the first has a value."""
    columns = {found.name, found.extension, *found.days} - {None}
    places = {(row, column) for row in rows for column in columns if column is not None}
    places |= {(found.row, column) for column in found.days}
    areas = sorted(grid.merged, key=lambda area: (area.top, area.left))
    return [Problem(code="merged", cell=area.ref) for area in areas if any(place in area for place in places)]
