"""Studio recordings in their folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.prompts.recordings import scan
from ivr.prompts.texts import load, text_hash

TEXTS = load()
GREETING = next(prompt for prompt in TEXTS if prompt.key == "ko/greeting")


def put(folder: Path, name: str, content: str = "sound") -> None:
    """A file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def test_no_folder_means_no_recordings() -> None:
    """The default."""
    assert scan(None, TEXTS).by_key == {}


def test_folder_that_is_set_but_missing_is_told(tmp_path: Path) -> None:
    """A typo in the settings must not silently mean robots."""
    assert "is not a folder" in scan(tmp_path / "studo", TEXTS).problems[0]


def test_recordings_are_found_by_language_and_id(tmp_path: Path) -> None:
    """Wave, FLAC and Ogg; other files are left alone."""
    for name in ("ko/greeting.wav", "en/greeting.FLAC", "ko/num_1.ogg", "ko/notes.txt", "ko/.DS_Store", "README.md"):
        put(tmp_path, name)
    found = scan(tmp_path, TEXTS)
    assert sorted(found.by_key) == ["en/greeting", "ko/greeting", "ko/num_1"]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ko/greting.wav", "did you mean greeting?"),
        ("ko/zzzz.wav", "ko/zzzz.wav has no prompt"),
        ("greeting.wav", "must lie in the folder of its language"),
        ("kor/greeting.wav", "kor/ is not a language; known: ko"),
    ],
)
def test_file_without_a_prompt_is_told_with_the_nearest_name(tmp_path: Path, name: str, told: str) -> None:
    """A misspelt name would otherwise never be heard."""
    put(tmp_path, name)
    found = scan(tmp_path, TEXTS)
    assert found.by_key == {}
    assert told in "\n".join(found.problems)


def test_second_file_for_the_same_prompt_is_told(tmp_path: Path) -> None:
    """Which one wins must not depend on the disk."""
    put(tmp_path, "ko/greeting.flac")
    put(tmp_path, "ko/greeting.wav")
    found = scan(tmp_path, TEXTS)
    assert found.by_key["ko/greeting"].path.name == "greeting.wav"
    assert "greeting.flac is ignored" in found.problems[0]


def test_sidecar_says_which_text_was_read(tmp_path: Path) -> None:
    """By hash, shortened hash or the words themselves."""
    put(tmp_path, "ko/greeting.wav")
    sidecar = tmp_path / "ko/greeting.json"
    for content, spoken in [
        ({"text_hash": GREETING.text_hash}, GREETING.text_hash),
        ({"text_hash": GREETING.text_hash[:12]}, GREETING.text_hash),
        ({"text_hash": "0123456789ab"}, "0123456789ab"),
        ({"text": GREETING.text}, GREETING.text_hash),
        ({"text": "옛날 인사", "reader": "someone"}, text_hash("옛날 인사", "ko")),
    ]:
        sidecar.write_text(json.dumps(content), encoding="utf-8")
        assert scan(tmp_path, TEXTS).by_key["ko/greeting"].spoken_hash == spoken
    sidecar.unlink()
    assert scan(tmp_path, TEXTS).by_key["ko/greeting"].spoken_hash is None


@pytest.mark.parametrize("content", ["{", "[]", '{"hash": "x"}', '{"text_hash": "abc"}', '{"text_hash": 5}'])
def test_unreadable_sidecar_is_told_and_its_recording_not_used(tmp_path: Path, content: str) -> None:
    """Nobody knows what such a recording says."""
    put(tmp_path, "ko/greeting.wav")
    put(tmp_path, "ko/greeting.json", content)
    found = scan(tmp_path, TEXTS)
    assert found.by_key == {}
    assert "greeting.json" in found.problems[0]
