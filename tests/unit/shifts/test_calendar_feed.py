from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event

from core.clock import SEOUL, seoul
from shifts.calendar_feed import feed
from shifts.model import DEFAULT_SHIFT_TYPES, Assignment, Leave, LeaveKind, RequestState
from shifts.on_shift import DutyTime, duty_times

ME, OTHER = UUID(int=1), UUID(int=2)
DAY = date(2027, 1, 31)
AT = datetime(2027, 1, 1, tzinfo=UTC)


def times(*shifts: tuple[UUID, int, str]) -> tuple[DutyTime, ...]:
    """Shifts by person and days after `DAY`."""
    assignments = (Assignment(day=DAY + timedelta(days=after), person_id=who, code=code) for who, after, code in shifts)
    return duty_times(assignments, DEFAULT_SHIFT_TYPES)


def read(content: bytes) -> list[Event]:
    """The events, as a calendar program finds them."""
    return [event for event in Calendar.from_ical(content).walk("VEVENT") if isinstance(event, Event)]


def leave(kind: LeaveKind, state: RequestState = RequestState.APPROVED, who: UUID = ME) -> Leave:
    """Three days off."""
    return Leave(id=UUID(int=9), person_id=who, first=DAY, last=DAY + timedelta(days=2), kind=kind, state=state)


def test_a_night_shift_ends_on_the_next_day_in_seoul() -> None:
    """Across the end of a month; with its breaks, and in a zone that the feed defines itself."""
    content = feed(ME, times((ME, 0, "N")), DEFAULT_SHIFT_TYPES, at=AT)
    (event,) = read(content)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (
        datetime(2027, 1, 31, 23, tzinfo=SEOUL),
        datetime(2027, 2, 1, 7, tzinfo=SEOUL),
    )
    assert b"DTSTART;TZID=Asia/Seoul:20270131T230000" in content
    assert content.count(b"BEGIN:VTIMEZONE") == 1
    assert (str(event["summary"]), str(event["description"])) == ("밤 (N)", "쉬는 시간: 02:30-03:30")


def test_only_ones_own_shifts_are_in_it() -> None:
    """Nobody learns from it who else works, or is away."""
    mixed = times((ME, 0, "D"), (OTHER, 0, "E"))
    content = feed(ME, mixed, DEFAULT_SHIFT_TYPES, at=AT, leaves=[leave(LeaveKind.SICK, who=OTHER)])
    assert [str(event["summary"]) for event in read(content)] == ["낮 (D)"]
    assert str(ME).encode() not in content


def test_a_shift_keeps_its_uid_when_its_time_changes_and_no_two_share_one() -> None:
    """So a calendar moves it instead of showing it twice."""
    everything = times(*((ME, after, code) for after in range(31) for code in DEFAULT_SHIFT_TYPES))
    uids = [str(event["uid"]) for event in read(feed(ME, everything, DEFAULT_SHIFT_TYPES, at=AT))]
    assert len(set(uids)) == len(uids) == 31 * len(DEFAULT_SHIFT_TYPES)
    longer = {**DEFAULT_SHIFT_TYPES, "D": replace(DEFAULT_SHIFT_TYPES["D"], minutes=540)}
    moved = duty_times([Assignment(day=DAY, person_id=ME, code="D")], longer)
    before = feed(ME, times((ME, 0, "D")), DEFAULT_SHIFT_TYPES, at=AT, version=1)
    after = feed(ME, moved, longer, at=AT + timedelta(hours=1), version=2)
    (old,), (new,) = read(before), read(after)
    assert old["uid"] == new["uid"]
    assert (int(str(old["sequence"])), int(str(new["sequence"]))) == (1, 2)
    assert new.decoded("dtend") == old.decoded("dtend") + timedelta(hours=1)


def test_days_away_are_shown_alike_whatever_the_reason() -> None:
    """Byte for byte; and not before they are approved."""
    feeds = {feed(ME, (), DEFAULT_SHIFT_TYPES, at=AT, leaves=[leave(kind)]) for kind in LeaveKind}
    assert len(feeds) == 1
    (event,) = read(feeds.pop())
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (DAY, DAY + timedelta(days=3))
    for state in (RequestState.REQUESTED, RequestState.REFUSED, RequestState.WITHDRAWN):
        assert not read(feed(ME, (), DEFAULT_SHIFT_TYPES, at=AT, leaves=[leave(LeaveKind.SICK, state)]))


def test_standby_and_being_reachable_do_not_block_the_day() -> None:
    """They are shown as free time, and say that no calls come."""
    events = read(feed(ME, times((ME, 0, "SB"), (ME, 1, "D")), DEFAULT_SHIFT_TYPES, at=AT, language="en"))
    assert [str(event.get("transp", "OPAQUE")) for event in events] == ["TRANSPARENT", "OPAQUE"]
    assert [str(event["summary"]) for event in events] == ["Standby (SB)", "Day (D)"]
    assert str(events[0]["description"]) == "Not on the line"


def test_names_of_shifts_are_text_and_nothing_else() -> None:
    """A shift type called like a line of a calendar stays a name; the same input gives the same bytes."""
    odd = {"X": replace(DEFAULT_SHIFT_TYPES["D"], code="X", name="낮\r\nEND:VEVENT;,\\")}
    shifts = duty_times([Assignment(day=DAY, person_id=ME, code="X")], odd)
    content = feed(ME, shifts, odd, at=AT)
    assert content == feed(ME, shifts, odd, at=AT)
    (event,) = read(content)
    assert "END:VEVENT" in str(event["summary"])
    assert seoul(event.decoded("dtstart")).date() == DAY
    assert len(max(content.split(b"\r\n"), key=len)) <= 75
