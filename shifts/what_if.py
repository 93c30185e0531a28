"""What would this roster make of this load? The question and its answer; whoever has a simulation of the line plays it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from shifts.forecast import Forecast
from shifts.model import Roster, Setting
from shifts.need import Planning


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A roster, and what is expected to come."""

    setting: Setting
    roster: Roster
    forecast: Forecast
    planning: Planning = field(default_factory=Planning)
    #: The roster's period is played so many times, each with other callers.
    repetitions: int = 3
    seed: int = 1

    def with_load(self, percent: int) -> Question:
        """With so much of the load."""
        rates = tuple(tuple(rate * percent / 100 for rate in day) for day in self.forecast.rates)
        return replace(self, forecast=replace(self.forecast, rates=rates))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of day, over all days: contacts a day, shares from 0 to 1, mean wait of those answered in seconds; None: nothing to measure."""

    contacts_a_day: float
    service_level: float | None
    gave_up: float | None
    asa_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What became of the contacts: shares from 0 to 1, times in seconds; None where there is nothing to measure."""

    contacts: int
    repetitions: int
    #: By the definitions of the line's own reports; `gave_up`: however soon.
    service_level: float | None
    gave_up: float | None
    asa_s: float | None
    wait_p90_s: float | None
    #: Came while no phone was on.
    into_the_void: float | None
    #: Share of the time with the phone on that went into contacts.
    occupancy: float | None
    #: The 24 hours of day.
    by_hour: tuple[Hour, ...]


class Player(Protocol):
    """Plays one question. Cancelling the task that awaits `play` ends it."""

    async def play(self, progress: Callable[[float], None] | None = None) -> WhatIf:
        """The answer; `progress` hears the share that is done. Raises an exception where there is none."""
        ...


#: Makes a player for a question.
Players = Callable[[Question], Player]
