"""Watches one child process: adopts or starts it, restarts it when it ends or freezes, stops it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

import structlog

from core.errors import AnnyeongError
from helpline.embedded.child import Child
from helpline.embedded.process import Process

log = structlog.get_logger()

#: Wait before the first restart: long enough for sockets to be free again, short enough for a caller not to notice.
FIRST_RESTART_S = 0.1
#: Longest wait between two restarts of a process that keeps failing: callers are with the safety net all that time.
LONGEST_RESTART_S = 5.0
#: A process that was ready this long was healthy: its next failure is a first one again.
SETTLED_S = 5.0
_ASK_EVERY_S = 0.05


class ChildFailed(AnnyeongError):
    """A process ended, or did not become ready, while it was being started."""


class ChildGaveUp(AnnyeongError):
    """A process ended with a code that says: do not start me again."""

    def __init__(self, title: str, code: int) -> None:
        #: Its exit code.
        self.code = code
        super().__init__(f"{title} ended with code {code} and is not started again")


class Guard:
    """The supervisor of one child."""

    def __init__(self, child: Child, say: Callable[[str], None], *, final_codes: frozenset[int] = frozenset()) -> None:
        self.child = child
        self.process: Process | None = None
        #: How often it was started anew.
        self.restarts = 0
        self._say = say
        self._final = final_codes
        self._delay = FIRST_RESTART_S

    async def bring_up(self) -> None:
        """Adopt the one that runs or start one; return when it is ready. Raises ChildFailed, or what `prepare` raises."""
        began = time.monotonic()
        found = Process.find(self.child.note)
        if found is not None:
            self.process = found
            if await self._until_ready(found):
                await self.child.started(found)
                self._say(f"{self.child.title}: already running (process {found.pid}), taken over")
                return
            await found.stop(signal.SIGKILL, 5.0)
        await self._start()
        assert self.process is not None
        self._say(f"{self.child.title}: ready after {time.monotonic() - began:.1f} s (process {self.process.pid})")

    async def watch(self) -> None:
        """Keep it running for ever. Raises ChildGaveUp for an exit code that forbids a restart."""
        while True:
            assert self.process is not None
            began = time.monotonic()
            code = await self._until_end(self.process)
            if code in self._final:
                raise ChildGaveUp(self.child.title, code)
            if time.monotonic() - began > SETTLED_S:
                self._delay = FIRST_RESTART_S
            await self._restart(code)

    async def stop(self) -> None:
        """Stop it, if it runs."""
        process = self.process or Process.find(self.child.note)
        if process is not None and process.alive():
            by_itself = await process.stop(self.child.stop_signal, self.child.stop_grace_s)
            self._say(f"{self.child.title}: stopped" + ("" if by_itself else " (killed: it did not end by itself)"))
        self.child.note.unlink(missing_ok=True)

    async def _restart(self, code: int | None) -> None:
        while True:
            log.error("child_ended", child=self.child.name, code=code, restart_in_s=self._delay)
            self._say(f"{self.child.title}: ended{'' if code is None else f' with code {code}'}, restarting in {self._delay:g} s")
            await asyncio.sleep(self._delay)
            self._delay = min(max(1.0, self._delay * 2), LONGEST_RESTART_S)
            self.restarts += 1
            began = time.monotonic()
            try:
                await self._start()
            except (AnnyeongError, OSError) as error:
                self._say(f"{self.child.title}: {error}")
                continue
            self._say(f"{self.child.title}: ready again after {time.monotonic() - began:.1f} s")
            return

    async def _start(self) -> None:
        await self.child.prepare()
        self.process = Process.start(self.child.launch(), self.child.note)
        if not await self._until_ready(self.process):
            if self.process.alive():
                await self.process.stop(signal.SIGKILL, 5.0)
                raise ChildFailed(f"{self.child.title} was not ready within {self.child.ready_within_s:g} s; see {self.child.log}")
            code = await self.process.wait()
            raise ChildFailed(f"{self.child.title} ended with code {code} while starting; {self._last_words()}")
        await self.child.started(self.process)

    async def _until_ready(self, process: Process) -> bool:
        deadline = time.monotonic() + self.child.ready_within_s
        while process.alive() and time.monotonic() < deadline:
            if await self.child.ready():
                return True
            await asyncio.sleep(_ASK_EVERY_S)
        return False

    async def _until_end(self, process: Process) -> int | None:
        """Wait for its end, or bring it about when it no longer answers; the exit code, if that can be known."""
        answered = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self.child.health_every_s):
                    return await process.wait()
            except TimeoutError:
                pass
            if await self.child.ready():
                answered = time.monotonic()
            elif self.child.unhealthy_after_s is not None and time.monotonic() - answered > self.child.unhealthy_after_s:
                log.error("child_frozen", child=self.child.name)
                self._say(f"{self.child.title}: no answer for {self.child.unhealthy_after_s:g} s")
                process.kill_all()
                return await process.wait()

    def _last_words(self) -> str:
        try:
            lines = self.child.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            return f"see {self.child.log}"
        return f"its last words in {self.child.log}: {lines[-1] if lines else '(none)'}"
