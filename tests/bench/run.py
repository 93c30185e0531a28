"""The order of the measurement. Systems take turns in short blocks, so that a noisy neighbour hits all of them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.loads import OneCounsellor, Step, Stream
from tests.bench.ours import Ours
from tests.bench.report import Measured
from tests.bench.search import LADDER, Search
from tests.bench.systems import Meter, System

_BEGIN = time.monotonic()


def say(line: str) -> None:
    """Progress, on standard error."""
    print(f"[{time.monotonic() - _BEGIN:5.0f} s] {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long everything takes."""

    rate: float = 5.0
    #: Rounds of the latency measures; a block a system and round.
    rounds: int = 5
    key_block_s: float = 13.0
    free_block_s: float = 13.0
    probe_s: float = 4.0
    full_s: float = 15.0
    live_calls: int = 200
    ladder: tuple[int, ...] = LADDER
    #: Key 5 under load: calls per second, a block a system, and how many blocks.
    busy_rate: float = 25.0
    busy_block_s: float = 15.0
    busy_rounds: int = 2
    #: How often the program is killed, with so many talks going on.
    restarts: int = 5
    restart_calls: int = 50
    #: Timed decisions a size of the line.
    decisions: int = 3_000
    reserve_closed_s: float = 4.0
    reserve_open_s: float = 8.0
    reserve_rounds: int = 2
    #: Crises: calls, and presses of the key in each.
    crisis_calls: int = 30
    crisis_presses: int = 4


QUICK = Effort(
    rounds=1,
    key_block_s=10,
    free_block_s=8,
    probe_s=2,
    full_s=4,
    live_calls=50,
    ladder=(5, 10, 20, 30, 40, 60, 80, 120),
    busy_block_s=8,
    busy_rounds=1,
    restarts=2,
    restart_calls=20,
    decisions=1_000,
    reserve_closed_s=2,
    reserve_open_s=4,
    reserve_rounds=1,
    crisis_calls=3,
    crisis_presses=3,
)


async def key_latency(system: System, measured: Measured, effort: Effort, seed: int) -> None:
    """A block of the steady stream."""
    stream = Stream(system.farm, system.all_number)
    measured.add(await stream.run(effort.rate, effort.key_block_s, seed=seed))
    await stream.clear()


async def busy_latency(system: System, measured: Measured, effort: Effort, seed: int) -> None:
    """A block at the rate of a bad day. The stream is open: a call is placed when it is due, whatever became of those before."""
    stream = Stream(system.farm, system.all_number)
    step = await stream.run(effort.busy_rate, effort.busy_block_s, seed=seed)
    measured.busy_rate = effort.busy_rate
    measured.busy_key_to_invite += step.key_to_invite
    measured.busy_failed += sum(step.failed.values())
    measured.busy_calls += step.calls
    if step.failed:
        say(f"{system.name} at {effort.busy_rate:g} calls/s: {step.failed}")
    await stream.clear()


async def free_latency(system: System, measured: Measured, effort: Effort, seed: int) -> None:
    """A block with one counsellor and a queue."""
    await system.only_one()
    load = OneCounsellor(system.farm, system.one_number, seed=seed)
    measured.free_to_invite += await load.run(effort.free_block_s)
    await system.everybody()
    if len(load.phones) > 1:
        say(f"{system.name}: {len(load.phones)} phones rang where one counsellor was there")


async def throughput(systems: Sequence[System], found: dict[str, Measured], effort: Effort) -> None:
    """Every system's edge, in turns."""
    searches = {system.name: Search(effort.probe_s, effort.full_s, effort.ladder) for system in systems}
    while any(search.next() for search in searches.values()):
        for system in systems:
            if (planned := searches[system.name].next()) is None:
                continue
            rate, seconds = planned
            step = await _rate(system, rate, seconds)
            searches[system.name].record(rate, step.passed)
            found[system.name].steps.append(step)
            say(f"{system.name}: {rate} calls/s for {seconds:g} s: {'passed' if step.passed else _why(step)}; CPU {_cpu(step)}")
    for system in systems:
        found[system.name].calls_per_s = searches[system.name].result


async def _rate(system: System, rate: float, seconds: float) -> Step:
    stream = Stream(system.farm, system.all_number)
    meter = Meter(system)
    step = await stream.run(rate, seconds, seed=7)
    step.cost.update(meter.spent())
    await stream.clear()
    if step.passed:
        await asyncio.sleep(0.5)
    else:
        await system.fresh()
    return step


def _cpu(step: Step) -> str:
    return ", ".join(f"{part} {spent * 1000 / step.calls:.1f}" for part, spent in step.cost.items()) + " ms a call"


def _why(step: Step) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in step.failed.items())
    return f"failed ({reasons or 'too slow'}; {step.calls} calls, {step.resent} resent)"


async def memory(system: System, measured: Measured, effort: Effort) -> None:
    """Many talks at once: what the program needs then."""
    stream, failures = await _held(system, effort.live_calls)
    measured.live_calls = effort.live_calls - sum(failures.values())
    measured.rss_mb = sum(process.memory_info().rss for process in system.processes().get("program", [])) / 1e6
    if failures:
        say(f"{system.name}: {failures} while calls were held")
    await stream.clear()


async def restarts(system: Ours, measured: Measured, effort: Effort) -> None:
    """kill -9 of the program while people talk, again and again: how soon it takes calls, and whether anybody was cut off."""
    stream, failures = await _held(system, effort.restart_calls)
    measured.restart_calls = effort.restart_calls - sum(failures.values())
    for _ in range(effort.restarts):
        measured.restarts.append(await system.restart(kill=True))
    measured.restart_cut_off = stream.check().get("cut off", 0)
    await stream.clear()


async def _held(system: System, calls: int) -> tuple[Stream, dict[str, int]]:
    """So many talks under way, and what became of those that are not."""
    stream = Stream(system.farm, system.all_number)
    stream.hold = True
    await stream.run(10, calls / 10, seed=3)
    for _ in range(50):
        if not stream.check():
            break
        await asyncio.sleep(0.1)
    return stream, stream.check()
