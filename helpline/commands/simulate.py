"""`annyeong120 simulate`: the line under a virtual clock, with everything going wrong that can."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from helpline.exit_codes import FAILED
from helpline.simulation import batch
from helpline.simulation.broken import ROUTERS, parts
from helpline.simulation.faults import Fault, parse
from helpline.simulation.run import Job, Result, seeds
from helpline.simulation.world import Load

#: From so many seeds on only failures and the progress are told, the latter so often.
FEW = 60
PROGRESS_S = 10.0
#: Lines of a failing seed's trace that are shown.
TAIL = 40


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    seed: Annotated[int | None, typer.Option(help="One seed.")] = None,
    many: Annotated[str, typer.Option("--seeds", help="Several: 1-60.")] = "1",
    hours: Annotated[float, typer.Option(help="Virtual hours a seed.", min=0.01)] = 2.0,
    faults: Annotated[str, typer.Option(help=f"all, none, or some of {', '.join(Fault)}.")] = "all",
    router: Annotated[str, typer.Option(help=f"A program broken on purpose: {', '.join(filter(None, ROUTERS))}.")] = "",
    calls: Annotated[float, typer.Option(help="Calls an hour.", min=1)] = Load().calls_per_hour,
    seats: Annotated[int, typer.Option(help="Counsellors.", min=1, max=14)] = Load().seats,
    crises: Annotated[float, typer.Option(help="Share of talks in which a counsellor presses *9.", min=0, max=1)] = Load().crises,
    processes: Annotated[int, typer.Option(help="At once; 0: one for each processor.", min=0)] = 0,
    trace: Annotated[bool, typer.Option("--trace", help="Print everything that happened.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One object a seed.")] = False,
) -> None:
    """Run the very code that answers calls against a simulated Asterisk, database and people; exit code 1 if an invariant breaks."""
    if not batch.deterministic():
        # A set of words must have the same order every time, or a seed would not be one.
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, "-m", "helpline", *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": batch.HASH_SEED})  # noqa: S606 - itself again
    try:
        kinds, wanted = parse(faults), [seed] if seed is not None else list(seeds(many))
        parts(router)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    load = Load(calls_per_hour=calls, seats=seats, crises=crises)
    tasks = [batch.Task(job=Job(seed=one, hours=hours, faults=kinds, load=load, everything=trace), router=router) for one in wanted]
    several = len(tasks) > 1
    results = batch.run(tasks, processes=processes or None, as_they_come=not as_json) if several else map(batch.work, tasks)
    summary, again = _Summary(len(tasks)), _again(hours, faults, router, load)
    for result in results:
        summary.add(result)
        if as_json:
            print(json.dumps({**asdict(result), "trace": result.trace if trace or not result.passed else ()}), flush=True)
            continue
        _show(result, trace=trace, quiet=len(tasks) > FEW)
        if not result.passed and several:
            print(f"  again: annyeong120 simulate --seed {result.seed}{again} --trace", flush=True)
        if len(tasks) > FEW:
            summary.progress()
    if not as_json:
        summary.show()
    if summary.failed:
        raise typer.Exit(FAILED)


class _Summary:
    """All seeds together."""

    def __init__(self, wanted: int) -> None:
        self.failed: list[Result] = []
        self._wanted = wanted
        self._began = self._told = time.monotonic()
        self._count = self._callers = self._faults = 0
        self._simulated = self._real = 0.0
        self._outcomes: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        self._count += 1
        self._callers += result.callers
        self._faults += result.faults
        self._simulated += result.simulated_s
        self._real += result.real_s
        self._outcomes.update(result.outcomes)
        if not result.passed:
            self.failed.append(result)

    def progress(self) -> None:
        """A line now and then."""
        now = time.monotonic()
        if now - self._told >= PROGRESS_S or self._count == self._wanted:
            self._told = now
            took = now - self._began
            print(
                f"{self._count} of {self._wanted} seeds in {took:.0f} s, {self._simulated / took:.0f} times real time, "
                f"{len(self.failed)} failed",
                flush=True,
            )

    def show(self) -> None:
        speed = self._simulated / self._real if self._real else 0.0
        print(f"{self._count} seeds, {self._simulated / 3600:.1f} h simulated, {speed:.0f} times real time a processor")
        print(
            f"{self._callers} calls, {self._faults} crashes, freezes and restarts; {', '.join(f'{k} {v}' for k, v in sorted(self._outcomes.items()))}"
        )
        if self.failed:
            kinds = Counter(result.invariant for result in self.failed)
            print(f"✘ {len(self.failed)} seeds failed: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())}")
            print(f"  seeds {' '.join(str(result.seed) for result in self.failed[:40])}")
        else:
            print("✔ every invariant held")


def _again(hours: float, faults: str, router: str, load: Load) -> str:
    """The options with which one seed of these does the same again."""
    words = [f"--hours {hours:g}", f"--faults {faults or 'none'}", f"--router {router}" if router else ""]
    usual = Load()
    words += [f"--calls {load.calls_per_hour:g}" if load.calls_per_hour != usual.calls_per_hour else ""]
    words += [f"--seats {load.seats}" if load.seats != usual.seats else ""]
    words += [f"--crises {load.crises:g}" if load.crises != usual.crises else ""]
    return "".join(f" {word}" for word in words if word)


def _show(result: Result, *, trace: bool, quiet: bool) -> None:
    if trace:
        print("\n".join(result.trace))
    if not result.passed:
        if not trace:
            print("\n".join(result.trace[-TAIL:]))
        print(f"✘ seed {result.seed} at {result.at:.3f} s: {result.invariant}: {result.text}", flush=True)
    elif not quiet:
        called = f", {result.called_back} called back" if result.called_back else ""
        print(
            f"seed {result.seed}: {result.callers} calls{called}, {result.talks} talks, {result.faults} faults, {result.speed:.0f} x",
            flush=True,
        )
