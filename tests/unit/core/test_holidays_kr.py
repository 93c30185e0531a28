"""Korean public holidays: lunar ones, substitute days, entries by hand."""

from __future__ import annotations

from datetime import date

from core.holidays_kr import public_holidays, weekday


def test_lunar_holidays_and_their_substitute_days() -> None:
    """설날 2027 falls on a Sunday: Tuesday is free instead."""
    found = public_holidays(date(2027, 2, 1), date(2027, 2, 28))
    assert list(found) == [date(2027, 2, number) for number in (6, 7, 8, 9)]
    assert "설날" in found[date(2027, 2, 7)]
    assert "대체" in found[date(2027, 2, 9)]


def test_new_holidays_since_2026() -> None:
    """제헌절 is public again from 2026, not before."""
    assert date(2026, 7, 17) in public_holidays(date(2026, 7, 1), date(2026, 7, 31))
    assert date(2025, 7, 17) not in public_holidays(date(2025, 7, 1), date(2025, 7, 31))


def test_over_the_turn_of_the_year_and_with_a_day_declared_by_hand() -> None:
    """Both ends included, in order; a temporary one is entered."""
    found = public_holidays(date(2026, 12, 25), date(2027, 1, 1), {date(2026, 12, 28): "임시공휴일", date(2027, 1, 2): "밖"})
    assert list(found) == [date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)]
    assert found[date(2026, 12, 28)] == "임시공휴일"


def test_a_public_holiday_counts_as_a_sunday() -> None:
    """Other days are what they are."""
    friday = date(2027, 1, 1)
    assert weekday(friday, {friday: "신정"}) == 6
    assert weekday(friday, {}) == 4
