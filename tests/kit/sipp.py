"""Runs SIPp: many callers at once, callers with odd headers, and phones that refuse."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from tests.kit.ports import free_port, free_range

#: What SIPp's exit codes mean (its manual, "Exit codes").
_EXIT = {
    0: "all calls as in the scenario",
    1: "at least one call failed",
    97: "ended by a command",
    99: "no call was made",
    255: "fatal error",
}


def can_play_pcap() -> bool:
    """Whether SIPp may open the raw socket that playing captures needs."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).close()
    except PermissionError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SippResult:
    """How a run ended."""

    exit_code: int
    #: SIPp's own words: unexpected messages, time-outs.
    errors: str
    #: The last screen: counts per step.
    screen: str

    @property
    def ok(self) -> bool:
        """Every call went as in the scenario."""
        return self.exit_code == 0


class Sipp:
    """One SIPp process. Leaving the block ends it. Its files stay in `folder` (screen, errors, messages)."""

    _runs = 0

    def __init__(
        self,
        scenario: str,
        *,
        folder: Path,
        target: str = "",
        service: str = "120",
        address: str = "127.0.0.2",
        transport: Literal["udp", "tcp"] = "udp",
        calls: int | None = 1,
        rate: float = 10.0,
        limit: int = 1000,
        timeout_s: int = 60,
        keys: Mapping[str, str] | None = None,
        rows: Sequence[Sequence[str]] = (),
        trace: bool = True,
    ) -> None:
        """`rows` are the fields of call after call: `[field0]`, `[field1]` … in the scenario."""
        type(self)._runs += 1
        self.port = free_port()
        self._address, self._calls = address, calls or 0
        self.folder = folder / f"sipp{type(self)._runs}"
        self.folder.mkdir(parents=True)
        self._stem = self.folder
        program = shutil.which("sipp")
        if program is None:
            raise FileNotFoundError("sipp is not installed (Debian package sip-tester)")
        (self.folder / "scenario.xml").write_text(scenario)
        self._command = [
            program, *([target] if target else []), "-sf", str(self.folder / "scenario.xml"), "-s", service,
            "-i", address, "-p", str(self.port), "-bind_local", "-mi", address, "-mp", str(free_range(100)), "-t", "t1" if transport == "tcp" else "u1",
            "-r", str(rate), "-l", str(limit), "-timeout", str(timeout_s), "-timeout_error", "-nostdin",
            "-cp", str(free_port()),
            "-trace_err", "-error_file", str(self.folder / "errors"), "-trace_screen", "-screen_file", str(self.folder / "screen"),
        ]  # fmt: skip
        if calls is not None:
            self._command += ["-m", str(calls)]
        if rows:
            (self.folder / "rows.csv").write_text("\n".join(["SEQUENTIAL", *(";".join(row) for row in rows), ""]))
            self._command += ["-inf", str(self.folder / "rows.csv")]
        if trace:
            self._command += ["-trace_msg", "-message_file", str(self.folder / "messages")]
        for key, value in (keys or {}).items():
            self._command += ["-key", key, value]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        with (self.folder / "output").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                env={**os.environ, "TERM": "xterm"},
            )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await asyncio.wait_for(self._process.wait(), 10)

    async def finished(self, within_s: float = 60.0, *, expect_ok: bool = True) -> SippResult:
        """Wait for the end. With `expect_ok` a failed call is an AssertionError that shows what SIPp saw."""
        assert self._process is not None
        await asyncio.wait_for(self._process.wait(), within_s)
        result = SippResult(exit_code=self._process.returncode or 0, errors=self._text("errors"), screen=self._text("screen"))
        if expect_ok and not result.ok:
            meaning = _EXIT.get(result.exit_code, "unknown")
            raise AssertionError(f"sipp: {meaning} ({result.exit_code})\n{result.errors[-2000:]}\n{self._text('output')[-2000:]}")
        return result

    async def hang_up_all(self, within_s: float = 15.0) -> None:
        """Every call that waits in `sipp_scenario.until_told` hangs up now; then SIPp ends."""
        assert self._process is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            for number in range(1, self._calls + 1):
                # As SIPp makes its Call-IDs unless told otherwise (its manual, "-cid_str"); what it is told is for its own ears only.
                call_id = f"{number}-{self.pid}@{self._address}"
                here = f"sip:told@{self._address}"
                lines = (
                    f"MESSAGE {here} SIP/2.0", f"Via: SIP/2.0/UDP {self._address}:9;branch=z9hG4bK-told-{number}", f"From: <{here}>;tag=told",
                    f"To: <{here}>", f"Call-ID: {call_id}", "CSeq: 1 MESSAGE", "Max-Forwards: 1", "Content-Length: 0", "", "",
                )  # fmt: skip
                way.sendto("\r\n".join(lines).encode(), (self._address, self.port))
        await asyncio.wait_for(self._process.wait(), within_s)

    @property
    def messages(self) -> str:
        """Every SIP message sent and received; complete once SIPp has ended."""
        return self._text("messages")

    def _text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""


async def run_sipp(scenario: str, **options: object) -> SippResult:
    """Run a scenario to its end and insist that it went well; options as for Sipp."""
    async with Sipp(scenario, **options) as sipp:  # type: ignore[arg-type]
        return await sipp.finished()
