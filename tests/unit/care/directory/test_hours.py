"""When places are open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.directory.hours import AHEAD_DAYS, open_at
from care.directory.hours_text import HoursUnreadable, parse, written
from care.directory.model import DAYS, Kind, Opening, Place, Rule, Status
from core.clock import SEOUL, seoul
from core.holidays_kr import is_holiday

KR = is_holiday()
GANGBUK = "월-금 09:00-21:00; 토 09:00-18:00"


def place(hours: str, **more: object) -> Place:
    """With these hours."""
    known = {"id": UUID(int=1), "key": "x", "kind": Kind.MIND_STORE, "name": "x", "source": "x", "source_date": date(2026, 2, 1)}
    return Place(hours=parse(hours), **{**known, **more})  # type: ignore[arg-type]


def at(text: str) -> datetime:
    """An instant on Seoul's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


def seen(hours: str, text: str, **more: object) -> Opening:
    """At an instant."""
    return open_at(place(hours, **more), at(text), KR)


def test_the_minute_it_opens_is_open_and_the_minute_it_closes_is_not() -> None:
    """A Monday; the hour is Seoul's whatever zone the instant is told in."""
    assert seen(GANGBUK, "2026-11-23T08:59:59") == Opening(status=Status.CLOSED, next_at=at("2026-11-23T09:00"))
    assert seen(GANGBUK, "2026-11-23T09:00") == Opening(status=Status.OPEN, until=at("2026-11-23T21:00"))
    assert seen(GANGBUK, "2026-11-23T20:59:59").status is Status.OPEN
    assert seen(GANGBUK, "2026-11-23T21:00") == Opening(status=Status.CLOSED, next_at=at("2026-11-24T09:00"))
    assert open_at(place(GANGBUK), datetime(2026, 11, 23, 0, 0, tzinfo=UTC), KR).status is Status.OPEN


def test_saturday_has_its_own_hours_and_sunday_none() -> None:
    """And the next opening is on Monday."""
    assert seen(GANGBUK, "2026-11-28T17:00").until == at("2026-11-28T18:00")
    assert seen(GANGBUK, "2026-11-28T18:00").next_at == at("2026-11-30T09:00")
    assert seen(GANGBUK, "2026-11-29T12:00").status is Status.CLOSED


def test_a_public_holiday_is_no_weekday() -> None:
    """Christmas 2026 is a Friday; a temporary holiday is handed in; a rule for holidays opens then."""
    assert seen(GANGBUK, "2026-12-25T12:00").next_at == at("2026-12-26T09:00")
    assert seen(f"{GANGBUK}; 공휴일 10:00-12:00", "2026-12-25T11:00").until == at("2026-12-25T12:00")
    extra = is_holiday([date(2026, 11, 23)])
    assert open_at(place(GANGBUK), at("2026-11-23T12:00"), extra).next_at == at("2026-11-24T09:00")
    # Lunar New Year's three days and a weekend.
    assert seen(GANGBUK, "2026-02-16T12:00").next_at == at("2026-02-19T09:00")


def test_a_date_goes_before_a_holiday_and_a_holiday_before_a_weekday() -> None:
    """For opening and for closing."""
    hours = f"{GANGBUK}; 공휴일 휴무; 2026-12-25 13:00-15:00; 2026-11-24 휴무"
    assert seen(hours, "2026-12-25T14:00").status is Status.OPEN
    assert seen(hours, "2026-11-24T12:00").next_at == at("2026-11-25T09:00")


def test_past_midnight_belongs_to_the_day_it_began() -> None:
    """Friday's night goes on into Saturday; also when Saturday is a holiday or the rule ends on Friday."""
    hours = "금 18:00-02:00 (2026-11-01~2026-11-27)"
    assert seen(hours, "2026-11-28T01:59").until == at("2026-11-28T02:00")
    assert seen(hours, "2026-11-28T02:00").status is Status.CLOSED
    assert seen(hours, "2026-11-27T17:00").next_at == at("2026-11-27T18:00")
    # On Christmas itself nothing opens, so nothing goes on into the next day.
    assert seen("금 18:00-02:00", "2026-12-26T01:00").status is Status.CLOSED
    assert seen("목 18:00-02:00", "2026-12-25T01:00").status is Status.OPEN


def test_what_touches_is_one_opening_and_what_never_closes_says_so() -> None:
    """A line that is there day and night has no end; a lunch break is one."""
    assert seen("매일,공휴일 00:00-24:00", "2026-12-25T03:00") == Opening(status=Status.OPEN, until=None)
    # Without holidays it closes for one.
    assert seen("매일 00:00-24:00", "2026-12-24T03:00").until is None
    assert seen("월-일 00:00-24:00", "2026-12-24T03:00").until == at("2026-12-25T00:00")
    assert seen("월 09:00-12:00 13:00-18:00", "2026-11-23T12:30").next_at == at("2026-11-23T13:00")
    assert seen("월 09:00-12:00 12:00-18:00", "2026-11-23T11:00").until == at("2026-11-23T18:00")


def test_planned_ended_and_unknown_are_said() -> None:
    """Not open, whatever the hours say."""
    assert seen(GANGBUK, "2026-11-23T12:00", planned=True).status is Status.PLANNED
    coming = seen(GANGBUK, "2026-11-23T12:00", valid_from=date(2026, 12, 1))
    assert coming == Opening(status=Status.PLANNED, next_at=at("2026-12-01T00:00"))
    assert seen(GANGBUK, "2026-11-23T12:00", valid_to=date(2026, 11, 22)).status is Status.ENDED
    assert seen("", "2026-11-23T12:00").status is Status.UNKNOWN
    assert seen("월 09:00-10:00 (~2026-01-01)", "2026-11-23T09:30") == Opening(status=Status.CLOSED)


def test_a_rule_counts_in_its_period_only() -> None:
    """Winter hours follow summer hours on their day."""
    hours = "매일 10:00-20:00 (~2026-11-30); 매일 10:00-18:00 (2026-12-01~)"
    assert seen(hours, "2026-11-30T19:00").status is Status.OPEN
    assert seen(hours, "2026-12-01T19:00").status is Status.CLOSED


def test_a_mobile_one_says_where_it_stands() -> None:
    """Now, or next; another place is another opening even without a rest."""
    hours = "월 10:00-12:00 @ 광화문광장; 월 12:00-14:00 @ 서울숲"
    assert seen(hours, "2026-11-23T11:00", mobile=True) == Opening(status=Status.OPEN, until=at("2026-11-23T12:00"), where="광화문광장")
    assert seen(hours, "2026-11-23T09:00", mobile=True).where == "광화문광장"
    assert seen(hours, "2026-11-23T13:00", mobile=True).where == "서울숲"


def test_a_naive_instant_is_nobodys() -> None:
    """It would be guessed at."""
    with pytest.raises(ValueError, match="naive"):
        open_at(place(GANGBUK), datetime(2026, 11, 23, 12, 0), KR)  # noqa: DTZ001


rules = st.builds(
    Rule,
    days=st.frozensets(st.sampled_from(DAYS), min_size=1),
    opens=st.integers(0, 95).map(lambda quarter: quarter * 15),
    closes=st.integers(1, 96).map(lambda quarter: quarter * 15),
).filter(lambda rule: rule.opens != rule.closes)


@given(st.lists(rules, min_size=1, max_size=4), st.integers(0, 400 * 96))
def test_openings_agree_with_looking_at_every_quarter_of_an_hour(found: list[Rule], quarter: int) -> None:
    """An oracle that knows nothing of spans: is this instant inside one of the day's or the day before's rules?"""
    instant = at("2026-01-01T00:00") + timedelta(minutes=15 * quarter)
    one = Place(
        id=UUID(int=1), key="x", kind=Kind.SERVICE, name="x", source="x", source_date=date(2026, 1, 1), hours=tuple(found)
    )  # fmt: skip

    def is_open(then: datetime) -> bool:
        for back in (0, 1):
            day = seoul(then).date() - timedelta(days=back)
            minute = seoul(then).hour * 60 + seoul(then).minute + 1440 * back
            name = "holiday" if KR(day) else DAYS[day.weekday()]
            for rule in found:
                if name in rule.days and rule.opens <= minute < rule.opens + rule.minutes:
                    return True
        return False

    said = open_at(one, instant, KR)
    assert (said.status is Status.OPEN) is is_open(instant)
    if said.until is not None:
        assert not is_open(said.until)
        assert is_open(said.until - timedelta(minutes=15))
    if said.next_at is not None:
        assert is_open(said.next_at)
        assert not is_open(said.next_at - timedelta(minutes=15))
        assert said.next_at - instant <= timedelta(days=AHEAD_DAYS + 1)


@given(st.lists(rules, max_size=4))
def test_hours_are_written_so_that_they_are_read_again(found: list[Rule]) -> None:
    """Both ways."""
    assert parse(written(found)) == tuple(found)


@pytest.mark.parametrize(
    "text",
    ["월", "09:00-18:00", "월 9-18", "월 09:00-25:00", "월 24:00-09:00", "월 09:60-10:00", "월 09:00-09:00", "요일 09:00-10:00",
     "월,2026-12-24 09:00-10:00", "2026-13-01 휴무", "월 휴무 09:00-10:00", "월 09:00-10:00 (2026-12-01~2026-11-01)", "공휴일-월 09:00-10:00"],
)  # fmt: skip
def test_hours_that_cannot_be_read_say_which_part(text: str) -> None:
    """The part, not the whole."""
    with pytest.raises(HoursUnreadable) as caught:
        parse(f"화 10:00-11:00; {text}")
    assert caught.value.part == text


def test_hours_are_read_as_people_write_them() -> None:
    """Dashes, tildes, full-width colons, groups of days, English, past midnight."""
    weekdays = frozenset(DAYS[:5])
    assert parse("월~금 09：00 ~ 18:00") == parse("평일 09:00-18:00") == parse("weekdays 9:00–18:00") == parse("월화수목금 09:00-18:00")
    assert parse("mon-fri 09:00-18:00")[0].days == weekdays
    assert parse("금-월 10:00-11:00")[0].days == {"fri", "sat", "sun", "mon"}
    assert parse("토·일 24시간")[0] == Rule(days=frozenset({"sat", "sun"}))
    assert parse("금 18:00-00:00")[0].closes == 1440
    assert parse("") == ()
