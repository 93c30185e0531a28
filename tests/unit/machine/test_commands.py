from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.machine import commands
from deploy.machine.checks import run_checks, run_web_tests
from deploy.machine.commands import COMMANDS, main
from deploy.machine.errors import CommandFailed, StepError
from deploy.machine.progress import Progress
from deploy.machine.virtualenv import Virtualenv
from deploy.machine.web import Web
from tests.unit.machine.conftest import FakeCommand

ROOT = Path(__file__).resolve().parents[3]


def test_every_command_is_a_make_target() -> None:
    """Nobody needs to know the module behind the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"\n{name}: ##" not in makefile] == []


def test_help_lists_every_target() -> None:
    """`make` alone says what there is."""
    listed = subprocess.run(["make", "--silent", "help"], cwd=ROOT, capture_output=True, check=True, text=True, timeout=60).stdout
    assert [name for name in COMMANDS if f"make {name} " not in listed] == []


def test_unknown_command_shows_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, as for everything a person has to correct."""
    assert main(["fly"]) == 2
    assert "setup" in capsys.readouterr().err


def test_entry_point_can_be_read_by_an_old_python() -> None:
    """Otherwise the sentence about the version would be a SyntaxError."""
    source = (ROOT / "deploy" / "machine" / "__main__.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 5))


def test_clean_removes_build_output_and_never_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`var/` holds the database and the keys."""
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    for name in (".venv", ".mypy_cache", "var", "desk/web/dist", "desk/web/src"):
        (tmp_path / name).mkdir(parents=True)
    assert main(["clean"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk", "var"]
    assert [path.name for path in (tmp_path / "desk" / "web").iterdir()] == ["src"]


def test_interruption_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with the shell's usual status."""

    def interrupted(_session: commands.Session) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(COMMANDS, "setup", interrupted)
    assert main(["setup"]) == 130
    assert "run the same command again" in capsys.readouterr().err


@pytest.fixture
def pages(tmp_path: Path, fake_command: FakeCommand) -> Web:
    """The pages of a checkout, whose scripts all find something."""
    fake_command("node", "echo v22.12.3")
    fake_command("npm", '[ "$1" = ci ] && mkdir -p node_modules || { echo "$2 found it"; exit 1; }')
    web = Web(Virtualenv(repository=tmp_path), tmp_path / "cache")
    web.folder.mkdir(parents=True)
    return web


def test_every_linter_runs_even_when_the_first_finds_something(tmp_path: Path, pages: Web, capsys: pytest.CaptureFixture[str]) -> None:
    """One run shows everything that is to be repaired."""
    venv = Virtualenv(repository=tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name, body in (("ruff", "echo finding; exit 1"), ("mypy", f"touch {tmp_path / 'mypy-ran'}"), ("lint-imports", "exit 0")):
        venv.program(name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        venv.program(name).chmod(0o755)
    with pytest.raises(StepError, match="not clean: ruff, npm run check"):
        run_checks(Progress(5), venv, pages)
    assert (tmp_path / "mypy-ran").exists()
    said = capsys.readouterr().err
    assert "| finding" in said
    assert "| check found it" in said


def test_failed_test_of_the_pages_is_shown_with_its_words(pages: Web) -> None:
    """`make test` ends there: the other tests would drive pages that are known to be wrong."""
    with pytest.raises(CommandFailed) as failure:
        run_web_tests(Progress(1), pages)
    assert failure.value.tail == ("test found it",)


def test_command_hands_over_to_the_program_with_its_exit_status(tmp_path: Path) -> None:
    """The demo's signals and status are its own, and standard output carries nothing of ours."""
    program = tmp_path / ".venv" / "bin" / "annyeong120"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$*"\nexit 7\n', encoding="utf-8")
    program.chmod(0o755)
    script = (
        "import pathlib, sys\nfrom deploy.machine import commands\n"
        f"commands.ROOT = pathlib.Path({str(tmp_path)!r})\n"
        "commands.Session(['--once']).become('demo', 'annyeong120', 'demo', '--once', '--json')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ}, capture_output=True, check=False, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (7, "demo --once --json\n")
    assert done.stderr == "[1/0] demo\n"
