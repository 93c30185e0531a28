"""Scores answers by an instrument. Pure; an instrument is compiled once.

What is not known stays unknown: a condition over a missing answer is neither true nor false (Kleene's logic) unless the rest decides it, a
score with a missing item is no score, and an incomplete set of answers has no outcome. Alarms look at single answers only: nothing that was
computed can hold one back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple, cast

from care.checklists.errors import AnswersRefused
from care.checklists.model import Alarm, Answers, Condition, Every, Form, Instrument, Nothing, Outcome, Scored, Some, Test


class _Facts(NamedTuple):
    """Answers, scores and flags, as far as they are known."""

    item: Answers
    score: Answers
    flag: dict[str, bool]


_Holds = Callable[[_Facts], "bool | None"]
#: Cases whose outcome is remembered.
_REMEMBERED = 10_000


class Engine:
    """See the module."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._values = {item.id: frozenset(choice.value for choice in item.choices) for item in instrument.items}
        self._levels = {item.id: {choice.value: choice.level for choice in item.choices} for item in instrument.items if instrument.levels}
        self._must_not_be_missed = tuple(item.id for item in instrument.items if instrument.levels and item.gravest >= instrument.high)
        self._sums = [_sum(score.items) for score in instrument.scores]
        self._flags = [(flag.id, _holds(flag.when)) for flag in instrument.flags]
        self._alarms = [(rule.item, rule.at_least, Alarm(item=rule.item, danger=rule.danger)) for rule in instrument.alarms]
        self._forms = {form.id: self._parts(form) for form in instrument.forms}
        conditions = [one.when for group in (instrument.sections, instrument.flags, instrument.outcomes) for one in group if one.when]
        tested = (test.id for condition in conditions for test in _tests(condition) if test.of == "item")
        self._named = tuple(dict.fromkeys((*tested, *(rule.item for rule in instrument.alarms), *self._levels)))
        self._decided = lru_cache(maxsize=_REMEMBERED)(self._decide)

    def check(self, answers: Mapping[str, object], form: str) -> Answers:
        """The same answers, if the instrument knows them. Raises `AnswersRefused` with everything that is wrong."""
        wrong: dict[str, str] = {} if form in self._forms else {"": "unknown_form"}
        for item, answer in answers.items():
            if item not in self._values:
                wrong[item] = "unknown_item"
            elif type(answer) is not int or answer not in self._values[item]:
                wrong[item] = "unknown_answer"
        if wrong:
            raise AnswersRefused(wrong)
        return cast("Answers", answers)

    def score(self, answers: Answers, form: str) -> Scored:
        """What they come to. `answers` and `form` are known ones (`check`); an item that was not asked may be answered all the same."""
        read = answers.get
        asked, found = self._decided(form, tuple([add(answers) for add in self._sums]), tuple([read(item) for item in self._named]))
        if len(answers) == len(self._values):
            return found
        missing = tuple(item for item in asked if item not in answers)
        return replace(found, missing=missing, outcome=None) if missing else found

    def _decide(self, form: str, sums: tuple[int | None, ...], named: tuple[int | None, ...]) -> tuple[tuple[str, ...], Scored]:
        """Which items are asked, and what comes out if none of them is missing.

        It depends on the sums and on the few items that alarms, levels and conditions name: some thousands of cases, so they are remembered.
        """
        answers = {item: answer for item, answer in zip(self._named, named, strict=True) if answer is not None}
        scores = {score.id: total for score, total in zip(self.instrument.scores, sums, strict=True) if total is not None}
        facts = _Facts(item=answers, score=scores, flag={})
        for name, holds in self._flags:
            up = holds(facts)
            if up is not None:
                facts.flag[name] = up
        sections, outcomes = self._forms[form]
        # Where it is not known whether a section is asked, what decides that is missing, so the whole is incomplete anyhow.
        asked = tuple(item for items, when in sections if when is None or when(facts) for item in items)
        level = max((levels[answers[item]] for item, levels in self._levels.items() if item in answers), default=None)
        unresolved = tuple(item for item in self._must_not_be_missed if item not in answers)
        return asked, Scored(
            form=form,
            missing=(),
            scores=MappingProxyType(scores),
            flags=MappingProxyType(facts.flag),
            outcome=next((outcome for outcome, when in outcomes if when is None or when(facts)), None),
            alarms=tuple(alarm for item, least, alarm in self._alarms if answers.get(item, least - 1) >= least),
            level=level,
            unresolved=unresolved,
            settled=not unresolved or (level is not None and level >= self.instrument.high),
        )

    def _parts(self, form: Form) -> tuple[list[tuple[tuple[str, ...], _Holds | None]], list[tuple[Outcome, _Holds | None]]]:
        instrument = self.instrument
        sections: list[tuple[tuple[str, ...], _Holds | None]] = [
            (
                tuple(item.id for item in instrument.items if item.section == section.id),
                None if section.when is None else _holds(section.when),
            )
            for section in instrument.sections
            if section.id in form.sections
        ]
        outcomes = [
            (outcome, None if outcome.when is None else _holds(outcome.when))
            for outcome in instrument.outcomes
            if not outcome.forms or form.id in outcome.forms
        ]
        return sections, outcomes


def _tests(condition: Condition) -> Iterator[Test]:
    if isinstance(condition, Test):
        yield condition
    else:
        for part in condition.parts:
            yield from _tests(part)


def _sum(items: tuple[str, ...]) -> Callable[[Answers], int | None]:
    if len(items) == 1:
        (only,) = items
        return lambda answers: answers.get(only)
    all_of: Callable[[Answers], tuple[int, ...]] = itemgetter(*items)

    def add(answers: Answers) -> int | None:
        try:
            return sum(all_of(answers))
        except KeyError:
            return None

    return add


def _holds(condition: Condition) -> _Holds:
    match condition:
        case Test():
            return _between(condition)
        case Every():
            return _every([_holds(part) for part in condition.parts])
        case Some():
            return _some([_holds(part) for part in condition.parts])
        case Nothing():
            some = _some([_holds(part) for part in condition.parts])

            def nothing(facts: _Facts) -> bool | None:
                found = some(facts)
                return None if found is None else not found

            return nothing


def _between(test: Test) -> _Holds:
    of, name = _Facts._fields.index(test.of), test.id
    least = -(10**9) if test.at_least is None else test.at_least
    most = 10**9 if test.at_most is None else test.at_most

    def between(facts: _Facts) -> bool | None:
        value = facts[of].get(name)
        return None if value is None else least <= value <= most

    return between


def _every(parts: list[_Holds]) -> _Holds:
    def every(facts: _Facts) -> bool | None:
        known: bool | None = True
        for part in parts:
            found = part(facts)
            if found is False:
                return False
            if found is None:
                known = None
        return known

    return every


def _some(parts: list[_Holds]) -> _Holds:
    def some(facts: _Facts) -> bool | None:
        known: bool | None = False
        for part in parts:
            found = part(facts)
            if found:
                return True
            if found is None:
                known = None
        return known

    return some
