"""The replay: several loads, each with several numbers of counsellors, measured and set beside the formula."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from helpline.twin import agreement, measures
from helpline.twin.callers import Scenario
from helpline.twin.run import Twin
from shifts.load import CONTACTS_A_DAY, LoadError, shipped

#: Measured: this line's own volume; the pandemic's surge; this line's actual against its target.
LOADS = ("x1", "x1.35", "x10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run of the replay."""

    #: "x1.35".
    load: str
    seats: int
    days: int
    numbers: measures.Numbers
    hours: list[measures.Hour]
    #: Per lane: contacts offered, average speed of answer and 99th percentile of the wait in seconds.
    lanes: dict[str, tuple[int, float | None, float | None]]
    #: Erlang A, hour by hour.
    theory_service_level: float
    theory_gives_up: float
    #: Every contact that gave up, however soon: what the formula speaks of.
    gave_up: float
    #: Instants at which somebody waited beside a free counsellor; reservations lost; events ignored. All must be 0.
    faults: int
    #: Real seconds the run took.
    took_s: float

    @property
    def speed(self) -> float:
        """Contacts per real second."""
        return self.numbers.offered / self.took_s


def factor(load: str) -> float:
    """1.35 of "x1.35". Raises `LoadError`."""
    try:
        value = float(load.strip().removeprefix("x"))
    except ValueError:
        value = math.nan
    if not 0.01 <= value <= 100:
        raise LoadError(f"{load}: 부하는 x1, x1.35, x10처럼 적습니다 (0.01~100) / a load is written like x1, x1.35 or x10 (0.01 to 100)")
    return value


def replay(
    loads: Sequence[str],
    seats: Sequence[int],
    *,
    days: int,
    seed: int,
    patience_s: float,
    wrapup_s: float,
    mixed: bool,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Row]:
    """Run them all, one after the other, `days` days at x1 and as many contacts with other loads; `progress` hears the share of the current run. Raises `LoadError`."""
    scenarios = [
        (
            load,
            Scenario(
                load=shipped(),
                a_day=CONTACTS_A_DAY * factor(load),
                seats=number,
                # As many contacts with every load, so that each figure is as sure as the others.
                days=max(1, round(days / factor(load))),
                seed=seed,
                patience_s=patience_s,
                wrapup_s=wrapup_s,
                mixed=mixed,
            ),
        )
        for load in loads
        for number in seats
    ]
    for load, scenario in scenarios:
        yield row(load, scenario, progress)


def row(load: str, scenario: Scenario, progress: Callable[[float], None] | None = None) -> Row:
    """Run one."""
    began = time.perf_counter()
    result = Twin(scenario).run(progress)
    took_s = time.perf_counter() - began
    service_level, gives_up = agreement.day(result)
    return Row(
        load=load,
        seats=scenario.seats,
        days=scenario.days,
        numbers=measures.numbers(result),
        hours=measures.by_hour(result),
        lanes={str(lane): what for lane, what in measures.by_lane(result).items()},
        theory_service_level=service_level,
        theory_gives_up=gives_up,
        gave_up=measures.gave_up(result.calls) or 0.0,
        faults=result.left_idle + result.lost + result.ignored,
        took_s=took_s,
    )
