from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

import pytest

pytest.importorskip("ortools")

from shifts.model import Demand, Leave, RequestState, Roster, Setting
from shifts.solver.effort import Effort
from shifts.solver.explain import Explainer
from shifts.solver.request import CauseKind, Mode, SolveRequest
from shifts.solver.solve import solve
from shifts.solver.watch import Watch
from shifts.solver.words import explain
from tests.unit.shifts.solver.months import FIRST, month


def too_few_nights() -> tuple[Setting, Roster]:
    """Three people, two nights each day (so that one is on the line during breaks), one of them away on the third day."""
    setting, roster = month(0, number=3, days=7, wishes=0, leaves=0)
    away = Leave(id=UUID(int=9), person_id=UUID(int=1), first=FIRST, last=FIRST + timedelta(days=6), state=RequestState.APPROVED)
    demand = (Demand(starts=time(23), minutes=480, least=1, wanted=2),)
    return replace(setting, demand=demand, leaves=(away,)), roster


def test_a_conflict_is_truly_one_and_minimal() -> None:
    """The causes named cannot all hold; without any one of them the others can."""
    setting, roster = too_few_nights()
    request = SolveRequest(setting=setting, roster=roster, mode=Mode.EMPTY, steps=1)
    found = solve(request)
    assert found.short
    conflict = found.conflict
    assert conflict is not None
    assert conflict.minimal
    explainer = Explainer(request, Watch(Effort(steps=1)))
    assert explainer.possible(conflict.causes) is False
    for cause in conflict.causes:
        assert explainer.possible(each for each in conflict.causes if each != cause) is True, cause


def test_a_conflict_names_needs_rules_and_leave_in_words() -> None:
    """Korean and English sentences name the person away, the day and the rule."""
    setting, roster = too_few_nights()
    found = solve(SolveRequest(setting=setting, roster=roster, mode=Mode.EMPTY, steps=1))
    assert found.conflict is not None
    kinds = {cause.kind for cause in found.conflict.causes}
    assert {CauseKind.NEED, CauseKind.LEAVE, CauseKind.RULE} == kinds
    korean, english = "\n".join(explain(found, setting, "ko")), "\n".join(explain(found, setting, "en"))
    assert "P00님의 승인된 휴가" in korean
    assert "the approved leave of P00" in english
    assert "밤(N) 근무에 2명" in korean
    assert "2 people for Night (N)" in english
