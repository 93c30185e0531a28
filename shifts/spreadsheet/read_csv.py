"""A grid from CSV."""

from __future__ import annotations

from core.office_files import Unreadable, csv_rows
from shifts.spreadsheet.grid import MOST_COLUMNS, MOST_ROWS, Cell, Grid, Kind, text_cell


def read_csv(content: bytes) -> Grid:
    """The grid of a file. Raises `Unreadable`."""
    rows: dict[int, dict[int, Cell]] = {}
    for number, fields in csv_rows(content):
        found = {column: cell for column, field in enumerate(fields, start=1) if (cell := _cell(field)) is not None}
        if found:
            rows[number] = found
        if len(rows) > MOST_ROWS:
            raise Unreadable("too_many_rows", limit=MOST_ROWS)
        if max(found, default=0) > MOST_COLUMNS:
            raise Unreadable("too_many_columns", limit=MOST_COLUMNS)
    return Grid(rows)


def _cell(field: str) -> Cell | None:
    return Cell(Kind.FORMULA, field) if field.lstrip().startswith("=") else text_cell(field)
