"""Failures of the set-up, each with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence


class StepError(Exception):
    """A step failed; running the same command again goes on from here."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.remedy = tuple(remedy)


class PersonNeeded(StepError):
    """Something only a person can give is missing: a permission, a package, a setting. Exit code 2."""

    exit_code = 2


class CommandFailed(StepError):
    """A command ended with a status other than zero; `tail` holds the end of what it printed."""

    def __init__(self, command: Sequence[str], status: int, tail: Sequence[str], *, remedy: Sequence[str] = ()) -> None:
        super().__init__(f"{command_name(command)} ended with status {status}", remedy=remedy)
        self.command = tuple(command)
        self.status = status
        self.tail = tuple(tail)


def command_name(command: Sequence[str]) -> str:
    """Program and first words of a command, short enough for one line."""
    text = " ".join([command[0].rsplit("/", 1)[-1], *command[1:]])
    return text if len(text) <= 100 else text[:97] + "…"
