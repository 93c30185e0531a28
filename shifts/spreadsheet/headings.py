"""Where a sheet has its names and its days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shifts.model import Period
from shifts.spreadsheet.grid import Cell, Grid, Kind, folded, ref
from shifts.spreadsheet.problem import Problem

WEEKDAYS = "월화수목금토일"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMES = frozenset({"이름", "성명", "성함", "상담사", "상담원", "근무자", "직원", "name", "counsellor", "counselor"})
_EXTENSIONS = frozenset({"내선", "내선번호", "extension", "ext", "ext."})
#: Headings are looked for this far down.
_TOP_ROWS = 40
#: Where Excel's numbers are dates of this century: days since the end of 1899.
_SERIALS = range(36_526, 73_051)
_FULL = re.compile(r"^(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[일.]?\s*(?:00:00(?::00)?)?$")
_MONTH_DAY = re.compile(r"^(\d{1,2})\s*[-/.월]\s*(\d{1,2})\s*일?$")
_DAY = re.compile(r"^(\d{1,2})\s*일?$")
_SERIAL = re.compile(r"^\d{5}$")
_TITLE = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})(?:\s*월|(?![-./\d]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """The heading row, and what its columns are."""

    row: int
    name: int
    extension: int | None
    #: By column.
    days: Mapping[int, date]


def find(grid: Grid, period: Period) -> tuple[Headings | None, list[Problem]]:
    """The headings, if there are any, and what is wrong with them."""
    for row, cells in grid.rows.items():
        if row > _TOP_ROWS:
            break
        name = next((column for column, cell in sorted(cells.items()) if folded(cell.text) in _NAMES), None)
        if name is None:
            continue
        extension = next((column for column, cell in sorted(cells.items()) if folded(cell.text) in _EXTENSIONS), None)
        days, problems = _days(grid, row, {column: cell for column, cell in cells.items() if column not in {name, extension}}, period)
        if days or problems:
            headings = Headings(row=row, name=name, extension=extension, days=days)
            return headings, [*_titles(grid, row, period), *problems, *_weekdays(grid, headings), *_between(cells, headings)]
    return None, [Problem(code="no_header")]


def month_of(period: Period) -> str:
    """As in 2027-01."""
    return f"{period.first:%Y-%m}"


def _days(grid: Grid, row: int, cells: Mapping[int, Cell], period: Period) -> tuple[dict[int, date], list[Problem]]:
    days: dict[int, date] = {}
    problems: list[Problem] = []
    seen: dict[date, str] = {}
    for column, cell in sorted(cells.items()):
        where = ref(row, column)
        if cell.kind is Kind.FORMULA:
            # Totals beside the days are often formulas: those are nobody's business. Words beneath are shifts.
            if any(each.kind is Kind.TEXT for below, others in grid.rows.items() if below > row and (each := others.get(column))):
                problems.append(Problem(code="formula", cell=where))
            continue
        if not _like_day(cell):
            continue
        try:
            day = _day(cell, period)
        except ValueError:
            problems.append(Problem(code="bad_day", cell=where, values={"text": cell.text[:40]}))
            continue
        if day not in period:
            problems.append(Problem(code="day_outside", cell=where, values={"day": day.isoformat(), "month": month_of(period)}))
        elif day in seen:
            problems.append(Problem(code="day_twice", cell=where, values={"day": day.isoformat(), "first": seen[day]}))
        else:
            days[column], seen[day] = day, where
    return days, problems


def _like_day(cell: Cell) -> bool:
    """Whether it is meant as a day."""
    if cell.kind is Kind.DATE:
        return True
    if cell.kind is Kind.NUMBER:
        return cell.number is not None and cell.number == int(cell.number)
    return cell.kind is Kind.TEXT and any(pattern.match(_split(cell.text)[0]) for pattern in (_FULL, _MONTH_DAY, _DAY, _SERIAL))


def _day(cell: Cell, period: Period) -> date:
    """Which. Raises ValueError where there is no such day."""
    if cell.day is not None:
        return cell.day
    text, _ = _split(cell.text)
    if _SERIAL.match(text) and int(text) in _SERIALS:
        return date(1899, 12, 30) + timedelta(days=int(text))
    if match := _FULL.match(text):
        year, month, day = map(int, match.groups())
    elif match := _MONTH_DAY.match(text):
        month, day = map(int, match.groups())
        year = period.first.year
    elif match := _DAY.match(text):
        year, month, day = period.first.year, period.first.month, int(match[1])
    else:
        raise ValueError(text)
    return date(year, month, day)


def _split(text: str) -> tuple[str, str]:
    """A day as it is written, and the weekday beside it, if there is one."""
    text = text.strip()
    inner = text.rstrip(")]） ")
    word = inner.removesuffix("요일")
    rest = word[:-1].rstrip(" ([（\t\n")
    if not rest or word[-1] not in WEEKDAYS:
        return text, ""
    # "15일" ends in a weekday's letter too: after a number it is one only in brackets, or written out.
    if word[-1] == "일" and rest[-1].isdigit() and inner == text and word == inner:
        return text, ""
    return rest, word[-1]


def _titles(grid: Grid, row: int, period: Period) -> Iterator[Problem]:
    """Another month in the lines above."""
    above = ((number, column, cell) for number, cells in grid.rows.items() if number < row for column, cell in cells.items())
    for number, column, cell in above:
        if cell.kind is Kind.TEXT and (match := _TITLE.search(cell.text[:200])):
            if "월" in match[0] and (int(match[1]), int(match[2])) != (period.first.year, period.first.month):
                yield Problem(code="other_month", cell=ref(number, column), values={"month": month_of(period), "text": match[0].strip()})
            return


def _weekdays(grid: Grid, headings: Headings) -> Iterator[Problem]:
    """The first weekday, beside a day or beneath it, that is not the day's: the others are wrong by as much."""
    for row in (headings.row, headings.row + 1):
        for column, day in sorted(headings.days.items()):
            cell = grid.at(row, column)
            if cell is None or cell.kind is not Kind.TEXT:
                continue
            text = cell.text.strip()
            written = _split(text)[1] if row == headings.row else text.removesuffix("요일").strip("()")
            if len(written) == 1 and written in WEEKDAYS and written != WEEKDAYS[day.weekday()]:
                values = {"day": day.isoformat(), "weekday": WEEKDAYS[day.weekday()], "weekday_en": _WEEKDAYS_EN[day.weekday()]}
                yield Problem(code="weekday_differs", cell=ref(row, column), values={**values, "text": text})
                return


def _between(cells: Mapping[int, Cell], headings: Headings) -> Iterator[Problem]:
    """Columns among the days that are none."""
    if not headings.days:
        return
    for column, cell in sorted(cells.items()):
        known = column in headings.days or column in {headings.name, headings.extension} or _like_day(cell) or cell.kind is Kind.FORMULA
        if min(headings.days) < column < max(headings.days) and not known:
            yield Problem(code="column_ignored", cell=ref(headings.row, column), values={"text": cell.text[:40]}, blocking=False)
