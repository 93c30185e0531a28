"""A what-if in a process of its own: it keeps a processor busy for seconds, and pages must not wait for it.

The question goes in as one line, shares that are done and the answer come out as lines. Standard input stays open as long as somebody wants the
answer: its end, because the other program is gone, ends the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from pydantic import TypeAdapter

from helpline.what_if import of_roster
from shifts.what_if import Question, WhatIf

#: Longest line, bytes.
_LONGEST = 16 * 1024 * 1024
#: Below telephony: calls come first.
_NICENESS = "10"
#: A month of ten repetitions takes a minute on an old machine; seconds.
LONGEST_S = 900.0
_QUESTION, _ANSWER = TypeAdapter(Question), TypeAdapter(WhatIf)


class WhatIfFailed(Exception):
    """The process gave no answer."""


class WhatIfProcess:
    """One question. Cancelling the task that awaits `play` ends the process too, and so does the end of this program."""

    def __init__(self, question: Question) -> None:
        self._question = question

    async def play(self, progress: Callable[[float], None] | None = None) -> WhatIf:
        """The answer; `progress` hears the share that is done. Raises `WhatIfFailed`."""
        process = await asyncio.create_subprocess_exec(
            *("nice", "-n", _NICENESS, sys.executable, "-m", "helpline.what_if_process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LONGEST,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            assert process.stdin is not None
            with contextlib.suppress(ConnectionError):
                process.stdin.write(_QUESTION.dump_json(self._question) + b"\n")
                await process.stdin.drain()
            async with asyncio.timeout(LONGEST_S):
                return await _answer(process, progress)
        except TimeoutError:
            raise WhatIfFailed("no answer in time") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()


async def _answer(process: asyncio.subprocess.Process, progress: Callable[[float], None] | None) -> WhatIf:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        try:
            said = json.loads(line)
            if "answer" in said:
                return _ANSWER.validate_python(said["answer"])
            done = float(said["done"])
        except (ValueError, KeyError, TypeError) as error:
            raise WhatIfFailed("not an answer") from error
        if progress is not None:
            progress(done)
    raise WhatIfFailed(f"the process ended without an answer (exit code {await process.wait()})")


def main() -> int:
    """The process: serves one question."""
    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not get among the answers.
    os.dup2(2, 1)
    question = _QUESTION.validate_json(given.readline())
    threading.Thread(target=_until_closed, args=(given,), name="stop", daemon=True).start()
    found = of_roster(
        question.setting,
        question.roster,
        question.forecast,
        question.planning,
        repetitions=question.repetitions,
        seed=question.seed,
        progress=lambda done: _say(answers, b'{"done":%.4f}\n' % done),
    )
    _say(answers, b'{"answer":' + _ANSWER.dump_json(found) + b"}\n")
    return 0


def _say(answers: BinaryIO, line: bytes) -> None:
    try:
        answers.write(line)
        answers.flush()
    except BrokenPipeError:
        os._exit(3)


def _until_closed(given: BinaryIO) -> None:
    while given.read(1):
        pass
    os._exit(3)


if __name__ == "__main__":
    raise SystemExit(main())
