"""The three systems under measurement, each with a farm of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import psutil

from tests.bench.exchange import Exchange
from tests.bench.sip_farm import Farm


class System(Protocol):
    """Something that takes calls."""

    name: str
    farm: Farm
    #: What callers dial to reach any of the counsellors.
    all_number: str
    #: What callers dial in the one-counsellor measure.
    one_number: str

    async def start(self) -> None:
        """Bring it up, all counsellors ready."""

    async def stop(self) -> None:
        """Take it down."""

    async def fresh(self) -> None:
        """Stop and start again: what an overload left behind is not the next step's fault."""

    async def only_one(self) -> None:
        """Leave one counsellor available."""

    async def everybody(self) -> None:
        """Make all counsellors available again."""

    def processes(self) -> dict[str, list[psutil.Process]]:
        """What it consists of: `asterisk`, `program`, `database`."""


class AppQueue:
    """Asterisk's own queue, strategy leastrecent."""

    name, all_number, one_number = "app_queue", "122", "121"

    def __init__(self, exchange: Exchange, farm: Farm) -> None:
        self.exchange, self.farm = exchange, farm

    async def start(self) -> None:
        """Only Asterisk."""
        await self.exchange.start()

    async def stop(self) -> None:
        """Only Asterisk."""
        await self.exchange.stop()

    async def fresh(self) -> None:
        """Asterisk again."""
        await self.stop()
        await self.start()

    async def only_one(self) -> None:
        """A queue of its own has one member."""

    async def everybody(self) -> None:
        """The other queue has all."""

    def processes(self) -> dict[str, list[psutil.Process]]:
        """One process."""
        return {"asterisk": [psutil.Process(self.exchange.pid)]}


class Floor:
    """The bare script beside an Asterisk of its own."""

    name, all_number, one_number = "floor", "120", "120"

    def __init__(self, exchange: Exchange, farm: Farm) -> None:
        self.exchange, self.farm = exchange, farm
        self._script: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Asterisk, then the script until it is connected."""
        await self.exchange.start()
        plan = self.exchange.plan
        self._script = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.floor", str(plan.http_port), ",".join(plan.phones),
            stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert self._script.stdout is not None
        if await asyncio.wait_for(self._script.stdout.readline(), 15) != b"ready\n":
            raise RuntimeError("the bare ARI script did not connect")

    async def stop(self) -> None:
        """The script, then Asterisk."""
        if self._script is not None and self._script.returncode is None:
            self._script.terminate()
            await self._script.wait()
        await self.exchange.stop()

    async def fresh(self) -> None:
        """Both again."""
        await self.stop()
        await self.start()

    async def only_one(self) -> None:
        """Not measured."""

    async def everybody(self) -> None:
        """Always."""

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Two processes."""
        script = [psutil.Process(self._script.pid)] if self._script else []
        return {"asterisk": [psutil.Process(self.exchange.pid)], "program": script}


class Meter:
    """CPU seconds that a system's parts and the farm spend between two moments."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        spent = {part: _cpu(processes) for part, processes in self._system.processes().items()}
        return {**spent, "farm": _cpu([psutil.Process()])}

    def spent(self) -> dict[str, float]:
        """Seconds since the meter was made, by part."""
        now = self._now()
        return {part: now[part] - self._before.get(part, 0.0) for part in now}


def _cpu(processes: Iterable[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
