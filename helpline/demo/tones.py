"""Recognising a steady tone in telephone audio: Goertzel's algorithm, pure Python.

The proof that two people hear each other is a tone that one phone plays and the other phone hears. Choose tones that lie between
the notes of a scale (`CALLER_TONE`, `COUNSELLOR_TONE`), then no music on hold can be taken for one.
Source: G. Goertzel, "An Algorithm for the Evaluation of Finite Trigonometric Series", 1958.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RATE = 8000
#: 40 ms: the filter is then 25 Hz wide, narrower than the distance to the next note of a scale above 500 Hz.
BLOCK = 320
#: Consecutive blocks (120 ms) before a tone counts as heard: speech and music do not hold one pure frequency for so long.
HOLD = 3
#: Share of a block's energy that must lie in the tone. 1.0 is a pure tone; 0.6 is one with noise 1.8 dB below it.
SHARE = 0.6
#: Root mean square below which a block is silence, in units of a 16-bit sample; comfort noise lies below it.
SILENCE_RMS = 60.0

#: Between B5 (987.8 Hz) and C6 (1046.5 Hz).
CALLER_TONE = 1017
#: Between E6 (1318.5 Hz) and F6 (1396.9 Hz).
COUNSELLOR_TONE = 1357
#: Between G5 (784.0 Hz) and G#5 (830.6 Hz): an emergency partner.
PARTNER_TONE = 807


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneChange:
    """A tone began or stopped."""

    frequency: int
    on: bool
    #: Samples fed before the block in which the change was noticed ended.
    sample: int


def rms(samples: Sequence[int]) -> float:
    """Root mean square of 16-bit samples; 0.0 for none."""
    if not samples:
        return 0.0
    # Around the mean: A-law's silence is a constant of 8, not 0.
    mean = sum(samples) / len(samples)
    return math.sqrt(max(0.0, _energy(samples) / len(samples) - mean * mean))


def _energy(samples: Sequence[int]) -> int:
    # `map` with a C function: half the time of a generator expression, and this runs for every block of every phone.
    return sum(map(operator.mul, samples, samples))


def tone_share(samples: Sequence[int], frequency: float, rate: int = RATE) -> float:
    """Share (0 to 1) of the samples' energy that lies at the frequency (in Hz)."""
    count = len(samples)
    energy = _energy(samples)
    if not energy:
        return 0.0
    coefficient = 2.0 * math.cos(2.0 * math.pi * frequency / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = before * before + last * last - coefficient * before * last
    return min(1.0, 2.0 * power / (count * energy))


class ToneDetector:
    """Watches a stream of samples for a few frequencies."""

    def __init__(self, frequencies: Iterable[int], *, rate: int = RATE, block: int = BLOCK, hold: int = HOLD) -> None:
        self._rate = rate
        self._block = block
        self._hold = hold
        self._runs = dict.fromkeys(frequencies, 0)
        self._on: set[int] = set()
        self._rest: array[int] = array("h")
        self._done = 0

    @property
    def heard(self) -> frozenset[int]:
        """The frequencies sounding now."""
        return frozenset(self._on)

    def feed(self, samples: Sequence[int]) -> list[ToneChange]:
        """Take more samples (16-bit, one channel); return what began or stopped, in order."""
        self._rest.extend(samples)
        changes: list[ToneChange] = []
        while len(self._rest) >= self._block:
            block = self._rest[: self._block]
            del self._rest[: self._block]
            self._done += self._block
            changes += self._judge(block)
        return changes

    def _judge(self, block: Sequence[int]) -> list[ToneChange]:
        silent = rms(block) < SILENCE_RMS
        changes = []
        for frequency, run in self._runs.items():
            present = not silent and tone_share(block, frequency, self._rate) >= SHARE
            # A single bad block (a lost packet) does not end a tone that was being heard; `hold` of them do.
            run = (max(run, 0) + 1) if present else (min(run, 0) - 1)
            self._runs[frequency] = run
            if run >= self._hold and frequency not in self._on:
                self._on.add(frequency)
                changes.append(ToneChange(frequency=frequency, on=True, sample=self._done))
            elif run <= -self._hold and frequency in self._on:
                self._on.discard(frequency)
                changes.append(ToneChange(frequency=frequency, on=False, sample=self._done))
        return changes
