from __future__ import annotations

import io
import re

import pytest

from deploy.machine.errors import CommandFailed, PersonNeeded
from deploy.machine.progress import Progress


def test_step_that_worked_tells_how_long_it_took() -> None:
    """Number, title, detail and seconds stand in one line."""
    out = io.StringIO()
    with Progress(3, out=out).step("아스테리스크 / Asterisk") as step:
        step.work()
        step.detail = "22.10.1"
    assert re.fullmatch(r"\[1/3\] 아스테리스크 / Asterisk … 22\.10\.1, done in \d+\.\d s\n", out.getvalue())


def test_step_with_nothing_to_do_is_ready() -> None:
    """A repeated command shows that it did nothing."""
    out = io.StringIO()
    with Progress(1, out=out).step("Python"):
        pass
    assert out.getvalue() == "[1/1] Python … ready\n"


def test_failed_step_ends_its_line_before_the_explanation() -> None:
    """Message, the command's last words and what to do follow on lines of their own."""
    out = io.StringIO()
    progress = Progress(1, out=out)
    error = CommandFailed(["/usr/bin/apt-get", "update"], 100, ["E: no network"], remedy=["try again"])
    with pytest.raises(CommandFailed), progress.step("packages"):
        raise error
    progress.explain(error)
    assert out.getvalue().splitlines() == [
        "[1/1] packages … failed",
        "  ! apt-get update ended with status 100",
        "  | E: no network",
        "  -> try again",
    ]


def test_interrupted_step_is_not_called_failed() -> None:
    """Ctrl-C is no fault."""
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Progress(1, out=out).step("packages"):
        raise KeyboardInterrupt
    assert out.getvalue() == "[1/1] packages … stopped\n"


def test_what_a_person_must_do_has_an_exit_code_of_its_own() -> None:
    """Scripts can tell a missing permission from a failure."""
    assert (PersonNeeded("x").exit_code, CommandFailed(["x"], 1, []).exit_code) == (2, 1)
