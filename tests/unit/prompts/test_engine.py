"""Speech engines by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ivr.prompts import engine
from ivr.prompts.engine import CommandEngine, EspeakEngine
from ivr.prompts.errors import EngineError, ToolMissing

WRITES = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read() + sys.argv[2])"


def test_default_engine_makes_placeholders() -> None:
    """Its files are labelled as such."""
    made = engine.create()
    assert (made.name, made.placeholder) == ("espeak-ng", True)


def test_unknown_engine_is_told_with_the_nearest_name() -> None:
    """A typo in the settings."""
    with pytest.raises(EngineError, match="did you mean 'espeak-ng'"):
        engine.create("espeakng")


def test_engine_of_your_own_is_registered_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any object with the protocol's methods."""
    monkeypatch.setattr(engine, "_factories", dict(engine._factories))
    engine.register("mine", EspeakEngine)
    assert engine.create("mine").name == "espeak-ng"


def test_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not a traceback about a file that is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="apt-get install espeak-ng"):
        EspeakEngine().speak("안녕", "ko", tmp_path / "a.wav")


def test_command_gets_the_text_on_its_input_and_the_file_to_write(tmp_path: Path) -> None:
    """Any program can be the voice."""
    made = engine.create("command", [sys.executable, "-c", WRITES, "{path}", "{language}"])
    made.speak("안녕; $(rm -rf /)", "ko", tmp_path / "a b.wav")
    assert (tmp_path / "a b.wav").read_text(encoding="utf-8") == "안녕; $(rm -rf /)ko"
    assert not made.placeholder


@pytest.mark.parametrize("command", [[], ["speak"], ["speak", "{language}"]])
def test_command_without_a_place_for_the_file_is_refused(command: list[str]) -> None:
    """It could only fail later, prompt by prompt."""
    with pytest.raises(EngineError, match="engine_command"):
        engine.create("command", command)


def test_failing_command_is_told_with_its_last_words(tmp_path: Path) -> None:
    """What the program complained about, and its exit code."""
    failing = CommandEngine((sys.executable, "-c", "import sys; sys.exit('no such voice')", "{path}"))
    with pytest.raises(EngineError, match=r"failed \(1\): no such voice"):
        failing.speak("안녕", "ko", tmp_path / "a.wav")


def test_command_that_writes_nothing_is_told(tmp_path: Path) -> None:
    """Exit code 0 is not enough."""
    with pytest.raises(EngineError, match="wrote no file"):
        CommandEngine((sys.executable, "-c", "", "{path}")).speak("안녕", "ko", tmp_path / "a.wav")
