"""Hours as people write them in a file: `월-금 09:00-21:00; 토 09:00-18:00; 공휴일 휴무`. Pure; both ways.

Parts are divided by semicolons or lines. A part is days or dates, then times or `휴무`: `매일 00:00-24:00`, `토,일 10:00-13:00 14:00-17:00`,
`2026-12-24 휴무`, `금 18:00-02:00` (past midnight). Behind it may stand a period `(2026-03-01~2026-11-30)` and, of a mobile one, a place
`@ 광화문광장`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from care.directory.model import DAYS, HOLIDAY, MINUTES_A_DAY, Rule

_KOREAN = dict(zip("월화수목금토일", DAYS, strict=False)) | {"공휴일": HOLIDAY, "휴일": HOLIDAY}
_ENGLISH = {name: name for name in DAYS} | {"holidays": HOLIDAY, "ph": HOLIDAY}
_GROUPS = {
    "매일": DAYS, "연중무휴": DAYS, "daily": DAYS, "평일": DAYS[:5], "weekdays": DAYS[:5], "주말": DAYS[5:7], "weekend": DAYS[5:7],
}  # fmt: skip
_NAMES = _KOREAN | _ENGLISH
_CLOSED = frozenset({"휴무", "닫음", "closed"})
_ALWAYS = frozenset({"24시간", "24h"})
_TIMES = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_PERIOD = re.compile(r"\((\d{4}-\d{2}-\d{2})?~(\d{4}-\d{2}-\d{2})?\)$")
_SHOWN = {**{day: sign for sign, day in zip("월화수목금토일", DAYS, strict=False)}, HOLIDAY: "공휴일"}


class HoursUnreadable(ValueError):
    """A part of the text is not of the form. `part` is what was written."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(part)


def parse(text: str) -> tuple[Rule, ...]:
    """The rules; none for an empty text. Raises HoursUnreadable."""
    return tuple(rule for part in re.split(r"[;\n]", _plain(text)) if part.strip() for rule in _part(part.strip()))


def written(rules: Iterable[Rule]) -> str:
    """The same as a text that `parse` reads again."""
    return "; ".join(_written(rule) for rule in rules)


def _plain(text: str) -> str:
    return re.sub(r"\s*([~∼〜])\s*", "~", re.sub(r"\s*[-–—−]\s*", "-", text.replace("：", ":").replace("·", ","))).strip()


def _part(part: str) -> list[Rule]:
    said, _, where = part.partition("@")
    said = said.strip()
    valid_from = valid_to = None
    if found := _PERIOD.search(said):
        valid_from, valid_to = (None if one is None else _date(one, part) for one in found.groups())
        said = said[: found.start()].strip()
    words = said.replace("~", "-").split()
    if len(words) < 2 or (valid_from and valid_to and valid_to < valid_from):
        raise HoursUnreadable(part)
    days, dates = _days(words[0], part)
    rules = []
    for word in words[1:]:
        opens, closes, closed = _times(word, part)
        rules.append(
            Rule(
                days=days, dates=dates, opens=opens, closes=closes, closed=closed,
                valid_from=valid_from, valid_to=valid_to, where=where.strip(),
            )
        )  # fmt: skip
    if any(rule.closed for rule in rules) and len(rules) > 1:
        raise HoursUnreadable(part)
    return rules


def _days(word: str, part: str) -> tuple[frozenset[str], frozenset[date]]:
    days: set[str] = set()
    dates: set[date] = set()
    for one in word.casefold().split(","):
        first, _, last = one.partition("-")
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", one):
            dates.add(_date(one, part))
        elif one in _GROUPS:
            days.update(_GROUPS[one])
        elif one in _NAMES:
            days.add(_NAMES[one])
        elif first in _NAMES and last in _NAMES and HOLIDAY not in {_NAMES[first], _NAMES[last]}:
            start, end = DAYS.index(_NAMES[first]), DAYS.index(_NAMES[last])
            days.update(DAYS[number % 7] for number in range(start, end + 1 if end >= start else end + 8))
        elif one and set(one) <= set("월화수목금토일"):
            days.update(_KOREAN[sign] for sign in one)
        else:
            raise HoursUnreadable(part)
    if bool(days) is bool(dates):
        raise HoursUnreadable(part)
    return frozenset(days), frozenset(dates)


def _times(word: str, part: str) -> tuple[int, int, bool]:
    if word.casefold() in _CLOSED:
        return 0, MINUTES_A_DAY, True
    if word.casefold() in _ALWAYS:
        return 0, MINUTES_A_DAY, False
    found = _TIMES.fullmatch(word)
    if found is None:
        raise HoursUnreadable(part)
    hour, minute, end_hour, end_minute = map(int, found.groups())
    opens, closes = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or opens >= MINUTES_A_DAY or closes > MINUTES_A_DAY or opens == closes:
        raise HoursUnreadable(part)
    # Midnight as an end is the end of that day.
    return opens, closes or MINUTES_A_DAY, False


def _date(text: str, part: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HoursUnreadable(part) from None


def _written(rule: Rule) -> str:
    days = ",".join(_SHOWN[day] for day in DAYS if day in rule.days) or ",".join(sorted(one.isoformat() for one in rule.dates))
    times = "휴무" if rule.closed else f"{_clock(rule.opens)}-{_clock(rule.closes)}"
    period = ""
    if rule.valid_from or rule.valid_to:
        ends = [one.isoformat() if one else "" for one in (rule.valid_from, rule.valid_to)]
        period = f" ({'~'.join(ends)})"
    return f"{days} {times}{period}{f' @ {rule.where}' if rule.where else ''}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
