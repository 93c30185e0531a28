from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest

from shifts.forecast import Forecast, History, forecast
from shifts.load import HOURS, shipped
from shifts.model import Period

MONDAY = date(2027, 3, 1)


def counted(days: int, rates: tuple[tuple[float, ...], ...], seed: int = 1, last: date = MONDAY - timedelta(days=1)) -> History:
    """So many days of Poisson contacts up to a Sunday, with these rates by weekday and hour."""
    dice = Random(seed)
    period = Period(last - timedelta(days=days - 1), last)
    found: Counter[tuple[date, int]] = Counter()
    for day in period:
        for hour, rate in enumerate(rates[day.weekday()]):
            at = dice.expovariate(rate)
            while at < 1:
                found[day, hour] += 1
                at += dice.expovariate(rate)
    return History(period=period, contacts=found)


def off_by(found: Forecast, truth: tuple[tuple[float, ...], ...]) -> float:
    """Mean error of an hour over the mean rate."""
    errors = [abs(one - other) for mine, right in zip(found.rates, truth, strict=True) for one, other in zip(mine, right, strict=True)]
    return sum(errors) / sum(map(sum, truth))


#: A line of its own: busiest at night, and twice as busy on weekends.
OWN = tuple(tuple((4 + 3 * math.cos(hour / HOURS * 2 * math.pi)) * (2 if day > 4 else 1) for hour in range(HOURS)) for day in range(7))


def test_a_line_that_knows_nothing_starts_from_the_shipped_shape_and_the_given_volume() -> None:
    """Every day alike."""
    found = forecast(a_day=200)
    assert found.days == 0
    for day in found.rates:
        assert day == pytest.approx([200 * share for share in shipped().by_hour])


def test_what_is_counted_here_takes_over_by_and_by() -> None:
    """A longer history brings the forecast closer to the line's own rates, and it beats the bare means of a month by far."""
    errors = [off_by(forecast(counted(days, OWN)), OWN) for days in (7, 28, 112, 448)]
    assert sorted(errors, reverse=True) == errors
    assert errors[0] < off_by(forecast(), OWN)
    assert errors[-1] < 0.06
    bare = counted(28, OWN)
    means = [
        [sum(bare.contacts.get((day, hour), 0) for day in bare.period if day.weekday() == kind) / 4 for hour in range(HOURS)]
        for kind in range(7)
    ]
    assert errors[1] < off_by(Forecast(rates=tuple(map(tuple, means))), OWN) * 0.7


def test_a_quiet_month_does_not_make_an_hour_empty() -> None:
    """Nobody called at 4 on any Tuesday: that is chance, and stays above nothing."""
    assert min(map(min, forecast(counted(28, tuple((0.05,) * HOURS for _ in range(7)))).rates)) > 0


def test_recent_weeks_count_more_than_old_ones() -> None:
    """A line that doubled half a year ago is forecast near its new volume."""
    old, new = tuple((2.0,) * HOURS for _ in range(7)), tuple((4.0,) * HOURS for _ in range(7))
    before = counted(182, old, last=MONDAY - timedelta(days=183))
    since = counted(182, new)
    both = History(period=Period(before.period.first, since.period.last), contacts={**before.contacts, **since.contacts})
    assert 3.5 < sum(map(sum, forecast(both).rates)) / 7 / HOURS < 4.1


def test_days_without_a_count_are_left_out() -> None:
    """The line was down for a week: that says nothing about callers."""
    whole = counted(28, OWN)
    down = frozenset(MONDAY - timedelta(days=number) for number in range(1, 8))
    contacts = {key: number for key, number in whole.contacts.items() if key[0] not in down}
    mended = forecast(History(period=whole.period, contacts=contacts, without=down))
    assert mended.days == 21
    assert sum(map(sum, mended.rates)) > 1.1 * sum(map(sum, forecast(History(period=whole.period, contacts=contacts)).rates))


def test_a_public_holiday_counts_as_a_sunday() -> None:
    """In what is counted, and in what is expected."""
    holiday = date(2027, 3, 3)
    found = forecast(counted(56, OWN), holidays={holiday: "임시공휴일"})
    assert found.of(holiday) == found.rates[6] != found.of(holiday + timedelta(days=7))


@pytest.mark.parametrize(("hour", "number"), [(24, 1), (-1, 1), (0, -1)])
def test_counts_that_cannot_be_are_refused(hour: int, number: int) -> None:
    """An hour that no day has, fewer than nobody."""
    with pytest.raises(ValueError, match="counted"):
        History(period=Period(MONDAY, MONDAY), contacts={(MONDAY, hour): number})
