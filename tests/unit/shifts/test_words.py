"""Days and stretches of time in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from core.clock import SEOUL
from shifts.words import day_words, range_words

BEGIN = datetime(2027, 1, 1, 7, tzinfo=SEOUL)
MIDNIGHT = datetime(2027, 1, 1, tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("start", "hours", "korean", "english"),
    [
        (BEGIN, 8, "07:00~15:00", "from 07:00 to 15:00"),
        (BEGIN, 23.5, "07:00~06:30", "from 07:00 to 06:30"),
        (MIDNIGHT, 24, "하루 종일", "all day"),
        (BEGIN, 24, "07:00부터 24시간 내내", "for 24 h from 07:00"),
        (BEGIN, 48, "07:00부터 1월 3일(일) 07:00까지", "from 07:00 to Sun 3 Jan 07:00"),
    ],
)
def test_a_stretch_is_said_so_that_it_cannot_be_taken_for_another(start: datetime, hours: float, korean: str, english: str) -> None:
    """Less than a day, a day, and longer."""
    end = start + timedelta(hours=hours)
    assert (range_words(start, end, "ko"), range_words(start, end, "en")) == (korean, english)


def test_a_day_has_its_weekday() -> None:
    """As on a wall calendar."""
    assert (day_words(date(2027, 1, 4), "ko"), day_words(date(2027, 1, 4), "en")) == ("1월 4일(월)", "Mon 4 Jan")
