"""Public holidays of the Republic of Korea, lunar ones and substitute days included, from the package `holidays`.

A temporary public holiday is often declared weeks ahead and is in no package by then: `extra` adds it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from functools import cache

import holidays


def public_holidays(extra: Collection[date] = ()) -> Callable[[date], bool]:
    """Whether a day is one."""
    added = frozenset(extra)
    return lambda day: day in added or day in _year(day.year)


@cache
def _year(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("KR", years=year))
