"""A file of entries as rows of texts: CSV or Excel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from openpyxl.utils.cell import get_column_letter

from core.office_files import Unreadable, csv_rows, workbook

MOST_BYTES = 5_000_000
MOST_ROWS = 2_000
MOST_COLUMNS = 60

#: Rows by number, cells by column, both from 1; only those that hold something.
Rows = Mapping[int, Mapping[int, str]]


def cell_name(row: int, column: int) -> str:
    """B7 of 7, 2."""
    return f"{get_column_letter(column)}{row}"


def read(content: bytes) -> Rows:
    """The rows of a file, whatever it is called. A formula stands there with its `=`. Raises Unreadable."""
    if not content.strip(b"\0 \r\n\t"):
        raise Unreadable("empty")
    if len(content) > MOST_BYTES:
        raise Unreadable("too_large")
    rows: dict[int, dict[int, str]] = {}
    for number, cells in _xlsx(content) if content.startswith(b"PK") else csv_rows(content):
        filled = {column: text for column, cell in enumerate(cells, start=1) if (text := cell.strip())}
        if filled and max(filled) > MOST_COLUMNS:
            raise Unreadable("too_many_columns")
        if filled:
            rows[number] = filled
        if len(rows) > MOST_ROWS or number > 20 * MOST_ROWS:
            raise Unreadable("too_many_rows")
    if not rows:
        raise Unreadable("empty")
    return rows


def _xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    with workbook(content) as (_, book):
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), book.worksheets[0])
        rows = sheet.iter_rows(min_row=1, max_row=20 * MOST_ROWS + 1, min_col=1, max_col=MOST_COLUMNS + 1, values_only=True)
        yield from ((number, [_text(value) for value in row]) for number, row in enumerate(rows, start=1))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
