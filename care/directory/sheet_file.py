"""A file of entries as rows of texts: CSV as offices here have it, or Excel, opened with care.

A few kilobytes can unpack to gigabytes or name entities without end, so a workbook is looked at before anything of it is read.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import openpyxl
import structlog
from openpyxl.utils.cell import get_column_letter

log = structlog.get_logger()

MOST_BYTES = 5_000_000
MOST_ROWS = 2_000
MOST_COLUMNS = 60
_MOST_UNPACKED = 60_000_000
_MOST_PARTS = 500
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

#: Rows by number, cells by column, both from 1; only those that hold something.
Rows = Mapping[int, Mapping[int, str]]


class Unreadable(Exception):
    """The file can't be read at all. `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


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
    for number, cells in _xlsx(content) if content.startswith(b"PK") else _csv(content):
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


def _csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content)
    if "\0" in text:
        raise Unreadable("not_a_spreadsheet")
    top = text[:10_000]
    delimiter = max(",\t;", key=top.count)
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), start=1)
    except csv.Error:
        raise Unreadable("broken") from None


def _decoded(content: bytes) -> str:
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


def _xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _look_at(archive)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), book.worksheets[0])
            last = 20 * MOST_ROWS + 1
            rows = sheet.iter_rows(min_row=1, max_row=last, min_col=1, max_col=MOST_COLUMNS + 1, values_only=True)
            yield from ((number, [_text(value) for value in row]) for number, row in enumerate(rows, start=1))
        finally:
            book.close()
    except Unreadable:
        raise
    except Exception as error:
        # A damaged file makes the library fail in any of its parts, with whatever that part raises.
        log.info("directory_file_unreadable", error=type(error).__name__)
        raise Unreadable("broken") from error


def _look_at(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if not any(part.filename.startswith("xl/worksheets/") for part in parts):
        raise Unreadable("not_a_spreadsheet")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("password")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise Unreadable("too_large")
    for part in parts:
        if part.filename.endswith((".xml", ".rels", ".vml")):
            inside = archive.read(part)
            # No part of a workbook declares a document type: entities without end begin there. In another encoding it could hide.
            if b"<!" in inside.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or b"\0" in inside:
                raise Unreadable("broken")


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
