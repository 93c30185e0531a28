"""Spreadsheets are opened with care, whoever reads them."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.office_files import MOST_PARTS, MOST_SHEET, Unreadable, csv_rows, decode, workbook

SHEET = "xl/worksheets/sheet1.xml"


def book(*rows: list[object]) -> bytes:
    """An Excel file."""
    made, stream = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(stream)
    return stream.getvalue()


def changed(content: bytes, parts: dict[str, bytes]) -> bytes:
    """The same with other parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for name, inside in ({one: before.read(one) for one in before.namelist()} | parts).items():
            after.writestr(name, inside)
    return stream.getvalue()


def why(content: bytes) -> str:
    """Why it can't be read."""
    with pytest.raises(Unreadable) as caught, workbook(content):
        pytest.fail("it was opened")
    return caught.value.code


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=2))
def test_hangul_in_utf_8_is_never_taken_for_cp949(text: str) -> None:
    """Nor the other way round."""
    assert decode(text.encode()) == text
    assert decode(text.encode("utf-8-sig")) == text


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_csv_is_read_in_every_encoding_with_any_separator(between: str) -> None:
    """As offices here have it; what is no text, or ends within quotes, is told so."""
    for encoding in ("utf-8", "utf-8-sig", "cp949", "utf-16"):
        assert list(csv_rows(between.join(["이름", "날짜"]).encode(encoding))) == [(1, ["이름", "날짜"])]
    for content, code in ((b"a\0b", "not_a_spreadsheet"), (b'a,"b\n', "broken"), (b"\xff\xfe\x00", "encoding")):
        with pytest.raises(Unreadable) as caught:
            list(csv_rows(content))
        assert caught.value.code == code


def test_a_workbook_is_read_and_closed() -> None:
    """Formulas stand there as they are."""
    with workbook(book(["이름", "=1+1"])) as (archive, opened):
        assert SHEET in archive.namelist()
        assert [list(row) for row in opened.worksheets[0].iter_rows(values_only=True)] == [["이름", "=1+1"]]


def test_what_would_harm_is_not_opened() -> None:
    """Entities in whatever encoding, bombs, a thousand parts; and what is damaged is told as that, wherever it fails."""
    good = book(["x"])
    assert why(changed(good, {SHEET: b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'})) == "broken"
    assert why(changed(good, {SHEET: '<?xml version="1.0"?><x/>'.encode("utf-16")})) == "broken"
    assert why(changed(good, {SHEET: bytes(MOST_SHEET + 1)})) == "unpacks_too_large"
    assert why(changed(good, {f"xl/media/{number}": b"" for number in range(MOST_PARTS)})) == "unpacks_too_large"
    assert why(b"PK\x03\x04 nothing") == "broken"
    assert why(changed(good, {"xl/workbook.xml": b"<broken"})) == "broken"
    with pytest.raises(Unreadable) as caught, workbook(good):
        raise KeyError
    assert caught.value.code == "broken"
    with pytest.raises(Unreadable) as caught, workbook(good):
        raise Unreadable("too_many_rows", limit=7)
    assert (caught.value.code, caught.value.values) == ("too_many_rows", {"limit": 7})
