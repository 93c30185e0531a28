"""A person's own shifts as an iCalendar feed (RFC 5545), for the calendar of their phone. Pure.

The same shift keeps its UID, so a calendar moves and changes it rather than showing it twice; what is gone from the feed is gone from the
calendar. Days away are shown without why: calendars are shared with families and lie open on desks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from icalendar import Calendar, Event, Timezone, TimezoneStandard, vDuration

from core.clock import SEOUL, seoul
from shifts.model import Duty, Leave, RequestState, ShiftType
from shifts.on_shift import DutyTime

#: UIDs are made from a person's id and do not show it.
_NAMESPACE = UUID("6f0e2f5c-5d0b-4f8e-9c55-120120120120")
_PRODUCT = "-//annyeong120//shifts//KO"
#: How often calendars are asked to look again; most look when they like.
_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the feed says."""

    title: str
    breaks: str
    away: str
    not_on_line: str


WORDS: Mapping[str, Words] = {
    "ko": Words(title="근무", breaks="쉬는 시간", away="부재", not_on_line="전화 안 받음"),
    "en": Words(title="Shifts", breaks="Breaks", away="Away", not_on_line="Not on the line"),
}


def feed(
    person_id: UUID,
    times: Iterable[DutyTime],
    shift_types: Mapping[str, ShiftType],
    *,
    at: datetime,
    version: int = 0,
    leaves: Iterable[Leave] = (),
    language: str = "ko",
) -> bytes:
    """The calendar of one person; others' times and leave are left out. `at`: when this was so; `version`: grows with what is published."""
    words = WORDS.get(language, WORDS["ko"])
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", words.title)
    calendar.add("x-wr-calname", words.title)
    calendar.add("x-wr-timezone", SEOUL.key)
    calendar.add("refresh-interval", vDuration(_EVERY), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(_EVERY))
    calendar.add_component(_zone())
    for shift in sorted((one for one in times if one.person_id == person_id), key=lambda one: (one.span, one.code)):
        kind = shift_types.get(shift.code)
        name = shift.code if kind is None else kind.name_en if language == "en" else kind.name
        event = _event(f"{person_id}/{shift.day.isoformat()}/{shift.code}", at, version)
        event.add("summary", f"{name} ({shift.code})")
        event.add("dtstart", seoul(shift.span.start))
        event.add("dtend", seoul(shift.span.end))
        if shift.duty is not Duty.LINE:
            event.add("description", words.not_on_line)
            event.add("transp", "TRANSPARENT")
        elif shift.pauses:
            breaks = ", ".join(f"{seoul(pause.start):%H:%M}-{seoul(pause.end):%H:%M}" for pause in shift.pauses)
            event.add("description", f"{words.breaks}: {breaks}")
        calendar.add_component(event)
    for leave in leaves:
        if leave.person_id == person_id and leave.state is RequestState.APPROVED:
            event = _event(f"{person_id}/away/{leave.id}", at, version)
            event.add("summary", words.away)
            event.add("dtstart", leave.first)
            event.add("dtend", leave.last + timedelta(days=1))
            event.add("transp", "TRANSPARENT")
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(key: str, at: datetime, version: int) -> Event:
    event = Event()
    event.add("uid", f"{uuid5(_NAMESPACE, key)}@annyeong120")
    event.add("dtstamp", at)
    event.add("last-modified", at)
    event.add("sequence", version)
    event.add("class", "PRIVATE")
    return event


def _zone() -> Timezone:
    """Asia/Seoul has been nine hours ahead, without summer time, since 1988: one rule says it all."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", SEOUL.key)
    standard.add("dtstart", datetime(1989, 1, 1))  # noqa: DTZ001 - local time by definition
    standard.add("tzoffsetfrom", timedelta(hours=9))
    standard.add("tzoffsetto", timedelta(hours=9))
    standard.add("tzname", "KST")
    zone.add_component(standard)
    return zone
