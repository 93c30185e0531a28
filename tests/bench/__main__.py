"""`make bench`: ours, the bare script and Asterisk's queue side by side; a table on standard output and, last, one JSON line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import structlog
import uvloop

from core.errors import AnnyeongError
from core.settings import Settings
from deploy.machine import asterisk_tree
from helpline.demo.ports import Ports
from helpline.embedded import asterisk_program
from helpline.embedded.asterisk_program import AsteriskProgram
from ivr.prompts.build import build as build_prompts
from tests.bench import crisis, dispatch, reserve, roster, run
from tests.bench.exchange import Exchange, Plan
from tests.bench.loads import own_latency
from tests.bench.machine import describe, load_average
from tests.bench.ours import Ours
from tests.bench.report import Measured, result, table
from tests.bench.run import QUICK, Effort, say
from tests.bench.sip_farm import Farm
from tests.bench.stats import Summary
from tests.bench.systems import AppQueue, Floor, System
from tests.kit.until import NotInTime

TRUNK_HOST, PHONE_HOST = "127.0.0.2", "127.0.0.3"
PHONES = tuple(str(200 + number) for number in range(1, 201))
#: Above the kernel's ephemeral ports; so many for each Asterisk.
RTP_FIRST, RTP_PORTS = 61_000, 1_400


def _systems(names: list[str], program: AsteriskProgram, folder: Path, prompts: Path, ports: Ports) -> list[System]:
    made: list[System] = []
    for index, name in enumerate(names):
        plan = Plan(
            folder=folder / f"{index}-{name}",
            program=program,
            music=prompts / "music",
            sip_port=ports.one(),
            http_port=ports.one(),
            rtp_first=RTP_FIRST + index * RTP_PORTS,
            rtp_last=RTP_FIRST + (index + 1) * RTP_PORTS - 1,
            trunk_host=TRUNK_HOST,
            phone_host=PHONE_HOST,
            phone_port=0,
            phones=PHONES,
        )
        farm = Farm(("127.0.0.1", plan.sip_port), caller_host=TRUNK_HOST, phone_host=PHONE_HOST)
        plan = replace(plan, phone_port=farm.phones.port)
        match name:
            case "ours":
                made.append(Ours(plan, farm, health_port=ports.one()))
            case "floor":
                made.append(Floor(Exchange(plan), farm))
            case _:
                made.append(AppQueue(Exchange(plan), farm))
    return made


#: What can be measured: those that share the telephones of the comparison, and those that do not.
SIP_PARTS = ("key", "busy", "free", "rate", "live", "restart", "start")
CORE_PARTS = ("dispatch", "reserve", "roster", "crisis")


async def _measure(systems: list[System], effort: Effort, parts: set[str]) -> dict[str, Measured]:
    found = {system.name: Measured() for system in systems}
    ours = next((system for system in systems if isinstance(system, Ours)), None)
    for number in range(effort.rounds):
        if "key" in parts:
            for system in (system for system in systems if system.name != "app_queue"):
                await run.key_latency(system, found[system.name], effort, seed=number)
        if "free" in parts:
            for system in (system for system in systems if system.name != "floor"):
                await run.free_latency(system, found[system.name], effort, seed=number)
        say(f"latency, round {number + 1} of {effort.rounds}: " + "; ".join(_so_far(name, m) for name, m in found.items()))
    if "busy" in parts:
        for number in range(effort.busy_rounds):
            for system in (system for system in systems if system.name != "app_queue"):
                await run.busy_latency(system, found[system.name], effort, seed=100 + number)
        say(f"at {effort.busy_rate:g} calls/s: " + "; ".join(f"{name} key 5 {_busy(m)}" for name, m in found.items() if m.busy_calls))
    if "rate" in parts:
        await run.throughput(systems, found, effort)
    if ours is not None:
        if "live" in parts:
            await run.memory(ours, found["ours"], effort)
            say(f"ours: {found['ours'].rss_mb:.1f} MB with {found['ours'].live_calls} live calls")
        if "restart" in parts:
            await run.restarts(ours, found["ours"], effort)
            say("killed and serving again after " + ", ".join(f"{each.start_s:.2f}" for each in found["ours"].restarts) + " s")
        if "start" in parts:
            found["ours"].up_s, found["ours"].start_s = ours.up_s, (await ours.restart()).start_s
    return found


def _busy(measured: Measured) -> str:
    figure = Summary.of(measured.busy_key_to_invite)
    return f"{figure.p50:.1f} (p99 {figure.p99:.1f}) ms"


def _so_far(name: str, measured: Measured) -> str:
    key, free = Summary.of(measured.key_to_invite), Summary.of(measured.free_to_invite)
    return f"{name} key 5 {key.p50:.1f} (p99 {key.p99:.1f})" + (f", free {free.p50:.1f} (p99 {free.p99:.1f})" if free.n else "") + " ms"


async def bench(names: list[str], effort: Effort, parts: set[str], folder: Path, months: int | None = None) -> tuple[str, str]:
    """Run everything; the table and the result line. Raises RuntimeError with a readable reason when something does not start."""
    program = asterisk_program.find(Settings())
    about: dict[str, object] = {**await describe(program), "load_average_before": round(load_average(), 2)}
    say(f"{about['machine']}, Asterisk {about['asterisk']}")
    lines, figures = await _core(effort, parts, folder, months)
    if not parts & set(SIP_PARTS):
        return "\n".join([*lines, *(f"{key}: {value}" for key, value in about.items())]), json.dumps(figures | about, ensure_ascii=False)
    prompts = asterisk_tree.cache_folder() / "bench/prompts"
    say("building the voice prompts, unless they are there")
    await asyncio.to_thread(build_prompts, prompts)
    farm_ms = Summary.of(await own_latency())
    say(f"the farm by itself: p50 {farm_ms.p50:.2f} ms, p99 {farm_ms.p99:.2f} ms")
    async with contextlib.AsyncExitStack() as stack:
        ports = Ports()
        stack.callback(ports.close)
        systems = _systems(names, program, folder, prompts, ports)
        for system in systems:
            await stack.enter_async_context(system.farm)
            stack.push_async_callback(system.stop)
            say(f"starting {system.name}")
            await system.start()
        found = await _measure(systems, effort, parts)
    return table(found, farm_ms, about, lines), result(found, farm_ms, about, figures)


async def _core(effort: Effort, parts: set[str], folder: Path, months: int | None) -> tuple[list[str], dict[str, object]]:
    """The parts beside the comparison: lines of the table, figures of the result line."""
    lines: list[str] = []
    figures: dict[str, object] = {}
    if "dispatch" in parts:
        say("decisions of the line")
        cells = await asyncio.to_thread(dispatch.measure, effort.decisions)
        lines += dispatch.lines(cells)
        figures |= dispatch.figures(cells)
    if "reserve" in parts:
        say("reservations in PostgreSQL")
        reserved = await reserve.measure(
            folder / "pg", closed_s=effort.reserve_closed_s, open_s=effort.reserve_open_s, rounds=effort.reserve_rounds
        )
        lines += reserve.lines(reserved)
        figures |= reserve.figures(reserved)
    if "roster" in parts:
        say("rosters of 14 people and 28 days")
        asked = roster.QUICK if effort is QUICK else roster.Effort()
        rostered = await roster.measure(asked if months is None else replace(asked, many=months))
        lines += roster.lines(rostered)
        figures |= roster.figures(rostered)
    if "crisis" in parts:
        say("a counsellor's *9 to the emergency partner's INVITE")
        pressed = await crisis.measure(folder / "crisis", calls=effort.crisis_calls, presses=effort.crisis_presses, say=say)
        lines += crisis.lines(pressed)
        figures |= crisis.figures(pressed)
    return lines, figures


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two to three minutes; for a first look, not for comparing")
    parser.add_argument("--systems", default="floor,app_queue,ours", help="which, in which order (default: %(default)s)")
    parser.add_argument("--only", "--parts", default=",".join(CORE_PARTS + SIP_PARTS), help="which measures (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the folder with configuration and logs")
    parser.add_argument("--months", type=int, help="random months of the part `roster` (default: 10, with --quick 3)")
    options = parser.parse_args()
    parts = set(options.only.split(","))
    if unknown := parts - {*CORE_PARTS, *SIP_PARTS}:
        parser.error(f"--only: {', '.join(sorted(unknown))}: not one of {', '.join(CORE_PARTS + SIP_PARTS)}")
    # The bench looks into our database by our own code, which tells every connection it makes.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    folder = Path(tempfile.mkdtemp(prefix="a120b-"))
    try:
        effort = QUICK if options.quick else Effort()
        text, line = uvloop.run(bench(options.systems.split(","), effort, parts, folder, options.months))
    except (RuntimeError, AnnyeongError, NotInTime) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        if options.keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(text)
    print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
