from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("ortools")

from core.errors import AnnyeongError
from helpline.commands import application
from tests.unit.shifts.solver.test_benchmark import SMALL


def test_the_command_prints_cost_bound_and_the_checkers_verdict(tmp_path: Path) -> None:
    """One JSON object: proved best, nothing violated."""
    file = tmp_path / "small.txt"
    file.write_text(SMALL, encoding="utf-8")
    result = CliRunner().invoke(application(), ["roster", "benchmark", str(file), "--seconds", "5", "--json", "--plan"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["status"], found["cost"], found["bound"], found["violations"]) == ("optimal", 0, 0, [])
    assert set(found["plan"]) == {"A", "B"}


@pytest.mark.parametrize("text", ["", "SECTION_HORIZON\nten\n", "\x00\x01"])
def test_a_file_that_is_no_instance_is_one_readable_error(tmp_path: Path, text: str) -> None:
    """Named, not a traceback."""
    file = tmp_path / "wrong.txt"
    file.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(application(), ["roster", "benchmark", str(file)])
    assert isinstance(result.exception, AnnyeongError)
    assert "wrong.txt" in str(result.exception)
