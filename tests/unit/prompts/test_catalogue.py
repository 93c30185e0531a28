"""Which sound is played: never an exception, never nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.settings import PromptSettings, Settings
from ivr.prompts.catalogue import LAST_RESORT, Catalogue
from ivr.prompts.manifest import BEEP, MUSIC, Entry, Manifest, read
from ivr.prompts.texts import load

PREFIX = "/srv/prompts"
TEXTS = load()


def entry(text_hash: str, **changes: object) -> Entry:
    """An entry of the manifest."""
    values: dict[str, object] = {
        "text_hash": text_hash,
        "spoken_hash": text_hash,
        "source": "espeak-ng",
        "placeholder": True,
        "made_of": "x",
        "seconds": 1.0,
        "rms_dbfs": -20.0,
        "peak_dbfs": -3.0,
        "files": {"wav": "0"},
    }
    return Entry(**{**values, **changes})  # type: ignore[arg-type]


def put(folder: Path, key: str, size: int = 100) -> None:
    """A file as large as a sound."""
    path = folder / f"{key}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A folder in which everything is built."""
    manifest = Manifest()
    for prompt in TEXTS:
        put(tmp_path, prompt.key)
        manifest.entries[prompt.key] = entry(prompt.text_hash)
    put(tmp_path, MUSIC)
    put(tmp_path, BEEP)
    manifest.save(tmp_path)
    return tmp_path


def test_prompt_is_played_from_the_folder_as_asterisk_names_it(full: Path) -> None:
    """Without an ending: Asterisk picks the file by the call's codec."""
    catalogue = Catalogue(full, None, PREFIX + "/")
    assert catalogue.media("greeting") == "sound:/srv/prompts/ko/greeting"
    assert catalogue.media("greeting", "en") == "sound:/srv/prompts/en/greeting"
    assert catalogue.sequence(["num_3", "unit_minutes"]) == ["sound:/srv/prompts/ko/num_3", "sound:/srv/prompts/ko/unit_minutes"]


def test_missing_prompt_is_played_in_the_other_language_and_told_once(full: Path) -> None:
    """English is better than a tone; one line in the log, not one a call."""
    (full / "ko/greeting.wav").unlink()
    catalogue = Catalogue(full, None, PREFIX)
    with capture_logs() as logs:
        assert [catalogue.media("greeting") for _ in range(3)] == ["sound:/srv/prompts/en/greeting"] * 3
    assert [(log["event"], log["prompt"]) for log in logs] == [("prompt_missing", "ko/greeting")]


def test_prompt_that_vanishes_while_running_is_noticed(full: Path) -> None:
    """Somebody cleans a folder: the next call still hears something."""
    catalogue = Catalogue(full, None, PREFIX)
    catalogue.media("greeting")
    (full / "ko/greeting.wav").unlink()
    (full / "en/greeting.wav").unlink()
    assert catalogue.media("greeting") == "sound:/srv/prompts/tones/beep"


def test_cut_off_file_counts_as_missing(full: Path) -> None:
    """A header without a sound would be silence."""
    put(full, "ko/greeting", size=44)
    assert Catalogue(full, None, PREFIX).media("greeting") == "sound:/srv/prompts/en/greeting"


def test_tone_is_written_where_nothing_was_built(tmp_path: Path) -> None:
    """The first start without prompts is not silent."""
    catalogue = Catalogue(tmp_path / "prompts", None, PREFIX)
    assert catalogue.media("greeting") == "sound:/srv/prompts/tones/beep"
    assert (tmp_path / "prompts/tones/beep.wav").stat().st_size > 1000


def test_asterisks_own_beep_is_the_last_resort(tmp_path: Path) -> None:
    """A folder that can't be written: a file stands where it should be."""
    blocked = tmp_path / "prompts"
    blocked.write_text("in the way", encoding="utf-8")
    assert Catalogue(blocked, None, PREFIX).media("greeting") == LAST_RESORT


@given(prompt_id=st.text(), language=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_no_name_ever_raises(full: Path, prompt_id: str, language: str) -> None:
    """Whatever a faulty caller asks for."""
    assert Catalogue(full, None, PREFIX, texts=TEXTS).media(prompt_id, language).startswith("sound:")


def test_everything_built_has_no_problems(full: Path) -> None:
    """Placeholders are not a problem, but they are listed."""
    catalogue = Catalogue(full, None, PREFIX)
    assert catalogue.problems() == []
    assert catalogue.placeholders() == sorted(prompt.key for prompt in TEXTS)


def test_nothing_built_is_one_line(tmp_path: Path) -> None:
    """Not one line for each of a hundred prompts."""
    (problem,) = Catalogue(tmp_path, None, PREFIX).problems()
    assert "annyeong120 prompts build" in problem


def test_missing_sounds_are_named_without_listening_to_anything(full: Path) -> None:
    """For the health check: a changed text or an old recording does not make the line unready."""
    catalogue = Catalogue(full, None, PREFIX)
    assert catalogue.missing() == []
    (full / "en/goodbye.wav").unlink()
    (full / "music/waiting.wav").unlink()
    (full / "manifest.json").unlink()
    assert catalogue.missing() == ["en/goodbye", "music/waiting"]


def test_sound_that_is_not_in_the_manifest_is_told(full: Path) -> None:
    """Somebody copied a file in: nobody knows which text it says."""
    manifest = read(full)
    del manifest.entries["ko/goodbye"]
    manifest.save(full)
    (line,) = Catalogue(full, None, PREFIX).problems()
    assert line.startswith("ko/goodbye: nobody knows")


def test_catalogue_of_an_installation_knows_its_own_texts(full: Path, tmp_path: Path) -> None:
    """A sentence of the operator's own makes the built one outdated."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "texts.ko.toml").write_text('[caller]\ngoodbye = "안녕히 가세요."\n', encoding="utf-8")
    settings = Settings(prompts=PromptSettings(folder=full, texts=own))
    (line,) = Catalogue.of(settings, PREFIX).problems()
    assert line.startswith("ko/goodbye: the text has changed")


def test_each_problem_is_one_line(full: Path) -> None:
    """Missing, changed text, too long, outdated recording, refused recording, missing music."""
    manifest = Manifest({prompt.key: entry(prompt.text_hash) for prompt in TEXTS})
    (full / "ko/goodbye.wav").unlink()
    (full / "music/waiting.wav").unlink()
    manifest.entries["ko/comfort_1"] = entry("old")
    manifest.entries["ko/greeting"] = entry(manifest.entries["ko/greeting"].text_hash, seconds=10.0)
    manifest.entries["ko/comfort_2"] = entry(manifest.entries["ko/comfort_2"].text_hash, spoken_hash="old", source="recording")
    manifest.entries["ko/comfort_3"] = entry(manifest.entries["ko/comfort_3"].text_hash, refused="it is silent")
    manifest.save(full)
    problems = Catalogue(full, None, PREFIX).problems()
    keys = ["ko/comfort_1", "ko/comfort_2", "ko/comfort_3", "ko/goodbye", "ko/greeting", "music/waiting"]
    assert sorted(line.partition(":")[0] for line in problems) == keys
    assert "it takes 10.0 s" in "\n".join(problems)
    assert not any("\n" in line for line in problems)


def test_recording_that_was_not_built_yet_is_told(full: Path, tmp_path: Path) -> None:
    """Dropping a file in is not enough."""
    studio = tmp_path / "studio"
    put(studio, "ko/greeting")
    assert [line for line in Catalogue(full, studio, PREFIX).problems() if "not in use yet" in line and line.startswith("ko/greeting")]
