"""Spreadsheets as offices have them, opened with care: CSV in whatever encoding, and Excel files.

A few kilobytes can unpack to gigabytes or name entities without end, so a workbook is looked at before anything of it is read.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import openpyxl
import structlog
from openpyxl.workbook.workbook import Workbook

log = structlog.get_logger()

#: Unpacked: all parts together, and a sheet; bytes.
MOST_UNPACKED = 60_000_000
MOST_SHEET = 20_000_000
MOST_PARTS = 500
#: What CSV in an encoding of its own begins with.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Unreadable(Exception):
    """The file can't be read at all. `code` says why: not_a_spreadsheet, password, unpacks_too_large, broken, encoding, or a room's own."""

    def __init__(self, code: str, **values: str | int) -> None:
        self.code = code
        self.values: Mapping[str, str | int] = values
        super().__init__(code)


def csv_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Rows by number, from 1. Raises Unreadable, also while it is read."""
    text = decode(content)
    if "\0" in text:
        raise Unreadable("not_a_spreadsheet")
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True), start=1)
    except csv.Error:
        raise Unreadable("broken") from None


def decode(content: bytes) -> str:
    """The text of a file whose encoding nobody names: UTF-8 with or without its mark, UTF-16 from Excel's "Unicode text", or CP949 (what Excel calls
    just CSV). Raises Unreadable.
    """
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


@contextmanager
def workbook(content: bytes) -> Iterator[tuple[zipfile.ZipFile, Workbook]]:
    """An Excel file, to be read from its first row on, formulas as they stand there. Raises Unreadable, also for what fails inside."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _look_at(archive)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
            try:
                yield archive, book
            finally:
                book.close()
    except Unreadable:
        raise
    except Exception as error:
        # A damaged file makes the library fail in any of its parts, with whatever that part raises.
        log.info("spreadsheet_unreadable", error=type(error).__name__)
        raise Unreadable("broken") from error


def _delimiter(text: str) -> str:
    """Of the one that is there most often in the lines at the top."""
    top = "".join(text[:10_000].splitlines(keepends=True)[:20])
    return max(",\t;", key=top.count)


def _look_at(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked. What the directory of a zip says is the most that reading yields: more is an error there."""
    parts = archive.infolist()
    sheets = [part for part in parts if part.filename.startswith("xl/worksheets/")]
    if not sheets:
        raise Unreadable("not_a_spreadsheet")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("password")
    if (
        len(parts) > MOST_PARTS
        or sum(part.file_size for part in parts) > MOST_UNPACKED
        or max(part.file_size for part in sheets) > MOST_SHEET
    ):
        raise Unreadable("unpacks_too_large")
    for part in parts:
        if part.filename.endswith((".xml", ".rels", ".vml")):
            inside = archive.read(part)
            # No part of a workbook declares a document type: entities without end begin there. In another encoding it could hide.
            if b"<!" in inside.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or b"\0" in inside:
                raise Unreadable("broken")
