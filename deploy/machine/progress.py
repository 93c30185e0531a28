"""One line a step: `[3/6] 아스테리스크 / Asterisk … 22.10.1, done in 12.3 s`.

Everything goes to standard error: the last line of `make demo ARGS="--once --json"` on standard output stays one JSON object.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from deploy.machine.errors import CommandFailed, StepError


class Step:
    """What a running step may say about itself."""

    def __init__(self) -> None:
        self.detail = ""
        self.did_work = False

    def work(self, detail: str = "") -> None:
        """Call when the step really changes something; without it the line says `ready`."""
        self.did_work = True
        self.detail = detail or self.detail


class Progress:
    """Numbers the steps of one command and prints their lines."""

    def __init__(self, total: int, *, out: TextIO | None = None) -> None:
        self._total = total
        self._number = 0
        self._out = out or sys.stderr

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Print the line of one step: its title at once, its result at the end. Errors pass through."""
        self._number += 1
        self._write(f"[{self._number}/{self._total}] {title} … ")
        started = time.monotonic()
        step = Step()
        try:
            yield step
        except BaseException as error:
            self._write("failed\n" if isinstance(error, StepError) else "stopped\n")
            raise
        detail = f"{step.detail}, " if step.detail else ""
        result = f"done in {time.monotonic() - started:.1f} s" if step.did_work else "ready"
        self._write(f"{detail}{result}\n")

    def announce(self, title: str) -> None:
        """The line of a last step whose own output follows."""
        self._number += 1
        self._write(f"[{self._number}/{self._total}] {title}\n")

    def explain(self, error: StepError) -> None:
        """What went wrong and what to do."""
        self._write(f"  ! {error}\n")
        if isinstance(error, CommandFailed):
            for line in error.tail:
                self._write(f"  | {line}\n")
        for line in error.remedy:
            self._write(f"  -> {line}\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
