"""The solver in a process of its own: it takes hundreds of megabytes and both processors, and a fault of it must not take the line down."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from shifts.solver import wire
from shifts.solver.answer import best_until_now
from shifts.solver.request import Listener, Progress, Solution, SolveRequest

#: Longest line of an answer, bytes.
_LONGEST = 16 * 1024 * 1024
#: After the time of the search and after a cancel: so long until the process is killed, seconds.
_OVERTIME_S = 60.0
#: So much longer where nothing at all has been heard: on a machine that busy even the library takes minutes to load.
_SILENCE_S = 600.0
#: After a first roster that comes later than everything should have ended: the answer itself follows at once, seconds.
_GRACE_S = 5.0
#: Below telephony: calls come first.
_NICENESS = "10"


class SolverFailed(Exception):
    """The solver's process gave no answer."""


class SolverProcess:
    """One search. Cancelling the task that awaits `solve` ends the process too, and so does the end of this program."""

    def __init__(self, request: SolveRequest, *, overtime_s: float = _OVERTIME_S) -> None:
        self._request, self._overtime_s = request, overtime_s
        self._process: asyncio.subprocess.Process | None = None
        self._cancelled = False

    @property
    def pid(self) -> int | None:
        """Of the process, once it runs."""
        return None if self._process is None else self._process.pid

    async def solve(self, progress: Listener | None = None) -> Solution:
        """The answer; `progress` hears of better rosters on the way. Raises `SolverFailed`.

        A search that does not end in time (the machine is too busy) is ended, and its best roster until then is the answer; the first one is
        waited for much longer.
        """
        best: list[Progress] = []
        clock = asyncio.get_running_loop().time
        until = clock() + self._request.seconds + self._overtime_s
        limit = asyncio.timeout_at(until + _SILENCE_S if self._request.steps is None else None)

        def heard(better: Progress) -> None:
            if not best and self._request.steps is None:
                limit.reschedule(max(until, clock() + _GRACE_S))
            best[:] = [better]
            if progress is not None:
                progress(better)

        command = ["nice", "-n", _NICENESS, sys.executable, "-m", "shifts.solver.worker"]
        process = self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LONGEST,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            assert process.stdin is not None
            with contextlib.suppress(ConnectionError):
                process.stdin.write(wire.request_line(self._request))
                await process.stdin.drain()
            if self._cancelled:
                self.cancel()
            async with limit:
                return await self._answer(process, heard)
        except TimeoutError:
            if not best:
                raise SolverFailed("no answer in time") from None
            return await asyncio.to_thread(best_until_now, self._request, best[0], self._request.seconds + self._overtime_s)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()

    async def _answer(self, process: asyncio.subprocess.Process, progress: Listener) -> Solution:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            try:
                answer = wire.read_answer(line)
            except wire.Garbled as error:
                raise SolverFailed(str(error)) from error
            match answer:
                case Progress():
                    progress(answer)
                case Solution():
                    return answer
                case wire.Failed(text=text):
                    raise SolverFailed(text)
        raise SolverFailed(f"the process ended without an answer (exit code {await process.wait()})")

    def cancel(self) -> None:
        """Ends the search soon; `solve` then gives the best until then."""
        self._cancelled = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
