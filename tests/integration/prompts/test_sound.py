"""What callers hear: every built file, measured here without the code that made it."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

import pytest

from ivr.prompts.build import build
from ivr.prompts.check import check
from tests.integration.prompts.conftest import Complete, Hum, some_texts, write_tone

NUMBERS = {"ko": 35, "en": 39}


def read(path: Path) -> tuple[int, tuple[int, ...]]:
    """Rate and samples of a 16-bit mono file."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))


def speech_dbfs(rate: int, samples: tuple[int, ...]) -> float:
    """Loudness over the 20 ms frames that are neither pauses nor soft consonants (20 dB below the loudest frame)."""
    size = rate // 50
    powers = [sum(s * s for s in samples[at : at + size]) / size for at in range(0, len(samples) - size + 1, size)]
    loud = [power for power in powers if power > max(powers) / 100]
    return 10 * math.log10(sum(loud) / len(loud) / 32768**2)


def share_outside(rate: int, samples: tuple[int, ...], low: float, high: float) -> float:
    """Share of the energy outside a band, by a plain discrete Fourier transform of the middle of the sound."""
    count = 512
    middle = samples[len(samples) // 2 - count // 2 :][:count]
    windowed = [s * (0.5 - 0.5 * math.cos(math.tau * at / count)) for at, s in enumerate(middle)]
    powers = []
    for turn in range(count // 2):
        real = sum(s * math.cos(math.tau * turn * at / count) for at, s in enumerate(windowed))
        imaginary = sum(s * math.sin(math.tau * turn * at / count) for at, s in enumerate(windowed))
        powers.append(real * real + imaginary * imaginary)
    return sum(power for turn, power in enumerate(powers) if not low <= turn * rate / count <= high) / sum(powers)


def test_build_is_complete_and_clean(complete: Complete) -> None:
    """Every text has a file, and the check finds nothing."""
    assert complete.report.complete
    assert complete.report.problems == ()
    assert set(complete.report.built) == {*(prompt.key for prompt in complete.texts), "music/waiting", "tones/beep"}
    found = check(complete.folder)
    assert found.problems == ()
    assert found.files == len(complete.report.built)


def test_every_prompt_is_equally_loud_and_never_too_loud(complete: Complete) -> None:
    """-20 dBFS within 1.5 dB, peaks at most -3 dBFS."""
    for prompt in complete.texts:
        rate, samples = read(complete.folder / f"{prompt.key}.wav")
        assert rate == 8000
        assert speech_dbfs(rate, samples) == pytest.approx(-20, abs=1.5), prompt.key
        assert 20 * math.log10(max(abs(s) for s in samples) / 32768) <= -3, prompt.key


def test_every_prompt_starts_at_once(complete: Complete) -> None:
    """At most 100 ms of silence before and 200 ms after it."""
    for prompt in complete.texts:
        rate, samples = read(complete.folder / f"{prompt.key}.wav")
        floor = max(abs(s) for s in samples) / 50
        loud = [at for at, s in enumerate(samples) if abs(s) > floor]
        assert loud[0] / rate <= 0.1, prompt.key
        assert (len(samples) - loud[-1]) / rate <= 0.25, prompt.key


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("prompt_id", "longest"), [("greeting", 10.0), ("notice_recording", 6.0), ("notice_protection", 6.0)])
def test_what_stands_between_the_caller_and_a_person_is_short(complete: Complete, language: str, prompt_id: str, longest: float) -> None:
    """The whole menu under ten seconds, each notice under six, even in a robot's slow voice."""
    rate, samples = read(complete.folder / f"{language}/{prompt_id}.wav")
    assert len(samples) / rate < longest


def test_second_build_does_nothing(complete: Complete) -> None:
    """No voice speaks a text that has its file."""
    report = build(complete.folder)
    assert report.built == ()
    assert report.unchanged == len(complete.report.built)


def test_narrow_files_stay_in_the_telephone_band(tmp_path: Path) -> None:
    """A recording with hum at 100 Hz and a whistle at 3800 Hz keeps only what lies between 300 and 3400 Hz."""
    write_tone(tmp_path / "studio/ko/hello.wav", 100, 1000, 3800, rate=44100)
    build(tmp_path / "out", recordings_folder=tmp_path / "studio", texts=some_texts(hello="안녕"), engine=Hum())
    assert share_outside(44100, read(tmp_path / "studio/ko/hello.wav")[1], 250, 3450) > 0.5
    assert share_outside(8000, read(tmp_path / "out/ko/hello.wav")[1], 250, 3450) < 0.001
    assert share_outside(16000, read(tmp_path / "out/ko/hello.wav16")[1], 250, 3450) > 0.5


def test_speech_has_nothing_outside_the_telephone_band(complete: Complete) -> None:
    """Less than a thousandth of the energy of the narrow file."""
    for key in ("ko/greeting", "en/greeting", "ko/goodbye"):
        rate, samples = read(complete.folder / f"{key}.wav")
        assert share_outside(rate, samples, 250, 3450) < 0.001, key


def test_number_words_are_short_enough_to_follow_each_other(complete: Complete) -> None:
    """A number of five words takes less than five seconds; the phrases around it are said once."""
    for language, count in NUMBERS.items():
        words = [prompt for prompt in complete.texts if prompt.language == language and prompt.group == "numbers"]
        assert len(words) == count
        for word in words:
            rate, samples = read(complete.folder / f"{word.key}.wav")
            longest = 1.0 if word.id.startswith(("num_", "count_", "unit_")) else 3.0
            assert 0.1 < len(samples) / rate < longest, word.key


def test_everything_is_labelled_a_placeholder(complete: Complete) -> None:
    """Until somebody records it."""
    assert complete.report.manifest.placeholders == sorted(prompt.key for prompt in complete.texts)
