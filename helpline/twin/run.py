"""The simulation: events in the order of a virtual clock, decided by the very engine and estimator that decide on the line.

What stands in for the rest is small: a store that reserves by epoch as PostgreSQL does, counsellors who pick up after `ring_s`, callers
who give up when their patience ends. Nothing fails here; failures have a simulation of their own.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from helpline.twin.callers import DAY_S, Caller, Scenario, arrive
from routing import engine_model as e
from routing.engine import Engine
from routing.estimate import Estimator, Interval
from routing.model import Lane, Seat, Waiting
from routing.policy import Policy

#: Midnight in Seoul.
START = datetime(2025, 12, 31, 15, tzinfo=UTC)

Action = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Call:
    """What became of one contact. Times in seconds, `at` from the run's start."""

    at: float
    lane: Lane
    answered: bool
    #: From joining the line until bridged, or until gone.
    wait_s: float
    #: A counsellor was free when it joined.
    at_once: bool
    #: Who took it; -1: nobody.
    seat: int
    #: What was said to a caller who had to wait; None: nothing.
    announced: Interval | None
    #: Somebody outside would have been tried.
    overflowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run, warm-up left out."""

    scenario: Scenario
    calls: tuple[Call, ...]
    #: Seconds that counsellors spent on contacts within the measured time, each of them.
    busy_s: tuple[float, ...]
    #: Pairs of waiting contacts of which one was served, and those served against their order.
    pairs: int
    out_of_order: int
    #: Instants at which somebody waited although a counsellor was free.
    left_idle: int
    #: Reservations that failed, and events the engine had no use for: both must be 0 without faults.
    lost: int
    ignored: int
    events: int


class _Live:
    """A contact on its way."""

    __slots__ = ("announced", "answered", "at_once", "caller", "id", "overflowed", "rank", "seat", "wait_s")

    def __init__(self, number: int, caller: Caller, bonus_s: float) -> None:
        self.caller = caller
        self.id = UUID(int=number)
        self.rank = (caller.at - bonus_s, number)
        self.at_once = self.answered = self.overflowed = False
        self.announced: Interval | None = None
        self.seat = -1
        self.wait_s: float | None = None


class Twin:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, *, engine: Engine | None = None) -> None:
        self._scenario = scenario
        self._engine = engine or Engine(Policy())
        self._policy = self._engine.policy
        self._estimator = Estimator()
        self._todo: list[tuple[float, int, Action]] = []
        self._sequence = count()
        self._live: dict[UUID, _Live] = {}
        self._seats: list[Seat] = []
        self._seat_of: dict[UUID, int] = {}
        #: Ranks of those who wait without an offer: our own book, to check the engine's order against.
        self._line: list[tuple[float, int]] = []
        self._calls: list[Call] = []
        self._busy = [0.0] * scenario.seats
        self._warm = scenario.warmup_days * DAY_S
        self._end = self._warm + scenario.days * DAY_S
        self._pairs = self._out_of_order = self._left_idle = self._lost = self._ignored = self._events = 0

    def run(self, progress: Callable[[float], None] | None = None) -> Result:
        """All of it; `progress` hears the share that is done, once a simulated day."""
        for number in range(self._scenario.seats):
            seat = Seat(
                counsellor_id=UUID(int=number + 1 << 64),
                extension=str(101 + number),
                human="ready",
                reachable=True,
                idle_since=START,
                changed_at=START,
            )
            self._seat_of[seat.counsellor_id] = number
            self._seats.append(seat)
            self._tell(e.SeatSeen(seat=seat), 0.0)
        arrivals = enumerate(arrive(self._scenario), start=1)
        coming = next(arrivals, None)
        day = before = 0.0
        while coming is not None or self._live:
            now = min(coming[1].at if coming else self._end * 2, self._todo[0][0] if self._todo else self._end * 2)
            # What is due before the next event comes first.
            due = self._engine.next_due()
            if due is not None and (then := max(before, (due - START).total_seconds())) < now:
                before = then
                self._tell(e.Tick(), then)
                self._check_idle(then)
                continue
            before = now
            if coming is not None and coming[1].at <= now:
                self._join(_Live(coming[0], coming[1], self._policy.bonus(coming[1].lane)))
                coming = next(arrivals, None)
            else:
                at, _, action = heapq.heappop(self._todo)
                action(at)
            self._check_idle(now)
            if progress is not None and now >= day:
                day += DAY_S
                progress(min(1.0, now / self._end))
        return self._result()

    # --- callers ---------------------------------------------------------------------------------------------------------

    def _join(self, live: _Live) -> None:
        caller = live.caller
        now = _instant(caller.at)
        self._live[live.id] = live
        insort(self._line, live.rank)
        self._tell(e.Joined(contact=Waiting(contact_id=live.id, since=now, lane=caller.lane)), caller.at)
        live.at_once = live.seat >= 0
        if self._scenario.estimates:
            ahead, seats = self._engine.ahead(live.id) or 0, self._engine.on_duty
            self._estimator.joined(live.id, now, ahead=ahead, seats=seats)
            if not live.at_once:
                live.announced = self._estimator.interval(live.id, ahead=ahead, seats=seats, at=now)
        if caller.at + caller.patience_s < float("inf"):
            self._later(caller.at + caller.patience_s, lambda at: self._give_up(live, at))

    def _give_up(self, live: _Live, at: float) -> None:
        if live.wait_s is not None:
            return
        if live.seat < 0:
            self._line.pop(bisect_left(self._line, live.rank))
        self._ended(live, at)
        self._estimator.gone(live.id, _instant(at))
        self._tell(e.Left(contact_id=live.id), at)
        if live.seat >= 0:
            # It rang for nobody: the counsellor keeps the place among the idle ones.
            self._change(live.seat, at, system="idle")

    def _ended(self, live: _Live, at: float) -> None:
        live.wait_s = at - live.caller.at
        del self._live[live.id]
        if self._warm <= live.caller.at < self._end:
            self._calls.append(
                Call(
                    at=live.caller.at,
                    lane=live.caller.lane,
                    answered=live.answered,
                    wait_s=live.wait_s,
                    at_once=live.at_once,
                    seat=live.seat if live.answered else -1,
                    announced=live.announced,
                    overflowed=live.overflowed,
                )
            )

    # --- counsellors -----------------------------------------------------------------------------------------------------

    def _reserve(self, command: e.Reserve, at: float) -> None:
        live, number = self._live[command.contact_id], self._seat_of[command.counsellor_id]
        seat = self._seats[number]
        if seat.epoch != command.epoch or not seat.willing or live.seat >= 0:
            self._lost += 1
            self._tell(e.ReserveLost(contact_id=live.id, counsellor_id=seat.counsellor_id, epoch=command.epoch), at)
            return
        before = bisect_left(self._line, live.rank)
        self._pairs += len(self._line) - 1
        self._out_of_order += before
        del self._line[before]
        live.seat = number
        self._change(number, at, system="offered", epoch=seat.epoch + 1)
        self._tell(e.Granted(contact_id=live.id, counsellor_id=seat.counsellor_id), at)
        self._later(at + self._scenario.ring_s, lambda then: self._answer(live, then))

    def _answer(self, live: _Live, at: float) -> None:
        if live.wait_s is not None:
            return
        live.answered = True
        self._ended(live, at)
        self._estimator.answered(live.id, _instant(at))
        self._tell(e.Left(contact_id=live.id), at)
        self._change(live.seat, at, system="talking")
        caller = live.caller
        until = at + caller.talk_s + caller.wrapup_s
        self._busy[live.seat] += max(0.0, min(until, self._end) - max(at, self._warm))
        self._later(at + caller.talk_s, lambda then: self._hang_up(live, then))

    def _hang_up(self, live: _Live, at: float) -> None:
        caller = live.caller
        heavy = caller.lane is Lane.CRISIS
        rest = _instant(at + caller.wrapup_s + self._policy.crisis_rest_s) if heavy else None
        run = self._seats[live.seat].heavy_run + 1 if heavy else 0
        self._change(live.seat, at, system="wrapup", rest_until=rest, heavy_run=run)
        self._later(at + caller.wrapup_s, lambda then: self._free(live, then))

    def _free(self, live: _Live, at: float) -> None:
        now = _instant(at)
        self._estimator.handled(self._scenario.ring_s + live.caller.talk_s + live.caller.wrapup_s, now)
        self._change(live.seat, at, system="idle", idle_since=now)

    def _change(
        self,
        number: int,
        at: float,
        *,
        system: str,
        epoch: int | None = None,
        idle_since: datetime | None = None,
        rest_until: datetime | None = None,
        heavy_run: int | None = None,
    ) -> None:
        """A new picture of a counsellor; what is not named stays."""
        old = self._seats[number]
        seat = Seat(
            counsellor_id=old.counsellor_id,
            extension=old.extension,
            epoch=old.epoch if epoch is None else epoch,
            human=old.human,
            system=system,
            reachable=old.reachable,
            idle_since=idle_since or old.idle_since,
            rest_until=rest_until or old.rest_until,
            heavy_run=old.heavy_run if heavy_run is None else heavy_run,
            changed_at=_instant(at),
        )
        self._seats[number] = seat
        self._tell(e.SeatSeen(seat=seat), at)

    # --- the engine ------------------------------------------------------------------------------------------------------

    def _tell(self, event: e.Event, at: float) -> None:
        self._events += 1
        for command in self._engine.handle(event, _instant(at)):
            match command:
                case e.Reserve():
                    self._reserve(command, at)
                case e.Overflow(contact_id=contact_id):
                    # Nobody outside is modelled: tried in vain at once, and counted.
                    self._live[contact_id].overflowed = True
                    self._tell(e.OverflowOver(contact_id=contact_id), at)
                case e.Ignored():
                    self._ignored += 1
                case _:
                    pass

    def _later(self, at: float, action: Action) -> None:
        heapq.heappush(self._todo, (at, next(self._sequence), action))

    def _check_idle(self, at: float) -> None:
        if self._line:
            now = _instant(at)
            self._left_idle += any(seat.willing and (seat.rest_until is None or seat.rest_until <= now) for seat in self._seats)

    def _result(self) -> Result:
        return Result(
            scenario=self._scenario,
            calls=tuple(self._calls),
            busy_s=tuple(self._busy),
            pairs=self._pairs,
            out_of_order=self._out_of_order,
            left_idle=self._left_idle,
            lost=self._lost,
            ignored=self._ignored,
            events=self._events,
        )


def _instant(at: float) -> datetime:
    return START + timedelta(seconds=at)
