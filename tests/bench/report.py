"""The table for people and the one line for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.bench.loads import Step
from tests.bench.ours import Restart
from tests.bench.stats import Summary, rounded

#: A call's CPU by part of the system, milliseconds.
Cost = dict[str, float]


@dataclass(slots=True)
class Measured:
    """Everything found out about one system."""

    key_to_invite: list[float] = field(default_factory=list)
    key_to_bridged: list[float] = field(default_factory=list)
    free_to_invite: list[float] = field(default_factory=list)
    calls_per_s: float = math.nan
    steps: list[Step] = field(default_factory=list)
    #: Calls of the latency measure that failed: reason -> number.
    failed: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    rss_mb: float = math.nan
    live_calls: int = 0
    start_s: float = math.nan
    up_s: float = math.nan
    #: Key 5 under load: calls per second, samples, and what failed of how many.
    busy_rate: float = math.nan
    busy_key_to_invite: list[float] = field(default_factory=list)
    busy_failed: int = 0
    busy_calls: int = 0
    #: Each kill -9 of the program, with so many talks going on, and how many of them were cut off by all of them together.
    restarts: list[Restart] = field(default_factory=list)
    restart_calls: int = 0
    restart_cut_off: int = 0

    def add(self, step: Step) -> None:
        """Take a block of the latency measure in."""
        self.key_to_invite += step.key_to_invite
        self.key_to_bridged += step.key_to_bridged
        for reason, count in step.failed.items():
            self.failed[reason] = self.failed.get(reason, 0) + count
        self.calls += step.calls

    def cost(self) -> Cost:
        """CPU milliseconds a call by part, in the fastest step that passed."""
        fastest = max((step for step in self.steps if step.passed), key=lambda step: (step.calls, step.rate), default=None)
        return {part: spent * 1000 / fastest.calls for part, spent in fastest.cost.items()} if fastest else {}


def table(found: Mapping[str, Measured], farm_ms: Summary, about: Mapping[str, object], more: Sequence[str] = ()) -> str:
    """The figures in columns, a system each."""
    names = list(found)
    rows: list[tuple[str, list[str]]] = []
    for title, measure in (
        ("key 5 -> counsellor's INVITE", "key_to_invite"),
        ("key 5 -> hear each other", "key_to_bridged"),
        ("counsellor free -> next INVITE", "free_to_invite"),
    ):
        figures = [Summary.of(getattr(found[name], measure)) for name in names]
        for label, value in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("largest", "largest")):
            rows.append((f"{title} {label} (ms)", [_number(getattr(figure, value)) for figure in figures]))
        rows.append((f"{title} samples", [str(figure.n) if figure.n else "-" for figure in figures]))
    rows.append(("sustained calls/s, none failed", [_number(found[name].calls_per_s, 0) for name in names]))
    rows.append(("failed of calls at the steady rate", [f"{sum(found[n].failed.values())} of {found[n].calls}" for n in names]))
    parts = sorted({part for m in found.values() for part in m.cost()})
    rows += [(f"CPU a call: {part} (ms)", [_number(found[n].cost().get(part, math.nan)) for n in names]) for part in parts]
    rows.append(("program's memory in live calls (MB)", [_number(found[n].rss_mb, 1) for n in names]))
    rows.append(("  live calls then", [str(found[n].live_calls or "-") for n in names]))
    rows.append(("program's start until ready (s)", [_number(found[n].start_s) for n in names]))
    rows += _under_load(found)
    # What was not asked for is not shown.
    rows = [(title, cells) for title, cells in rows if set(cells) - {"-", "0 of 0"}]
    width = max(len(title) for title, _ in rows)
    lines = [f"{'':{width}}" + "".join(f"{name:>14}" for name in names)]
    lines += [f"{title:{width}}" + "".join(f"{cell:>14}" for cell in cells) for title, cells in rows]
    for name in names:
        for step in found[name].steps:
            if not step.passed:
                why = ", ".join(f"{count} {reason}" for reason, count in step.failed.items()) or "key 5 -> hear each other over 1 s"
                lines.append(f"{name} at {step.rate:g} calls/s: {why} (of {step.calls})")
    lines += more
    lines.append(f"the farm itself: p50 {farm_ms.p50:.2f} ms, p99 {farm_ms.p99:.2f} ms from sent to received (in every figure above)")
    lines += [f"{key}: {value}" for key, value in about.items()]
    return "\n".join(lines)


def result(
    found: Mapping[str, Measured], farm_ms: Summary, about: Mapping[str, object], more: Mapping[str, object] = MappingProxyType({})
) -> str:
    """One JSON object; a figure that was not measured is null."""
    nothing = Measured()
    restarted = Summary.of(each.start_s for each in found.get("ours", nothing).restarts)
    ours, floor, queue = (found.get(name, nothing) for name in ("ours", "floor", "app_queue"))
    return json.dumps(
        {
            "key5_to_invite_ms": Summary.of(ours.key_to_invite).figures(),
            "floor_ms": Summary.of(floor.key_to_invite).figures(),
            "free_to_invite_ms": Summary.of(ours.free_to_invite).figures(),
            "app_queue_free_to_invite_ms": Summary.of(queue.free_to_invite).figures(),
            "calls_per_s": rounded(ours.calls_per_s),
            "floor_calls_per_s": rounded(floor.calls_per_s),
            "app_queue_calls_per_s": rounded(queue.calls_per_s),
            "rss_mb": rounded(ours.rss_mb, 1),
            "start_s": rounded(ours.start_s),
            "live_calls": ours.live_calls,
            "key5_to_bridged_ms": Summary.of(ours.key_to_bridged).figures(),
            "floor_key5_to_bridged_ms": Summary.of(floor.key_to_bridged).figures(),
            "failed_calls": {name: sum(measured.failed.values()) for name, measured in found.items()},
            "samples": {
                name: {"key5": len(measured.key_to_invite), "free": len(measured.free_to_invite)} for name, measured in found.items()
            },
            "cpu_ms_per_call": {name: {k: rounded(v) for k, v in measured.cost().items()} for name, measured in found.items()},
            "key5_to_invite_busy_ms": Summary.of(ours.busy_key_to_invite).figures(),
            "floor_busy_ms": Summary.of(floor.busy_key_to_invite).figures(),
            "busy_rate": rounded(ours.busy_rate),
            "busy_failed": {name: measured.busy_failed for name, measured in found.items()},
            "restart_to_serving_s": {"p50": rounded(restarted.p50), "max": rounded(restarted.largest), "n": restarted.n},
            "restart_calls": ours.restart_calls,
            "restart_cut_off": ours.restart_cut_off,
            **more,
            "farm_ms": farm_ms.figures(),
            **about,
        },
        ensure_ascii=False,
    )


def _under_load(found: Mapping[str, Measured]) -> list[tuple[str, list[str]]]:
    """What happens on a bad day: many calls, and a program that is killed."""
    rows: list[tuple[str, list[str]]] = []
    rate = max((m.busy_rate for m in found.values() if m.busy_calls), default=math.nan)
    if not math.isnan(rate):
        busy = [Summary.of(m.busy_key_to_invite) for m in found.values()]
        title = f"key 5 -> counsellor's INVITE at {rate:g} calls/s"
        rows += [(f"{title} {label} (ms)", [_number(getattr(each, label)) for each in busy]) for label in ("p50", "p99")]
        rows.append((f"{title} failed", [f"{m.busy_failed} of {m.busy_calls}" if m.busy_calls else "-" for m in found.values()]))
    if any(m.restarts for m in found.values()):
        starts = [Summary.of(each.start_s for each in m.restarts) for m in found.values()]
        gaps = [Summary.of(each.gap_s for each in m.restarts) for m in found.values()]
        rows.append(("killed: new process's start -> ready p50 (s)", [_number(each.p50) for each in starts]))
        rows.append(("killed: new process's start -> ready largest (s)", [_number(each.largest) for each in starts]))
        rows.append(("killed: kill -9 -> ready largest (s)", [_number(each.largest) for each in gaps]))
        rows.append(("  talks cut off", [f"{m.restart_cut_off} of {m.restart_calls}" if m.restarts else "-" for m in found.values()]))
    return rows


def _number(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
