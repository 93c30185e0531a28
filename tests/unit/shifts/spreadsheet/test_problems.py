from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from shifts.spreadsheet import preview, xlsx
from tests.unit.shifts.spreadsheet.files import EMPTY, SETTING, book, changed, codes, found, lines, roster, shift

HEAD = "이름,내선,1,2,3"


def test_shifts_are_read_as_people_write_them() -> None:
    """Small letters, full width, Korean and English names, several in a cell, and all the ways of writing a day off."""
    read = preview(SETTING, EMPTY, lines("이름,1,2,3,4,5,6,7", "김하나,d,Ｅ,밤,Day,D+SV,낮 당직,-", "이두리,off,휴,비번,휴무,·,,N"))
    assert read.problems == ()
    assert codes(read) == {(1, 1): "D", (1, 2): "E", (1, 3): "N", (1, 4): "D", (1, 5): "D+SV", (1, 6): "D+SV", (2, 7): "N"}


def test_an_empty_cell_is_a_day_off_and_who_is_not_in_the_file_stays() -> None:
    """What the file shows is what is meant; of the rest it says nothing."""
    held = roster(shift(1, 1, "D"), shift(1, 9, "D"), shift(2, 1, "E"))
    read = preview(SETTING, held, lines(HEAD, "김하나,101,,E,"))
    assert codes(read) == {(1, 1): "", (1, 2): "E"}


@pytest.mark.parametrize(
    "heads",
    [
        ("1", "2", "3"),
        ("1일", "2 일", "3일"),
        ("1(금)", "2 (토)", "3일(일)"),
        ("1 금", "2토", "3일요일"),
        ("1/1", "1/2", "1.3"),
        ("1월 1일", "1월2일", "1월 3일"),
        ("2027-01-01", "2027.1.2", "2027년 1월 3일"),
        ("2027-01-01 00:00:00", "2027. 1. 2.", "2027/1/3(일)"),
        ("46388", "46389", "46390"),
    ],
)
def test_days_are_read_as_people_write_them(heads: tuple[str, ...]) -> None:
    """As text, with weekdays, and as numbers that Excel shows as dates."""
    numbers = [float(head) if head.isdigit() else head for head in heads]
    for content in (lines("성명," + ",".join(heads), "김하나,D,E,N"), book([["성명", *numbers], ["김하나", "D", "E", "N"]])):
        read = preview(SETTING, EMPTY, content)
        assert read.problems == ()
        assert codes(read) == {(1, 1): "D", (1, 2): "E", (1, 3): "N"}


def test_real_dates_and_a_title_above_are_understood() -> None:
    """As a roster is usually made: a title across, blank lines, weekdays beneath, totals beside and below."""
    rows: list[list[object]] = [
        ["2027년 1월 근무표"],
        [],
        ["이름", date(2027, 1, 1), datetime.fromisoformat("2027-01-02"), "계"],
        [None, "금", "토"],
        ["김하나", "D", "N", "=COUNTA(B5:C5)"],
        [],
        ["합계", "=COUNTA(B5:B5)", 1],
    ]
    read = preview(SETTING, EMPTY, book(rows, lambda sheet: sheet.merge_cells("A1:D1")))
    assert read.problems == ()
    assert codes(read) == {(1, 1): "D", (1, 2): "N"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Headings.
        (["a,b,c", "d,e,f"], [("no_header", "")]),
        ([HEAD], [("no_people", "")]),
        (["이름,31,32", "김하나,D,D"], [("bad_day", "C1")]),
        (["이름,2월 1일,2027-02-30,1", "김하나,D,D,D"], [("day_outside", "B1"), ("bad_day", "C1")]),
        (["이름,1,1일", "김하나,D,E"], [("day_twice", "C1")]),
        (["이름,1(월),2(화)", "김하나,D,D"], [("weekday_differs", "B1")]),
        (["이름,1,2", ",월,화", "김하나,D,D"], [("weekday_differs", "B2")]),
        (["2027년 2월 근무표", "이름,1,2", "김하나,D,D"], [("other_month", "A1")]),
        (["이름,1,메모,2", "김하나,D,x,D"], [("column_ignored", "C1")]),
        # People.
        (["이름,1", "김하낙,D"], [("unknown_person_like", "A2")]),
        (["이름,1", "홍길동전,D"], [("unknown_person", "A2")]),
        (["이름,1", "박세나,D"], [("two_of_a_name", "A2")]),
        (["이름,내선,1", "박세나,104,D"], [("two_of_a_name", "A2")]),
        (["이름,내선,1", "김하나,102,D"], [("extension_differs", "B2")]),
        (["이름,내선,1", "김하나,101,D", "김 하나,101,E"], [("person_twice", "A3")]),
        (["이름,내선,1", ",,D", "김하나,101,E"], [("no_name", "A2")]),
        # Cells.
        (["이름,1,2", "김하나,D,Q7"], [("unknown_code", "C2")]),
        (["이름,1,2", "김하나,D+Q,####"], [("unknown_code", "B2"), ("unknown_code", "C2")]),
        (["이름,1", "김하나,D+D"], [("same_shift_twice", "B2")]),
        (["이름,1", "김하나,=A1"], [("formula", "B2")]),
        (["이름,1", "=A5,D"], [("formula", "A2")]),
        (["이름,1,2", "김하나,연차,병가"], [("leave_word", "B2"), ("leave_word", "C2")]),
    ],
)
def test_every_problem_is_named_by_its_cell(rows: list[str], expected: list[tuple[str, str]]) -> None:
    """The same in both formats, in both languages, and nothing is changed as long as it blocks."""
    table = [[float(field) if field.isdigit() else field or None for field in row.split(",")] for row in rows]
    for content in (lines(*rows), book(table)):
        read = preview(SETTING, EMPTY, content)
        assert [(problem.code, problem.cell) for problem in read.problems] == expected
        assert not (read.blocked and read.changes)
        assert all(problem.text(language) for problem in read.problems for language in ("ko", "en"))


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """Also those in the row of a name that nobody knows; what blocks comes first."""
    rows = lines("이름,1,2,32", "김하나,연차,Q1,D", "아무개,Q2,D,D")
    assert found(rows) == [
        ("bad_day", "D1"),
        ("unknown_code", "C2"),
        ("unknown_person", "A3"),
        ("unknown_code", "B3"),
        ("leave_word", "B2"),
    ]


def test_two_people_of_one_name_are_told_apart_by_their_extension() -> None:
    """In a column of its own, or in brackets; a zero in front that Excel dropped does no harm."""
    for content in (
        lines("이름,내선,1", "박세나,103,D", "박세나,0105,E"),
        lines("이름,1", "박세나(103),D", "박세나 [105],E"),
        book([["이름", "내선", 1], ["박세나", 103, "D"], ["박세나", "105", "E"]]),
    ):
        read = preview(SETTING, EMPTY, content)
        assert (read.problems, codes(read)) == ((), {(3, 1): "D", (5, 1): "E"})


def test_names_are_the_same_however_hangul_is_put_together() -> None:
    """A Mac writes letters apart; people write blanks."""
    apart = "\u1100\u1175\u11b7\u1112\u1161\u1102\u1161"
    read = preview(SETTING, EMPTY, lines("이름,1", f"{apart[:3]} {apart[3:]},D"))
    assert (read.problems, codes(read)) == ((), {(1, 1): "D"})


def test_merged_cells_are_named_where_they_hide_shifts() -> None:
    """Across days and across people; a title or a heading that spans two lines hides nothing."""

    def merge(sheet: Worksheet) -> None:
        for area in ("A1:D1", "A2:A3", "C4:D4", "B4:B5"):
            sheet.merge_cells(area)

    rows: list[list[object]] = [
        ["2027년 1월"],
        ["이름", 1, 2, 3],
        [None, "금", "토", "일"],
        ["김하나", "D", "E", None],
        ["이두리", None, "N", "N"],
    ]
    assert found(book(rows, merge)) == [("merged", "B4:B5"), ("merged", "C4:D4")]


def test_formulas_are_named_wherever_they_stand_for_a_day_or_a_shift() -> None:
    """A heading that counts on from the first day, a shift taken from another cell."""
    rows: list[list[object]] = [["이름", date(2027, 1, 1), "=B1+1"], ["김하나", "D", "E"], ["이두리", "=B2", "D"]]
    assert found(book(rows)) == [("formula", "C1"), ("formula", "B3")]


def test_a_shift_that_excel_took_for_a_date_is_named() -> None:
    """3/4 becomes the fourth of March."""
    assert found(book([["이름", 1], ["김하나", datetime.fromisoformat("2027-03-04")]])) == [("date_in_cell", "B2")]


def test_shifts_of_one_person_that_overlap_are_named_where_the_file_brings_them() -> None:
    """Within a cell, with the day before, and with a shift that the file leaves alone; what overlaps already is not the file's doing."""
    long = {
        **SETTING.shift_types,
        "L": type(SETTING.shift_types["D"])(code="L", name="긴낮", name_en="Long", starts=SETTING.shift_types["D"].starts, minutes=720),
    }
    setting = type(SETTING)(people=SETTING.people, shift_types=long)
    assert [cell for _, cell in found(lines("이름,1,2", "김하나,D+L,"), setting=setting)] == ["B2"]
    assert found(lines("이름,1", "김하나,D+E"), setting=setting) == []
    held = roster(shift(1, 1, "D"), shift(1, 1, "L"))
    assert found(xlsx(setting, held), held, setting) == []

    def late(sheet: Worksheet) -> None:
        sheet["D5"] = "N"

    assert found(changed(xlsx(setting, held), late), held, setting) == []


def test_whoever_is_not_employed_on_a_day_is_named_there() -> None:
    """Unless the shift is in the roster already."""
    people = {**SETTING.people}
    one = people[UUID(int=1)]
    people[one.id] = type(one)(id=one.id, name=one.name, extension=one.extension, until=date(2027, 1, 2))
    setting = type(SETTING)(people=people, shift_types=SETTING.shift_types)
    held = roster(shift(1, 3, "D"))
    assert found(lines(HEAD, "김하나,101,D,D,D"), held, setting) == []
    assert found(lines("이름,2,3,4", "김하나,D,D,D"), held, setting) == [("not_employed", "D2")]


def test_hundreds_of_problems_are_counted_and_the_first_are_listed() -> None:
    """A whole file of nonsense does not make a page without end."""
    days = ",".join(map(str, range(1, 32)))
    read = preview(SETTING, EMPTY, lines(f"이름,{days}", *(f"사람{number}," + ",".join(["Q"] * 31) for number in range(20))))
    assert len(read.problems) + read.more == 20 * 32
    assert len(read.problems) == 200
    assert read.blocked
