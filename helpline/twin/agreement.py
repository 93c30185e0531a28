"""Does the simulation agree with queueing theory where theory has an answer? The same engine, with what the formulas assume.

A formula speaks of a steady state: one arrival rate, exponential handling (and patience), counsellors who pick up at once. So each check
runs one rate of the real day (its mean, its busiest hour) around the clock. `day` is the formula applied to a realistic day hour by hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from helpline.twin import measures
from helpline.twin.callers import Handling, Scenario
from helpline.twin.run import Result, Twin
from shifts.erlang import Steady, erlang_a, erlang_c
from shifts.load import HOURS, Load, flat

#: What simulation and formula may differ by: two percentage points (with some 30,000 contacts each; less is chance).
TOLERANCE = 0.02
#: Above this, Erlang C's line needs weeks to settle, so a run says little.
_BUSIEST = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One figure of theory and of the simulation, both shares from 0 to 1."""

    formula: str
    what: str
    per_hour: float
    seats: int
    theory: float
    simulated: float
    contacts: int

    @property
    def error(self) -> float:
        """Simulated minus theory."""
        return self.simulated - self.theory


def steady_runs(load: Load, *, a_day: float, seats: Sequence[int], contacts: int, seed: int, patience_s: float) -> Iterator[Scenario]:
    """The runs to make, each for `check`: the mean hour and the busiest one, each with nobody and with everybody giving up."""
    for per_hour in (a_day / HOURS, max(load.hourly(a_day))):
        for number in seats:
            for patience in (math.inf, patience_s):
                scenario = Scenario(
                    load=flat(load),
                    a_day=per_hour * HOURS,
                    seats=number,
                    days=max(1, round(contacts / (per_hour * HOURS))),
                    seed=seed,
                    patience_s=patience,
                    handling=Handling.EXPONENTIAL,
                    ring_s=0,
                    estimates=False,
                )
                crowded = per_hour / 3600 * scenario.handling_s / number > _BUSIEST
                if not (crowded and math.isinf(patience)):
                    yield scenario


def check(scenario: Scenario) -> list[Check]:
    """Run a steady scenario and compare."""
    per_hour = scenario.a_day / HOURS
    result = Twin(scenario).run()
    calls = result.calls
    if not calls:
        return []
    patient = math.isinf(scenario.patience_s)
    theory = _theory(scenario, per_hour)
    pairs = [
        ("waits", theory.waits, sum(not call.at_once for call in calls) / len(calls)),
        ("service_level", theory.service_level, measures.service_level(calls) or 0.0),
    ]
    if not patient:
        pairs.append(("gives_up", theory.gives_up, measures.gave_up(calls) or 0.0))
    return [
        Check(
            formula="Erlang C" if patient else "Erlang A",
            what=what,
            per_hour=per_hour,
            seats=scenario.seats,
            theory=expected,
            simulated=seen,
            contacts=len(calls),
        )
        for what, expected, seen in pairs
    ]


def day(result: Result) -> tuple[float, float]:
    """Service level and share giving up that Erlang A, hour by hour, expects of a whole day like this run's."""
    scenario = result.scenario
    rates = scenario.load.hourly(scenario.a_day)
    hours = [(rate, _theory(scenario, rate)) for rate in rates if rate > 0]
    total = sum(rate for rate, _ in hours)
    gives_up = sum(rate * steady.gives_up for rate, steady in hours) / total
    return sum(rate * steady.service_level for rate, steady in hours) / total, gives_up


def _theory(scenario: Scenario, per_hour: float) -> Steady:
    if math.isinf(scenario.patience_s):
        return erlang_c(per_hour=per_hour, handling_s=scenario.handling_s + scenario.ring_s, seats=scenario.seats)
    return erlang_a(
        per_hour=per_hour, handling_s=scenario.handling_s + scenario.ring_s, seats=scenario.seats, patience_s=scenario.patience_s
    )
