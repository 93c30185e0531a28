"""Excel files, opened with care: a few kilobytes can unpack to gigabytes, name entities without end, or claim a million rows."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import cast
from xml.etree.ElementTree import iterparse

import openpyxl
import structlog
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from shifts.model import Period
from shifts.spreadsheet.grid import MOST_COLUMNS, MOST_ROWS, Area, Cell, Grid, Kind, number_cell, text_cell
from shifts.spreadsheet.problem import Unreadable

log = structlog.get_logger()

#: Unpacked: all parts together, and a sheet. A row costs some 1,500 bytes, so no sheet of ours comes near.
_MOST_UNPACKED = 60_000_000
_MOST_SHEET = 20_000_000
_MOST_PARTS = 500
#: Excel has no more; a file can claim any number.
_LAST_ROW = 1_048_576
#: Rows that are in the file, those included that were only ever coloured.
_MOST_VISITED = 20_000
_MOST_AREAS = 2_000


def read_xlsx(content: bytes, period: Period) -> Grid:
    """The grid of the sheet for the month, or of the first one that can be seen. Raises `Unreadable`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _look_at(archive)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
            try:
                sheet = _choose(book.worksheets, period)
                rows = _rows(sheet)
                # A sheet says nowhere else which part of the file it is.
                return Grid(rows, tuple(_merged(archive, vars(sheet)["_worksheet_path"])))
            finally:
                book.close()
    except Unreadable:
        raise
    except Exception as error:
        # A damaged file makes the library fail in any of its parts, with whatever that part raises.
        log.info("spreadsheet_unreadable", error=type(error).__name__)
        raise Unreadable("broken") from error


def _look_at(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked. What the directory of a zip says is the most that reading yields: more is an error there."""
    parts = archive.infolist()
    sheets = [part for part in parts if part.filename.startswith("xl/worksheets/")]
    if not sheets:
        raise Unreadable("not_a_spreadsheet")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("password")
    if (
        len(parts) > _MOST_PARTS
        or sum(part.file_size for part in parts) > _MOST_UNPACKED
        or max(part.file_size for part in sheets) > _MOST_SHEET
    ):
        raise Unreadable("unpacks_too_large")
    for part in parts:
        if part.filename.endswith((".xml", ".rels", ".vml")):
            content = archive.read(part)
            # No part of a spreadsheet declares a document type: entities without end begin there. In another encoding it could hide.
            if b"<!" in content.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or b"\0" in content:
                raise Unreadable("broken")


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
        for _, element in iterparse(file, events=("end",)):  # noqa: S314 - no part declares a document type: see `_look_at`
            if element.tag.endswith("}mergeCell"):
                left, top, right, bottom = range_boundaries(element.get("ref", ""))
                number += 1
                if number > _MOST_AREAS or left is None or top is None or right is None or bottom is None:
                    raise Unreadable("broken")
                yield Area(int(top), int(left), int(bottom), int(right))
            if element.tag.endswith(("}row", "}c")):
                element.clear()
