"""The music for waiting."""

from __future__ import annotations

from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from ivr.prompts import audio, music

RATE = 8000


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> array[int]:
    """The samples of the loop."""
    path = tmp_path_factory.mktemp("music") / "waiting.wav"
    path.write_bytes(music.waiting(RATE))
    return audio.decode(path, RATE)


def test_music_is_softer_than_speech_and_long_enough_not_to_annoy(loop: array[int]) -> None:
    """A comfort message stands out against it."""
    level = audio.measure(loop, RATE)
    assert 60 <= level.seconds <= 90
    assert level.rms_dbfs == pytest.approx(music.MUSIC_DBFS, abs=0.5)
    assert level.rms_dbfs < audio.SPEECH_DBFS - 5
    assert level.peak_dbfs < -10


def test_music_is_never_silent(loop: array[int]) -> None:
    """Silence would sound like a lost call: every half second is within 6 dB of the whole."""
    for at in range(0, len(loop), RATE // 2):
        assert audio.measure(loop[at : at + RATE // 2], RATE).overall_dbfs > music.MUSIC_DBFS - 6


def test_end_leads_into_the_beginning(loop: array[int]) -> None:
    """No click where the loop closes: the step there is no larger than elsewhere."""
    steps = [abs(after - before) for before, after in pairwise(loop)]
    assert abs(loop[0] - loop[-1]) <= max(steps)


def test_music_is_the_same_every_time(loop: array[int], tmp_path: Path) -> None:
    """So that a build does not change files for nothing."""
    path = tmp_path / "again.wav"
    path.write_bytes(music.waiting(RATE))
    assert audio.decode(path, RATE) == loop


def test_beep_is_short_and_soft(tmp_path: Path) -> None:
    """It stands for a missing prompt and must end by itself."""
    path = tmp_path / "beep.wav"
    path.write_bytes(music.beep(RATE))
    level = audio.measure(audio.decode(path, RATE), RATE)
    assert level.seconds < 1
    assert level.peak_dbfs < -10
