"""What one decision of the line costs: the pure `routing.engine`, no database, no telephone, one thread.

Two decisions, each from a standing line: a counsellor comes free while contacts wait, and a contact joins while counsellors are idle.
Only `Engine.handle` of the deciding event is timed, in processor time of the thread, so that a neighbour who takes the processor away in
between is not counted; what brings the line back to where it was is not timed.
"""

from __future__ import annotations

import gc
import itertools
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from routing.engine import Engine
from routing.engine_model import Command, Event, Granted, Joined, Left, Reserve, SeatSeen
from routing.model import Seat, Waiting
from routing.policy import Policy
from tests.bench.stats import Summary

COUNSELLORS = (14, 1_000, 10_000)
WAITING = (10, 1_000, 10_000)
_BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
_STEP = timedelta(milliseconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One size of the line; microseconds a decision."""

    counsellors: int
    waiting: int
    seat_free: Summary
    contact_joins: Summary


class _Line:
    """An engine and the ids and instants that are made for it."""

    def __init__(self, seed: int) -> None:
        self.engine = Engine(Policy())
        self.now = _BEGIN
        self._random = random.Random(seed)
        self.seats: list[Seat] = []

    def tell(self, event: Event) -> list[Command]:
        self.now += _STEP
        return self.engine.handle(event, self.now)

    def timed(self, event: Event) -> tuple[float, Reserve]:
        """Microseconds, and the one reservation that was decided."""
        self.now += _STEP
        began = time.thread_time_ns()
        commands = self.engine.handle(event, self.now)
        took = (time.thread_time_ns() - began) / 1e3
        match commands:
            case [Reserve() as reserve]:
                return took, reserve
        raise RuntimeError(f"not a decision: {commands}")

    def id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)

    def contact(self) -> Waiting:
        # Whoever comes back keeps an older place, so new ones enter anywhere in the last minutes of the line.
        since = self.now - timedelta(seconds=self._random.uniform(0, 300))
        return Waiting(contact_id=self.id(), since=since, joined=self.now)

    def seat(self, number: int, system: str) -> Seat:
        idle = self.now - timedelta(seconds=self._random.uniform(0, 3600))
        seat = Seat(
            counsellor_id=self.id(), extension=str(100 + number), epoch=1, human="ready", system=system, reachable=True,
            idle_since=idle, changed_at=self.now,
        )  # fmt: skip
        self.seats.append(seat)
        return seat

    def becomes(self, seat: Seat, system: str) -> Seat:
        """A newer picture of a counsellor."""
        return replace(seat, system=system, epoch=seat.epoch + (system == "offered"), idle_since=self.now, changed_at=self.now)

    def granted(self, reserve: Reserve, seat: Seat) -> Seat:
        """The reservation succeeds."""
        offered = self.becomes(seat, "offered")
        self.tell(SeatSeen(seat=offered))
        self.tell(Granted(contact_id=reserve.contact_id, counsellor_id=reserve.counsellor_id))
        return offered


def _seat_free(counsellors: int, waiting: int, samples: int) -> list[float]:
    """Everybody talks, contacts wait; somebody's talk ends."""
    line = _Line(1)
    for number in range(counsellors):
        line.tell(SeatSeen(seat=line.seat(number, "talking")))
    for _ in range(waiting):
        line.tell(Joined(contact=line.contact()))
    found = []
    with _steady():
        for index in _turns(counsellors, samples):
            free = line.becomes(line.seats[index], "idle")
            took, reserve = line.timed(SeatSeen(seat=free))
            found.append(took)
            offered = line.granted(reserve, free)
            line.tell(Left(contact_id=reserve.contact_id))
            line.seats[index] = line.becomes(offered, "talking")
            line.tell(SeatSeen(seat=line.seats[index]))
            line.tell(Joined(contact=line.contact()))
    return found


def _contact_joins(counsellors: int, waiting: int, samples: int) -> list[float]:
    """All these counsellors are idle, and these contacts are in the line and ringing at as many others; one more joins."""
    line = _Line(2)
    for number in range(waiting):
        line.tell(SeatSeen(seat=line.seat(number, "idle")))
        seat = line.seats[-1]
        line.granted(line.timed(Joined(contact=line.contact()))[1], seat)
    line.seats.clear()
    for number in range(counsellors):
        line.tell(SeatSeen(seat=line.seat(waiting + number, "idle")))
    by_id = {seat.counsellor_id: seat for seat in line.seats}
    found = []
    with _steady():
        for _ in range(samples):
            took, reserve = line.timed(Joined(contact=line.contact()))
            found.append(took)
            offered = line.granted(reserve, by_id[reserve.counsellor_id])
            line.tell(Left(contact_id=reserve.contact_id))
            by_id[reserve.counsellor_id] = line.becomes(offered, "idle")
            line.tell(SeatSeen(seat=by_id[reserve.counsellor_id]))
    return found


def _turns(count: int, samples: int) -> Iterator[int]:
    order = list(range(count))
    random.Random(3).shuffle(order)
    return itertools.islice(itertools.cycle(order), samples)


class _steady:  # noqa: N801 - reads as a word of the language
    """The collector runs as in the program, but what was there before is not its business."""

    def __enter__(self) -> None:
        gc.collect()
        gc.freeze()

    def __exit__(self, *_: object) -> None:
        gc.unfreeze()


def measure(samples: int = 3_000, counsellors: tuple[int, ...] = COUNSELLORS, waiting: tuple[int, ...] = WAITING) -> list[Cell]:
    """Every size; some 20 s with the default number of samples."""
    # Warmed up: the first few hundred run slower than all that follow.
    _seat_free(counsellors[0], waiting[0], min(samples, 500))
    _contact_joins(counsellors[0], waiting[0], min(samples, 500))
    return [
        Cell(
            counsellors=many,
            waiting=line,
            seat_free=Summary.of(_seat_free(many, line, samples)),
            contact_joins=Summary.of(_contact_joins(many, line, samples)),
        )
        for many in counsellors
        for line in waiting
    ]


def growth(cells: list[Cell]) -> tuple[float, float]:
    """How many times the largest line's decision costs the smallest one's (the worse of the two, p50), and what a logarithm would allow."""
    small, large = cells[0], cells[-1]
    ratio = max(large.seat_free.p50 / small.seat_free.p50, large.contact_joins.p50 / small.contact_joins.p50)
    allowed = math.log2(large.counsellors + large.waiting) / math.log2(small.counsellors + small.waiting)
    return ratio, allowed


def lines(cells: list[Cell]) -> list[str]:
    """For the table."""
    shown = [f"{'one decision of the line (µs of processor time, p50 / p99)':52}{'counsellor comes free':>24}{'contact joins':>20}"]
    for cell in cells:
        title = f"  {cell.counsellors:,} counsellors, {cell.waiting:,} contacts in the line"
        shown.append(f"{title:52}{_pair(cell.seat_free):>24}{_pair(cell.contact_joins):>20}")
    ratio, allowed = growth(cells)
    shown.append(f"  largest over smallest, p50: {ratio:.2f} times; a logarithm would be {allowed:.2f}")
    return shown


def figures(cells: list[Cell]) -> dict[str, object]:
    """For the result line."""
    ratio, allowed = growth(cells)
    return {
        "dispatch_us": {
            f"{cell.counsellors}x{cell.waiting}": {"free": cell.seat_free.figures(), "join": cell.contact_joins.figures()} for cell in cells
        },
        "dispatch_growth": round(ratio, 2),
        "dispatch_growth_log": round(allowed, 2),
    }


def _pair(summary: Summary) -> str:
    return f"{summary.p50:.1f} / {summary.p99:.1f}"
