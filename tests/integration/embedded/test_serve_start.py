"""What `annyeong120 serve` does before it can answer: callers wait for that after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from helpline import exit_codes

#: What only other commands need, or nobody: together a third of the time from the start to the first call.
HEAVY = {
    "typer",
    "rich.console",
    "jinja2",
    "phonenumbers",
    "alembic",
    "psutil",
    "pygments",
    "segno",
    "helpline.commands",
    "helpline.simulation",
}


def test_the_program_that_answers_calls_imports_nothing_that_only_others_need(tmp_path: Path) -> None:
    """All of its imports, as it makes them until it finds that its settings file is missing."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "helpline", "serve"],
        env={**os.environ, "ANNYEONG120_SETTINGS": str(tmp_path / "missing.toml")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}
    assert ended.returncode == exit_codes.SETTINGS
    assert "there is no such settings file" in ended.stderr
    assert "helpline.bootstrap" in imported
    assert imported & HEAVY == set()
