"""What would this roster make of this load? A roster's phones, with breaks and hand-overs, in the simulation of the line (`helpline.twin`).

Contacts come as the forecast says of each date; every caller's dice are cast anew for each repetition of the roster's period, so the more
repetitions the surer the figures. A counsellor whose shift ends while talking finishes the call.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID

from helpline.twin import measures
from helpline.twin.callers import DAY_S, Scenario
from helpline.twin.run import START, Call, Result, Twin, _Live
from routing import engine_model as e
from routing.model import Seat
from shifts.forecast import Forecast
from shifts.load import HOURS, Load, shipped
from shifts.model import Duty, Period, Roster, Setting
from shifts.need import Planning
from shifts.on_shift import duty_times
from shifts.what_if import Hour, WhatIf

_RING_S = 6.0
_WRAPUP_S = 300.0
#: When a phone is on: seconds after the first midnight of the period, half-open, in order.
Times = tuple[tuple[float, float], ...]


def of_roster(
    setting: Setting,
    roster: Roster,
    forecast: Forecast,
    planning: Planning,
    *,
    repetitions: int = 2,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> WhatIf:
    """Run it: a month of 115 contacts a day takes a second or two each time, so in a process of its own; `progress` hears the share that is done."""
    start = roster.period.span.start
    phones: dict[UUID, list[tuple[float, float]]] = {}
    for time in duty_times((*roster.before, *roster.assignments), setting.shift_types):
        if time.duty is not Duty.LINE:
            continue
        edges = [time.span.start, *(edge for pause in time.pauses for edge in (pause.start, pause.end)), time.span.end]
        seconds = [max(0.0, (edge - start).total_seconds()) for edge in edges]
        phones.setdefault(time.person_id, []).extend((on, off) for on, off in zip(seconds[::2], seconds[1::2], strict=True) if on < off)
    times = [times for person in sorted(phones) if (times := _joined(phones[person]))]
    return _run(times, roster.period, forecast, planning, repetitions, seed, progress)


def of_seats(
    seats: Sequence[int], period: Period, forecast: Forecast, planning: Planning, *, repetitions: int = 2, seed: int = 1
) -> WhatIf:
    """The same for a number of seats in each slot; the slots are of one length and fill the period."""
    length = period.span.minutes * 60 / len(seats)
    times = [
        _joined((slot * length, (slot + 1) * length) for slot, number in enumerate(seats) if number > place) for place in range(max(seats))
    ]
    return _run(times, period, forecast, planning, repetitions, seed, None)


def _run(
    phones: Sequence[Times],
    period: Period,
    forecast: Forecast,
    planning: Planning,
    repetitions: int,
    seed: int,
    progress: Callable[[float], None] | None,
) -> WhatIf:
    if repetitions < 1:
        raise ValueError("a run is made at least once")
    results: list[Result] = []
    rates = [forecast.of(day) for day in period]
    for number in range(repetitions):
        # A simulation has at least one seat: one whose phone is never on.
        results.append(_RosteredTwin(_scenario(len(phones) or 1, rates, planning, seed + number), phones or [()], rates).run())
        if progress is not None:
            progress((number + 1) / repetitions)
    calls = tuple(call for result in results for call in result.calls)
    together = replace(results[0], calls=calls)
    numbers = measures.numbers(together, planning.within_s)
    end = period.span.minutes * 60.0
    opened = sum(max(0.0, min(off, end) - on) for times in phones for on, off in times) * repetitions
    busy = sum(sum(result.busy_s) for result in results)
    return WhatIf(
        contacts=len(calls),
        repetitions=repetitions,
        service_level=numbers.service_level,
        gave_up=measures.gave_up(calls),
        asa_s=numbers.asa_s,
        wait_p90_s=numbers.wait_p90_s,
        into_the_void=sum(not _on(phones, call.at) for call in calls) / len(calls) if calls else None,
        # Above the whole where calls last beyond the shift.
        occupancy=min(1.0, busy / opened) if opened else None,
        by_hour=tuple(_hours(calls, len(period) * repetitions, planning.within_s)),
    )


def _hours(calls: Iterable[Call], days: int, within_s: float) -> Iterator[Hour]:
    found: list[list[Call]] = [[] for _ in range(HOURS)]
    for call in calls:
        found[int(call.at // 3600) % HOURS].append(call)
    for hour in found:
        waits = [call.wait_s for call in hour if call.answered]
        yield Hour(
            contacts_a_day=len(hour) / days,
            service_level=measures.service_level(hour, within_s),
            gave_up=measures.gave_up(hour),
            asa_s=sum(waits) / len(waits) if waits else None,
        )


def _scenario(seats: int, rates: Sequence[Sequence[float]], planning: Planning, seed: int) -> Scenario:
    """Every day as busy in every hour as the busiest date is; talk and wrap-up take what the planning says, with the ratio of the usual ones."""
    most = [max(day[hour] for day in rates) for hour in range(HOURS)]
    usual = shipped()
    scale = (planning.handling_s - _RING_S) / (usual.talk_mean_s + _WRAPUP_S)
    if scale <= 0 or not sum(most):
        raise ValueError("a run needs contacts that take longer than the ringing")
    load = Load(
        by_hour=tuple(rate / sum(most) for rate in most),
        talk_mean_s=usual.talk_mean_s * scale,
        talk_median_s=usual.talk_median_s * scale,
        silent=usual.silent,
        wrong=usual.wrong,
        suicide=usual.suicide,
        source=usual.source,
    )
    return Scenario(
        load=load,
        a_day=sum(most),
        seats=seats,
        days=len(rates),
        seed=seed,
        warmup_days=0,
        patience_s=planning.patience_s,
        wrapup_s=_WRAPUP_S * scale,
        ring_s=_RING_S,
        estimates=False,
    )


def _joined(times: Iterable[tuple[float, float]]) -> Times:
    """In order, those that touch or overlap as one."""
    found: list[tuple[float, float]] = []
    for on, off in sorted(times):
        if on >= off:
            continue
        if found and on <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], off))
        else:
            found.append((on, off))
    return tuple(found)


def _on(phones: Sequence[Times], at: float) -> bool:
    """Whether any is."""
    return any((index := bisect_right(times, (at, math.inf))) and at < times[index - 1][1] for times in phones)


class _RosteredTwin(Twin):
    """The simulation with phones that come and go, and a load that differs by date."""

    def __init__(self, scenario: Scenario, phones: Sequence[Times], rates: Sequence[Sequence[float]]) -> None:
        super().__init__(scenario)
        self._rates = rates
        self._most = scenario.load.hourly(scenario.a_day)
        self._dice = Random(f"{scenario.seed}/thinned")
        for number, times in enumerate(phones):
            if not times or times[0][0] > 0:
                self._switch(number, 0.0, on=False)
            for on, off in times:
                if on > 0:
                    self._switch(number, on, on=True)
                self._switch(number, off, on=False)

    def _join(self, live: _Live) -> None:
        # The dice are cast for the busiest date; of what is more than this date has, as much is left out by chance.
        day, second = divmod(live.caller.at, DAY_S)
        hour = int(second // 3600)
        if self._dice.random() * self._most[hour] < self._rates[min(int(day), len(self._rates) - 1)][hour]:
            super()._join(live)

    def _switch(self, number: int, at: float, *, on: bool) -> None:
        self._later(at, lambda now: self._set(number, now, on=on))

    def _set(self, number: int, at: float, *, on: bool) -> None:
        old = self._seats[number]
        now = START + timedelta(seconds=at)
        seat = Seat(
            counsellor_id=old.counsellor_id,
            extension=old.extension,
            epoch=old.epoch,
            human="ready" if on else "off",
            system=old.system,
            reachable=old.reachable,
            idle_since=now if on else old.idle_since,
            rest_until=old.rest_until,
            heavy_run=old.heavy_run,
            changed_at=now,
        )
        self._seats[number] = seat
        self._tell(e.SeatSeen(seat=seat), at)
