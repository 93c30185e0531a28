"""Files of entries, looked at before anything is written."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from uuid import UUID

import openpyxl
import pytest

from care.directory.model import Area, Kind, Place
from care.directory.preview import Preview, preview

TODAY = date(2026, 11, 22)
KNOWN = Place(
    id=UUID(int=7), key="mind-dobong", kind=Kind.MIND_STORE, name="도봉점", district="dobong", source="안내", source_date=date(2026, 2, 1), version=3
)  # fmt: skip
HEAD = "코드,구분,이름,자치구,운영시간,출처,출처일"


def looked_at(text: str | bytes) -> Preview:
    """A file against one known entry."""
    return preview([KNOWN], text.encode() if isinstance(text, str) else text, TODAY)


def said(found: Preview) -> list[tuple[str, str]]:
    """Cell and code of every problem."""
    return [(problem.cell, problem.code) for problem in found.problems]


def test_a_file_adds_changes_and_leaves_alone() -> None:
    """What it does not name stays; what is as it was is counted."""
    found = looked_at(
        f"{HEAD}\nmind-dobong,마음편의점,도봉점,도봉구,월-금 10:00-20:00,안내,2026-02-01\n"
        "mobile-1,마음편의점,이동형,,매일 10:00-12:00 @ 광화문,보도자료,2026.11.01\n"
    )
    changed, added = found.changes
    assert (found.blocked, found.problems) == (False, ())
    assert (changed.before, changed.fields, changed.after.version, changed.after.id) == (KNOWN, ("hours",), 3, KNOWN.id)
    assert (added.before, added.after.version, added.after.hours[0].where) == (None, 0, "광화문")
    same = looked_at("key,kind,name,source,source_date\nmind-dobong,mind_store,도봉점,안내,2026-02-01\n")
    assert (same.changes, same.same, same.problems) == ((), 1, ())


def test_every_problem_is_said_by_its_cell() -> None:
    """All of them at once, and no row of a wrong kind is among the changes."""
    found = looked_at(
        "코드,구분,이름,자치구,운영시간,출처,출처일,전화,누리집,분야,예정,시작일,종료일,색\n"
        "a,식당,A,수원시,월 9-18,안내,어제,전화요,ftp://x,음식,글쎄,2026-03-01,2026-02-01,빨강\n"
        ",마음편의점,=A1,도봉구,,,2026-02-01,,,,,,,\n"
        "b,service,B,,,안내,2027-01-01,,,,,2026-03-01,2026-02-01,\n"
        "c,service,C,,,안내,2026-01-01,,,,,,,\n"
        "c,service,C,,,안내,2026-01-01,02-120,,복지·의료,예,,,\n"
    )
    assert set(said(found)) == {
        ("N1", "column_unknown"),
        ("B2", "bad_kind"), ("D2", "unknown_district"), ("E2", "bad_hours"), ("G2", "bad_date"), ("J2", "bad_area"), ("K2", "bad_yes_no"),
        ("A3", "missing"), ("C3", "formula"), ("F3", "missing"),
        ("G4", "in_the_future"), ("M4", "backwards"),
        ("A6", "key_twice"),
    }  # fmt: skip
    assert found.blocked
    assert [one.after.key for one in found.changes] == ["c"]
    assert all(problem.text("ko") and problem.text("en") for problem in found.problems)


def test_formats_are_checked_where_the_cell_itself_was_readable() -> None:
    """Telephone, address, key."""
    found = looked_at("key,kind,name,source,source_date,phone,url\nA b,service,A,s,2026-01-01,one,javascript:alert(1)\n")
    assert set(said(found)) == {("A2", "bad_key"), ("F2", "bad_phone"), ("G2", "bad_url")}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n,,\n", "empty"),
        (b"PK\x03\x04 nothing", "broken"),
        (b"\xff\xfe\x00", "encoding"),
        (b"a\0b,c", "not_a_spreadsheet"),
        ("하나,둘\n1,2\n".encode(), "no_header"),
        (b"key\n1\n", "column_missing"),
        (b"key,kind,kind\n", "column_twice"),
        (b"x," * 100, "too_many_columns"),
        (b"key,kind,name,source,source_date\n" + b"a,b,c,d,e\n" * 3000, "too_many_rows"),
        (b"x" * 5_000_001, "too_large"),
        (b'key,"kind\n', "broken"),
    ],
)
def test_what_is_no_such_file_is_said_and_nothing_comes_of_it(content: bytes, code: str) -> None:
    """Never an exception."""
    found = looked_at(content)
    assert code in {problem.code for problem in found.problems}
    assert found.blocked
    assert found.changes == ()


def workbook(rows: list[list[object]]) -> bytes:
    """An Excel file."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_an_excel_file_is_read_like_a_csv() -> None:
    """Its dates are days, its formulas are refused; CP949 is what Excel calls CSV."""
    head: list[object] = ["코드", "구분", "이름", "분야", "출처", "기준일"]
    found = looked_at(
        workbook(
            [head, ["new-1", "서비스", "주거상담", "주거,복지", "안내", date(2026, 3, 2)], ["new-2", "service", "=1+1", None, "s", "x"]]
        )
    )
    (added,) = found.changes
    assert (added.after.source_date, added.after.areas) == (date(2026, 3, 2), frozenset({Area.HOUSING, Area.WELFARE}))
    assert set(said(found)) == {("C3", "formula"), ("F3", "bad_date")}
    assert not looked_at(f"{HEAD}\nx,서비스,가,강북,,안내,2026-02-01\n".encode("cp949")).problems


def test_a_workbook_that_would_harm_is_not_opened() -> None:
    """Entities, and parts that unpack to more than any directory needs."""
    good = workbook([["key"]])
    for name, inside, code in (
        ("xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "broken"),
        ("xl/media/large.bin", b"0" * 61_000_000, "unpacks_too_large"),
    ):
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(good)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
            for part in before.infolist():
                if part.filename != name:
                    after.writestr(part.filename, before.read(part))
            after.writestr(name, inside)
        assert said(looked_at(stream.getvalue())) == [("", code)]
