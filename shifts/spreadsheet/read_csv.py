"""CSV as Korean offices have it: UTF-8 with or without its mark, UTF-16 from Excel's "Unicode text", or CP949 (what Excel calls just CSV)."""

from __future__ import annotations

import codecs
import csv
import io

from shifts.spreadsheet.grid import MOST_COLUMNS, MOST_ROWS, Cell, Grid, Kind, text_cell
from shifts.spreadsheet.problem import Unreadable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_csv(content: bytes) -> Grid:
    """The grid of a file. Raises `Unreadable`."""
    text = decode(content)
    if "\0" in text:
        raise Unreadable("not_a_spreadsheet")
    rows: dict[int, dict[int, Cell]] = {}
    try:
        for number, fields in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True), start=1):
            found = {column: cell for column, field in enumerate(fields, start=1) if (cell := _cell(field)) is not None}
            if found:
                rows[number] = found
            if len(rows) > MOST_ROWS:
                raise Unreadable("too_many_rows", limit=MOST_ROWS)
            if max(found, default=0) > MOST_COLUMNS:
                raise Unreadable("too_many_columns", limit=MOST_COLUMNS)
    except csv.Error:
        raise Unreadable("broken") from None
    return Grid(rows)


def decode(content: bytes) -> str:
    """The text of a file whose encoding nobody names. Raises `Unreadable`."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            encodings, content = [encoding], content[len(mark) :]
            break
    else:
        # What is valid UTF-8 is hardly ever anything else; CP949 accepts much, so it comes last.
        encodings = ["utf-8", "cp949"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("encoding")


def _delimiter(text: str) -> str:
    """Of the one that is there most often in the lines at the top."""
    top = "".join(text[:10_000].splitlines(keepends=True)[:20])
    return max(",\t;", key=top.count)


def _cell(field: str) -> Cell | None:
    return Cell(Kind.FORMULA, field) if field.lstrip().startswith("=") else text_cell(field)
