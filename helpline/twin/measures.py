"""What is reported of a run, by the definitions that the line's own reports use. Pure.

Offered = joined the line. Service level = answered within T / (answered + gave up after T). Abandoned = gave up after 10 s or later;
short abandoned = before 10 s, reported apart. Wait = from joining until bridged with a human, of those who were answered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from helpline.twin.callers import DAY_S
from helpline.twin.run import Call, Result
from routing.model import Lane
from shifts.load import HOURS

SHORT_ABANDON_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """One run in numbers: shares from 0 to 1, times in seconds; None where there is nothing to measure."""

    offered: int
    answered: int
    service_level: float | None
    abandoned: float | None
    short_abandoned: float | None
    #: Found no counsellor free.
    waited: float | None
    #: Average speed of answer, and percentiles of the wait of those answered.
    asa_s: float | None
    wait_p50_s: float | None
    wait_p90_s: float | None
    wait_p99_s: float | None
    wait_max_s: float | None
    #: Share of the counsellors' time spent talking and in wrap-up.
    occupancy: float
    #: Of those who had to wait and were told an interval and answered: the share whose wait fell into it.
    estimate_held: float | None
    #: Of those who had to wait: told nothing, since it could not be trusted.
    estimate_silent: float | None
    #: Pairs of waiting contacts of which one was served, and those served against their order (lanes included).
    pairs: int
    out_of_order: int
    #: Longest wait over the 99th percentile.
    max_over_p99: float | None
    #: Most and fewest calls of one counsellor, over the mean, minus each other.
    spread: float | None
    #: Waited longer than the policy's limit: somebody outside would have been tried.
    overflowed: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON: rounded."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of day over all days."""

    offered_a_day: float
    service_level: float | None
    abandoned: float | None


def numbers(result: Result, target_s: float = 20) -> Numbers:
    """The numbers of a run."""
    calls = result.calls
    waits = sorted(call.wait_s for call in calls if call.answered)
    had_to_wait = [call for call in calls if not call.at_once]
    told = [call for call in had_to_wait if call.answered and call.announced is not None]
    held = sum(call.announced is not None and call.announced.low_s <= call.wait_s <= call.announced.high_s for call in told)
    short = sum(not call.answered and call.wait_s < SHORT_ABANDON_S for call in calls)
    each = [0] * result.scenario.seats
    for call in calls:
        if call.answered:
            each[call.seat] += 1
    p99 = _percentile(waits, 0.99)
    return Numbers(
        offered=len(calls),
        answered=len(waits),
        service_level=service_level(calls, target_s),
        abandoned=_share(len(calls) - len(waits) - short, len(calls)),
        short_abandoned=_share(short, len(calls)),
        waited=_share(len(had_to_wait), len(calls)),
        asa_s=sum(waits) / len(waits) if waits else None,
        wait_p50_s=_percentile(waits, 0.5),
        wait_p90_s=_percentile(waits, 0.9),
        wait_p99_s=p99,
        wait_max_s=waits[-1] if waits else None,
        occupancy=sum(result.busy_s) / (result.scenario.seats * result.scenario.days * DAY_S),
        estimate_held=_share(held, len(told)),
        estimate_silent=_share(sum(call.announced is None for call in had_to_wait), len(had_to_wait)),
        pairs=result.pairs,
        out_of_order=result.out_of_order,
        max_over_p99=waits[-1] / p99 if p99 else None,
        spread=(max(each) - min(each)) * len(each) / sum(each) if waits else None,
        overflowed=_share(sum(call.overflowed for call in calls), len(calls)),
    )


def service_level(calls: Iterable[Call], target_s: float = 20) -> float | None:
    """Answered within the target / (answered + gave up after it)."""
    soon = counted = 0
    for call in calls:
        soon += call.answered and call.wait_s <= target_s
        counted += call.answered or call.wait_s > target_s
    return _share(soon, counted)


def gave_up(calls: Sequence[Call]) -> float | None:
    """Everybody who gave up, however soon: what the formulas speak of."""
    return _share(sum(not call.answered for call in calls), len(calls))


def by_hour(result: Result) -> list[Hour]:
    """The 24 hours of day."""
    hours: list[list[Call]] = [[] for _ in range(HOURS)]
    for call in result.calls:
        hours[int(call.at // 3600) % HOURS].append(call)
    return [
        Hour(offered_a_day=len(calls) / result.scenario.days, service_level=service_level(calls), abandoned=gave_up(calls))
        for calls in hours
    ]


def by_lane(result: Result) -> dict[Lane, tuple[int, float | None, float | None]]:
    """Lane -> contacts offered, average speed of answer, 99th percentile of the wait."""
    lanes: dict[Lane, tuple[int, float | None, float | None]] = {}
    for lane in Lane:
        calls = [call for call in result.calls if call.lane is lane]
        waits = sorted(call.wait_s for call in calls if call.answered)
        if calls:
            lanes[lane] = (len(calls), sum(waits) / len(waits) if waits else None, _percentile(waits, 0.99))
    return lanes


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share does not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
