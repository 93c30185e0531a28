"""Files as people make them, and the roster they are read into: January 2027, which begins on a Friday."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from shifts.model import DEFAULT_SHIFT_TYPES, Assignment, Pause, Period, Person, Roster, Setting
from shifts.spreadsheet import Preview, preview

JANUARY = Period(date(2027, 1, 1), date(2027, 1, 31))
NAMES = ("김하나", "이두리", "박세나", "최네오", "박세나")
PEOPLE = {UUID(int=number): Person(id=UUID(int=number), name=name, extension=str(100 + number)) for number, name in enumerate(NAMES, 1)}
SETTING = Setting(people=PEOPLE, shift_types=DEFAULT_SHIFT_TYPES)
EMPTY = Roster(period=JANUARY)


def day(number: int) -> date:
    """Of January."""
    return date(2027, 1, 1) + timedelta(days=number - 1)


def shift(who: int, number: int, code: str, *, pinned: bool = False, pauses: tuple[Pause, ...] | None = None) -> Assignment:
    """One shift."""
    return Assignment(day=day(number), person_id=UUID(int=who), code=code, pinned=pinned, pauses=pauses)


def roster(*shifts: Assignment) -> Roster:
    """Of January."""
    return Roster(period=JANUARY, assignments=frozenset(shifts))


def book(rows: Sequence[Sequence[object]], change: Callable[[Worksheet], None] | None = None) -> bytes:
    """An Excel file with these rows, as openpyxl writes them."""
    made = Workbook()
    sheet = made.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def changed(content: bytes, change: Callable[[Worksheet], None]) -> bytes:
    """An Excel file after somebody worked on its first sheet."""
    opened = load_workbook(io.BytesIO(content))
    change(opened.worksheets[0])
    stream = io.BytesIO()
    opened.save(stream)
    return stream.getvalue()


def lines(*rows: str, encoding: str = "utf-8") -> bytes:
    """A CSV file."""
    return "\r\n".join(rows).encode(encoding)


def found(content: bytes, held: Roster = EMPTY, setting: Setting = SETTING) -> list[tuple[str, str]]:
    """The problems of a file: code and cell."""
    return [(problem.code, problem.cell) for problem in preview(setting, held, content).problems]


def codes(read: Preview) -> dict[tuple[int, int], str]:
    """Person's number and day of the month -> codes, of what would change."""
    return {(one.person_id.int, one.day.day): "+".join(sorted(entry.code for entry in one.entries)) for one in read.changes}
