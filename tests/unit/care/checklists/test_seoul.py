"""The Seoul checklist against an oracle that was written from the form, without the program's data or code."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest

from care.checklists.engine import Engine
from care.checklists.loading import load
from care.checklists.model import Recommendation

A = ("A1", "A2", "A3", "A4", "A5")
B = tuple(f"B{number}" for number in range(1, 8))
C = tuple(f"C{number}" for number in range(1, 7))
#: C3 is the fourth bit from the right when C1 is the highest of six.
_C2, _C3, _OTHERS = 0b010000, 0b001000, 0b100111


@pytest.fixture(scope="module")
def seoul() -> Engine:
    """The engine of the shipped version."""
    return load().engine("seoul", "1")


@cache
def group(a: tuple[int, ...], kept: int, c: int) -> str:
    """The form, read once more: points of A, how many of B are kept up, and the C answers as six bits."""
    lonely = a[0] + a[1] + a[2] > 4 and 1 in a[3:]
    untidy = kept < 6
    if not lonely:
        return "일상지원군" if untidy else "일반시민"
    if not untidy:
        return "관계지원군"
    if c & (_C2 | _C3):
        return "긴급위기군"
    return "집중관리군" if (c & _OTHERS).bit_count() > 1 else "일상위험고립군"


@pytest.mark.timeout(300)
def test_every_pattern_of_answers_comes_to_the_group_of_the_form(seoul: Engine) -> None:
    """All 884,736; and C3 raises its alarm in every single one of them, whatever the group is called."""
    score = seoul.score
    patterns = 0
    crises = [(dict(zip(C, bits, strict=True)), int("".join(map(str, bits)), 2)) for bits in product((0, 1), repeat=6)]
    for a in product((1, 2, 3), (1, 2, 3), (1, 2, 3), (0, 1), (0, 1)):
        for b in product((0, 1), repeat=7):
            answers = dict(zip((*A, *B), (*a, *b), strict=True))
            kept = b.count(0)
            for crisis, bits in crises:
                answers.update(crisis)
                found = score(answers, "full")
                patterns += 1
                outcome = found.outcome
                # Spelt out only where it fails: a comparison that pytest explains costs more than the whole scoring.
                if outcome is None or outcome.words.ko != group(a, kept, bits) or (not found.alarms) is not (not bits & _C3):
                    pytest.fail(f"{a} {b} {bits:06b}: {found}")
    assert patterns == 884_736


def test_the_public_form_says_both_where_the_longer_one_would_go_on(seoul: Engine) -> None:
    """All 13,824 patterns of the first twelve: never one of the three groups that need C, and then to a talk."""
    for a in product((1, 2, 3), (1, 2, 3), (1, 2, 3), (0, 1), (0, 1)):
        for b in product((0, 1), repeat=7):
            found = seoul.score(dict(zip((*A, *B), (*a, *b), strict=True)), "public")
            full = group(a, b.count(0), 0)
            assert found.outcome is not None
            if full in {"일반시민", "관계지원군", "일상지원군"}:
                assert found.outcome.words.ko == full
            else:
                assert found.outcome.id == "both"
                assert Recommendation.ASK_ABOUT_SUICIDE in found.outcome.recommends


def test_an_answer_that_is_missing_gives_incomplete_and_never_a_group(seoul: Engine) -> None:
    """Each of the eighteen in turn, with everything else at its lightest and at its gravest."""
    for pick in (min, max):
        whole = {item.id: pick(choice.value for choice in item.choices) for item in seoul.instrument.items}
        for left_out in whole:
            found = seoul.score({item: answer for item, answer in whole.items() if item != left_out}, "full")
            if pick is min and left_out in C:
                # Not asked: neither A nor B flags.
                assert found.complete
                continue
            assert (found.complete, found.outcome, found.missing) == (False, None, (left_out,))
            assert all(left_out not in score.items for score in seoul.instrument.scores if score.id in found.scores)


def test_the_suicide_item_is_an_alarm_also_where_it_was_not_asked(seoul: Engine) -> None:
    """Alone, in the public form, and before anything else is answered."""
    for form in ("full", "public"):
        found = seoul.score({"C3": 1}, form)
        assert [(alarm.item, str(alarm.danger)) for alarm in found.alarms] == [("C3", "suicide")]
        assert not found.complete
    assert seoul.score({"C3": 0}, "full").alarms == ()


def test_the_crisis_items_are_asked_only_when_both_flag(seoul: Engine) -> None:
    """And then all of them are."""
    lonely = {"A1": 3, "A2": 1, "A3": 1, "A4": 1, "A5": 0}
    tidy = dict.fromkeys(B, 0)
    assert seoul.score({**lonely, **tidy}, "full").complete
    assert seoul.score({**lonely, **tidy, "B1": 1, "B7": 1}, "full").missing == C
    assert seoul.score({**lonely, **tidy, "B1": 1}, "full").complete
    # Two of B are already kept badly: whatever B7 is, C will be asked, and that is known.
    found = seoul.score({**lonely, **{item: 1 for item in B if item != "B7"}}, "full")
    assert found.missing == ("B7",)
    assert found.flags == {"relation": True}
