"""`annyeong120 simulate` from a shell."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(900)]


def _simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "helpline", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_a_seed_prints_its_speed() -> None:
    """One that passes ends with 0."""
    done = _simulate("--seed", "1", "--hours", "0.1", "--faults", "none")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "times real time" in done.stdout
    assert "✔" in done.stdout


def test_a_failing_seed_shows_what_broke_and_when() -> None:
    """The invariant, the virtual time and the end of the trace; as JSON, too, and the same both times."""
    arguments = ("--seed", "1", "--hours", "0.5", "--faults", "none", "--router", "double_dispatch")
    done = _simulate(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "VIOLATION" in done.stdout
    answer = json.loads(_simulate(*arguments, "--json").stdout)
    assert f"at {answer['at']:.3f} s: {answer['invariant']}" in done.stdout


def test_a_wrong_name_is_told() -> None:
    """Neither a traceback nor a simulation of something else."""
    for arguments in (("--faults", "earthquake"), ("--router", "perfect"), ("--seeds", "x")):
        done = _simulate(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
