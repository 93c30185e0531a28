"""Days and stretches of time as people say them, Korean and English, in the service's zone. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from core.clock import SEOUL

_WEEKDAYS: Final = {"ko": "월화수목금토일", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_WHOLE = timedelta(days=1)


def day_words(day: date, language: str) -> str:
    """`1월 4일(월)`, or `Mon 4 Jan`. `language`: "ko", anything else is English."""
    if language == "ko":
        return f"{day.month}월 {day.day}일({_WEEKDAYS['ko'][day.weekday()]})"
    return f"{_WEEKDAYS['en'][day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def range_words(start: datetime, end: datetime, language: str) -> str:
    """When within a day that is named already; a whole day is said to be one (`07:00~07:00` would be nothing), and the last day of several is named."""
    first, last = start.astimezone(SEOUL), end.astimezone(SEOUL)
    begins, ends, length = first.strftime("%H:%M"), last.strftime("%H:%M"), end - start
    korean = language == "ko"
    if length < _WHOLE:
        return f"{begins}~{ends}" if korean else f"from {begins} to {ends}"
    if length > _WHOLE:
        until = f"{day_words(last.date(), language)} {ends}"
        return f"{begins}부터 {until}까지" if korean else f"from {begins} to {until}"
    if first.time() == time():
        return "하루 종일" if korean else "all day"
    return f"{begins}부터 24시간 내내" if korean else f"for 24 h from {begins}"
