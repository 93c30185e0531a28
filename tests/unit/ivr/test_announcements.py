"""What is said about place and time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.announcements import Announcement, announce
from ivr.happenings import Place
from ivr.phases import PlaceFor
from ivr.prompts.texts import load

TEXTS = load()


def said(language: str, ahead: int | None, low_s: float | None = None, high_s: float | None = None) -> tuple[str, ...]:
    """What a caller hears who was told nothing before."""
    return announce(
        Place(why=PlaceFor.INTRO, ahead=ahead, low_s=low_s, high_s=high_s), language, said_place=None, said_minutes=None
    ).prompts


def words(language: str, prompts: tuple[str, ...]) -> str:
    """The text of a sequence."""
    return " ".join(prompt.text for prompt_id in prompts if (prompt := TEXTS.get(prompt_id, language)))


@pytest.mark.parametrize(
    ("language", "ahead", "low_s", "high_s", "text"),
    [
        ("ko", 0, None, None, "다음 순서이십니다."),
        ("ko", 3, 310, 590, "앞에서 기다리시는 분은 세 명 입니다. 예상 시간은 약 오 분 에서 십 분 정도입니다."),
        ("ko", 1, 10, 200, "앞에서 기다리시는 분은 한 명 입니다. 사 분 안에 연결될 것 같습니다."),
        ("en", 3, 310, 590, "Before you in line: three people It will probably take about five to ten minutes"),
        ("en", 1, 10, 50, "Before you in line: one person It will probably take less than one minute"),
        # Above ten minutes in steps of five, outwards.
        ("en", 9, 700, 1270, "Before you in line: nine people It will probably take about ten to twenty five minutes"),
        # Never an interval of one number.
        ("en", 2, 300, 300, "Before you in line: two people It will probably take about four to five minutes"),
    ],
)
def test_place_and_time_in_words(language: str, ahead: int, low_s: float | None, high_s: float | None, text: str) -> None:
    """As a person would say it."""
    assert words(language, said(language, ahead, low_s, high_s)) == text


@pytest.mark.parametrize(("low_s", "high_s"), [(None, 60.0), (60.0, None), (60.0, 30.0), (-5.0, 60.0), (0.0, float("inf"))])
def test_an_impossible_interval_is_not_said(low_s: float | None, high_s: float | None) -> None:
    """Only the place."""
    assert said("ko", 0, low_s, high_s) == ("place_next",)


def test_without_a_place_nothing_is_said() -> None:
    """Not in the line just now."""
    assert said("ko", None, 60, 120) == ()


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 4000), st.floats(0, 4000)), max_size=20), st.sampled_from(["ko", "en"]))
def test_neither_place_nor_time_ever_grows(answers: list[tuple[int, float, float]], language: str) -> None:
    """Whatever the line does, the same caller never hears a larger number than before."""
    place: int | None = None
    minutes: int | None = None
    for ahead, one, other in answers:
        answer = Place(why=PlaceFor.COMFORT, ahead=ahead, low_s=min(one, other), high_s=max(one, other))
        result = announce(answer, language, said_place=place, said_minutes=minutes)
        if result == Announcement():
            continue
        assert result.place is not None
        assert place is None or result.place <= place
        place = result.place
        if result.minutes is not None:
            assert minutes is None or result.minutes <= minutes
            assert result.minutes * 60 >= max(one, other)
            minutes = result.minutes
