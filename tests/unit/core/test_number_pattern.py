"""Patterns of numbers that may be dialled."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.number_pattern import PatternError, check, matches
from core.phone import normalise
from core.settings import ORDINARY_NUMBERS


def allowed(pattern: str, number: str) -> bool:
    """Whether this pattern lets this number through."""
    return matches([pattern], normalise(number).e164 or "")


@pytest.mark.parametrize(
    ("pattern", "number", "expected"),
    [
        ("010*", "010-1234-5678", True),
        ("010*", "+821012345678", True),
        ("010*", "011-234-5678", False),
        ("+8210*", "01012345678", True),
        ("010-9999-XXXX", "01099991234", True),
        ("010-9999-XXXX", "01099981234", False),
        ("02N*", "02-234-5678", True),
        ("02N*", "02-120", False),
        ("1577XXXX", "1577-0199", True),
        ("1366", "1366", True),
        ("1366", "112", False),
        ("011*", "112", False),
        ("011*", "119", False),
        ("+1202*", "+1 202 555 0123", True),
        ("010*", "+1 202 555 0123", False),
    ],
)
def test_a_pattern_lets_its_numbers_through_and_no_others(pattern: str, number: str, expected: bool) -> None:
    """Both as E.164, however they were written."""
    assert allowed(pattern, number) is expected


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "is not a number pattern"),
        ("*", "is not a number pattern"),
        ("010*1", "is not a number pattern"),
        ("abc", "is not a number pattern"),
        ("0*", "whole country"),
        ("+82*", "whole country"),
        ("+*", "is not a number pattern"),
        ("+8210*, 011*", "is not a number pattern"),
        ("001*", "with \\+ and its country code"),
        ("+82010*", "after \\+82 there is no 0"),
        ("060*", "never dialled"),
        ("+8260*", "never dialled"),
    ],
)
def test_what_is_no_pattern_or_opens_too_much_is_refused(pattern: str, says: str) -> None:
    """With words that say why."""
    with pytest.raises(PatternError, match=says):
        check(pattern)


@pytest.mark.parametrize("pattern", ["0XX*", "06*", "0X0XXXXXXXX"])
def test_a_premium_number_is_let_through_by_no_pattern(pattern: str) -> None:
    """Not even by one that would match it."""
    assert not allowed(pattern, "060-700-1234")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("010-1234-5678", True), ("011-234-5678", True), ("02-2345-6789", True), ("031-234-5678", True), ("064-234-5678", True),
        ("070-1234-5678", True), ("0505-123-4567", True),
        ("060-700-1234", False), ("080-123-4567", False), ("1577-0199", False), ("112", False), ("119", False), ("02-120", False),
        ("+1 202 555 0123", False), ("00700 1 202 555 0123", False),
    ],
)  # fmt: skip
def test_by_default_only_ordinary_telephones_of_korea_are_called_back(number: str, expected: bool) -> None:
    """What a caller can enter by keys must not make the helpline ring a paid, foreign or emergency number."""
    assert matches(ORDINARY_NUMBERS, normalise(number).e164 or "") is expected


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_an_error(text: str) -> None:
    """Nothing else comes out."""
    try:
        assert check(text) == text
    except PatternError:
        assert not re.fullmatch(r"0[1-57-9][0-9XN]+", text)


@given(st.from_regex(r"\+?[0-9XN]{3,12}\*?", fullmatch=True), st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_no_pattern_opens_a_premium_number(pattern: str, number: str) -> None:
    """For all patterns and numbers."""
    try:
        check(pattern)
    except PatternError:
        return
    assert not matches([pattern], f"+8260{number[4:]}")
