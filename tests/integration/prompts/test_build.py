"""Building the prompts folder."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest

from ivr.prompts.build import build
from ivr.prompts.check import check
from ivr.prompts.engine import CommandEngine, EspeakEngine
from ivr.prompts.errors import PromptError, ToolMissing
from ivr.prompts.manifest import NAME, read
from tests.integration.prompts.conftest import Hum, some_texts

pytestmark = pytest.mark.usefixtures("short_music")

TEXTS = some_texts(hello="안녕하세요", bye="안녕히 계세요")
KEYS = ("en/bye", "en/hello", "ko/bye", "ko/hello", "music/waiting", "tones/beep")


def test_only_the_changed_text_is_built_again(tmp_path: Path) -> None:
    """One sentence, one file."""
    assert build(tmp_path, texts=TEXTS, engine=Hum()).built == KEYS
    before = (tmp_path / "ko/bye.wav").stat().st_mtime_ns
    report = build(tmp_path, texts=some_texts(hello="여보세요", bye="안녕히 계세요"), engine=Hum())
    assert report.built == ("ko/hello",)
    assert (tmp_path / "ko/bye.wav").stat().st_mtime_ns == before


def test_another_voice_builds_all_speech_again_and_no_music(tmp_path: Path) -> None:
    """A new version of the engine sounds different."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    assert build(tmp_path, texts=TEXTS, engine=Hum(fingerprint="2")).built == KEYS[:4]


def test_force_builds_everything(tmp_path: Path) -> None:
    """Whatever the manifest says."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    assert build(tmp_path, texts=TEXTS, engine=Hum(), force=True).built == KEYS


@pytest.mark.parametrize("damage", ["gone", "cut off", "replaced"])
def test_damaged_file_is_found_and_built_again(tmp_path: Path, damage: str) -> None:
    """The check tells it, the next build mends it."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    path = tmp_path / "ko/hello.wav"
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40] if damage == "cut off" else (tmp_path / "ko/bye.wav").read_bytes())
    assert [line for line in check(tmp_path, texts=TEXTS).problems if line.startswith("ko/hello")]
    assert build(tmp_path, texts=TEXTS, engine=Hum()).built == ("ko/hello",)
    assert check(tmp_path, texts=TEXTS).problems == ()


def test_prompt_that_is_no_longer_wanted_is_removed(tmp_path: Path) -> None:
    """Its files go, other people's files stay."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    (tmp_path / "ko/notes.txt").write_text("mine", encoding="utf-8")
    report = build(tmp_path, texts=some_texts(hello="안녕하세요"), engine=Hum())
    assert sorted(report.removed) == ["en/bye", "ko/bye"]
    assert sorted(path.name for path in (tmp_path / "ko").iterdir()) == ["hello.wav", "hello.wav16", "notes.txt"]


def test_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was finished is not built again."""
    done: list[str] = []

    def interrupt(count: int, total: int, key: str) -> None:
        done.append(key)
        if count == 3:
            assert total == len(KEYS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, texts=TEXTS, engine=Hum(), progress=interrupt, parallel=1)
    rest = build(tmp_path, texts=TEXTS, engine=Hum(), parallel=1).built
    assert sorted([*done, *rest]) == sorted(KEYS)
    assert not list(tmp_path.rglob(".*.wav*"))


def test_lost_manifest_costs_a_build_and_nothing_else(tmp_path: Path) -> None:
    """It is only a memory."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    (tmp_path / NAME).write_text("{", encoding="utf-8")
    assert build(tmp_path, texts=TEXTS, engine=Hum()).built == KEYS


def test_two_builds_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """`make` in two windows: the second waits and finds everything done."""
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=build, args=(tmp_path,), kwargs={"texts": TEXTS, "engine": Hum()}) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert check(tmp_path, texts=TEXTS).problems == ()


def test_one_failing_prompt_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is told, the build is not complete, and the next one tries again."""
    texts = some_texts(hello="실패", bye="안녕히 계세요")
    for _ in range(2):
        report = build(tmp_path, texts=texts, engine=Hum())
        assert report.problems == ("ko/hello: no voice for ko",)
        assert not report.complete
    assert read(tmp_path).entries.keys() == set(KEYS) - {"ko/hello"}
    assert build(tmp_path, texts=TEXTS, engine=Hum()).complete


def test_failed_prompt_keeps_its_older_sound(tmp_path: Path) -> None:
    """The old sentence is better than none; the check says so."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    changed = some_texts(hello="실패", bye="안녕히 계세요")
    build(tmp_path, texts=changed, engine=Hum())
    assert (tmp_path / "ko/hello.wav").is_file()
    assert any("the text has changed" in line for line in check(tmp_path, texts=changed).problems)


@pytest.mark.parametrize(("missing", "install"), [("espeak-ng", "apt-get install espeak-ng"), ("sox", "apt-get install sox")])
def test_missing_program_is_one_sentence_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, install: str
) -> None:
    """Not a hundred failed prompts."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"espeak-ng", "sox"} - {missing}:
        (programs / name).write_text("#!/bin/sh\necho eSpeak: 1.51\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(ToolMissing, match=install):
        build(tmp_path / "out", texts=TEXTS, engine=EspeakEngine())


def test_engine_that_makes_silence_is_told(tmp_path: Path) -> None:
    """A prompt nobody hears must not count as built."""
    code = "import sys, wave; w = wave.open(sys.argv[1], 'wb'); w.setparams((1, 2, 8000, 0, 'NONE', '')); w.writeframes(bytes(16000)); w.close()"
    report = build(tmp_path, texts=some_texts(hello="안녕"), engine=CommandEngine((sys.executable, "-c", code, "{path}")))
    assert sorted(report.problems) == [f"{key}: what command made can't be used: it is silent" for key in ("en/hello", "ko/hello")]
    assert not report.complete


def test_folder_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    blocked = tmp_path / "prompts"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.raises(PromptError, match="can't be written"):
        build(blocked, texts=TEXTS, engine=Hum())


def test_files_are_readable_for_another_user(tmp_path: Path) -> None:
    """Asterisk may not be the user who builds."""
    build(tmp_path, texts=TEXTS, engine=Hum())
    assert (tmp_path / "ko/hello.wav").stat().st_mode & 0o777 == 0o644
