"""What queueing theory says of a steady state: Erlang C (nobody gives up) and Erlang A (everybody may). Pure.

Arrivals are Poisson, handling times exponential, one line, first come first served. Sources: A. K. Erlang 1917 (C); C. Palm 1946, and
A. Mandelbaum, S. Zeltyn, "Service Engineering in Action: The Palm/Erlang-A Queue", 2005 (A: a birth-and-death process in which a state
with k waiting is left downwards at c*mu + k*theta). The service level of Erlang A follows a tagged caller through that process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: States less likely than this, relative to the likeliest, are left out.
_NEGLIGIBLE = 1e-12
_STEP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """A line in its steady state; shares from 0 to 1."""

    #: Offered contacts that find no counsellor free.
    waits: float
    #: Answered within the target / (answered + gave up after the target).
    service_level: float
    #: Offered contacts that give up.
    gives_up: float
    #: Mean wait of all offered contacts, those who give up included, in seconds; infinite where the line grows without end.
    mean_wait_s: float
    #: Share of the counsellors' time spent on contacts.
    occupancy: float


def erlang_c(*, per_hour: float, handling_s: float, seats: int, target_s: float = 20) -> Steady:
    """Nobody ever gives up. With as much load as seats or more, the line grows without end: everybody waits for ever."""
    load = _load(per_hour, handling_s, seats)
    if load >= seats:
        return Steady(waits=1.0, service_level=0.0, gives_up=0.0, mean_wait_s=math.inf, occupancy=1.0)
    blocked = 1.0
    for seat in range(1, seats + 1):
        blocked = load * blocked / (seat + load * blocked)
    waits = blocked / (1 - load / seats * (1 - blocked))
    late = waits * math.exp(-(seats - load) * target_s / handling_s)
    mean = waits * handling_s / (seats - load)
    return Steady(waits=waits, service_level=1 - late, gives_up=0.0, mean_wait_s=mean, occupancy=load / seats)


def erlang_a(*, per_hour: float, handling_s: float, seats: int, patience_s: float, target_s: float = 20) -> Steady:
    """Everybody waits for an exponential time of mean `patience_s` at most."""
    load = _load(per_hour, handling_s, seats)
    if patience_s <= 0:
        raise ValueError("patience must be above 0 s")
    if math.isinf(patience_s):
        return erlang_c(per_hour=per_hour, handling_s=handling_s, seats=seats, target_s=target_s)
    arrivals, served, leaving = per_hour / 3600, seats / handling_s, 1 / patience_s
    busy = [1.0]
    for seat in range(1, seats):
        busy.append(busy[-1] * load / seat)
    # queued[k]: weight of the state in which every seat is busy and k wait.
    queued = [busy[-1] * load / seats]
    while queued[-1] > _NEGLIGIBLE * max(*busy, queued[0]) or arrivals > served + len(queued) * leaving:
        queued.append(queued[-1] * arrivals / (served + len(queued) * leaving))
    total = sum(busy) + sum(queued)
    queued = [weight / total for weight in queued]
    waits = sum(queued)
    in_line = sum(place * share for place, share in enumerate(queued))
    gives_up = leaving * in_line / arrivals
    answered_soon, left_soon = _within(queued, served=served, leaving=leaving, target_s=target_s)
    return Steady(
        waits=waits,
        service_level=(1 - waits + answered_soon) / (1 - left_soon),
        gives_up=gives_up,
        mean_wait_s=in_line / arrivals,
        occupancy=load * (1 - gives_up) / seats,
    )


def _within(places: list[float], *, served: float, leaving: float, target_s: float) -> tuple[float, float]:
    """Of callers who find `places[k]` of them with k waiting before: the shares answered, and gone, within the target."""
    answered = left = 0.0
    steps = max(1, math.ceil(target_s / _STEP_S))
    span = target_s / steps

    def slope(state: list[float]) -> list[float]:
        above = [*state[1:], 0.0]
        return [
            -(served + (place + 1) * leaving) * share + (served + (place + 1) * leaving) * more
            for place, (share, more) in enumerate(zip(state, above, strict=True))
        ]

    for _ in range(steps):
        # The midpoint rule; rates are a few per minute, so half a second is fine.
        middle = [share + span / 2 * change for share, change in zip(places, slope(places), strict=True)]
        answered += span * served * middle[0]
        left += span * leaving * sum(middle)
        places = [share + span * change for share, change in zip(places, slope(middle), strict=True)]
    return answered, left


def _load(per_hour: float, handling_s: float, seats: int) -> float:
    """In erlang."""
    if per_hour <= 0 or handling_s <= 0 or seats < 1:
        raise ValueError("the formulas need contacts, a handling time and a seat")
    return per_hour / 3600 * handling_s
