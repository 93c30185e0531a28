"""What is said, word for word, where it matters."""

from __future__ import annotations

from datetime import time

from shifts.model import Demand
from shifts.rules import sentence
from tests.unit.shifts.rules.month import details, drawn, setting
from tests.unit.shifts.rules.test_cover import DAY


def test_a_sequence_in_korean_and_english() -> None:
    """Person, date, rule, mend."""
    found = details("evening_day", drawn({1: "ED"}))[0]
    assert sentence(found, setting(), "ko") == "2월 2일(화) 사람1: 저녁 다음 날 낮 근무입니다(사이 8시간). 2월 2일(화) 낮 근무를 빼세요."
    assert sentence(found, setting(), "en") == "사람1, Tue 2 Feb: Day on the day after Evening (8 h between). Take Day on Tue 2 Feb off."


def test_hours_and_minutes() -> None:
    """As people say them."""
    found = details("week_hours", drawn({1: "LLLLLL-"}))[0]
    assert "이 주의 근무가 63시간으로 한도 52시간을 넘습니다" in sentence(found, setting(), "ko")
    assert "63 h of work in this week, over the limit of 52 h" in sentence(found, setting(), "en")


def test_a_whole_day_is_said_to_be_one() -> None:
    """`07:00~07:00` would be no time at all; the supervisor's day begins at midnight."""
    where = setting(demand=(Demand(starts=time(7), minutes=1440, least=1, wanted=1),))
    found = details("cover_least", drawn({}), where)[0]
    assert "07:00부터 24시간 내내 전화를 받는 사람이 0명까지" in sentence(found, where, "ko")
    assert "down to 0 on the line for 24 h from 07:00 (at least 1)" in sentence(found, where, "en")
    alone = details("supervisor_reachable", drawn({}), where)[1]
    assert "하루 종일 연락되는 책임자가 없습니다(모두 24시간)" in sentence(alone, where, "ko")
    assert "no supervisor can be reached all day (24 h in all)" in sentence(alone, where, "en")


def test_a_hole_names_no_person() -> None:
    """When, how many there are and how many there should be, and which shift to fill."""
    where = setting(demand=(DAY,))
    found = details("cover_least", drawn({}), where)[0]
    assert (
        sentence(found, where, "ko")
        == "2월 1일(월): 07:00~15:00 전화를 받는 사람이 0명까지 줄어듭니다(최소 2명). 2월 1일(월) 낮 근무자를 더 찾으세요."
    )
