from __future__ import annotations

from pathlib import Path

import pytest

from deploy.machine.errors import PersonNeeded
from deploy.machine.progress import Step
from deploy.machine.stamps import Stamps
from deploy.machine.steps import FULL, Checkout, Setup, own_asterisk
from deploy.machine.virtualenv import Virtualenv
from tests.unit.machine.conftest import FakeCommand


def test_own_asterisk_is_read_from_the_environment_first(tmp_path: Path) -> None:
    """The order of precedence is the program's."""
    (tmp_path / "annyeong120.toml").write_text('[asterisk]\nbinary = "/file"\n')
    assert own_asterisk(tmp_path, {"ANNYEONG120_ASTERISK__BINARY": "/variable"}) == Path("/variable")
    assert own_asterisk(tmp_path, {}) == Path("/file")


def test_own_asterisk_is_none_without_a_setting(tmp_path: Path) -> None:
    """Then one is fetched."""
    assert own_asterisk(tmp_path, {}) is None
    (tmp_path / "annyeong120.toml").write_text("[asterisk]\nsip_port = 5070\n")
    assert own_asterisk(tmp_path, {}) is None


def test_broken_settings_file_is_named(tmp_path: Path) -> None:
    """Not a traceback, and not another Asterisk than the one meant."""
    (tmp_path / "mine.toml").write_text("[asterisk\n")
    with pytest.raises(PersonNeeded, match=r"mine\.toml cannot be read"):
        own_asterisk(tmp_path, {"ANNYEONG120_SETTINGS": "mine.toml"})


def test_own_asterisk_is_checked_and_nothing_fetched(tmp_path: Path, fake_command: FakeCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step shows which one is used."""
    program = fake_command("asterisk", "echo Asterisk 22.12.0").with_name("asterisk")
    monkeypatch.setenv("ANNYEONG120_ASTERISK__BINARY", str(program))
    step = Step()
    Setup(Checkout(root=tmp_path, cache=tmp_path / "cache"), FULL).asterisk(step)
    assert step.detail == f"22.12.0 ({program})"
    assert not (tmp_path / "cache").exists()


def checkout(folder: Path) -> Virtualenv:
    """A checkout with requirements files and a `.venv` whose pip answers as told."""
    requirements = folder / "deploy" / "requirements"
    requirements.mkdir(parents=True)
    for name in ("base", "phones", "dev"):
        (requirements / f"{name}.txt").write_text(f"# {name}\n")
    (folder / ".venv" / "bin").mkdir(parents=True)
    return Virtualenv(repository=folder)


def pip(venv: Virtualenv, body: str) -> None:
    """Let the environment's Python do `body`."""
    venv.python.write_text(f"#!/bin/sh\n{body}\n")
    venv.python.chmod(0o755)


def test_larger_requirements_serve_the_smaller_command(tmp_path: Path) -> None:
    """`make demo` after `make test` installs nothing."""
    venv = checkout(tmp_path)
    pip(venv, "exit 0")
    venv.install("dev")
    assert venv.has("phones")
    assert venv.has("dev")


def test_smaller_requirements_do_not_serve_the_larger_command(tmp_path: Path) -> None:
    """`make test` after `make demo` installs the rest."""
    venv = checkout(tmp_path)
    pip(venv, "exit 0")
    venv.install("phones")
    assert venv.has("phones")
    assert not venv.has("dev")


def test_changed_pins_are_installed_again(tmp_path: Path) -> None:
    """A pulled commit may move them."""
    venv = checkout(tmp_path)
    pip(venv, "exit 0")
    venv.install("dev")
    (tmp_path / "deploy" / "requirements" / "dev.txt").write_text("# moved\n")
    assert not venv.has("dev")


def test_interrupted_install_does_not_count(tmp_path: Path) -> None:
    """An environment half changed is not the one that was noted before."""
    venv = checkout(tmp_path)
    pip(venv, "exit 0")
    venv.install("dev")
    pip(venv, "kill -9 $$")
    with pytest.raises(Exception, match="ended with status"):
        venv.install("dev")
    assert not venv.has("dev")


def test_environment_that_was_copied_from_elsewhere_is_made_anew(tmp_path: Path) -> None:
    """Its scripts would start the other checkout's Python."""
    venv = checkout(tmp_path)
    pip(venv, "exit 1")
    assert not venv.works()


def test_prompts_are_built_again_only_when_a_text_changes(tmp_path: Path) -> None:
    """The stamp covers the texts and the code that speaks them."""
    venv = checkout(tmp_path)
    (tmp_path / "ivr" / "prompts").mkdir(parents=True)
    text = tmp_path / "ivr" / "prompts" / "texts.ko.toml"
    text.write_text("a")
    built = tmp_path / "built"
    venv.program("annyeong120").write_text(f"#!/bin/sh\nmkdir -p var/prompts\necho built >> {built}\n")
    venv.program("annyeong120").chmod(0o755)
    setup = Setup(Checkout(root=tmp_path, cache=tmp_path), FULL)
    for content in ("a", "a", "b"):
        text.write_text(content)
        setup.prompts(Step())
    assert built.read_text().count("built") == 2


def test_stamps_lie_inside_the_environment(tmp_path: Path) -> None:
    """Removing `.venv` by hand forgets everything that was done in it."""
    venv = checkout(tmp_path)
    venv.stamps.set("dev", "x")
    assert Stamps(venv.folder / "annyeong120-stamps").holds("dev", "x")
