"""Public holidays of the Republic of Korea, lunar ones and substitute days included, from the package `holidays`.

A temporary public holiday (임시공휴일) is often declared weeks ahead and is in no package by then: it is entered by hand (`extra`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cache

import holidays

#: As which weekday a public holiday's demand counts: Sunday (0 is Monday).
HOLIDAY_AS = 6


def public_holidays(first: date, last: date, extra: Mapping[date, str] | None = None) -> dict[date, str]:
    """Korean names by date, from `first` to `last`, both included, in order. `extra` adds dates, or renames them."""
    found = {day: name for year in range(first.year, last.year + 1) for day, name in _year(year).items()} | dict(extra or {})
    return {day: found[day] for day in sorted(found) if first <= day <= last}


def is_holiday(extra: Collection[date] = ()) -> Callable[[date], bool]:
    """Whether a day is one; `extra` adds dates."""
    added = frozenset(extra)
    return lambda day: day in added or day in _year(day.year)


def weekday(day: date, days_off: Mapping[date, str]) -> int:
    """0 Monday to 6 Sunday; a public holiday counts as `HOLIDAY_AS`. `days_off`: public holidays by date."""
    return HOLIDAY_AS if day in days_off else day.weekday()


@cache
def _year(year: int) -> Mapping[date, str]:
    return {day: str(name) for day, name in holidays.country_holidays("KR", years=year, language="ko").items()}
