"""Runs other programs: their output returned, and its end kept in the error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.machine.errors import CommandFailed, PersonNeeded, command_name

TAIL_LINES = 30


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    remedy: Sequence[str] = (),
    tail: int | None = TAIL_LINES,
) -> str:
    """Run `command` to its end without standard input and return everything it printed.

    `tail` is the number of lines that an error keeps, None for all. Raises `CommandFailed` with the end of
    the output, `PersonNeeded` when the program does not exist.
    """
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise PersonNeeded(f"the program {command[0]} is not installed", remedy=remedy) from error
    except PermissionError as error:
        raise PersonNeeded(f"not allowed to run {command_name(command)}: {error.strerror}", remedy=remedy) from error
    if done.returncode != 0:
        raise CommandFailed(command, done.returncode, done.stdout.splitlines()[-tail if tail else 0 :], remedy=remedy)
    return done.stdout


def succeeds(command: Sequence[str]) -> bool:
    """Whether `command` exists and ends with status 0; its output is thrown away."""
    try:
        run(command)
    except (CommandFailed, PersonNeeded):
        return False
    return True
