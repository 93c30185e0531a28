"""Hours of a week, rest day, breaks, night work, runs: both sides of each limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from shifts.model import NightWork, Pause, Protection, Roster, Setting, ShiftType
from shifts.rules import RULES, Level, parameters, sentence
from tests.unit.shifts.rules.month import TYPES, broken, day, details, drawn, person, setting, shift

# 10 h 24 min of work a day: five of them are 52 h to the minute.
EXACT = ShiftType(code="X", name="엑스", name_en="X", starts=time(7), minutes=714, pauses=(Pause(240, 90),))
MORE = ShiftType(code="Y", name="와이", name_en="Y", starts=time(7), minutes=715, pauses=(Pause(240, 90),))
WITH_EXACT = setting(types={**TYPES, "X": EXACT, "Y": MORE})


def test_52_hours_to_the_minute_are_allowed_and_one_minute_more_is_not() -> None:
    """The limit of the week is 3,120 minutes of work."""
    assert not broken("week_hours", drawn({1: "XXXXX--"}), WITH_EXACT)
    found = details("week_hours", drawn({1: "XXXXY--"}), WITH_EXACT)
    assert [(each.day.day, each.values["minutes"]) for each in found] == [(5, 3121)]


def test_work_on_a_public_holiday_counts_for_the_week() -> None:
    """52 h include it."""
    holiday = replace(WITH_EXACT, holidays={day(5): "임시공휴일"})
    assert broken("week_hours", drawn({1: "XXXXY--"}), holiday) == [5]


def test_the_week_runs_from_monday_to_sunday() -> None:
    """The same six long days: within one week too much, across two weeks not."""
    assert broken("week_hours", drawn({1: "-XXXXXX"}), WITH_EXACT) == [7]
    assert not broken("week_hours", drawn({1: "---XXXXXX"}), WITH_EXACT)


def test_a_night_that_starts_on_sunday_is_all_of_that_week() -> None:
    """Seven hours of the night of Sunday count for the week that ends, none for the next."""
    roster = drawn({1: "NNNNNNN"})
    assert [each.values["minutes"] for each in details("overtime", roster)] == [49 * 60]


def test_standby_and_reachability_at_home_are_no_working_time() -> None:
    """A week of both breaks neither hours nor rest."""
    roster = drawn({1: "SSSSSSS", 2: "VVVVVVV"})
    assert not broken("week_hours", roster)
    assert not broken("rest_day", roster)


def test_six_days_of_seven_leave_a_rest_day_and_seven_do_not() -> None:
    """One date without a shift is enough."""
    assert not broken("rest_day", drawn({1: "DDDDDD-"}))
    assert broken("rest_day", drawn({1: "DDDDDDD"})) == [7]


def test_a_free_date_counts_only_with_24_hours_around_it() -> None:
    """From 07:00 to 07:00 is a rest day, from 07:00 to 06:59 is none."""
    early = ShiftType(code="F", name="새벽", name_en="Early", starts=time(6, 59), minutes=480, pauses=(Pause(210, 60),))
    types = setting(types={**TYPES, "F": early})
    assert not broken("rest_day", drawn({1: "DDDDDN-D"}), types)
    assert broken("rest_day", drawn({1: "DDDDDN-F"}), types) == [6]


@pytest.mark.parametrize(
    ("pauses", "enough"),
    [
        ((Pause(210, 60),), True),
        ((Pause(210, 59),), False),
        ((Pause(120, 30), Pause(300, 30)), True),
        ((Pause(0, 60),), False),
        ((Pause(420, 60),), False),
        ((Pause(450, 60),), False),
        ((Pause(100, 40), Pause(120, 40)), True),
        ((Pause(100, 40), Pause(120, 39)), False),
        ((), False),
    ],
)
def test_eight_hours_have_an_hour_of_break_inside(pauses: tuple[Pause, ...], enough: bool) -> None:
    """At the beginning or end it does not count; overlapping breaks count once."""
    assert (not broken("breaks", drawn({}, None, shift(1, 1, "D", pauses)))) == enough


@pytest.mark.parametrize(
    ("minutes", "pause", "enough"), [(239, 0, True), (240, 29, False), (240, 30, True), (479, 30, True), (720, 90, True)]
)
def test_every_four_hours_ask_for_thirty_minutes(minutes: int, pause: int, enough: bool) -> None:
    """Below four hours nothing, then 30 min for each four."""
    kind = ShiftType(code="Z", name="제", name_en="Z", starts=time(8), minutes=minutes, pauses=(Pause(60, pause),) if pause else ())
    assert (not broken("breaks", drawn({1: "Z"}), setting(types={"Z": kind}))) == enough


def test_the_mend_of_a_missing_break_is_enough_break() -> None:
    """Made as given, the rule is kept."""
    found = details("breaks", drawn({1: "B"}))[0]
    assert found.mend is not None
    assert not broken("breaks", drawn({1: "B"}).changed(remove=found.mend.remove, add=found.mend.add))


@pytest.mark.parametrize(("limit", "rule"), [(NightWork.BARRED, "night_barred"), (NightWork.NO_CONSENT, "night_consent")])
def test_night_work_needs_to_be_allowed(limit: NightWork, rule: str) -> None:
    """Day shifts are free; the evening has an hour after 22:00, the night has seven."""
    people = setting(person(1, night_work=limit), person(2))
    found = details(rule, drawn({1: "DEN", 2: "NNN"}), people)
    assert [(each.day.day, each.values["minutes"]) for each in found] == [(2, 60), (3, 420)]


@pytest.mark.parametrize(
    ("starts", "minutes", "at_night"), [(time(14), 480, 0), (time(14), 481, 1), (time(6), 480, 0), (time(5, 59), 480, 1)]
)
def test_night_is_from_22_to_6_to_the_minute(starts: time, minutes: int, at_night: int) -> None:
    """Half-open at both ends."""
    kind = ShiftType(code="Z", name="제", name_en="Z", starts=starts, minutes=minutes, pauses=(Pause(200, 60),))
    found = details("night_barred", drawn({1: "Z"}), setting(person(1, night_work=NightWork.BARRED), types={"Z": kind}))
    assert [each.values["minutes"] for each in found] == ([at_night] if at_night else [])


def test_three_nights_in_a_row_are_allowed_and_four_are_not() -> None:
    """Shown at the first night too many, with the whole run."""
    assert not broken("night_run", drawn({1: "NNN"}))
    found = details("night_run", drawn({1: "NNNNN"}))
    assert [(each.day.day, len(each.days), each.values["count"]) for each in found] == [(4, 5, 5)]


def test_five_days_in_a_row_are_allowed_and_six_are_not() -> None:
    """Two shifts on one date are one day."""
    assert not broken("day_run", drawn({1: "DDDDD-D"}))
    assert broken("day_run", drawn({1: "DDDDDD"})) == [6]
    assert not broken("day_run", drawn({1: "DDDDD"}, None, shift(1, 3, "E")))


def test_limits_of_policies_are_the_houses() -> None:
    """Other values, or none of the rule at all."""
    stricter = parameters({"night_run": {"days": 2}})
    assert broken("night_run", drawn({1: "NNN"}), chosen=stricter) == [3]
    assert not broken("night_run", drawn({1: "NNNN"}), chosen=parameters({"night_run": {"on": 0}}))


def test_more_than_the_agreed_time_is_shown() -> None:
    """Five shifts of seven hours are within 40 h, six are not; part-timers have less."""
    assert not broken("overtime", drawn({1: "DDDDD--"}))
    assert broken("overtime", drawn({1: "DDDDD-D"})) == [7]
    assert broken("overtime", drawn({1: "DDD"}), setting(person(1, contract_minutes=20 * 60))) == [3]


def _week(protection: Protection | None, *minutes: int, night_work: NightWork = NightWork.BARRED) -> tuple[Roster, Setting]:
    """A week of shifts of so many minutes each, an hour of break beside, from eight o'clock on."""
    kinds = {
        chr(97 + number): ShiftType(
            code=chr(97 + number), name="일", name_en="Work", starts=time(8), minutes=length + 60, pauses=(Pause(240, 60),)
        )
        for number, length in enumerate(minutes)
    }
    return drawn({1: "".join(kinds)}), setting(person(1, night_work=night_work, protection=protection), types=kinds)


def test_whoever_is_protected_without_a_stated_reason_has_no_overtime() -> None:
    """40 h to the minute are allowed."""
    assert not broken("protected_overtime", *_week(None, 480, 480, 480, 480, 480))
    assert broken("protected_overtime", *_week(None, 480, 480, 480, 480, 481)) == [5]
    assert not broken("protected_week", *_week(None, 600, 600, 600, 600, 600))


@pytest.mark.parametrize(
    ("protection", "rule", "minutes"),
    [
        (Protection.MINOR, "protected_overtime", 35 * 60),
        (Protection.MINOR, "protected_week", 40 * 60),
        (Protection.PREGNANT, "protected_week", 40 * 60),
        (Protection.POSTPARTUM, "protected_week", 46 * 60),
    ],
)
def test_a_protected_persons_week_ends_at_their_limit_to_the_minute(protection: Protection, rule: str, minutes: int) -> None:
    """Under 18: 35 h, 40 h if more was agreed; pregnant: 40 h; within a year after birth: 46 h. Only while night work is barred."""
    day_, last = minutes // 5, minutes - minutes // 5 * 4
    assert not broken(rule, *_week(protection, day_, day_, day_, day_, last))
    assert broken(rule, *_week(protection, day_, day_, day_, day_, last + 1)) == [5]
    assert RULES["protected_week"].level is Level.HARD
    assert RULES["protected_overtime"].level is Level.POLICY


def test_what_a_doctor_says_is_about_the_night_alone() -> None:
    """48 h are over the agreed time and within the law; a night shift is not."""
    where = _week(Protection.DOCTOR, 560, 560, 560, 560, 560)
    assert not [rule for rule in ("protected_week", "protected_overtime") if broken(rule, *where)]
    assert broken("night_barred", drawn({1: "N"}), setting(person(1, night_work=NightWork.BARRED, protection=Protection.DOCTOR))) == [1]


def test_why_somebody_is_protected_is_said_in_the_sentence() -> None:
    """For whoever may read it: each reason in Korean and English."""
    for protection, korean, english in (
        (None, "까닭 미기재", "no reason stated"),
        (Protection.PREGNANT, "임신 중", "pregnant"),
        (Protection.POSTPARTUM, "산후 1년 미만", "less than a year after birth"),
        (Protection.MINOR, "18세 미만", "under 18"),
        (Protection.DOCTOR, "의사 소견", "on a doctor's advice"),
    ):
        where = setting(person(1, night_work=NightWork.BARRED, protection=protection))
        found = details("night_barred", drawn({1: "N"}), where)[0]
        assert f"야간 근무를 할 수 없는데({korean})" in sentence(found, where, "ko")
        assert f"may not work at night ({english})" in sentence(found, where, "en")
