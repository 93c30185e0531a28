"""What may follow what: both sides of each limit, and one sentence for one mistake."""

from __future__ import annotations

from datetime import time

import pytest

from shifts.model import Pause, ShiftType
from shifts.rules import check, parameters
from shifts.rules.ground import Kind, kind_of
from tests.unit.shifts.rules.month import TYPES, broken, details, drawn, setting, shift

_SEQUENCES = {"rest_between", "evening_day", "night_day", "night_off_day", "days_off_after_nights"}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("DD", None),
        ("DE", None),
        ("DN", None),
        ("EE", None),
        ("EN", None),
        ("NN", None),
        ("E-D", None),
        ("N-N", None),
        ("N--D", None),
        ("ED", "evening_day"),
        ("ND", "night_day"),
        ("NE", "night_day"),
        ("N-D", "night_off_day"),
        ("N-E", "days_off_after_nights"),
    ],
)
def test_each_sequence_has_one_rule_at_most(row: str, rule: str | None) -> None:
    """What is forbidden, what is only unwished, and what is fine."""
    found = {each.rule for each in check(setting(), drawn({1: row}), parameters())} & _SEQUENCES
    assert found == ({rule} if rule else set())


@pytest.mark.parametrize(("starts", "enough"), [(time(9), False), (time(9, 59), False), (time(10), True)])
def test_eleven_hours_of_rest_to_the_minute(starts: time, enough: bool) -> None:
    """From 23:00 to 10:00."""
    late = ShiftType(code="Q", name="늦낮", name_en="Late day", starts=starts, minutes=480, pauses=(Pause(210, 60),))
    chosen = parameters({"evening_day": {"on": 0}})
    assert (not broken("rest_between", drawn({1: "EQ"}), setting(types={**TYPES, "Q": late}), chosen)) == enough


def test_rest_speaks_where_a_sequence_is_allowed() -> None:
    """With the sequence's rule off, eight hours of rest are still too few."""
    found = details("rest_between", drawn({1: "ED"}), chosen=parameters({"evening_day": {"on": 0}}))
    assert [(each.day.day, each.values["minutes"]) for each in found] == [(2, 480)]


def test_two_shifts_of_one_date_need_rest_between_them_too() -> None:
    """From 15:00 to 15:00 is none."""
    assert broken("rest_between", drawn({1: "D"}, None, shift(1, 1, "E"))) == [1]


def test_days_off_after_nights_are_as_many_as_the_house_wants() -> None:
    """Three wanted: two are too few."""
    three = parameters({"days_off_after_nights": {"days": 3}})
    assert broken("days_off_after_nights", drawn({1: "N--D"}), chosen=three) == [4]
    assert not broken("days_off_after_nights", drawn({1: "N---D"}), chosen=three)


def test_nobody_is_in_two_places() -> None:
    """Long day and evening overlap; day and evening only touch."""
    assert broken("overlap", drawn({1: "L"}, None, shift(1, 1, "E"))) == [1]
    assert not broken("overlap", drawn({1: "D"}, None, shift(1, 1, "E")))


def test_the_same_shift_twice_with_other_breaks_is_an_overlap() -> None:
    """Two assignments, one person, one time."""
    assert broken("overlap", drawn({1: "D"}, None, shift(1, 1, "D", (Pause(60, 60),)))) == [1]


def test_a_supervisor_on_call_may_be_on_the_line() -> None:
    """They can be reached all the same; somebody on standby cannot come in while working."""
    roster = drawn({1: "D", 2: "D"}, None, shift(1, 1, "V"), shift(2, 1, "S"))
    assert not broken("overlap", roster)
    assert [each.person_id for each in details("standby_clash", roster)] == [shift(2, 1, "S").person_id]


@pytest.mark.parametrize(("code", "kind"), [("D", Kind.DAY), ("E", Kind.EVENING), ("N", Kind.NIGHT), ("L", Kind.DAY)])
def test_a_shift_is_what_its_times_make_it(code: str, kind: Kind) -> None:
    """Names of shifts are the house's business."""
    assert kind_of(TYPES[code]) is kind


@pytest.mark.parametrize(
    ("starts", "minutes", "kind"),
    [
        (time(13), 480, Kind.DAY),
        (time(13, 1), 480, Kind.EVENING),
        (time(22), 300, Kind.NIGHT),
        (time(22), 299, Kind.EVENING),
        (time(2), 480, Kind.NIGHT),
        (time(2, 1), 480, Kind.DAY),
    ],
)
def test_the_edges_between_day_evening_and_night(starts: time, minutes: int, kind: Kind) -> None:
    """Evening ends after 21:00; a night has three hours of 00:00-05:00."""
    assert kind_of(ShiftType(code="Z", name="제", name_en="Z", starts=starts, minutes=minutes)) is kind
