"""The check that follows edits against the check from scratch, and what holds for every roster."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shifts.breaks import stagger
from shifts.model import Assignment, Demand, NightWork, Pause, RequestState, Roster, Wish
from shifts.rules import Checker, Level, Violation, check, in_the_way, parameters, sentence
from tests.unit.shifts.rules.month import PERIOD, day, leave, person, setting, shift, who

_STRANGER = 99
_CODES = ["D", "E", "N", "L", "B", "S", "V", "?"]
_BREAKS = [None, (), (Pause(0, 60),), (Pause(60, 60),), (Pause(200, 30), Pause(210, 60))]
PARAMETERS = parameters({"fair_nights": {"over": 1}})
WHERE = setting(
    person(1, supervisor=True, languages=frozenset({"ko", "en"})),
    person(2, night_work=NightWork.BARRED),
    person(3, night_work=NightWork.NO_CONSENT, until=day(20)),
    person(4, contract_minutes=20 * 60, since=day(4)),
    person(5, supervisor=True),
    leaves=(leave(1, 5, 8), leave(5, 10, 10, RequestState.REQUESTED)),
    wishes=(
        Wish(person_id=who(1), day=day(3), code="D"),
        Wish(person_id=who(5), day=day(4), wanted=False),
        Wish(person_id=who(4), day=day(6), code="N", wanted=False),
    ),
    demand=(
        Demand(starts=time(7), minutes=480, least=1, wanted=2),
        Demand(starts=time(15), minutes=240, least=1, wanted=1),
        Demand(starts=time(19), minutes=240, least=2, wanted=2, weekdays=frozenset({5, 6})),
        Demand(starts=time(23), minutes=480, least=1, wanted=1, skill="en"),
    ),
    holidays={day(9): "설날"},
)
#: Crowded into ten days, so that shifts meet.
assignments = st.builds(
    shift,
    st.sampled_from([1, 2, 3, 4, 5, _STRANGER]),
    st.integers(0, 10) | st.sampled_from([27, 28, 29]),
    st.sampled_from(_CODES),
    st.sampled_from(_BREAKS),
)
past = st.builds(shift, st.integers(1, 5), st.integers(-13, 0), st.sampled_from(["D", "E", "N", "V"]))
rosters = st.builds(
    lambda now, before: Roster(period=PERIOD, assignments=now, before=before),
    st.frozensets(assignments, max_size=30),
    st.frozensets(past, max_size=12),
)
edits = st.lists(st.tuples(st.lists(assignments, max_size=3), st.lists(assignments, max_size=3)), max_size=5)
_QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@_QUICK
@given(rosters, edits, st.randoms(use_true_random=False))
def test_following_edits_finds_what_a_check_from_scratch_finds(
    roster: Roster, steps: list[tuple[list[Assignment], list[Assignment]]], chance: Random
) -> None:
    """After every one of any sequence of edits, some of them removing what is there; and each delta leads from before to after."""
    checker = Checker(WHERE, roster, PARAMETERS)
    assert checker.violations == check(WHERE, roster, PARAMETERS)
    for remove, add in steps:
        there = sorted(roster.assignments, key=str)
        remove = [*remove, *chance.sample(there, min(len(there), 2))]
        before = {each.key: each for each in checker.violations}
        delta = checker.edit(remove, add)
        roster = roster.changed(remove=remove, add=add)
        assert checker.roster == roster
        assert checker.violations == check(WHERE, roster, PARAMETERS)
        for gone in delta.gone:
            assert before.pop(gone.key) == gone
        for new in delta.new:
            assert new.key not in before
            before[new.key] = new
        assert {each.key: each for each in checker.violations} == before


def test_two_breaches_in_the_same_words_are_told_once_until_both_are_gone() -> None:
    """One cell with a shift twice, on a day that is not the roster's: taking one of them off leaves the violation."""
    once, again = shift(1, 0, "D"), shift(1, 0, "D", ())
    checker = Checker(WHERE, Roster(period=PERIOD, assignments=frozenset({once, again})), PARAMETERS)
    assert [each.rule for each in checker.violations].count("out_of_period") == 1
    checker.edit([once])
    assert [each.rule for each in checker.violations].count("out_of_period") == 1
    assert [each.rule for each in checker.edit([again]).gone] == ["out_of_period"]


@_QUICK
@given(rosters, st.lists(assignments, max_size=12))
def test_the_order_of_edits_does_not_matter(roster: Roster, changes: list[Assignment]) -> None:
    """One by one, backwards, or all at once: the same roster has the same violations."""
    forth, back, once = (Checker(WHERE, roster, PARAMETERS) for _ in range(3))
    for change in changes:
        forth.edit(add=[change])
    for change in reversed(changes):
        back.edit(add=[change])
    once.edit(add=changes)
    assert forth.violations == back.violations == once.violations


@_QUICK
@given(rosters, st.lists(assignments, max_size=4), st.lists(assignments, max_size=4))
def test_what_would_be_is_what_then_is_and_asking_changes_nothing(roster: Roster, remove: list[Assignment], add: list[Assignment]) -> None:
    """`would` and `edit` agree."""
    checker = Checker(WHERE, roster, PARAMETERS)
    found = checker.violations
    asked = checker.would(remove, add)
    assert checker.violations == found
    assert checker.roster == roster
    assert checker.edit(remove, add) == asked


@_QUICK
@given(rosters)
def test_every_violation_says_whom_when_what_and_how_to_mend_it(roster: Roster) -> None:
    """In both languages, without a field left open; one of each key; within the period, or said not to be."""
    found = check(WHERE, roster, PARAMETERS)
    assert len({each.key for each in found}) == len(found)
    for violation in found:
        assert (violation.person_id is None) == (violation.rule in {"cover_least", "cover_wanted", "supervisor_reachable"})
        assert violation.day in violation.days
        assert violation.day in PERIOD or violation.rule in {"out_of_period", "unknown_person", "unknown_shift"}
        assert violation.mend is not None
        hash(violation)
        for language in ("ko", "en"):
            said = sentence(violation, WHERE, language)
            known = WHERE.people.get(violation.person_id) if violation.person_id else None
            assert known is None or known.name in said
            assert f"{violation.day.month}월 {violation.day.day}일" in said or language == "en"
            assert "{" not in said
            assert "  " not in said


@_QUICK
@given(rosters)
def test_mends_of_hard_rules_made_one_after_the_other_lead_out_of_them(roster: Roster) -> None:
    """Each is a real change to the roster, and they come to an end."""
    checker = Checker(WHERE, roster, PARAMETERS)
    for _ in range(3 * len(roster.assignments) + 1):
        hard = [each for each in checker.violations if each.level is Level.HARD]
        if not hard:
            break
        mend = hard[0].mend
        assert mend is not None
        assert checker.edit(mend.remove, mend.add).gone
    assert not [each for each in checker.violations if each.level is Level.HARD]


@_QUICK
@given(rosters, edits, st.randoms(use_true_random=False))
def test_a_roster_without_hard_violations_stays_publishable_whatever_the_order_of_edits(
    roster: Roster, steps: list[tuple[list[Assignment], list[Assignment]]], chance: Random
) -> None:
    """Edits that would break a hard rule refused, the others made in any order: never a hard rule broken, and reasons for policies suffice."""
    checker = Checker(WHERE, Roster(period=PERIOD, before=roster.before), PARAMETERS)
    shuffled: list[tuple[list[Assignment], list[Assignment]]] = [([], [each]) for each in sorted(roster.assignments, key=str)] + steps
    chance.shuffle(shuffled)
    for remove, add in shuffled:
        if all(each.level is not Level.HARD for each in checker.would(remove, add).new):
            checker.edit(remove, add)
    found = check(WHERE, checker.roster, PARAMETERS)
    assert not [each for each in found if each.level is Level.HARD]
    assert not in_the_way(found, {each.key for each in found if each.level is Level.POLICY})


@_QUICK
@given(rosters)
def test_a_roster_with_its_breaks_written_in_has_the_same_violations(roster: Roster) -> None:
    """What is checked is what will be published."""
    assert _said(check(WHERE, stagger(roster, WHERE), PARAMETERS)) == _said(check(WHERE, roster, PARAMETERS))


def _said(found: tuple[Violation, ...]) -> list[tuple[object, ...]]:
    return [(each.key, each.days, each.span, tuple(each.values.items())) for each in (replace(one, mend=None) for one in found)]
