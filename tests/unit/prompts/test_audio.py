"""Measuring and levelling sound."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.prompts import audio
from ivr.prompts.errors import AudioError

RATE = 8000


def tone(seconds: float, amplitude: float, hertz: float = 500.0) -> list[float]:
    """A sine."""
    return [amplitude * math.sin(math.tau * hertz * at / RATE) for at in range(round(seconds * RATE))]


def silence(seconds: float) -> list[float]:
    """Nothing."""
    return [0.0] * round(seconds * RATE)


def test_full_scale_sine_measures_three_decibels_below_its_peak() -> None:
    """The definition of the two numbers."""
    level = audio.measure(tone(1, 32767), RATE)
    assert level.peak_dbfs == pytest.approx(0, abs=0.01)
    assert level.rms_dbfs == pytest.approx(-3.01, abs=0.02)
    assert level.seconds == 1


def test_pauses_do_not_make_speech_count_as_softer() -> None:
    """Loudness is that of the parts in which somebody speaks."""
    level = audio.measure(tone(1, 8000) + silence(2) + tone(1, 8000), RATE)
    assert level.rms_dbfs == pytest.approx(audio.measure(tone(1, 8000), RATE).rms_dbfs, abs=0.1)
    assert level.overall_dbfs == pytest.approx(level.rms_dbfs - 3.01, abs=0.1)


def test_silence_at_both_ends_is_measured_and_trimmed() -> None:
    """Up to what may stay."""
    sound = silence(0.5) + tone(1, 8000) + silence(0.8)
    level = audio.measure(sound, RATE)
    assert level.lead_s == pytest.approx(0.5, abs=0.011)
    assert level.tail_s == pytest.approx(0.8, abs=0.011)
    cut = audio.measure(audio.trimmed(sound, RATE, lead_s=0.05, tail_s=0.1), RATE)
    assert cut.lead_s == pytest.approx(0.05, abs=0.011)
    assert cut.tail_s == pytest.approx(0.1, abs=0.011)
    assert cut.seconds == pytest.approx(1.15, abs=0.03)


def test_trimming_adds_nothing() -> None:
    """A sound that starts at once stays as it is."""
    sound = tone(0.3, 5000)
    assert audio.trimmed(sound, RATE, lead_s=0.05, tail_s=0.1) == sound


@pytest.mark.parametrize("amplitude", [60, 1000, 20000, 32767])
def test_soft_and_loud_sounds_come_out_equally_loud(amplitude: float) -> None:
    """Prompts from different sources do not jump."""
    result = audio.measure(audio.levelled(tone(0.5, amplitude), RATE), RATE)
    assert result.rms_dbfs == pytest.approx(audio.SPEECH_DBFS, abs=0.2)


def test_peaks_are_turned_down_and_the_loudness_kept() -> None:
    """Speech has short peaks far above its loudness; none may pass the limit."""
    sound = tone(2, 1000)
    for at in range(400, len(sound), 2000):
        sound[at : at + 8] = [30000.0] * 8
    level = audio.measure(audio.levelled(sound, RATE), RATE)
    assert level.peak_dbfs <= audio.PEAK_DBFS
    assert level.rms_dbfs == pytest.approx(audio.SPEECH_DBFS, abs=1.5)


@given(st.lists(st.floats(-32768, 32767), min_size=80, max_size=2000), st.sampled_from([8000, 16000]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_sound_ever_passes_the_limit(samples: list[float], rate: int) -> None:
    """Whatever comes in: within the limit, of the same length, or refused as silent."""
    try:
        result = audio.levelled(samples, rate)
    except AudioError:
        assert audio.measure(samples, rate).peak_dbfs < audio.SILENCE_DBFS
        return
    assert len(result) == len(samples)
    assert max(map(abs, result)) <= 10 ** (audio.PEAK_DBFS / 20) * 32767


@pytest.mark.parametrize("sound", [[], [0.0] * 4000, [3.0, -3.0] * 2000])
def test_silence_is_refused_instead_of_amplified(sound: list[float]) -> None:
    """Hiss at full loudness is worse than a robot."""
    with pytest.raises(AudioError, match="silent"):
        audio.levelled(sound, RATE)


def test_ends_are_faded_so_that_they_do_not_click() -> None:
    """Only a few milliseconds of them."""
    result = audio.faded([1000.0] * 800, RATE)
    assert abs(result[0]) < 50
    assert abs(result[-1]) < 50
    assert result[100] == 1000.0


def test_written_file_reads_back(tmp_path: Path) -> None:
    """The same samples."""
    samples = array("h", [0, 1, -1, 32767, -32768] * 100)
    path = tmp_path / "a.wav"
    path.write_bytes(audio.encode(samples, RATE))
    assert audio.decode(path, RATE) == samples


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all" * 10])
def test_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    """With a typed error."""
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError):
        audio.decode(path, RATE)


def test_file_of_another_rate_is_told(tmp_path: Path) -> None:
    """Asterisk would refuse it."""
    path = tmp_path / "a.wav"
    path.write_bytes(audio.encode(array("h", [1] * 100), 44100))
    with pytest.raises(AudioError, match="44100 Hz"):
        audio.decode(path, RATE)
