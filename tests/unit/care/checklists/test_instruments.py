"""The other instruments that come with the program, and what holds for all of them."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.checklists.engine import Engine
from care.checklists.errors import AnswersRefused, UnknownInstrument
from care.checklists.loading import load
from care.checklists.model import Recommendation

TODAY = date(2026, 11, 22)
CATALOGUE = load()
ENGINES = {one.id: CATALOGUE.engine(one.id, one.version) for one in CATALOGUE.current(TODAY)}
SUICIDE = ENGINES["suicide_risk"]


def some_answers(engine: Engine) -> st.SearchStrategy[dict[str, int]]:
    """Any part of an instrument answered in any way."""
    items = engine.instrument.items
    return st.fixed_dictionaries({}, optional={item.id: st.sampled_from([one.value for one in item.choices]) for item in items})


def test_the_shipped_ones_are_there_and_say_where_they_come_from() -> None:
    """And none that is copyrighted."""
    assert set(ENGINES) == {"seoul", "ucla3", "phq2", "phq9", "suicide_risk"}
    for engine in ENGINES.values():
        assert engine.instrument.source
        assert engine.instrument.terms
    assert "doi:10.1177/0164027504268574" in ENGINES["ucla3"].instrument.source
    assert "Not the C-SSRS" in SUICIDE.instrument.terms


def test_the_suicide_prompts_are_offered_on_every_path() -> None:
    """First of all, whatever else is there."""
    assert CATALOGUE.everywhere(TODAY) == ("suicide_risk",)
    assert CATALOGUE.current(TODAY)[0].id == "suicide_risk"


@pytest.mark.parametrize(("name", "least", "cut"), [("ucla3", 3, 6), ("phq2", 0, 3)])
def test_a_cut_off_lies_where_the_source_puts_it(name: str, least: int, cut: int) -> None:
    """All patterns of the short ones."""
    engine = ENGINES[name]
    items = engine.instrument.items
    light, grave = (outcome.id for outcome in engine.instrument.outcomes)
    for answers in product(*([choice.value for choice in item.choices] for item in items)):
        found = engine.score({item.id: answer for item, answer in zip(items, answers, strict=True)}, "full")
        assert found.scores["total"] == sum(answers) >= least
        assert found.outcome is not None
        assert found.outcome.id == (grave if sum(answers) >= cut else light)


def test_phq9_falls_into_its_five_bands() -> None:
    """Every total from 0 to 27."""
    bands = {4: "minimal", 9: "mild", 14: "moderate", 19: "moderately_severe", 27: "severe"}
    for total in range(28):
        full, rest = divmod(total, 3)
        answers = {str(number): 3 if number <= full else rest if number == full + 1 else 0 for number in range(1, 10)}
        found = ENGINES["phq9"].score(answers, "full")
        assert found.scores["total"] == total
        assert found.outcome is not None
        assert found.outcome.id == next(band for most, band in bands.items() if total <= most)


@given(st.fixed_dictionaries({}, optional={str(number): st.integers(0, 3) for number in range(1, 10)}))
def test_item_9_of_phq9_is_an_alarm_whatever_the_rest_says(answers: dict[str, int]) -> None:
    """Any answer but the first, and only then; the smallest total and an incomplete sheet do not hold it back."""
    found = ENGINES["phq9"].score(answers, "full")
    assert bool(found.alarms) is (answers.get("9", 0) >= 1)
    assert (found.outcome is None) is (len(answers) < 9)


@given(st.sampled_from(sorted(ENGINES)).flatmap(lambda name: some_answers(ENGINES[name]).map(lambda answers: (name, answers))))
def test_another_answer_never_takes_an_alarm_away(given_: tuple[str, dict[str, int]]) -> None:
    """Alarms of a part of the answers are alarms of all of them, in every instrument and form."""
    name, answers = given_
    engine = ENGINES[name]
    for form in engine.instrument.forms:
        whole = set(engine.score(answers, form.id).alarms)
        for left_out in answers:
            part = {item: answer for item, answer in answers.items() if item != left_out}
            assert set(engine.score(part, form.id).alarms) <= whole


@given(some_answers(SUICIDE), st.data())
def test_the_suicide_level_only_rises(answers: dict[str, int], data: st.DataObject) -> None:
    """With another answer and with a graver one; it is the gravest of those given."""
    before = SUICIDE.score(answers, "full")
    item = data.draw(st.sampled_from(SUICIDE.instrument.items))
    least = answers.get(item.id, 0)
    answer = data.draw(st.sampled_from([choice.value for choice in item.choices if choice.value >= least]))
    after = SUICIDE.score({**answers, item.id: answer}, "full")
    assert (after.level or 0) >= (before.level or 0)
    levels = {item.id: {choice.value: choice.level for choice in item.choices} for item in SUICIDE.instrument.items}
    assert before.level == max((levels[name][value] for name, value in answers.items()), default=None)
    assert set(before.alarms) <= set(after.alarms)


@given(some_answers(SUICIDE))
def test_what_was_not_asked_leaves_the_level_unresolved_and_never_low(answers: dict[str, int]) -> None:
    """Settled only when nothing that could be high is open, or when it is high already."""
    found = SUICIDE.score(answers, "full")
    could = [item.id for item in SUICIDE.instrument.items if item.gravest >= SUICIDE.instrument.high]
    assert could == ["thoughts", "method", "intent", "plan", "means", "behaviour"]
    open_ = tuple(item for item in could if item not in answers)
    assert found.unresolved == open_
    assert found.settled is (not open_ or (found.level or 0) >= SUICIDE.instrument.high)
    if (found.level or 0) >= SUICIDE.instrument.high:
        assert found.alarms


@given(some_answers(SUICIDE).filter(lambda answers: len(answers) == 7))
def test_the_suicide_outcome_says_what_the_level_says(answers: dict[str, int]) -> None:
    """The two are written down apart in the file; they agree over all answers."""
    found = SUICIDE.score(answers, "full")
    assert found.outcome is not None
    assert found.outcome.id == ("none_told", "concern", "crisis", "crisis")[found.level or 0]
    assert (Recommendation.CRISIS in found.outcome.recommends) is ((found.level or 0) >= 2)


def test_answers_that_do_not_exist_are_refused_all_at_once() -> None:
    """A value of another item, a text, true for one, an unknown item, an unknown form."""
    wrong = {"A1": 0, "A2": "3", "A4": True, "Z9": 1, "B1": 1}
    with pytest.raises(AnswersRefused) as caught:
        ENGINES["seoul"].check(wrong, "half")
    assert caught.value.wrong == {
        "": "unknown_form", "A1": "unknown_answer", "A2": "unknown_answer", "A4": "unknown_answer", "Z9": "unknown_item",
    }  # fmt: skip
    assert ENGINES["seoul"].check({"A1": 3}, "full") == {"A1": 3}


def test_an_unknown_version_is_said_to_be_unknown() -> None:
    """So are instruments."""
    for name, version in (("seoul", "0"), ("mmpi", "1")):
        with pytest.raises(UnknownInstrument):
            CATALOGUE.engine(name, version)
