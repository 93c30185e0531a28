"""What the figures depend on: the machine and the versions."""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
from pathlib import Path

import psutil

from helpline.embedded.asterisk_program import AsteriskProgram


async def describe(program: AsteriskProgram) -> dict[str, str]:
    """Machine, kernel, Asterisk and the libraries on the hot path."""
    asked = await asyncio.create_subprocess_exec(*program.command, "-V", stdout=asyncio.subprocess.PIPE)
    printed, _ = await asked.communicate()
    libraries = {name: importlib.metadata.version(name) for name in ("aiohttp", "uvloop", "sqlalchemy", "psycopg")}
    return {
        "machine": f"{psutil.cpu_count()} x {_cpu_name()}, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "asterisk": printed.decode().removeprefix("Asterisk ").strip(),
        "python": platform.python_version(),
        **libraries,
    }


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def load_average() -> float:
    """Of the last minute: how noisy the neighbours are."""
    return psutil.getloadavg()[0]
