"""A grid from an Excel file, which can claim a million rows."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import cast
from xml.etree.ElementTree import iterparse

from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from core.office_files import Unreadable, workbook
from shifts.model import Period
from shifts.spreadsheet.grid import MOST_COLUMNS, MOST_ROWS, Area, Cell, Grid, Kind, number_cell, text_cell

#: Excel has no more; a file can claim any number.
_LAST_ROW = 1_048_576
#: Rows that are in the file, those included that were only ever coloured.
_MOST_VISITED = 20_000
_MOST_AREAS = 2_000


def read_xlsx(content: bytes, period: Period) -> Grid:
    """The grid of the sheet for the month, or of the first one that can be seen. Raises `Unreadable`."""
    with workbook(content) as (archive, book):
        sheet = _choose(book.worksheets, period)
        rows = _rows(sheet)
        # A sheet says nowhere else which part of the file it is.
        return Grid(rows, tuple(_merged(archive, vars(sheet)["_worksheet_path"])))


def _choose(sheets: Sequence[object], period: Period) -> Worksheet:
    # Those for reading only are no `Worksheet`, but offer what is used of one here.
    tables = [cast("Worksheet", sheet) for sheet in sheets if hasattr(sheet, "iter_rows")]
    seen = [sheet for sheet in tables if sheet.sheet_state == "visible"] or tables
    if not seen:
        raise Unreadable("empty")
    month = re.compile(rf"(?<!\d){period.first.year}\D{{1,2}}0?{period.first.month}(?!\d)")
    return next((sheet for sheet in seen if month.search(sheet.title)), seen[0])


def _rows(sheet: Worksheet) -> dict[int, dict[int, Cell]]:
    rows: dict[int, dict[int, Cell]] = {}
    missing: object = None
    visited = 0
    for number, row in enumerate(sheet.iter_rows(min_row=1, max_row=_LAST_ROW, min_col=1, max_col=MOST_COLUMNS + 1), start=1):
        # For rows that are not in the file it gives the same one again and again.
        if row is missing:
            continue
        found = ((column, each) for column, each in enumerate(cast("tuple[object, ...]", row), start=1) if each is not EMPTY_CELL)
        filled = {column: cell for column, each in found if (cell := _cell(each)) is not None}
        missing = missing if filled else row
        visited += 1
        if visited > _MOST_VISITED:
            raise Unreadable("too_many_rows", limit=MOST_ROWS)
        if filled:
            rows[number] = filled
        if len(rows) > MOST_ROWS:
            raise Unreadable("too_many_rows", limit=MOST_ROWS)
        if max(filled, default=0) > MOST_COLUMNS:
            raise Unreadable("too_many_columns", limit=MOST_COLUMNS)
    return rows


def _cell(cell: object) -> Cell | None:
    value: object = getattr(cell, "value", None)
    if value is None:
        return None
    if getattr(cell, "data_type", None) == "f":
        return Cell(Kind.FORMULA, value if isinstance(value, str) else "=…")
    match value:
        case datetime():
            return Cell(Kind.DATE, value.date().isoformat(), day=value.date())
        case date():
            return Cell(Kind.DATE, value.isoformat(), day=value)
        case bool():
            return Cell(Kind.TEXT, str(value).upper())
        case int() | float() if math.isfinite(value):
            return number_cell(value)
        case _:
            return text_cell(str(value))


def _merged(archive: zipfile.ZipFile, part: str) -> Iterator[Area]:
    """Merged cells stand at the end of a sheet's part."""
    number = 0
    with archive.open(part.lstrip("/")) as file:
        for _, element in iterparse(file, events=("end",)):  # noqa: S314 - no part declares a document type: see `core.office_files`
            if element.tag.endswith("}mergeCell"):
                left, top, right, bottom = range_boundaries(element.get("ref", ""))
                number += 1
                if number > _MOST_AREAS or left is None or top is None or right is None or bottom is None:
                    raise Unreadable("broken")
                yield Area(int(top), int(left), int(bottom), int(right))
            if element.tag.endswith(("}row", "}c")):
                element.clear()
