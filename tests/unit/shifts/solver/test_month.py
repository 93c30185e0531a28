from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import numpy as np
import pytest

pytest.importorskip("ortools")

from shifts.model import Assignment, Leave, LeaveKind, RequestState, Roster, Setting
from shifts.rules.catalogue import Level
from shifts.rules.check import check
from shifts.rules.parameters import parameters
from shifts.solver import month_encode
from shifts.solver.effort import Effort, Status
from shifts.solver.month import Month
from shifts.solver.request import Mode, SolveRequest
from shifts.solver.solve import solve, task
from shifts.solver.watch import Watch
from tests.unit.shifts.solver.months import FIRST, month

STEPS = 1


def request(setting: Setting, roster: Roster, mode: Mode = Mode.EMPTY, frozen_until: date | None = None) -> SolveRequest:
    """A request that is searched the same way every time."""
    return SolveRequest(setting=setting, roster=roster, mode=mode, steps=STEPS, frozen_until=frozen_until)


def hard(setting: Setting, roster: Roster) -> list[str]:
    """Hard rules broken."""
    return [each.key for each in check(setting, roster, parameters()) if each.level is Level.HARD]


@pytest.mark.parametrize("seed", range(7))
def test_a_solved_month_with_leave_breaks_no_rule_but_cover(seed: int) -> None:
    """Random months with leave and wishes: no hard rule, and of the policies only cover, is broken in the answer."""
    setting, roster = month(seed, number=7, days=10, wishes=12, leaves=4)
    found = solve(request(setting, roster))
    assert found.roster is not None
    assert not hard(setting, found.roster)
    assert {each.rule for each in found.broken} <= {"cover_least", "supervisor_reachable"}


@pytest.mark.parametrize("seed", range(3))
def test_a_sick_call_is_repaired_without_touching_what_was_worked_or_pinned(seed: int) -> None:
    """After a sick call frozen days and pinned cells are the same, the sick person is off, and few cells change."""
    setting, roster = month(seed, number=7, days=10, wishes=8, leaves=2)
    planned = solve(request(setting, roster)).roster
    assert planned is not None
    today = FIRST + timedelta(days=5)
    dice = Random(seed)
    later = sorted(each for each in planned.assignments if each.day > today and each.code in "DEN")
    sick = dice.choice(later).person_id
    pinned = dice.choice([each for each in later if each.person_id != sick])
    planned = planned.changed(remove=[pinned], add=[replace(pinned, pinned=True)])
    leave = Leave(
        id=UUID(int=77),
        person_id=sick,
        first=today + timedelta(days=1),
        last=today + timedelta(days=4),
        kind=LeaveKind.SICK,
        state=RequestState.APPROVED,
    )
    setting = replace(setting, leaves=(*setting.leaves, leave))
    found = solve(request(setting, planned, Mode.REPAIR, frozen_until=today))
    assert found.roster is not None
    assert not hard(setting, found.roster)
    assert {each for each in planned.assignments if each.day <= today} == {each for each in found.roster.assignments if each.day <= today}
    assert replace(pinned, pinned=True) in found.roster.assignments
    assert found.changes <= 20


def test_filling_only_adds() -> None:
    """Filling the gaps of a draft leaves every shift that is there."""
    setting, roster = month(3, number=6, days=10, leaves=0)
    draft = frozenset(Assignment(day=FIRST + timedelta(days=day), person_id=UUID(int=1 + day % 3), code="D") for day in (0, 2, 4, 9))
    found = solve(request(setting, replace(roster, assignments=draft), Mode.FILL))
    assert found.roster is not None
    assert draft <= found.roster.assignments
    assert len(found.roster.assignments) > len(draft)


def test_the_same_request_gets_the_same_answer() -> None:
    """With steps counted instead of seconds the search is reproducible."""
    setting, roster = month(5, number=6, days=7, wishes=6, leaves=1)
    one, two = solve(request(setting, roster)), solve(request(setting, roster))
    assert one.roster == two.roster
    assert one.cost == two.cost


@pytest.mark.parametrize("seed", range(12))
def test_both_models_of_the_rules_allow_the_same_patterns(seed: int) -> None:
    """Random cell prices for one person: the cheapest pattern of the graph costs what CP-SAT's optimum costs, settled cells included.

    With one to four days off wanted after nights, and with sequences that are forbidden or only priced.
    """
    dice = np.random.default_rng(seed)
    setting, roster = month(seed, number=1, days=14, wishes=0, leaves=1)
    before = frozenset(
        Assignment(day=FIRST - timedelta(days=int(day) + 1), person_id=UUID(int=1), code=str(dice.choice(["D", "E", "N"])))
        for day in dice.choice(10, size=6, replace=False)
    )
    draft = frozenset(
        Assignment(day=FIRST + timedelta(days=int(day)), person_id=UUID(int=1), code=str(dice.choice(["D", "E", "N"])), pinned=True)
        for day in dice.choice(14, size=int(dice.integers(0, 7)), replace=False)
    )
    allowed = {"on": int(seed % 3 != 0)}
    chosen = parameters({"days_off_after_nights": {"days": 1 + seed % 4}, "night_off_day": allowed, "rest_between": allowed})
    asked = request(replace(setting, demand=()), replace(roster, before=before, assignments=draft))
    made = Month(replace(asked, parameters=chosen))
    whole = task(made)
    prices = dice.integers(-30, 30, size=made.shape)
    plain = replace(whole, costs=prices, rows=())
    encoded = month_encode.model(made, plain)
    solved = Watch(Effort(steps=1)).solve(encoded.model, 5)
    if whole.people is None:
        assert solved.infeasible
        return
    assert solved.optimal
    value, own, days = whole.people[0].cheapest(prices[0].astype(np.float64))[0]
    assert round(value) == plain.cost([days]) == round(solved.solver.objective_value)
    assert whole.people[0].own(days) == own


def test_a_search_stopped_before_it_began_has_no_roster_to_show() -> None:
    """Cancelled is its own outcome, and nothing is made up."""
    setting, roster = month(2, number=6, days=7)
    stop = threading.Event()
    stop.set()
    found = solve(request(setting, roster), stop=stop)
    assert (found.status, found.roster, found.cost) == (Status.CANCELLED, None, None)


@pytest.mark.parametrize("seed", range(3))
def test_a_time_that_is_over_at_once_still_gives_a_lawful_roster(seed: int) -> None:
    """Whatever the time, a month that can be filled lawfully is: nothing hard is broken, and most shifts are taken."""
    setting, roster = month(seed, number=14, days=28)
    found = solve(SolveRequest(setting=setting, roster=roster, mode=Mode.EMPTY, seconds=0.001))
    assert found.status is Status.FEASIBLE
    assert found.roster is not None
    assert not hard(setting, found.roster)
    assert len(found.roster.assignments) > 28 * 5


def test_settled_shifts_that_collide_are_infeasible_however_short_the_time() -> None:
    """A night and a day with one day between them that holds nothing lawful: proved without a search."""
    setting, roster = month(4, number=6, days=7, wishes=0, leaves=0)
    settled = frozenset(
        Assignment(day=FIRST + timedelta(days=day), person_id=UUID(int=1), code=code, pinned=True) for day, code in ((0, "N"), (2, "D"))
    )
    found = solve(SolveRequest(setting=setting, roster=replace(roster, assignments=settled), mode=Mode.EMPTY, seconds=0.001))
    assert (found.status, found.roster) == (Status.INFEASIBLE, None)


def test_nobody_at_all_is_no_failure() -> None:
    """A setting without people gives the roster back."""
    setting, roster = month(0, number=0, wishes=0, leaves=0)
    assert solve(request(setting, roster)).status is Status.OPTIMAL
