"""The roster's solver: 14 people, 28 days, wishes and leave. Time, memory and gap of whole months and of a repair; then many random months."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from uuid import UUID

import psutil

from shifts.model import Leave, LeaveKind, RequestState, Roster, Setting
from shifts.rules.catalogue import Level
from shifts.rules.check import check
from shifts.solver.process import SolverProcess
from shifts.solver.request import Mode, Solution, SolveRequest
from tests.bench import roster_many
from tests.unit.shifts.solver.months import FIRST, month


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long."""

    months: int = 3
    seconds: float = 60.0
    #: Random months, each filled and then repaired after a sick call (`roster_many`), and how long each of the two may take.
    many: int = 10
    many_seconds: float = 6.0


QUICK = Effort(months=1, seconds=30.0, many=3, many_seconds=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month solved."""

    seed: int
    status: str
    cost: int | None
    bound: int | None
    seconds: float
    first_s: float
    peak_mb: float
    repair_status: str
    repair_s: float
    repair_changes: int
    #: Hard rules broken, in either answer.
    hard: int
    #: Stretches short of the least number.
    short: int

    @property
    def gap(self) -> float | None:
        """Part of the cost that is not proved to be needed."""
        return None if not self.cost or self.bound is None else (self.cost - self.bound) / self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Whole months, and the answers of many."""

    months: tuple[Month, ...]
    many: tuple[roster_many.Outcome, ...]


async def measure(effort: Effort) -> Measured:
    """One after the other, each in the solver's own process."""
    months = [await _month(seed, effort.seconds) for seed in range(1, effort.months + 1)]
    many = [one for seed in range(1000, 1000 + effort.many) for one in await roster_many.outcomes(seed, effort.many_seconds)]
    return Measured(months=tuple(months), many=tuple(many))


async def _month(seed: int, seconds: float) -> Month:
    setting, roster = month(seed)
    found, first_s, peak = await _solve(SolveRequest(setting=setting, roster=roster, mode=Mode.EMPTY, seconds=seconds, seed=seed))
    hard, repaired = _hard(setting, found.roster), Solution(status=found.status)
    if found.roster is not None:
        # Somebody on duty falls ill for four days on the tenth.
        today = FIRST + timedelta(days=9)
        later = sorted(each for each in found.roster.assignments if each.day > today and each.code in {"D", "E", "N"})
        ill = Random(seed).choice(later).person_id
        sick = Leave(
            id=UUID(int=9999),
            person_id=ill,
            first=today + timedelta(days=1),
            last=today + timedelta(days=4),
            kind=LeaveKind.SICK,
            state=RequestState.APPROVED,
        )
        setting = replace(setting, leaves=(*setting.leaves, sick))
        repair = SolveRequest(setting=setting, roster=found.roster, mode=Mode.REPAIR, frozen_until=today, seconds=seconds, seed=seed)
        repaired, _, _ = await _solve(repair)
        hard += _hard(setting, repaired.roster)
    return Month(
        seed=seed,
        status=found.status.value,
        cost=found.cost,
        bound=found.bound,
        seconds=found.seconds,
        first_s=first_s,
        peak_mb=peak,
        repair_status=repaired.status.value,
        repair_s=repaired.seconds,
        repair_changes=repaired.changes,
        hard=hard,
        short=len(found.short),
    )


async def _solve(request: SolveRequest) -> tuple[Solution, float, float]:
    """The answer, seconds until the first roster, and the most memory its process took, MB."""
    solver, firsts, peak = SolverProcess(request), list[float](), 0.0
    searching = asyncio.create_task(solver.solve(lambda progress: firsts.append(progress.at_s)), name="solver")
    while not (await asyncio.wait([searching], timeout=0.2))[0]:
        try:
            peak = max(peak, psutil.Process(solver.pid).memory_info().rss / 1e6) if solver.pid else peak
        except psutil.NoSuchProcess:
            continue
    found = await searching
    return found, firsts[0] if firsts else found.seconds, peak


def _hard(setting: Setting, roster: Roster | None) -> int:
    if roster is None:
        return 0
    return sum(each.level is Level.HARD for each in check(setting, roster, SolveRequest(setting=setting, roster=roster).parameters))


def lines(measured: Measured) -> list[str]:
    """For the table."""
    found = [
        f"roster {each.seed}: {each.status}, cost {each.cost}, bound {each.bound}"
        + (f" (gap {100 * each.gap:.1f} %)" if each.gap is not None else "")
        + f", first after {each.first_s:.1f} s, {each.seconds:.1f} s, {each.peak_mb:.0f} MB; seats short {each.short}; "
        f"sick call repaired: {each.repair_status}, {each.repair_s:.1f} s, {each.repair_changes} cells"
        for each in measured.months
    ]
    return [*found, *(f"rosters of random months: {line}" for line in roster_many.lines(measured.many))] if measured.many else found


def figures(measured: Measured) -> dict[str, object]:
    """For the result line."""
    return {
        "roster_gap": [round(each.gap, 4) if each.gap is not None else None for each in measured.months],
        "roster_s": [round(each.seconds, 1) for each in measured.months],
        "roster_first_s": [round(each.first_s, 1) for each in measured.months],
        "roster_peak_mb": [round(each.peak_mb) for each in measured.months],
        "roster_repair_s": [round(each.repair_s, 1) for each in measured.months],
        "roster_repair_cells": [each.repair_changes for each in measured.months],
        "roster_hard_violations": sum(each.hard for each in measured.months) + sum(one.hard - one.hard_before for one in measured.many),
        "roster_many": len(measured.many),
        "roster_many_status": dict(Counter(one.status for one in measured.many)),
        "roster_many_conflicts": dict(Counter(one.conflict for one in measured.many if one.conflict is not None)),
    }
