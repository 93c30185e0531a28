"""The tone detector: hears what it should through noise and G.711, and does not hear tones in speech or music."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest

from helpline.demo.tones import BLOCK, CALLER_TONE, COUNSELLOR_TONE, HOLD, RATE, ToneDetector, rms, tone_share
from tests.kit.rtp_packets import alaw_to_linear, linear_to_alaw

TONES = (440, 620, 880, CALLER_TONE, COUNSELLOR_TONE)


def sine(frequency: float, seconds: float, level: float = 8000) -> list[float]:
    """A pure tone."""
    return [level * math.sin(2 * math.pi * frequency * i / RATE) for i in range(int(seconds * RATE))]


def mixed(*parts: Iterable[float]) -> list[int]:
    """The sum of several sounds as 16-bit samples."""
    return [max(-32768, min(32767, round(sum(values)))) for values in zip(*parts, strict=True)]


def noise(seconds: float, level: float, seed: int = 1) -> list[float]:
    """White noise of the given root mean square."""
    dice = random.Random(seed)
    return [dice.gauss(0, level) for _ in range(int(seconds * RATE))]


def heard(samples: list[int]) -> set[int]:
    """Every tone that was reported to begin."""
    return {change.frequency for change in ToneDetector(TONES).feed(samples) if change.on}


@pytest.mark.parametrize("frequency", TONES)
@pytest.mark.parametrize("level", [300, 8000, 30000])
def test_a_tone_is_heard_at_any_level(frequency: int, level: float) -> None:
    """One tone, one report, from faint to full level."""
    assert heard(mixed(sine(frequency, 0.5, level))) == {frequency}


@pytest.mark.parametrize("frequency", TONES)
def test_a_tone_is_heard_through_noise_and_g711(frequency: int) -> None:
    """Noise 6 dB below the tone and A-law companding do not hide it."""
    sound = mixed(sine(frequency, 1.0, 4000), noise(1.0, 4000 / math.sqrt(2) / 2))
    assert heard(alaw_to_linear(linear_to_alaw(sound))) == {frequency}


def test_two_tones_at_once_are_neither() -> None:
    """A dual tone (a dialling key) is not taken for one of its parts."""
    assert not heard(mixed(sine(440, 1.0), sine(880, 1.0)))


def test_noise_and_silence_are_no_tone() -> None:
    """Nothing is heard in ten seconds of noise, of digital silence, or of A-law's own idle pattern."""
    assert not heard(mixed(noise(10, 5000)))
    assert not heard([0] * RATE)
    assert not heard([8] * RATE)


def test_music_is_no_tone() -> None:
    """Ten seconds of chords with overtones, notes of a quarter of a second."""
    dice = random.Random(120)
    sound: list[int] = []
    for _ in range(40):
        notes = [440.0 * 2 ** (dice.randrange(-12, 20) / 12) for _ in range(3)]
        parts = [sine(note * overtone, 0.25, 4000 / overtone) for note in notes for overtone in (1, 2, 3)]
        sound += mixed(*parts)
    assert not heard(sound) & {CALLER_TONE, COUNSELLOR_TONE}


def test_notes_of_the_scale_are_not_the_tones_of_our_phones() -> None:
    """Even a pure note next to one of the two tones is not taken for it."""
    for semitone in range(-12, 26):
        found = heard(mixed(sine(440.0 * 2 ** (semitone / 12), 0.5)))
        assert not found & {CALLER_TONE, COUNSELLOR_TONE}


def test_speech_like_sound_is_no_tone() -> None:
    """A voice: a gliding fundamental with many harmonics, in syllables with pauses."""
    phase, sound = 0.0, []
    for i in range(10 * RATE):
        at = i / RATE
        phase += 2 * math.pi * (130 + 40 * math.sin(2 * math.pi * 0.7 * at)) / RATE
        loud = max(0.0, math.sin(2 * math.pi * 3 * at))
        sound.append(round(2500 * loud * sum(math.sin(phase * n) / n for n in range(1, 12))))
    assert not heard(sound)


def test_a_tone_is_reported_after_the_hold_time() -> None:
    """The report comes with the last block of the hold time, wherever the tone begins in a block."""
    for offset in (0, 1, 159, 319):
        changes = ToneDetector([880]).feed([0] * offset + mixed(sine(880, 0.5)))
        assert changes[0].on
        assert changes[0].sample - offset <= (HOLD + 1) * BLOCK


def test_a_lost_packet_does_not_end_a_tone() -> None:
    """A gap of 20 ms goes unnoticed, a gap of half a second ends the tone and the next one is new."""
    tone = mixed(sine(620, 0.4))
    assert len(ToneDetector([620]).feed(tone + [0] * 160 + tone)) == 1
    changes = ToneDetector([620]).feed(tone + [0] * 4000 + tone)
    assert [change.on for change in changes] == [True, False, True]


def test_pieces_of_any_size_give_the_same_answer() -> None:
    """Packets of 20 ms or 7 samples or everything at once: the same reports."""
    sound = mixed(sine(440, 0.5)) + [0] * 2000
    whole = ToneDetector(TONES).feed(sound)
    for size in (7, 160, 500):
        detector = ToneDetector(TONES)
        assert [c for i in range(0, len(sound), size) for c in detector.feed(sound[i : i + size])] == whole


def test_measures_of_nothing() -> None:
    """Empty and silent input have defined answers."""
    assert rms([]) == 0.0
    assert rms([8] * 100) == 0.0
    assert tone_share([0] * 100, 440) == 0.0
