"""A process that outlives the one which started it.

Its pid and start time are noted in a file, so that the next supervisor finds it again and never mistakes a stranger with a reused
pid for it. Its end is told by a pidfd, which works for children and for adopted processes alike and costs no polling.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ivr.asterisk_config import write_private

#: Seconds between two requests to end.
_REPEAT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a process is started."""

    command: Sequence[str]
    #: Added to our own environment.
    environment: Mapping[str, str]
    #: What it prints is appended here: a pipe would die with us, and the process with the pipe.
    log: Path
    #: Run as this user and group (root only).
    user: tuple[int, int] | None = None
    umask: int = 0o077
    #: Current folder of the process.
    folder: str = "/"


class Process:
    """One running process, ours or adopted."""

    def __init__(self, pid: int, started: float, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        #: Seconds since 1970, as the kernel reports it.
        self.started = started
        self._child = child

    @classmethod
    def start(cls, launch: Launch, note: Path) -> Process:
        """Start it in a session of its own, so that neither ctrl-C nor our death reaches it. Raises OSError."""
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        identity: dict[str, object] = {}
        if launch.user is not None:
            identity = {"user": launch.user[0], "group": launch.user[1], "extra_groups": []}
        try:
            child = subprocess.Popen(  # type: ignore[call-overload]
                list(launch.command),
                env={**os.environ, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=launch.folder,
                start_new_session=True,
                umask=launch.umask,
                **identity,
            )
        finally:
            os.close(descriptor)
        process = cls(child.pid, _start_time(child.pid) or 0.0, child)
        write_private(note, json.dumps({"pid": process.pid, "started": process.started}))
        return process

    @classmethod
    def find(cls, note: Path) -> Process | None:
        """The process a note speaks of, if it still runs."""
        try:
            noted = json.loads(note.read_text())
            process = cls(int(noted["pid"]), float(noted["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return process if process.alive() else None

    @property
    def adopted(self) -> bool:
        """Whether another supervisor started it."""
        return self._child is None

    def alive(self) -> bool:
        """Whether it runs (a zombie does not)."""
        if self._child is not None and self._child.poll() is not None:
            return False
        started = _start_time(self.pid)
        # The kernel counts in ticks of 10 ms and the boot time may be corrected by a second.
        return started is not None and abs(started - self.started) < 2.0

    async def wait(self) -> int | None:
        """Wait for its end; the exit code, or None when it was adopted and nobody can tell."""
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return self._reap()
        try:
            # Opened a moment ago: is it still the process of the note?
            if self.alive():
                ended = asyncio.Event()
                loop.add_reader(descriptor, ended.set)
                try:
                    await ended.wait()
                finally:
                    loop.remove_reader(descriptor)
        finally:
            os.close(descriptor)
        return self._reap()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it is gone."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill_all(self) -> None:
        """SIGKILL to it and everything it started: frozen children would hold on to what a new one needs (PostgreSQL's memory)."""
        if not self.alive():
            return
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(self.pid).children(recursive=True)
            self.send(signal.SIGKILL)
            for child in family:
                with contextlib.suppress(psutil.Error):
                    child.kill()

    async def stop(self, number: signal.Signals, grace_s: float) -> bool:
        """Ask it to end, insist after `grace_s` seconds. Whether it went by itself."""
        deadline = time.monotonic() + grace_s
        while (left := deadline - time.monotonic()) > 0:
            # Again and again: a process that is just starting may not listen yet, and one that does is not hurt by a second time.
            self.send(number)
            try:
                async with asyncio.timeout(min(left, _REPEAT_S)):
                    await self.wait()
                return True
            except TimeoutError:
                continue
        self.send(signal.SIGKILL)
        await self.wait()
        return False

    def _reap(self) -> int | None:
        return self._child.wait() if self._child is not None else None


def _start_time(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
