"""Numbers, against oracles that work the other way round: from the words back to the number, and from a table."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.announcements import announce
from ivr.happenings import Place
from ivr.phases import PlaceFor
from ivr.prompts.errors import NumberError
from ivr.prompts.numbers import LARGEST, cardinal, digits, minutes, people, place, telephone
from ivr.prompts.texts import LANGUAGES, Language, load

TEXTS = load()


def spoken(ids: list[str], language: Language, joint: str = "") -> str:
    """The words of a sequence."""
    prompts = [TEXTS.get(prompt_id, language) for prompt_id in ids]
    assert all(prompts), ids
    return joint.join(prompt.text for prompt in prompts if prompt)


def korean_oracle(n: int) -> str:
    """Each digit with the unit of its place; 일 is left out before a unit."""
    words = ""
    for power, digit in enumerate(reversed(str(n))):
        if digit != "0":
            unit = ("", "십", "백", "천")[power]
            name = " 일이삼사오육칠팔구"[int(digit)]
            words = ("" if unit and digit == "1" else name) + unit + words
    return words


def english_oracle(words: list[str]) -> int:
    """From the words back to the number."""
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    )
    tens = "twenty thirty forty fifty sixty seventy eighty ninety"
    values = {word: value for value, word in enumerate(small.split())}
    values |= {word: 10 * value for value, word in enumerate(tens.split(), start=2)}
    total = part = 0
    for word in words:
        if word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = part * 1000, 0
        else:
            part += values[word]
    return total + part


def test_korean_numbers_up_to_9999_are_said_as_the_oracle_says() -> None:
    """All of them."""
    for n in range(1, 10_000):
        assert spoken(cardinal(n, "ko"), "ko") == korean_oracle(n)


def test_english_words_up_to_9999_mean_the_number() -> None:
    """All of them, and no two numbers share their words."""
    seen = set()
    for n in range(10_000):
        words = spoken(cardinal(n, "en"), "en", " ")
        assert english_oracle(words.split()) == n
        seen.add(words)
    assert len(seen) == 10_000


@pytest.mark.parametrize(
    ("n", "korean", "english"),
    [
        (0, "영", "zero"),
        (1, "일", "one"),
        (10, "십", "ten"),
        (11, "십일", "eleven"),
        (16, "십육", "sixteen"),
        (20, "이십", "twenty"),
        (21, "이십일", "twenty one"),
        (100, "백", "one hundred"),
        (101, "백일", "one hundred one"),
        (111, "백십일", "one hundred eleven"),
        (120, "백이십", "one hundred twenty"),
        (1000, "천", "one thousand"),
        (1111, "천백십일", "one thousand one hundred eleven"),
        (2026, "이천이십육", "two thousand twenty six"),
        (9999, "구천구백구십구", "nine thousand nine hundred ninety nine"),
        (10_000, "만", "ten thousand"),
        (11_000, "만천", "eleven thousand"),
        (33_148, "삼만삼천백사십팔", "thirty three thousand one hundred forty eight"),
        (110_000, "십일만", "one hundred ten thousand"),
    ],
)
def test_number_is_said_as_people_say_it(n: int, korean: str, english: str) -> None:
    """The table that a Korean reader can check."""
    assert spoken(cardinal(n, "ko"), "ko") == korean
    assert spoken(cardinal(n, "en"), "en", " ") == english


@pytest.mark.parametrize(
    ("n", "korean", "english"), [(1, "일 분", "one minute"), (3, "삼 분", "three minutes"), (15, "십 오 분", "fifteen minutes")]
)
def test_minutes_are_sino_korean(n: int, korean: str, english: str) -> None:
    """삼 분, not 세 분."""
    assert spoken(minutes(n, "ko"), "ko", " ") == korean
    assert spoken(minutes(n, "en"), "en", " ") == english


@pytest.mark.parametrize(
    ("n", "korean", "english"), [(1, "일 번", "number one"), (3, "삼 번", "number three"), (12, "십 이 번", "number twelve")]
)
def test_place_in_line_is_sino_korean_like_a_ticket(n: int, korean: str, english: str) -> None:
    """대기 순서 삼 번."""
    assert spoken(place(n, "ko"), "ko", " ") == korean
    assert spoken(place(n, "en"), "en", " ") == english


@pytest.mark.parametrize(
    ("n", "korean", "english"),
    [
        (0, "영 명", "zero people"),
        (1, "한 명", "one person"),
        (3, "세 명", "three people"),
        (10, "열 명", "ten people"),
        (12, "열 두 명", "twelve people"),
        (20, "이 십 명", "twenty people"),
    ],
)
def test_people_are_counted_in_native_numerals(n: int, korean: str, english: str) -> None:
    """세 명, not 삼 명; above nineteen both are heard, and the Sino-Korean one is shorter."""
    assert spoken(people(n, "ko"), "ko", " ") == korean
    assert spoken(people(n, "en"), "en", " ") == english


def test_digits_are_read_one_by_one_with_gong_for_zero() -> None:
    """A telephone number is 공일공, not 영일영."""
    assert spoken(digits("02-120", "ko"), "ko") == "공이일이공"
    assert spoken(digits("109", "en"), "en", " ") == "one zero nine"


@pytest.mark.parametrize("text", ["", " - ", "12a", "１２", "*11", "+82", "-1x"])
def test_what_is_not_digits_is_refused_without_repeating_it(text: str) -> None:
    """The message must not carry what may be a number into a log."""
    with pytest.raises(NumberError) as caught:
        digits(text, "ko")
    assert not text.strip() or text not in str(caught.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_out_of_range_are_refused(language: Language) -> None:
    """Nobody hears a negative number, a million, or place zero."""
    for bad in (-1, LARGEST + 1):
        with pytest.raises(NumberError):
            cardinal(bad, language)
    with pytest.raises(NumberError):
        place(0, language)


@settings(deadline=None)
@given(n=st.integers(0, LARGEST), language=st.sampled_from(LANGUAGES))
def test_every_word_of_every_number_has_a_text(n: int, language: Language) -> None:
    """Nothing that can be composed is missing in the texts."""
    for ids in (
        cardinal(n, language),
        minutes(n, language),
        people(n, language),
        place(n + 1, language) if n < LARGEST else [],
        digits(str(n), language),
    ):
        assert all(TEXTS.get(prompt_id, language) for prompt_id in ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_word_is_used(language: Language) -> None:
    """No studio records a word that is never said."""
    used = {*digits("0123456789", language), *telephone(["02", "120"], language)}
    for n in [*range(1, 1200), 10_000]:
        used.update(cardinal(n, language), minutes(n, language), people(n, language), place(n, language))
    used.update(cardinal(0, language))
    for low_s in (0, 120):
        answer = Place(why=PlaceFor.INTRO, ahead=1, low_s=low_s, high_s=300)
        used.update(announce(answer, language, said_place=None, said_minutes=None).prompts)
    assert used == {prompt.id for prompt in TEXTS if prompt.language == language and prompt.group == "numbers"}


def test_a_telephone_number_is_read_as_people_read_it() -> None:
    """The hyphen is 에 in Korean, zero is 공."""
    assert spoken(telephone(["010", "1234", "5678"], "ko"), "ko") == "공일공에일이삼사에오육칠팔"
    assert spoken(telephone(["010", "12"], "en"), "en", " ") == "zero one zero one two"


@settings(deadline=None)
@given(text=st.text(alphabet="0123456789 -.", max_size=30), language=st.sampled_from(LANGUAGES))
def test_as_many_words_as_digits(text: str, language: Language) -> None:
    """No digit is lost or added."""
    count = sum(character.isdigit() for character in text)
    if count:
        assert len(digits(text, language)) == count
