"""The solver's process: one request on standard input, answers as lines on standard output.

Standard input stays open as long as somebody wants the answer. Its end, by cancelling or because the other program is gone, stops the search.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import BinaryIO

from shifts.solver import wire
from shifts.solver.request import Progress, Solution

#: A search that has been stopped gets so long to end by itself.
GRACE_S = 5.0


def main() -> int:
    """Serves one request."""
    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not get among the answers.
    os.dup2(2, 1)
    stop = threading.Event()
    try:
        request = wire.read_request(given.readline())
    except wire.Garbled as error:
        _say(answers, wire.Failed(text=str(error)))
        return 2
    threading.Thread(target=_until_closed, args=(given, stop), name="stop", daemon=True).start()
    try:
        from shifts.solver.solve import solve  # noqa: PLC0415 - heavy, and an optional extra: its lack is an answer

        answer: Solution | wire.Failed = solve(request, lambda progress: _say(answers, progress), stop)
    except ImportError:
        answer = wire.Failed(text="the extra 'solver' (ortools) is not installed")
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear that no answer comes
        answer = wire.Failed(text=f"{type(error).__name__}: {error}")
    _say(answers, answer)
    return 0


def _until_closed(given: BinaryIO, stop: threading.Event) -> None:
    while given.read(1):
        pass
    stop.set()
    # A daemon thread: it ends with the process unless the search does not.
    threading.Event().wait(GRACE_S)
    os._exit(3)


def _say(answers: BinaryIO, answer: Progress | Solution | wire.Failed) -> None:
    try:
        answers.write(wire.answer_line(answer))
        answers.flush()
    except BrokenPipeError:
        os._exit(3)


if __name__ == "__main__":
    raise SystemExit(main())
