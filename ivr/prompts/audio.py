"""Sound as Asterisk wants it: 16-bit mono samples, measured, trimmed and brought to one loudness. Pure Python."""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from typing import Final

from ivr.prompts.errors import AudioError

#: Loudness of speech in dB below full scale, over the frames in which somebody speaks; louder than the usual -26 for old ears.
SPEECH_DBFS: Final = -20.0
#: No sample above this: codecs and gateways on the way need room.
PEAK_DBFS: Final = -3.0
#: Quieter than this everywhere: nobody speaks in the file.
SILENCE_DBFS: Final = -55.0
#: A frame this far below the loudest one does not count for the loudness: pauses, and consonants that would make a short word "soft".
_SOFT_DB: Final = 20.0
#: A frame this far below the loudest one is silence; a final consonant is not.
_PAUSE_DB: Final = 35.0
_FRAME_S: Final = 0.01
#: Blocks in which loudness and peaks are looked at, and how many of them the limiter looks ahead and back (6 ms): short enough
#: not to be heard as a dip.
_BLOCK_S: Final = 0.002
_LOOK: Final = 3
_FULL: Final = 32767.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One of the files a prompt consists of."""

    #: Asterisk's name for the format is the file's ending.
    ending: str
    rate: int
    low_hz: int
    high_hz: int


NARROW: Final = Band(ending="wav", rate=8000, low_hz=300, high_hz=3400)
WIDE: Final = Band(ending="wav16", rate=16000, low_hz=80, high_hz=7000)
BANDS: Final = (NARROW, WIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What can be measured about a sound."""

    seconds: float
    #: Loudness over the frames in which somebody speaks, dB below full scale.
    rms_dbfs: float
    #: Loudness over everything, pauses too.
    overall_dbfs: float
    peak_dbfs: float
    #: Silence before and after, in seconds.
    lead_s: float
    tail_s: float


def dbfs(amplitude: float) -> float:
    """Decibels below full scale of an amplitude in 16-bit units; silence is -100."""
    return max(-100.0, 20 * math.log10(amplitude / _FULL)) if amplitude > 0 else -100.0


def measure(samples: Sequence[float], rate: int) -> Level:
    """Level, length and silence at both ends. An empty sound is silent."""
    if not len(samples):
        return Level(seconds=0.0, rms_dbfs=-100.0, overall_dbfs=-100.0, peak_dbfs=-100.0, lead_s=0.0, tail_s=0.0)
    size = max(1, round(rate * _BLOCK_S))
    pieces = [samples[at : at + size] for at in range(0, len(samples), size)]
    energies = [sum(map(mul, piece, piece)) / len(piece) for piece in pieces]
    heard = _louder(energies, _PAUSE_DB)
    return Level(
        seconds=len(samples) / rate,
        rms_dbfs=_loudness(energies, _louder(energies, _SOFT_DB)),
        overall_dbfs=dbfs(math.sqrt(sum(energies) / len(energies))),
        peak_dbfs=dbfs(max(map(abs, samples))),
        lead_s=heard[0] * size / rate,
        tail_s=max(0, len(samples) - (heard[-1] + 1) * size) / rate,
    )


def trimmed(samples: Sequence[float], rate: int, *, lead_s: float, tail_s: float) -> Sequence[float]:
    """The sound with at most this much silence at its ends."""
    level = measure(samples, rate)
    start = max(0, round((level.lead_s - lead_s) * rate))
    end = len(samples) - max(0, round((level.tail_s - tail_s) * rate))
    return samples[start:end]


def levelled(samples: Sequence[float], rate: int, *, target_dbfs: float = SPEECH_DBFS, peak_dbfs: float = PEAK_DBFS) -> array[int]:
    """Bring a sound to the target loudness; peaks that stick out are turned down smoothly instead of being cut off."""
    size = max(1, round(rate * _BLOCK_S))
    blocks = [samples[at : at + size] for at in range(0, len(samples), size)]
    peaks = [max(map(abs, block)) for block in blocks]
    if not peaks or dbfs(max(peaks)) < SILENCE_DBFS:
        raise AudioError("it is silent")
    energies = [sum(map(mul, block, block)) / size for block in blocks]
    spoken = _louder(energies, _SOFT_DB)
    ceiling = 10 ** (peak_dbfs / 20) * _FULL - 1
    gain = 10 ** ((target_dbfs - _loudness(energies, spoken)) / 20)
    # Turning peaks down costs loudness, so the gain is corrected a few times.
    gains: list[float] = []
    for _ in range(6):
        gains = [gain * factor for factor in _limiter([gain * peak for peak in peaks], ceiling)]
        miss = target_dbfs - _loudness([energy * factor * factor for energy, factor in zip(energies, gains, strict=True)], spoken)
        if abs(miss) < 0.1:
            break
        gain *= 10 ** (miss / 20)
    return _applied(blocks, gains)


def faded(samples: Sequence[float], rate: int, *, seconds: float = 0.004) -> list[float]:
    """The sound with a very short fade at both ends, so that no click is heard where a pause was cut."""
    result = list(samples)
    length = min(round(seconds * rate), len(result) // 2)
    for index in range(length):
        factor = (index + 1) / (length + 1)
        result[index] *= factor
        result[-1 - index] *= factor
    return result


def encode(samples: array[int], rate: int) -> bytes:
    """A WAV file: 16-bit mono PCM."""
    data = samples
    if sys.byteorder == "big":
        data = array("h", samples)
        data.byteswap()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
    return buffer.getvalue()


def decode(path: Path, rate: int) -> array[int]:
    """The samples of a file that `encode` wrote. Raises AudioError when Asterisk could not play it."""
    try:
        with wave.open(str(path), "rb") as file:
            found = (file.getframerate(), file.getnchannels(), file.getsampwidth() * 8)
            if found != (rate, 1, 16):
                raise AudioError(f"{found[0]} Hz, {found[1]} channel(s), {found[2]} bit instead of {rate} Hz, 1 channel, 16 bit")
            data = file.readframes(file.getnframes())
    except EOFError as error:
        raise AudioError("it is cut off") from error
    except (wave.Error, OSError) as error:
        raise AudioError(f"it can't be read: {error}") from error
    samples = array("h")
    samples.frombytes(data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _louder(energies: Sequence[float], below_db: float) -> list[int]:
    """The blocks of the frames at most this far below the loudest one; a single block could fall between two waves."""
    count = round(_FRAME_S / _BLOCK_S)
    frames = [sum(energies[at : at + count]) / len(energies[at : at + count]) for at in range(0, len(energies), count)]
    floor = max(frames) / 10 ** (below_db / 10)
    return [at for at in range(len(energies)) if frames[at // count] >= floor]


def _loudness(energies: Sequence[float], spoken: Sequence[int]) -> float:
    return dbfs(math.sqrt(sum([energies[at] for at in spoken]) / len(spoken)))


def _limiter(peaks: list[float], ceiling: float) -> list[float]:
    need = [min(1.0, ceiling / peak) if peak > 0 else 1.0 for peak in peaks]
    if min(need) >= 1.0:
        return need
    # The lowest need around each block, then its mean: smooth, and never above the need of a block or of its two neighbours, between
    # which the gain is a line.
    reach = _LOOK + 1
    low = [min(need[max(0, at - reach) : at + reach + 1]) for at in range(len(need))]
    padded = [low[0]] * _LOOK + low + [low[-1]] * _LOOK
    width = 2 * _LOOK + 1
    return [sum(padded[at : at + width]) / width for at in range(len(need))]


def _applied(blocks: Sequence[Sequence[float]], gains: list[float]) -> array[int]:
    result = array("h")
    previous = gains[0]
    for block, gain in zip(blocks, gains, strict=True):
        size = len(block)
        if abs(gain - previous) > 1e-9:
            step = (gain - previous) / size
            factors = [previous + step * index for index in range(1, size + 1)]
        else:
            factors = [gain] * size
        result.extend(map(int, map(mul, block, factors)))
        previous = gain
    return result
