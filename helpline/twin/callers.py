"""The dice: who calls when, how long they would talk, and how long they would wait.

Every caller is drawn before anybody answers, so the same seed brings the same callers to three counsellors and to five.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from routing.model import Lane
from shifts.load import HOURS, Load, LoadError

DAY_S = 86_400.0
#: A call in which nobody speaks, a wrong number, a prank: how long it takes, wrap-up included. The source has no figure: assumed.
SHORT_S = 120.0


class Handling(StrEnum):
    """How long talks last."""

    #: Log-normal with the load's mean and median, then wrap-up of a fixed length.
    REAL = "real"
    #: Exponential with the same mean, wrap-up included: what the formulas assume.
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One run. Times in seconds."""

    load: Load
    a_day: float
    seats: int
    days: int
    seed: int = 1
    #: Not measured, so that the line is not found empty.
    warmup_days: int = 1
    #: Mean of the exponential time after which a caller gives up; infinite: never.
    patience_s: float = 600.0
    handling: Handling = Handling.REAL
    wrapup_s: float = 300.0
    #: From the offer until the counsellor has picked up.
    ring_s: float = 6.0
    #: Silent, wrong-number and prank calls are short, silent callers and those in danger wait in lanes of their own.
    mixed: bool = False
    #: Whether waits are estimated; leaving it out is faster and changes nothing else.
    estimates: bool = True

    def __post_init__(self) -> None:
        if self.a_day <= 0 or self.seats < 1 or self.days < 1 or self.warmup_days < 0:
            raise LoadError("a run needs contacts, at least one seat and at least one day")
        if not self.patience_s > 0 or self.wrapup_s < 0 or self.ring_s < 0:
            raise LoadError("patience must be above 0 s, wrap-up and ringing can't be negative")

    @property
    def handling_s(self) -> float:
        """Mean time a contact takes a counsellor, ringing not counted."""
        if not self.mixed:
            return self.load.talk_mean_s + self.wrapup_s
        short = self.load.silent + self.load.wrong
        return short * SHORT_S + (1 - short) * (self.load.talk_mean_s + self.wrapup_s)


@dataclass(frozen=True, slots=True)
class Caller:
    """One contact as it comes: instants in seconds from the run's start."""

    at: float
    patience_s: float
    talk_s: float
    wrapup_s: float
    lane: Lane


def arrive(scenario: Scenario) -> Iterator[Caller]:
    """The callers of a run, warm-up included, in the order they come: Poisson, with the rate of each hour of day."""
    arrivals, talks, patience, kinds = (Random(f"{scenario.seed}/{name}") for name in ("arrivals", "talks", "patience", "kinds"))
    rates = [rate / 3600 for rate in scenario.load.hourly(scenario.a_day)]
    end = (scenario.warmup_days + scenario.days) * DAY_S
    at, boundary = 0.0, 0.0
    while at < end:
        hour = round(boundary / 3600)
        boundary += 3600
        rate = rates[hour % HOURS]
        # The exponential has no memory: whatever did not come by the hour's end is drawn anew at the next one's rate.
        while rate and (at := at + arrivals.expovariate(rate)) < boundary:
            yield _caller(scenario, at, talks, patience, kinds)
        at = boundary


def _caller(scenario: Scenario, at: float, talks: Random, patience: Random, kinds: Random) -> Caller:
    load = scenario.load
    waits = math.inf if math.isinf(scenario.patience_s) else patience.expovariate(1 / scenario.patience_s)
    talk, wrapup = talks.lognormvariate(math.log(load.talk_median_s), load.talk_sigma), scenario.wrapup_s
    lane = Lane.NORMAL
    if scenario.handling is Handling.EXPONENTIAL:
        talk, wrapup = talks.expovariate(1 / (load.talk_mean_s + scenario.wrapup_s)), 0.0
    if scenario.mixed:
        what, danger = kinds.random(), kinds.random()
        if what < load.silent + load.wrong:
            talk, wrapup = kinds.expovariate(1 / SHORT_S), 0.0
            lane = Lane.SILENT if what < load.silent else Lane.NORMAL
        elif danger < load.suicide:
            lane = Lane.CRISIS
    return Caller(at, waits, talk, wrapup, lane)
