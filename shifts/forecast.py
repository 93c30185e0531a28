"""How many contacts are to be expected in each hour of each kind of day. Pure.

A new line knows nothing of its own: it starts from the shape of another helpline's day (`shifts.load`) and from a number of contacts a day.
What is counted here takes over by and by, the robust figures first: how many a day, then how a day is shaped, then how weekdays differ, then
single hours of single weekdays. Each step is the mean of what was counted and of what the steps before it say, which counts as so many days
(the posterior mean of a Poisson rate under a gamma prior). Older days count less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.holidays_kr import weekday
from shifts.load import CONTACTS_A_DAY, HOURS, Load, shipped
from shifts.model import Period

_WEEK = 7
#: What the steps before count, in days: contacts a day, shape of the day, weekdays, hours of weekdays. A step that may be wrong by a share of v
#: counts 1 / (contacts * v^2) days: another line's shape by 40 % of an hour's 5 contacts, one hour of one weekday by 15 %. Days differ more
#: than by chance, so the first and the third, which would be fractions of a day, are a little more.
_LEVEL_DAYS, _SHAPE_DAYS, _WEEKDAY_DAYS, _HOUR_DAYS = 2.0, 2.0, 1.0, 8.0
#: A day so many days back counts half.
_HALF_LIFE_DAYS = 56.0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was counted: contacts that joined the line, those who gave up included, by date and hour of day (0 to 23, the service's zone).

    Every hour of the period was counted: one that is not named had none.
    """

    period: Period
    contacts: Mapping[tuple[date, int], int]
    #: Days that say nothing: the line was down, or everybody was told of it on television.
    without: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if any(not 0 <= hour < HOURS or number < 0 for (_, hour), number in self.contacts.items()):
            raise ValueError("contacts are counted by the hours 0 to 23, and are not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Contacts an hour by weekday (0 Monday to 6 Sunday; a public holiday is as `holidays_kr.weekday` says) and hour of day."""

    rates: tuple[tuple[float, ...], ...]
    #: Days of one's own that it rests on.
    days: int = 0
    #: Public holidays by date.
    holidays: Mapping[date, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.rates) != _WEEK or any(len(day) != HOURS or min(day) < 0 for day in self.rates):
            raise ValueError("a forecast has seven days of 24 hours, none below 0")

    def of(self, day: date) -> tuple[float, ...]:
        """Contacts an hour in the 24 hours of a date."""
        return self.rates[weekday(day, self.holidays)]


def forecast(
    history: History | None = None,
    *,
    holidays: Mapping[date, str] | None = None,
    start: Load | None = None,
    a_day: float = CONTACTS_A_DAY,
) -> Forecast:
    """From one's own history and from where one starts: another line's day (`start`; None: the shipped one) with `a_day` contacts."""
    if a_day <= 0:
        raise ValueError("a line without contacts needs nobody")
    start, holidays = start or shipped(), holidays or {}
    counted, days, number = _weighed(history, holidays)
    total, all_days = sum(map(sum, counted)), sum(days)
    level = (_LEVEL_DAYS * a_day + total) / (_LEVEL_DAYS + all_days)
    before = _SHAPE_DAYS * a_day
    shape = [(before * start.by_hour[hour] + sum(day[hour] for day in counted)) / (before + total) for hour in range(HOURS)]
    factors = [(_WEEKDAY_DAYS * level + sum(day)) / (_WEEKDAY_DAYS + often) for day, often in zip(counted, days, strict=True)]
    mean = sum(factors) / _WEEK
    rates = tuple(
        tuple((_HOUR_DAYS * level * factor / mean * share + seen) / (_HOUR_DAYS + often) for share, seen in zip(shape, day, strict=True))
        for factor, day, often in zip(factors, counted, days, strict=True)
    )
    return Forecast(rates=rates, days=number, holidays=holidays)


def _weighed(history: History | None, holidays: Mapping[date, str]) -> tuple[list[list[float]], list[float], int]:
    """By weekday: contacts in each hour, and days; the latest day weighs 1. And how many days there are in fact."""
    counted = [[0.0] * HOURS for _ in range(_WEEK)]
    days = [0.0] * _WEEK
    number = 0
    for day in history.period if history is not None else ():
        if history is None or day in history.without:
            continue
        number += 1
        weight = 0.5 ** ((history.period.last - day).days / _HALF_LIFE_DAYS)
        kind = weekday(day, holidays)
        days[kind] += weight
        for hour in range(HOURS):
            counted[kind][hour] += weight * history.contacts.get((day, hour), 0)
    return counted, days, number
