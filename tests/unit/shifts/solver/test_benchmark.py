from __future__ import annotations

import pytest

pytest.importorskip("ortools")

from shifts.solver.benchmark import encode, task
from shifts.solver.benchmark.checker import judge
from shifts.solver.benchmark.instance import BadInstance, read
from shifts.solver.benchmark.run import solve
from shifts.solver.effort import Effort, Status
from shifts.solver.watch import Watch
from tests.unit.shifts.solver import instances

SMALL = """# two people, one week
SECTION_HORIZON
7
SECTION_SHIFTS
E,480,
L,480,E
SECTION_STAFF
A,E=7|L=7,1920,960,2,2,1,0
B,E=7|L=0,1920,960,3,1,2,1
SECTION_DAYS_OFF
A,3
SECTION_SHIFT_ON_REQUESTS
A,0,E,2
SECTION_SHIFT_OFF_REQUESTS
B,0,E,3
SECTION_COVER
0,E,1,100,1
1,E,1,100,1
"""
GOOD_A, GOOD_B = ("E", "E", "", "", "", "", ""), ("", "", "E", "E", "E", "", "")


def test_the_public_format_is_read() -> None:
    """Sections, limits and requests of a text."""
    found = read(SMALL)
    assert (found.days, list(found.shifts), list(found.staff)) == (7, ["E", "L"], ["A", "B"])
    assert found.shifts["L"].never_followed_by == {"E"}
    assert found.staff["A"].days_off == {3}
    assert [(each.staff, each.wanted, each.weight) for each in found.requests] == [("A", True, 2), ("B", False, 3)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("SECTION_COVER", "SECTION_CUPBOARD", "missing: SECTION_COVER"),
        ("L,480,E", "L,480,X", "no such shift: X"),
        ("A,3", "A,9", "9 is not within 0 to 6"),
        ("A,3", "Z,3", "no such staff: Z"),
        ("0,E,1,100,1", "0,E,one,100,1", "not a whole number"),
        ("0,E,1,100,1", "0,E,1", "5 values expected"),
        ("B,E=7|L=0", "A,E=7|L=0", "A is there twice"),
        ("# two", "two", "before the first section"),
    ],
)
def test_a_wrong_line_is_named(old: str, new: str, says: str) -> None:
    """What is wrong with a text is said."""
    with pytest.raises(BadInstance, match=says):
        read(SMALL.replace(old, new))


def test_a_plan_within_its_limits_costs_what_it_misses() -> None:
    """The checker counts unmet requests and cover."""
    judged = judge(read(SMALL), {"A": GOOD_A, "B": GOOD_B})
    assert (judged.violations, judged.requests, judged.under, judged.over, judged.cost) == ((), 0, 0, 0, 0)
    judged = judge(read(SMALL), {"A": GOOD_A, "B": ("E", "E", "E", "", "", "", "")})
    assert (judged.violations, judged.requests, judged.over, judged.cost) == ((), 3, 2, 5)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (("E", "E", "E", "", "", "", ""), "3 days of work, at most 2"),
        (("", "E", "", "", "", "", ""), "1 days of work, at least 2"),
        (("L", "E", "", "", "", "", ""), "E after L"),
        (("", "", "", "E", "E", "", ""), "works on a day off"),
        (("", "", "", "", "", "E", "E"), "1 weekends, at most 0"),
        (("", "", "", "", "", "", ""), "0 minutes, not 960 to 1920"),
        (("E", "E"), "not 7 days"),
    ],
)
def test_a_broken_limit_is_a_violation(days: tuple[str, ...], says: str) -> None:
    """Each limit on its wrong side."""
    assert any(says in text for text in judge(read(SMALL), {"A": days, "B": GOOD_B}).violations)


@pytest.mark.parametrize("seed", range(3))
def test_the_search_finds_the_optimum_of_the_plain_model(seed: int) -> None:
    """Small instances: cost and bound agree with CP-SAT alone, and the checker finds nothing wrong."""
    instance = read(instances.text(seed, people=4, days=14))
    found = solve(instance, Effort(steps=3))
    made = task.task(instance)
    plain = Watch(Effort(steps=1)).solve(encode.model(instance, made).model, 2)
    assert found.judgement is not None
    assert not found.judgement.violations
    assert found.judgement.cost == found.cost
    assert plain.optimal
    assert found.cost == round(plain.solver.objective_value)
    assert found.bound is not None
    assert found.bound <= found.cost


def test_limits_that_nobody_can_keep_are_infeasible() -> None:
    """More minutes than there are days for."""
    text = SMALL.replace("B,E=7|L=0,1920,960", "B,E=7|L=0,1920,1920").replace(",3,1,2,1", ",1,1,6,1")
    assert solve(read(text), Effort(steps=1)).status is Status.INFEASIBLE
