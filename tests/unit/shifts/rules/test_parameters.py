"""The table of rules and the house's own values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pytest

from shifts.model import Period, Roster
from shifts.rules import RULES, InvalidParameter, Level, check, parameters, rule_text
from tests.unit.shifts.rules.month import drawn, setting


def test_every_rule_has_its_words_in_both_languages_and_a_source() -> None:
    """The same fields are said in both; law is dated."""
    for rule in RULES.values():
        assert rule.text_ko
        assert rule.text_en
        assert rule.source
        korean, english = ({field for _, field, _, _ in Formatter().parse(text) if field} for text in (rule.says_ko, rule.says_en))
        assert korean == english, rule.id
        assert rule.source == "house" or rule.valid_from > date.min


def test_only_rules_that_are_not_hard_can_be_switched_off() -> None:
    """And a hard one can only be made stricter."""
    for rule in RULES.values():
        assert ("on" in rule.bounds) == (rule.level is not Level.HARD and rule.id != "night_health"), rule.id
    assert parameters({"week_hours": {"minutes": 2880}}).value("week_hours", "minutes") == 2880
    with pytest.raises(InvalidParameter) as refused:
        parameters({"week_hours": {"minutes": 3121}})
    assert refused.value.data["highest"] == 3120


@pytest.mark.parametrize(
    "wrong",
    [
        {"no_such_rule": {"days": 1}},
        {"night_run": {"weeks": 1}},
        {"night_run": {"days": 0}},
        {"night_run": {"days": 15}},
        {"night_run": {"on": True}},
        {"overlap": {"on": 0}},
        {"breaks": {"minutes": 29}},
        {"breaks": {"every": 241}},
        {"rest_day": {"minutes": 1439}},
    ],
)
def test_a_value_that_cannot_be_is_refused(wrong: dict[str, dict[str, int]]) -> None:
    """A typed error, nothing taken over."""
    with pytest.raises(InvalidParameter):
        parameters(wrong)


def test_a_rule_is_told_with_the_houses_own_values() -> None:
    """Only where they differ."""
    assert rule_text("night_run", parameters(), "ko") == RULES["night_run"].text_ko
    assert "days = 2" in rule_text("night_run", parameters({"night_run": {"days": 2}}), "en")


def test_law_is_not_asked_of_days_before_it() -> None:
    """52 h hold for small employers since 1 July 2021."""

    def week(first: date) -> set[str]:
        shifted = drawn({1: "LLLLLL-"}).assignments
        moved = frozenset(replace(each, day=first + timedelta(days=each.day.day - 1)) for each in shifted)
        roster = Roster(period=Period(first, first + timedelta(days=6)), assignments=moved)
        return {each.rule for each in check(setting(), roster, parameters())}

    assert "week_hours" in week(date(2021, 7, 5))
    assert "week_hours" not in week(date(2021, 6, 21))
