"""Commands of the machine, played by small scripts: a test decides what apt and sudo answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

FakeCommand = Callable[[str, str], Path]


@pytest.fixture
def fake_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommand:
    """Put a shell script of this name in front of the machine's own command; its calls are in `<name>.calls`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, body: str) -> Path:
        calls = folder / f"{name}.calls"
        calls.touch()
        script = folder / name
        script.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\n{body}\n', encoding="utf-8")
        script.chmod(0o755)
        return calls

    return make


@pytest.fixture
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_command: FakeCommand) -> FakeCommand:
    """As `fake_command`, on a machine that has no other command at all."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return fake_command
