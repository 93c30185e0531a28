"""`annyeong120 roster what-if` as a supervisor uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from helpline.commands import application
from tests.integration.line.conftest import Run


@pytest.fixture
def run(settings_file: Path) -> Run:
    """The whole command line."""

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(application(), list(arguments))

    return command


def test_an_empty_month_leaves_everybody_in_the_void(run: Run) -> None:
    """Nobody is rostered: all give up, in every hour."""
    result = run("roster", "what-if", "2027-02", "--repetitions", "1", "--load", "20", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["into_the_void"], found["gave_up"], found["load_percent"], len(found["by_hour"])) == (1.0, 1.0, 20, 24)
    assert found["contacts"] > 0
    shown = run("roster", "what-if", "2027-02", "--repetitions", "1", "--load", "10").stdout
    assert "nobody there 100 %" in shown


@pytest.mark.parametrize("month", ["2027-13", "february", "1999-01"])
def test_a_month_that_is_none_is_one_clear_sentence(run: Run, month: str) -> None:
    """On standard error, with exit code 1."""
    result = run("roster", "what-if", month)
    assert result.exit_code == 1
    assert "YYYY-MM" in result.stderr
