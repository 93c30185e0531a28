"""A month as an Excel sheet that prints on one A4 page across, and that `preview` reads as no change."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from datetime import date

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from core.clock import seoul
from shifts.model import Duty, Roster, Setting, ShiftType
from shifts.on_shift import duty_times
from shifts.spreadsheet.grid import guarded
from shifts.spreadsheet.headings import WEEKDAYS, month_of
from shifts.spreadsheet.people import NOTE
from shifts.spreadsheet.sheet import AWAY, cell_text, rostered

_HEADING = 3
_FIRST = _HEADING + 2
_A4 = 9
_SMALL, _USUAL, _LARGE = 9, 11, 16
_LINE = Side(style="thin", color="FF9A9A9A")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_MIDDLE = Alignment(horizontal="center", vertical="center", shrink_to_fit=True)
#: Pale, so that letters stand out in grey print too; by the order of the shift types.
_SHADES = ("FFFFF4CC", "FFDDEBF7", "FFE4DFEC", "FFE2EFDA", "FFFCE4D6")
_REST = "FFF2F2F2"


def xlsx(setting: Setting, roster: Roster, *, about: str = "") -> bytes:
    """The file. `about`: a line beneath the title (version, date). Why somebody is away is not in it."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = month_of(roster.period)
    book.properties.creator = "annyeong120"
    days = list(roster.period)
    line = [kind for kind in setting.shift_types.values() if kind.duty is Duty.LINE]
    first = days[0]
    _put(sheet, 1, 1, f"{first.year}년 {first.month}월 근무표", size=_LARGE, bold=True, framed=False)
    _put(sheet, 2, 1, about, size=_SMALL, framed=False)
    _headings(sheet, setting, days, line)
    _people(sheet, setting, roster, line)
    row = _counts(sheet, roster, days, line, sheet.max_row + 1)
    for text in _legend(setting, days):
        _put(sheet, row, 1, f"{NOTE} {text}", size=_SMALL, framed=False)
        row += 1
    _page(sheet, row - 1, 2 + len(days) + len(line) + 1)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _headings(sheet: Worksheet, setting: Setting, days: list[date], line: list[ShiftType]) -> None:
    _put(sheet, _HEADING, 1, "이름", bold=True)
    _put(sheet, _HEADING, 2, "내선", bold=True)
    for column, day in enumerate(days, start=3):
        colour = "FFC00000" if day in setting.holidays or day.weekday() == 6 else "FF1F4E9E" if day.weekday() == 5 else "FF000000"
        cell = _put(sheet, _HEADING, column, "", bold=True, colour=colour)
        cell.value = day
        cell.number_format = "d"
        _put(sheet, _HEADING + 1, column, WEEKDAYS[day.weekday()], colour=colour, fill=_REST if colour != "FF000000" else None)
    for column, text in enumerate([*(kind.code for kind in line), "시간"], start=3 + len(days)):
        _put(sheet, _HEADING, column, f"{text} 계" if text != "시간" else text, bold=True, size=_SMALL)


def _people(sheet: Worksheet, setting: Setting, roster: Roster, line: list[ShiftType]) -> None:
    held, shades = roster.cells(), dict(zip(setting.shift_types, _SHADES, strict=False))
    for row, person in enumerate(rostered(setting, roster), start=_FIRST):
        _put(sheet, row, 1, person.name)
        _put(sheet, row, 2, person.extension)
        for column, day in enumerate(roster.period, start=3):
            text = cell_text(setting, held, person.id, day)
            _put(sheet, row, column, text, fill=_REST if text == AWAY else shades.get(text.partition("+")[0]))
        mine = [assignment for assignment in roster.assignments if assignment.person_id == person.id]
        numbers = Counter(assignment.code for assignment in mine)
        worked = [time for time in duty_times(mine, setting.shift_types) if time.duty is Duty.LINE]
        hours = sum(time.worked_minutes for time in worked) / 60
        for column, number in enumerate([*(numbers[kind.code] for kind in line), hours], start=3 + len(roster.period)):
            _put(sheet, row, column, "", size=_SMALL).value = round(number, 1)


def _counts(sheet: Worksheet, roster: Roster, days: list[date], line: list[ShiftType], row: int) -> int:
    """How many there are of each shift on each day; the row that follows."""
    numbers = Counter((assignment.code, assignment.day) for assignment in roster.assignments)
    for kind in line:
        _put(sheet, row, 1, f"{NOTE} {kind.name} ({kind.code})", size=_SMALL)
        _put(sheet, row, 2, "명", size=_SMALL)
        for column, day in enumerate(days, start=3):
            _put(sheet, row, column, "", size=_SMALL).value = numbers[kind.code, day]
        row += 1
    return row


def _legend(setting: Setting, days: list[date]) -> Iterable[str]:
    yield " · ".join([*(f"{kind.code} {kind.name} {_hours(kind, days[0])}" for kind in setting.shift_types.values()), f"{AWAY} 근무 없음"])
    if named := [f"{day.day}일 {setting.holidays[day]}" for day in days if day in setting.holidays]:
        yield "공휴일: " + ", ".join(named)


def _hours(kind: ShiftType, day: date) -> str:
    span = kind.span(day)
    if kind.minutes == 1440:
        return f"{seoul(span.start):%H:%M}부터 24시간"
    return f"{seoul(span.start):%H:%M}-{seoul(span.end):%H:%M}"


def _page(sheet: Worksheet, last_row: int, last_column: int) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 13, 6
    for column in range(3, last_column + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 5
    sheet.freeze_panes = f"C{_FIRST}"
    sheet.print_area = f"A1:{get_column_letter(last_column)}{last_row}"
    sheet.print_title_rows = f"{_HEADING}:{_HEADING + 1}"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = margins.top = margins.bottom = 0.4
    margins.header = margins.footer = 0.2


def _put(
    sheet: Worksheet,
    row: int,
    column: int,
    text: str,
    *,
    size: int = _USUAL,
    bold: bool = False,
    framed: bool = True,
    colour: str = "FF000000",
    fill: str | None = None,
) -> Cell:
    """A cell of text, always as text: nothing that somebody is called becomes a formula."""
    cell = sheet.cell(row=row, column=column)
    if not isinstance(cell, Cell):
        raise TypeError("nothing is merged here")
    if text:
        cell.value = guarded(text)
        cell.data_type = "s"
        cell.number_format = "@"
    cell.font = Font(name="맑은 고딕", size=size, bold=bold, color=colour)
    if framed:
        cell.alignment, cell.border = _MIDDLE, _BORDER
    if fill is not None:
        cell.fill = PatternFill("solid", fgColor=fill)
    return cell
