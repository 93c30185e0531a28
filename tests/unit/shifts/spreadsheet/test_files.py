from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from shifts.spreadsheet import preview, xlsx
from tests.unit.shifts.spreadsheet.files import EMPTY, SETTING, book, changed, codes, found, lines, roster, shift

GOOD = ["이름,내선,1,2", "김하나,101,D,N"]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_csv_is_read_in_every_encoding_that_excel_in_korea_writes(encoding: str) -> None:
    """Nobody says which; the file does."""
    read = preview(SETTING, EMPTY, lines(*GOOD, encoding=encoding))
    assert (read.problems, codes(read)) == ((), {(1, 1): "D", (1, 2): "N"})


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_csv_is_read_with_any_of_the_usual_separators(between: str) -> None:
    """Commas, semicolons, tabs; quotes and lines within quotes."""
    read = preview(SETTING, EMPTY, lines(between.join(["이름", "내선", "1"]), between.join(['"김하나"', "101", '"D\nSV"'])))
    assert codes(read) == {(1, 1): "D+SV"}


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """An Excel file with one of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped({each: archive.read(each) for each in archive.namelist()} | {name: part})


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"x" * 5_000_001, "too_large"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        (OLE + "Workbook".encode("utf-16-le"), "old_excel"),
        (OLE + "HwpSummaryInformation".encode("utf-16-le"), "not_a_spreadsheet"),
        (b"<html><table><tr><td>", "not_a_spreadsheet"),
        (b"%PDF-1.7", "not_a_spreadsheet"),
        (zipped({"mimetype": b"application/hwp+zip"}), "not_a_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "encoding"),
        (b"\x00\x01\x02\x03" * 40, "not_a_spreadsheet"),
        ("이름,1".encode("utf-16-le") + b"\xff", "encoding"),
        (b"\xff\xff\xff\xff\x80", "encoding"),
        (book([["이름", 1]])[:-400], "broken"),
        (with_part(book([["이름", 1]]), SHEET, b"<worksheet><sheetData><row>"), "broken"),
        (with_part(book([["이름", 1]]), SHEET, bytes(25_000_000)), "unpacks_too_large"),
        (with_part(book([["이름", 1]]), "xl/media/a.bin", bytes(70_000_000)), "unpacks_too_large"),
        (zipped({f"xl/worksheets/{number}.xml": b"" for number in range(600)}), "unpacks_too_large"),
        (lines("이름,1", *(f"사람{number},D" for number in range(10_000))), "too_many_rows"),
        (lines("이름," + ",".join(map(str, range(1000))), "김하나,D"), "too_many_columns"),
        (b'\xec\x9d\xb4\xeb\xa6\x84,1\n"a' + b"b" * 200_000 + b'",D', "broken"),
    ],
)
def test_files_that_cannot_be_read_say_why(content: bytes, code: str) -> None:
    """One problem of the file as a whole, in words, and soon."""
    began = time.monotonic()
    read = preview(SETTING, EMPTY, content)
    assert [(problem.code, problem.cell) for problem in read.problems] == [(code, "")]
    assert read.blocked
    assert read.problems[0].text("ko") != read.problems[0].text("en")
    assert time.monotonic() - began < 20


def test_entities_without_end_are_not_followed() -> None:
    """A few hundred bytes that would become gigabytes of text."""
    entities = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY l0 "lol">{entities}]><worksheet><sheetData>&l11;</sheetData></worksheet>'
    for encoding in ("utf-8", "utf-16"):
        tracemalloc.start()
        read = preview(SETTING, EMPTY, with_part(book([["이름", 1], ["김하나", "D"]]), SHEET, bomb.encode(encoding)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [problem.code for problem in read.problems] == ["broken"]
        assert most < 20_000_000


def test_ten_thousand_rows_are_refused_without_being_read_to_their_end() -> None:
    """Ten seconds on a busy machine, two on an idle one."""
    days = "".join(f"<c><v>{number}</v></c>" for number in range(1, 32))
    rows = f"<row><c t='inlineStr'><is><t>이름</t></is></c>{days}</row>" + f"<row><c t='str'><v>Q</v></c>{days}</row>" * 10_000
    sheet = f"<worksheet xmlns='{XMLNS}'><sheetData>{rows}</sheetData></worksheet>"
    began = time.process_time()
    assert found(with_part(book([["이름", 1]]), SHEET, sheet.encode())) == [("too_many_rows", "")]
    assert time.process_time() - began < 30


XMLNS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("<row r='999999999'><c r='A999999999'><v>1</v></c></row>", "no_header"),
        ("<row r='1048576'><c r='A1048576' t='str'><v>D</v></c></row>", "no_header"),
        ("<row><c r='ZZZZZZZ1'><v>1</v></c></row>", "broken"),
        ("<row><c r='XFD1'><v>1</v></c></row>", "no_header"),
        ("<row><c s='0'/></row>" * 20_001, "too_many_rows"),
    ],
)
def test_places_that_no_roster_has_cost_nothing(rows: str, code: str) -> None:
    """A cell at the end of the world, or beyond it, and rows of nothing but colour."""
    sheet = f"<worksheet xmlns='{XMLNS}'><sheetData>{rows}</sheetData></worksheet>"
    assert found(with_part(book([["이름", 1]]), SHEET, sheet.encode())) == [(code, "")]


def test_endless_texts_are_read_in_a_moment() -> None:
    """In headings, names and shifts: nothing takes longer than in proportion."""
    began = time.process_time()
    wide = "이름," + " " * 100_000 + "월,1," + "1" + " " * 100_000 + "x"
    assert found(lines(wide, "김하나" + "(" * 100_000 + ",D," + " ".join(["D"] * 30_000))) == [
        ("unknown_person", "A2"),
        ("same_shift_twice", "C2"),
    ]
    assert time.process_time() - began < 10


def test_rows_that_were_only_coloured_do_not_count() -> None:
    """Somebody painted a whole column."""

    def paint(sheet: Worksheet) -> None:
        for row in range(3, 5000):
            sheet.cell(row, 1).number_format = "@"
        sheet.cell(5001, 1).value = "이두리"
        sheet.cell(5001, 2).value = "E"

    read = preview(SETTING, EMPTY, book([["이름", 1], ["김하나", "D"]], paint))
    assert (read.problems, codes(read)) == ((), {(1, 1): "D", (2, 1): "E"})


def test_of_several_sheets_the_one_named_for_the_month_is_read() -> None:
    """Else the first that is not hidden."""
    made = Workbook()
    hidden, other, right = made.worksheets[0], made.create_sheet("메모"), made.create_sheet("2027년 1월")
    hidden.sheet_state = "hidden"
    for sheet, code in ((hidden, "SB"), (other, "E"), (right, "N")):
        sheet.append(["이름", date(2027, 1, 1)])
        sheet.append(["김하나", code])
    for title, code in (("2027년 1월", "N"), ("12027년 11월", "E")):
        right.title = title
        stream = io.BytesIO()
        made.save(stream)
        assert codes(preview(SETTING, EMPTY, stream.getvalue())) == {(1, 1): code}


@given(st.binary(max_size=400), st.integers(0, 8000), st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_no_file_makes_it_fail(junk: bytes, place: int, value: int) -> None:
    """Bytes of any kind, and a good file with a byte or its end changed: problems at most, and never half of a change."""
    good = xlsx(SETTING, roster(shift(1, 1, "D")))
    place %= len(good)
    for content in (junk, good[:place] + bytes([value]) + good[place + 1 :], good[:place] + junk):
        read = preview(SETTING, EMPTY, content)
        assert not (read.blocked and read.changes)


def test_what_somebody_changed_in_excel_is_what_changes() -> None:
    """Out, one cell typed over, one emptied, in: two changes, each with what was seen."""
    held = roster(shift(1, 1, "D"), shift(2, 2, "N"), shift(3, 3, "E"))

    def work(sheet: Worksheet) -> None:
        sheet["C5"] = "e"
        sheet["D6"] = None

    read = preview(SETTING, held, changed(xlsx(SETTING, held), work))
    assert codes(read) == {(1, 1): "E", (2, 2): ""}
    assert [one.seen for one in read.changes] == [frozenset({"D"}), frozenset({"N"})]
