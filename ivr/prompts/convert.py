"""From any sound file to the two files Asterisk picks from: narrow band for the trunk, wide band for modern phones."""

from __future__ import annotations

import shutil
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.prompts import audio
from ivr.prompts.audio import NARROW, WIDE, Band
from ivr.prompts.engine import run
from ivr.prompts.errors import AudioError, EngineError, ToolMissing

#: Longest recording that is believed to be a prompt.
LONGEST_S: Final = 60.0
_SHORTEST_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """How much of it is left at the ends, in seconds."""

    lead_s: float
    tail_s: float


SENTENCE: Final = Silence(lead_s=0.05, tail_s=0.15)
#: Words of a number follow each other, so the gaps add up.
WORD: Final = Silence(lead_s=0.01, tail_s=0.03)


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The files of one prompt, ready to be written."""

    #: Content by ending.
    files: Mapping[str, bytes]
    #: Measured on the narrow band, the one that every caller can hear.
    level: audio.Level


def convert(source: Path, silence: Silence, *, wide: bool) -> Converted:
    """Band-limit, trim and level a sound file; `wide`: for both bands, if there is anything above the narrow one.

    Raises AudioError for an unreadable, silent, too short or too long file.
    """
    if source.stat().st_size == 0:
        raise AudioError("it is empty")
    rate = _rate(source)
    narrow = _samples(source, NARROW, silence)
    files = {NARROW.ending: audio.encode(narrow, NARROW.rate)}
    if wide and rate >= WIDE.rate:
        files[WIDE.ending] = audio.encode(_samples(source, WIDE, silence), WIDE.rate)
    return Converted(files=files, level=audio.measure(narrow, NARROW.rate))


def sox() -> str:
    """The path of sox. Raises ToolMissing."""
    path = shutil.which("sox")
    if path is None:
        raise ToolMissing("sox is not installed: apt-get install sox")
    return path


def _samples(source: Path, band: Band, silence: Silence) -> array[int]:
    samples = audio.trimmed(_filtered(source, band), band.rate, lead_s=silence.lead_s, tail_s=silence.tail_s)
    return audio.levelled(audio.faded(samples, band.rate), band.rate)


def _rate(source: Path) -> int:
    try:
        # 0 seconds: the header does not tell; _filtered looks at the samples.
        rate = int(run([sox(), "--info", "-r", str(source)]).split()[0])
        seconds = float(run([sox(), "--info", "-D", str(source)]).split()[0])
    except (EngineError, ValueError, IndexError) as error:
        raise AudioError(f"it is not a sound file that sox can read ({error})") from error
    if seconds > LONGEST_S:
        raise AudioError(f"it is {seconds:.0f} s long; a prompt has at most {LONGEST_S:.0f} s")
    return rate


def _filtered(source: Path, band: Band) -> array[float]:
    # -D: no dither, it is random and we quantise ourselves. gain -6: the filters may overshoot a recording at full scale.
    command = [sox(), "-D", str(source), "-t", "raw", "-e", "floating-point", "-b", "32", "-L", "-", "remix", "-", "gain", "-6"]
    filters = ["rate", "-h", str(band.rate), "sinc", "-a", "60", "-t", "120", f"{band.low_hz}-{band.high_hz}"]
    try:
        raw = run([*command, *filters])
    except EngineError as error:
        raise AudioError(f"it is not a sound file that sox can read ({error})") from error
    samples = array("f")
    samples.frombytes(raw[: len(raw) // 4 * 4])
    if sys.byteorder == "big":
        samples.byteswap()
    if len(samples) < _SHORTEST_S * band.rate:
        raise AudioError("there is nothing in it")
    scaled = array("f", map((32768.0).__mul__, samples))
    # Judged before levelling, which would turn the hiss of an empty recording into a roar.
    if audio.measure(scaled, band.rate).rms_dbfs < audio.SILENCE_DBFS:
        raise AudioError("it is silent")
    return scaled
