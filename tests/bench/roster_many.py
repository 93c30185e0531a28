"""Many random months with leave, wishes and sick calls: each filled and then repaired, every answer held against the independent check of the rules.

    python -m tests.bench.roster_many --months 100 --seconds 7 --log FILE

What the solver says of a conflict is asked anew: all of its causes together must be impossible, and the rest without any one of them possible.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TextIO
from uuid import UUID

from shifts.model import Assignment, Leave, LeaveKind, RequestState, Roster, Setting
from shifts.rules.catalogue import Level
from shifts.rules.check import check
from shifts.rules.violation import Violation
from shifts.solver.effort import Effort, Status
from shifts.solver.explain import Explainer
from shifts.solver.process import SolverFailed, SolverProcess
from shifts.solver.request import Conflict, Mode, Solution, SolveRequest
from shifts.solver.watch import Watch
from tests.unit.shifts.solver.months import FIRST, month

#: Codes of the line.
_LINE = ("D", "E", "N")
#: For asking a conflict anew, seconds.
_ASK_S = 60.0
_PARTS = {"least": 0.0, "half below": 0.5, "90 % below": 0.9, "most": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One answer."""

    seed: int
    kind: str
    people: int
    days: int
    status: str
    cost: int | None
    bound: int | None
    seconds: float
    hard: int
    #: Of these, those that the roster asked about broke already.
    hard_before: int
    short: int
    changes: int
    #: None: there is none. "true": impossible together and, where that was claimed, possible without any one.
    conflict: str | None
    failed: str = ""

    @property
    def gap(self) -> float | None:
        """Part of the cost that is not proved to be needed."""
        return None if not self.cost or self.bound is None else max(0.0, (self.cost - self.bound) / self.cost)


def instance(seed: int) -> tuple[Setting, Roster]:
    """Ten to sixteen people, two to five weeks; every fifth with shifts that are settled already and may collide with leave or each other."""
    dice = Random(f"many/{seed}")
    number, days = dice.randint(10, 16), dice.choice([14, 21, 28, 28, 31])
    setting, roster = month(seed, number=number, days=days, wishes=dice.randint(0, 40), leaves=dice.randint(0, 12))
    if seed % 5:
        return setting, roster
    who = list(setting.people)
    pinned = {
        Assignment(day=FIRST + timedelta(days=dice.randrange(days)), person_id=dice.choice(who), code=dice.choice(_LINE), pinned=True)
        for _ in range(dice.randint(5, 25))
    }
    return setting, replace(roster, assignments=frozenset({(one.person_id, one.day): one for one in sorted(pinned)}.values()))


def sick(setting: Setting, roster: Roster, seed: int) -> tuple[Setting, SolveRequest | None]:
    """Somebody on duty falls ill for four days in the middle of it."""
    dice = Random(f"sick/{seed}")
    today = FIRST + timedelta(days=dice.randrange(2, len(roster.period) - 6))
    later = sorted(one for one in roster.assignments if one.day > today and one.code in _LINE)
    if not later:
        return setting, None
    away = Leave(
        id=UUID(int=9999),
        person_id=dice.choice(later).person_id,
        first=today + timedelta(days=1),
        last=today + timedelta(days=4),
        kind=LeaveKind.SICK,
        state=RequestState.APPROVED,
    )
    setting = replace(setting, leaves=(*setting.leaves, away))
    return setting, SolveRequest(setting=setting, roster=roster, mode=Mode.REPAIR, frozen_until=today)


async def outcomes(seed: int, seconds: float) -> list[Outcome]:
    """A month filled, and repaired."""
    setting, roster = instance(seed)
    filled, found = await _solved("fill", seed, SolveRequest(setting=setting, roster=roster, mode=Mode.FILL, seconds=seconds, seed=seed))
    if found is None:
        return [filled]
    _, asked = sick(setting, found, seed)
    if asked is None:
        return [filled]
    repaired, _ = await _solved("repair", seed, replace(asked, seconds=seconds, seed=seed))
    return [filled, repaired]


async def _solved(kind: str, seed: int, request: SolveRequest) -> tuple[Outcome, Roster | None]:
    failed, found = "", Solution(status=Status.UNKNOWN)
    try:
        found = await SolverProcess(request).solve()
    except SolverFailed as error:
        failed = str(error)
    before = {one.key for one in _hard(request.setting, request.roster, request)}
    broken = [] if found.roster is None else _hard(request.setting, found.roster, request)
    return Outcome(
        seed=seed,
        kind=kind,
        people=len(request.setting.people),
        days=len(request.roster.period),
        status=found.status.value,
        cost=found.cost,
        bound=found.bound,
        seconds=round(found.seconds, 1),
        hard=len(broken),
        hard_before=sum(one.key in before for one in broken),
        short=len(found.short),
        changes=found.changes,
        conflict=None if found.conflict is None else await asyncio.to_thread(judged, request, found.conflict),
        failed=failed,
    ), found.roster


def judged(request: SolveRequest, conflict: Conflict) -> str:
    """Whether its causes truly collide."""
    explainer = Explainer(request, Watch(Effort(seconds=_ASK_S)))
    together = explainer.possible(conflict.causes)
    if together is not False:
        return "FALSE" if together else "not found out"
    if not conflict.minimal:
        return "true, not minimal"
    apart = [explainer.possible(each for each in conflict.causes if each != cause) for cause in conflict.causes]
    return "true" if all(apart) else "not found out" if None in apart else "NOT MINIMAL"


def _hard(setting: Setting, roster: Roster, request: SolveRequest) -> list[Violation]:
    return [each for each in check(setting, roster, request.parameters) if each.level is Level.HARD]


def lines(found: Sequence[Outcome]) -> list[str]:
    """What became of all."""
    said = [f"answers {len(found)}, hard rules broken anew {sum(one.hard - one.hard_before for one in found)}"]
    for kind in ("fill", "repair"):
        these = [one for one in found if one.kind == kind]
        gaps = sorted(gap for one in these if (gap := one.gap) is not None)
        spread = {name: round(100 * gaps[round(part * (len(gaps) - 1))], 1) for name, part in _PARTS.items()} if gaps else {}
        states = dict(Counter(one.status for one in these))
        conflicts = dict(Counter(one.conflict for one in these if one.conflict))
        said.append(
            f"{kind}: {len(these)} {states}, short of the least {sum(bool(one.short) for one in these)}, failed "
            f"{sum(bool(one.failed) for one in these)}, conflicts {conflicts}, gap % {spread}"
        )
    return said


async def _run(first: int, number: int, seconds: float, log: TextIO) -> None:
    found: list[Outcome] = []
    for seed in range(first, first + number):
        for one in await outcomes(seed, seconds):
            found.append(one)
            print(json.dumps({**asdict(one), "gap": one.gap}), file=log, flush=True)
    print("\n".join(lines(found)), file=log, flush=True)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=100)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=7.0)
    parser.add_argument("--log", type=Path, required=True)
    asked = parser.parse_args()
    with asked.log.open("w", encoding="utf-8") as log:
        asyncio.run(_run(asked.first, asked.months, asked.seconds, log))


if __name__ == "__main__":
    main()
