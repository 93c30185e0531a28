"""Who can take an open shift, and who can exchange."""

from __future__ import annotations

from datetime import time
from uuid import UUID

import pytest

from shifts.errors import UnknownPerson, UnknownShift
from shifts.model import Demand, NightWork
from shifts.rules import Checker, Level, check, parameters
from shifts.substitutes import candidates, swaps
from tests.unit.shifts.rules.month import day, drawn, leave, person, setting, shift, who

PARAMETERS = parameters({"supervisor_reachable": {"on": 0}})


def test_the_lawful_come_first_then_whoever_it_would_trouble_least() -> None:
    """Free; tired; on standby; on leave; barred; and who has it already is not asked."""
    where = setting(*(person(number) for number in range(1, 6)), person(6, night_work=NightWork.BARRED), leaves=(leave(4, 2, 2),))
    roster = drawn({1: "----D", 2: "E", 3: "-S", 5: "-D"})
    found = candidates(where, roster, (day(2), "D"), PARAMETERS)
    # Three is on standby, six has no shift at all, one has one; two would go from evening to day; four is away.
    assert [each.person_id.int for each in found] == [3, 6, 1, 2, 4]
    assert [each.lawful for each in found] == [True, True, True, True, False]
    assert found[0].standby
    assert not found[0].breaks_rules
    assert [each.rule for each in found[3].breaks_rules] == ["evening_day"]
    assert [each.rule for each in found[4].breaks_rules] == ["leave"]


def test_a_night_is_not_offered_as_lawful_to_whoever_may_not_work_it() -> None:
    """They are shown, last, with the reason."""
    where = setting(person(1, night_work=NightWork.NO_CONSENT), person(2))
    found = candidates(where, drawn({}), (day(2), "N"), PARAMETERS)
    assert [(each.person_id, each.lawful) for each in found] == [(who(2), True), (who(1), False)]
    assert {each.rule for each in found[1].breaks_rules} == {"night_consent"}


def test_a_rule_broken_before_is_not_held_against_a_candidate() -> None:
    """Only what taking the shift adds."""
    found = candidates(setting(person(1)), drawn({1: "ED"}), (day(10), "D"), PARAMETERS)
    assert not found[0].breaks_rules


def test_what_a_candidate_would_break_is_what_a_check_then_finds() -> None:
    """For everybody and every shift of a crowded week."""
    where = setting(*(person(number) for number in range(1, 6)))
    roster = drawn({1: "DDDDDD-", 2: "EEE-NNN", 3: "N-D-N-E", 4: "DE-DN--", 5: "LLLLL--"})
    before = {each.key: each for each in check(where, roster, PARAMETERS)}
    for on in range(1, 8):
        for code in "DEN":
            for one in candidates(where, roster, (day(on), code), PARAMETERS):
                after = check(where, roster.changed(add=[shift(one.person_id.int, on, code)]), PARAMETERS)
                mine = {each.key for each in after if each.person_id == one.person_id and before.get(each.key) != each}
                assert {each.key for each in one.breaks_rules} == {key for key in mine if not key.startswith("fair")}


def test_an_unknown_shift_or_person_is_refused() -> None:
    """By name."""
    with pytest.raises(UnknownShift):
        candidates(setting(), drawn({}), (day(1), "Q"), PARAMETERS)
    with pytest.raises(UnknownPerson):
        swaps(setting(), drawn({}), PARAMETERS, person_id=UUID(int=77))


def test_every_exchange_of_a_day_that_breaks_no_hard_rule() -> None:
    """Two people with the same shift have nothing to exchange; one on leave takes nothing."""
    where = setting(*(person(number) for number in range(1, 5)), leaves=(leave(4, 1, 1),))
    found = swaps(where, drawn({1: "D", 2: "D", 3: "E"}), PARAMETERS, day=day(1))
    assert {(each.first.int, each.second.int) for each in found} == {(1, 3), (2, 3)}
    mine = swaps(where, drawn({1: "D", 2: "D", 3: "E"}), PARAMETERS, person_id=who(1))
    assert {(each.first.int, each.second.int) for each in mine} == {(1, 3)}


def test_an_exchange_that_mends_comes_before_one_that_harms() -> None:
    """Evening to day mended by an exchange; its changes are ready to be made."""
    where = setting(*(person(number) for number in range(1, 4)))
    roster = drawn({1: "ED", 2: "-E", 3: "N-"})
    found = swaps(where, roster, PARAMETERS, day=day(2))
    best = found[0]
    assert {best.first, best.second} == {who(1), who(2)}
    assert [each.rule for each in best.mends] == ["evening_day"]
    changed = Checker(where, roster, PARAMETERS)
    assert "evening_day" in {each.rule for each in changed.edit(best.remove, best.add).gone}
    assert found[-1].breaks_rules


def test_an_exchange_that_takes_the_only_one_with_a_skill_away_says_so() -> None:
    """Cover is part of what it breaks."""
    demand = Demand(starts=time(7), minutes=60, least=1, wanted=1, skill="en")
    where = setting(person(1, languages=frozenset({"ko", "en"})), person(2), demand=(demand,))
    found = swaps(where, drawn({1: "D", 2: "E"}), PARAMETERS, day=day(1))
    assert [each.rule for each in found[0].breaks_rules if each.level is Level.POLICY] == ["cover_least"]
