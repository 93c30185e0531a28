"""Whether a place is open at an instant, until when, and when next. Pure: holidays are handed in.

Times are on the clock in Seoul; what opens before midnight and closes after it belongs to the day on which it opens, with that day's
rules. Two rules that touch or overlap are one opening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from care.directory.model import DAYS, HOLIDAY, Opening, Place, Rule, Status
from core.clock import SEOUL, seoul

#: Whether a day is a public holiday.
Holidays = Callable[[date], bool]
#: How far is looked ahead for the next opening; days. Longer than any run of holidays, and than a place is closed for repairs.
AHEAD_DAYS = 60


def open_at(place: Place, instant: datetime, holidays: Holidays) -> Opening:
    """What can be said of a place at an instant. Raises ValueError for a naive one."""
    local = seoul(instant)
    day = local.date()
    if place.valid_to is not None and day > place.valid_to:
        return Opening(status=Status.ENDED)
    if place.planned or (place.valid_from is not None and day < place.valid_from):
        first = place.valid_from
        return Opening(status=Status.PLANNED, next_at=datetime(first.year, first.month, first.day, tzinfo=SEOUL) if first else None)
    if not place.hours:
        return Opening(status=Status.UNKNOWN)
    spans = _spans(place, day - timedelta(days=1), day + timedelta(days=AHEAD_DAYS), holidays)
    for opens, closes, where in spans:
        if closes <= local:
            continue
        if opens <= local:
            until = closes if closes < _midnight(day + timedelta(days=AHEAD_DAYS)) else None
            return Opening(status=Status.OPEN, until=until, where=where)
        return Opening(status=Status.CLOSED, next_at=opens, where=where)
    return Opening(status=Status.CLOSED)


def on_day(place: Place, day: date, holidays: Holidays) -> list[Rule]:
    """The rules by which it opens on a day; empty: closed that day."""
    if not place.valid_on(day) or place.planned:
        return []
    valid = [rule for rule in place.hours if rule.valid_on(day)]
    name = HOLIDAY if holidays(day) else DAYS[day.weekday()]
    found = [rule for rule in valid if day in rule.dates] or [rule for rule in valid if name in rule.days]
    return [] if any(rule.closed for rule in found) else sorted(found, key=lambda rule: rule.opens)


def _spans(place: Place, first: date, last: date, holidays: Holidays) -> Iterator[tuple[datetime, datetime, str]]:
    """Openings that begin on these days, in order; those that touch joined."""
    held: tuple[datetime, datetime, str] | None = None
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for rule in on_day(place, day, holidays):
            opens = _midnight(day) + timedelta(minutes=rule.opens)
            span = (opens, opens + timedelta(minutes=rule.minutes), rule.where)
            # A place that moves is elsewhere then, even if it does not rest.
            if held is not None and span[0] <= held[1] and span[2] == held[2]:
                held = (held[0], max(held[1], span[1]), held[2])
                continue
            if held is not None:
                yield held
            held = span
    if held is not None:
        yield held


def _midnight(day: date) -> datetime:
    """Seoul has had no other clock than UTC+9 since 1988, so minutes may be added to it."""
    return datetime(day.year, day.month, day.day, tzinfo=SEOUL)
