"""Plans of people who call often."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from care.errors import TextTooLong, WrongValue
from care.plans.model import LONGEST_TEXT, AgreedTime, Caution, Plan, agreed, clean, current
from care.scrub import NOTE

EVENING = AgreedTime(weekday=0, since=time(20), until=time(21))
NIGHT = AgreedTime(weekday=6, since=time(23), until=time(1))


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        # Monday the 23rd of November 2026, 20:00 in Seoul.
        (datetime(2026, 11, 23, 11, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 12, tzinfo=UTC), False),
        (datetime(2026, 11, 24, 11, tzinfo=UTC), False),
        # Sunday 23:30, Monday 00:30 and 01:00.
        (datetime(2026, 11, 22, 14, 30, tzinfo=UTC), True),
        (datetime(2026, 11, 22, 15, 30, tzinfo=UTC), True),
        (datetime(2026, 11, 22, 16, tzinfo=UTC), False),
    ],
)
def test_agreed_times_are_by_the_clock_in_seoul(at: datetime, holds: bool) -> None:
    """Also across midnight, from Sunday into Monday."""
    assert agreed(Plan(times=(EVENING, NIGHT)), at) is holds
    assert agreed(Plan(), at) is None


def test_a_warning_is_shown_up_to_its_day_and_not_after() -> None:
    """The day ends in Seoul, not at Greenwich."""
    plan = Plan(warnings=(Caution(text="화낼 수 있음", until=date(2026, 11, 22)),))
    assert current(plan, datetime(2026, 11, 22, 14, 59, tzinfo=UTC)) == plan
    assert current(plan, datetime(2026, 11, 22, 15, tzinfo=UTC)).warnings == ()


def test_a_plan_is_stored_without_registration_numbers() -> None:
    """In each of its texts."""
    said = "900101-1234567"
    found = clean(Plan(helps=said, avoid=said, warnings=(Caution(text=said, until=date(2027, 1, 1)),)))
    assert (found.helps, found.avoid, found.warnings[0].text) == (NOTE, NOTE, NOTE)
    assert said not in repr(Plan(helps=said, avoid=said, warnings=(Caution(text=said, until=date(2027, 1, 1)),)))


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (Plan(times=(AgreedTime(weekday=7, since=time(1), until=time(2)),)), "times"),
        (Plan(times=(AgreedTime(weekday=1, since=time(1), until=time(1)),)), "times"),
        (Plan(times=(AgreedTime(weekday=1, since=time(1, tzinfo=UTC), until=time(2)),)), "times"),
        (Plan(minutes=0), "minutes"),
        (Plan(warnings=(Caution(text="x", until=date(2027, 1, 1)),) * 11), "warnings"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(plan: Plan, field: str) -> None:
    """And says which one."""
    with pytest.raises(WrongValue) as caught:
        clean(plan)
    assert caught.value.data == {"field": field}


def test_a_text_of_a_plan_has_a_limit() -> None:
    """It must be read while a phone rings."""
    with pytest.raises(TextTooLong):
        clean(Plan(helps="가" * (LONGEST_TEXT + 1)))
