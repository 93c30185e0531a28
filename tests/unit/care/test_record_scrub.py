"""Registration numbers go, telephone numbers stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.scrub import NOTE, scrub

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
BETWEEN = ["", "-", " ", " - ", "－", "–", "ー", "~", ".", "/", "\n", "\u200b", "\u3000", " -\u00a0", ": "]
#: As people write them, and as programs do.
PHONES = [
    "010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "011-123-4567", "02-123-4567", "02)1234-5678", "(02) 1234-5678",
    "0212345678", "031-123-4567", "0311234567", "064 123 4567", "070-1234-5678", "0502-1234-5678", "050212345678", "1577-0199",
    "15770199", "02-120", "112", "119", "+82 10-1234-5678", "+821012345678", "821012345678", "0082-10-1234-5678", "00821012345678",
    "001-82-10-1234-5678", "+8201012345678", "+1 202-555-0123", "+8613812345678", "+86 138 1234 5678", "０１０－１２３４－５６７８",
    "0 1 0 1 2 3 4 5 6 7 8", "+49 151 23456789", "123-4567", "1234-5678",
]  # fmt: skip
numbers = st.tuples(st.text("0123456789", min_size=6, max_size=6), st.text("0123456789", min_size=7, max_size=7))
words = st.text(st.characters(codec="utf-8", exclude_categories=["N", "Cf", "Z", "P", "S", "M"]), max_size=12)


@given(numbers, st.sampled_from(BETWEEN), st.sampled_from([None, WIDE, ARABIC]), words, words)
def test_a_registration_number_goes_however_it_is_written(
    number: tuple[str, str], between: str, digits: dict[int, int] | None, before: str, after: str
) -> None:
    """Any six and seven digits, with and without hyphen, in full width too; the words around stay as they are."""
    written = between.join(number)
    written = written.translate(digits) if digits else written
    found = scrub(f"{before} {written}{after}")
    assert (found.text, found.removed) == (f"{before} {NOTE}{after}", 1)


@given(numbers, st.sampled_from(["", " ", "-"]))
def test_one_with_a_space_between_all_digits_goes(number: tuple[str, str], between: str) -> None:
    """9 0 0 1 0 1 - 1 2 3 4 5 6 7."""
    written = f"{' '.join(number[0])} {between} {' '.join(number[1])}".replace("  ", " ")
    assert scrub(f"번호는 {written} 입니다").text == f"번호는 {NOTE} 입니다"


@pytest.mark.parametrize(
    "written",
    ["900101-1******", "900101-1xxxxxx", "90.01.01-1234567", "90-01-01 - 1234567", "900101-1 234567", "９００１０１－１●●●●●●"],
)
def test_one_that_is_half_covered_or_split_goes(written: str) -> None:
    """A birthday with a covered rest still says whose it is."""
    assert scrub(f"주민번호 {written}, 010-1234-5678").text == f"주민번호 {NOTE}, 010-1234-5678"


def test_a_plus_before_a_hyphenated_one_does_not_keep_it() -> None:
    """Numbers abroad are not written so."""
    assert scrub("이름+900101-1234567").text == f"이름+{NOTE}"


@given(st.lists(st.sampled_from(PHONES), min_size=1, max_size=5), st.sampled_from([" ", ", ", "\n", " 또는 ", " / ", "와 "]))
def test_telephone_numbers_stay(phones: list[str], between: str) -> None:
    """One beside the other, in every form."""
    text = f"전화 {between.join(phones)} 로"
    assert scrub(text).text == text


@given(st.sampled_from(PHONES), numbers, st.sampled_from(["-", "", " "]), st.booleans())
def test_beside_a_telephone_number_only_the_other_goes(phone: str, number: tuple[str, str], between: str, first: bool) -> None:
    """As on a form: number, telephone."""
    written = between.join(number)
    parts, kept = ([written, phone], [NOTE, phone]) if first else ([phone, written], [phone, NOTE])
    assert scrub(", ".join(parts)).text == ", ".join(kept)


@given(st.text(st.sampled_from("0123456789- .\n*가x０１"), max_size=60) | st.text(max_size=80))
def test_scrubbing_twice_is_scrubbing_once(text: str) -> None:
    """And what has nothing to remove is the same text."""
    once = scrub(text)
    assert scrub(once.text) == type(once)(text=once.text, removed=0)
    assert (once.removed == 0) == (once.text == text)


def test_a_long_text_costs_no_more_than_its_length() -> None:
    """No pattern that a hundred thousand digits or spaces drive into a corner."""
    for text in ("1" * 100_000, "1 " * 50_000, "1-" * 50_000, "900101 " * 14_000, " " * 100_000):
        assert len(scrub(text).text) <= 100_000
