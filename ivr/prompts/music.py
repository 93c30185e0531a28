"""Music for waiting, composed and played by this file: slow chords, a few bell notes, no beginning and no end.

It is ours, so it may be shipped and played anywhere. Everything lies between 260 Hz and 3 kHz, which is what a telephone carries, and
changes slowly, because codecs made for speech turn anything lively into noise.
"""

from __future__ import annotations

import math
from operator import add, mul
from typing import Final

from ivr.prompts import audio

#: Changes when the music sounds different.
VERSION: Final = "1"
#: Quieter than speech: a comfort message must stand out, and it may be heard for long.
MUSIC_DBFS: Final = -27.0
_PEAK_DBFS: Final = -12.0

_CHORD_S: Final = 9.0
_ATTACK_S: Final = 3.0
_RELEASE_S: Final = 4.0
#: Frequencies are rounded so that a chord repeats after this long: one table a chord, and the beats between its voices stay.
_TABLE_S: Final = 4.0
_HARMONICS: Final = (1.0, 0.32, 0.12, 0.04)

#: MIDI notes of the chords; neighbours share notes, so that nothing jumps.
_CHORDS: Final[tuple[tuple[int, ...], ...]] = (
    (60, 64, 67, 71),  # C major 7
    (60, 64, 67, 69),  # A minor 7
    (60, 65, 69, 72),  # F major
    (62, 65, 67, 71),  # G 7
    (64, 67, 71, 74),  # E minor 7
    (64, 67, 69, 72),  # A minor 7
    (62, 65, 69, 72),  # D minor 7
    (62, 67, 69, 74),  # G suspended
)
#: Bell notes: seconds after the chord's beginning, MIDI note. Pentatonic, so none can clash.
_BELLS: Final[tuple[tuple[tuple[float, int], ...], ...]] = (
    ((2.0, 79), (6.5, 76)),
    ((2.0, 72), (4.25, 76)),
    ((2.0, 81), (6.5, 77)),
    ((2.0, 79), (4.25, 74), (6.5, 71)),
    ((2.0, 76), (6.5, 79)),
    ((2.0, 81), (4.25, 79), (6.5, 76)),
    ((2.0, 77), (6.5, 74)),
    ((2.0, 74), (4.25, 79)),
)
_BELL_GAIN: Final = 0.55
_BELL_S: Final = 4.0
#: Amplitude of one voice while composing, in 16-bit units; the whole is levelled at the end.
_LOUD: Final = 1000.0

SECONDS: Final = _CHORD_S * len(_CHORDS)


def waiting(rate: int) -> bytes:
    """The loop as a WAV file; its end leads into its beginning. The same bytes for the same rate on the same machine."""
    total = round(SECONDS * rate)
    # The last sounds ring on beyond the end; that part is laid over the beginning.
    loop = [0.0] * (total + round((_RELEASE_S + _BELL_S) * rate))
    voices = {note: _voice(note, rate) for note in {note for chord in _CHORDS for note in chord}}
    swells = [_swell(voice, rate) for voice in range(4)]
    strikes = {note: _bell(note, rate) for note in {note for bells in _BELLS for _, note in bells}}
    for index, (chord, bells) in enumerate(zip(_CHORDS, _BELLS, strict=True)):
        start = round(index * _CHORD_S * rate)
        table = [0.0] * round(_TABLE_S * rate)
        for swell, note in zip(swells, chord, strict=True):
            table = list(map(add, table, map(mul, swell, voices[note])))
        _add(loop, start, _shaped(table, rate))
        for after, note in bells:
            _add(loop, start + round(after * rate), strikes[note])
    _add(loop, 0, loop[total:])
    return audio.encode(audio.levelled(loop[:total], rate, target_dbfs=MUSIC_DBFS, peak_dbfs=_PEAK_DBFS), rate)


def beep(rate: int) -> bytes:
    """A soft tone, heard in place of a prompt whose file is missing: never silence."""
    length = round(0.6 * rate)
    fade = 0.05 * rate
    low, high = math.tau * 440 / rate, math.tau * 660 / rate
    tone = [_LOUD * min(1.0, at / fade, (length - at) / fade) * (math.sin(low * at) + 0.5 * math.sin(high * at)) for at in range(length)]
    return audio.encode(audio.levelled(tone, rate, target_dbfs=-24.0), rate)


def _hertz(note: int) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def _add(loop: list[float], start: int, sound: list[float]) -> None:
    end = start + len(sound)
    loop[start:end] = map(add, loop[start:end], sound)


def _voice(note: int, rate: int) -> list[float]:
    """One voice of the pad, with its harmonics, for the length of the table."""
    size = round(_TABLE_S * rate)
    circle = [_LOUD * math.sin(math.tau * at / size) for at in range(size)]
    sound = [0.0] * size
    for number, strength in enumerate(_HARMONICS, start=1):
        turns = round(_hertz(note) * number * _TABLE_S)
        sound = [value + strength * circle[at * turns % size] for at, value in enumerate(sound)]
    return sound


def _swell(voice: int, rate: int) -> list[float]:
    """Each voice breathes once in the table, a quarter later than its neighbour."""
    size = round(_TABLE_S * rate)
    return [1 + 0.25 * math.sin(math.tau * (at / size + voice / 4)) for at in range(size)]


def _shaped(table: list[float], rate: int) -> list[float]:
    """A chord that comes slowly and goes slowly."""
    length = round((_CHORD_S + _RELEASE_S) * rate)
    sound = (table * (length // len(table) + 1))[:length]
    rise, fall = round(_ATTACK_S * rate), round(_RELEASE_S * rate)
    for at in range(rise):
        sound[at] *= math.sin(math.pi / 2 * at / rise) ** 2
    for at in range(fall):
        sound[-1 - at] *= math.sin(math.pi / 2 * at / fall) ** 2
    return sound


def _bell(note: int, rate: int) -> list[float]:
    length = round(_BELL_S * rate)
    step = math.tau * _hertz(note) / rate
    soft = 0.02 * rate
    # Gone to a hundredth at the end, and then to nothing: no click.
    strengths = [_LOUD * _BELL_GAIN * (math.exp(-5.0 * at / length) - math.exp(-5.0)) * min(1.0, at / soft) for at in range(length)]
    return [strength * (math.sin(step * at) + 0.3 * math.sin(2 * step * at)) for at, strength in enumerate(strengths)]
