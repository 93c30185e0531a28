from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from shifts.model import DEFAULT_SHIFT_TYPES, Leave, LeaveKind, Pause, Period, Person, RequestState, Roster, Setting
from shifts.spreadsheet import csv_text, preview, xlsx
from shifts.spreadsheet.grid import guarded, unguarded
from tests.unit.shifts.spreadsheet.files import EMPTY, JANUARY, PEOPLE, SETTING, changed, codes, day, roster, shift

CELLS = st.sets(st.tuples(st.integers(1, 5), st.integers(1, 31), st.sampled_from(["D", "E", "N", "SB", "SV"])), max_size=60)
#: What somebody may be called, by accident or by intent.
NASTY = st.one_of(
    st.sampled_from(["=1+1", "@SUM(A1)", "+82 2", "-", "'앗", "''", "=cmd|' /C calc'!A0", "합계씨", "D", "Mr. O'Neil", "각"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda text: bool(text.strip())),
)


@given(cells=CELLS)
@settings(max_examples=15, deadline=None)
def test_the_same_file_out_and_in_changes_nothing(cells: set[tuple[int, int, str]]) -> None:
    """Any roster, both formats; and read into an empty month it brings every shift there is."""
    held = roster(*(shift(who, number, code) for who, number, code in cells))
    for content in (xlsx(SETTING, held, about="버전 3"), csv_text(SETTING, held)):
        read = preview(SETTING, held, content)
        assert (read.changes, read.problems) == ((), ())
        assert (read.people, read.days) == (5, 31)
        expected: dict[tuple[int, int], set[str]] = {}
        for who, number, code in cells:
            expected.setdefault((who, number), set()).add(code)
        overlapping = any(problem.code == "overlap" for problem in preview(SETTING, EMPTY, content).problems)
        if not overlapping:
            assert codes(preview(SETTING, EMPTY, content)) == {key: "+".join(sorted(value)) for key, value in expected.items()}


@given(names=st.lists(NASTY, min_size=2, max_size=4, unique=True))
@settings(max_examples=25, deadline=None)
def test_nothing_that_somebody_is_called_is_computed_or_changes_the_roster(names: list[str]) -> None:
    """No cell of any export begins with what a spreadsheet computes; whoever cannot be told apart is a problem, never a change."""
    people = {UUID(int=at): Person(id=UUID(int=at), name=name, extension=str(100 + at)) for at, name in enumerate(names, 1)}
    setting, held = replace(SETTING, people=people), roster(shift(1, 5, "N"))
    content = xlsx(setting, held, about="=HYPERLINK(1)")
    for row in load_workbook(io.BytesIO(content)).worksheets[0].iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            assert not (isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")))
    text = csv_text(setting, held).decode("utf-8-sig")
    assert not any(field.strip('"').startswith(("=", "+", "-", "@")) for line in text.split("\r\n") for field in line.split(","))
    for exported in (content, csv_text(setting, held)):
        assert preview(setting, held, exported).changes == ()


@given(st.text())
def test_what_is_guarded_can_be_had_back(text: str) -> None:
    """But for characters that no spreadsheet takes."""
    shown = "".join(character for character in text if character.isprintable())
    assert unguarded(guarded(shown)) == shown


def test_breaks_and_pins_of_shifts_that_stay_are_kept() -> None:
    """A spreadsheet does not show them, so it cannot have meant to change them."""
    held = roster(shift(1, 5, "D", pinned=True, pauses=(Pause(60, 30),)), shift(2, 5, "E", pinned=True))

    def add(sheet: object) -> None:
        sheet["G5"] = "D+SV"  # type: ignore[index]
        sheet["G6"] = "N"  # type: ignore[index]

    read = preview(SETTING, held, changed(xlsx(SETTING, held), add))
    mine, other = read.changes
    assert mine.seen == frozenset({"D"})
    assert {(entry.code, entry.pinned, entry.pauses) for entry in mine.entries} == {("D", True, (Pause(60, 30),)), ("SV", False, None)}
    assert [(entry.code, entry.pinned) for entry in other.entries] == [("N", False)]


def test_why_somebody_is_away_is_in_no_export() -> None:
    """Sick or on holiday: the same word, and no kind or note anywhere in the file."""
    exports = []
    for kind in LeaveKind:
        away = Leave(id=UUID(int=9), person_id=UUID(int=1), first=day(3), last=day(9), kind=kind, state=RequestState.APPROVED)
        setting = replace(SETTING, leaves=(away,))
        exports.append(csv_text(setting, EMPTY))
        sheet = load_workbook(io.BytesIO(xlsx(setting, EMPTY))).worksheets[0]
        assert [sheet.cell(5, 2 + number).value for number in (2, 3, 9, 10)] == [None, "휴", "휴", None]
    assert len(set(exports)) == 1


def test_it_prints_on_one_a4_page_across_with_korean_headings() -> None:
    """Page, area and headings as the printer sees them; whoever has left before is not on it."""
    gone = replace(PEOPLE[UUID(int=4)], until=date(2026, 12, 31))
    setting = replace(SETTING, people={**PEOPLE, gone.id: gone}, holidays={day(1): "신정"})
    sheet = load_workbook(io.BytesIO(xlsx(setting, roster(shift(1, 1, "D"), shift(2, 1, "D"))))).worksheets[0]
    setup = sheet.page_setup
    assert (int(setup.paperSize or 0), setup.orientation, setup.fitToWidth, setup.fitToHeight) == (9, "landscape", 1, 1)
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_area == f"'2027-01'!$A$1:$AK${sheet.max_row}"
    assert sheet["A1"].value == "2027년 1월 근무표"
    assert [sheet[place].value for place in ("A3", "B3", "C4", "I4")] == ["이름", "내선", "금", "목"]
    assert [sheet.cell(row, 1).value for row in range(5, 9)] == ["김하나", "이두리", "박세나", "박세나"]
    assert (sheet["A9"].value, sheet["C9"].value) == ("※ 낮 (D)", 2)
    assert "1일 신정" in str(sheet.cell(sheet.max_row, 1).value)


def test_months_of_every_length_are_read_back() -> None:
    """28 to 31 days, a leap year among them, and each weekday to begin with."""
    for number in (0, 1, 3, 4, 5, 7, 8, 13):
        first = date(2027 + number // 12, number % 12 + 1, 1)
        last = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        empty = Roster(period=Period(first, date.fromordinal(last.toordinal() - 1)))
        setting = Setting(people={UUID(int=1): PEOPLE[UUID(int=1)]}, shift_types=DEFAULT_SHIFT_TYPES)
        for content in (csv_text(setting, empty), xlsx(setting, empty)):
            read = preview(setting, empty, content)
            assert (read.problems, read.days) == ((), len(empty.period))


def test_a_file_of_another_month_changes_nothing_in_this_one() -> None:
    """Its title and every one of its days say so."""
    february = Roster(period=Period(date(2027, 2, 1), date(2027, 2, 28)))
    for content in (xlsx(SETTING, february), csv_text(SETTING, february)):
        read = preview(SETTING, roster(shift(1, 1, "D")), content)
        assert read.blocked
        assert read.changes == ()
        assert {problem.code for problem in read.problems} <= {"day_outside", "other_month"}
    assert len(JANUARY) == 31
