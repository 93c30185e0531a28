"""Listen to every built file: is it there, can Asterisk play it, is it as loud as it should be, does it say the current text?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.prompts import audio, music
from ivr.prompts.audio import BANDS
from ivr.prompts.catalogue import Catalogue
from ivr.prompts.errors import AudioError
from ivr.prompts.manifest import MUSIC, Entry, read
from ivr.prompts.texts import Texts, load

TOLERANCE_DB: Final = 1.5
LONGEST_LEAD_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found."""

    #: One readable line each; empty: everything is well.
    problems: tuple[str, ...]
    #: The prompts that a robot speaks.
    placeholders: tuple[str, ...]
    #: How many files were listened to.
    files: int


def check(folder: Path, *, recordings_folder: Path | None = None, texts: Texts | None = None) -> Findings:
    """Check a prompts folder completely. Reads every file; raises nothing."""
    texts = texts or load()
    problems = Catalogue(folder, recordings_folder, "", texts=texts).problems()
    manifest = read(folder)
    files = 0
    for key, entry in sorted(manifest.entries.items()):
        for band in BANDS:
            if band.ending in entry.files:
                files += 1
                problems += [f"{key}.{band.ending}: {line}" for line in _listen(folder, key, entry, band.ending, band.rate)]
    return Findings(problems=tuple(problems), placeholders=tuple(manifest.placeholders), files=files)


def _listen(folder: Path, key: str, entry: Entry, ending: str, rate: int) -> list[str]:
    path = folder / f"{key}.{ending}"
    if not path.is_file():
        return ["the file is missing: run `annyeong120 prompts build`"]
    try:
        level = audio.measure(audio.decode(path, rate), rate)
    except AudioError as error:
        return [str(error)]
    if hashlib.sha256(path.read_bytes()).hexdigest() != entry.files[ending]:
        return ["the file is not the one that was built; put recordings into the recordings folder and build"]
    if entry.source == "generated" and key != MUSIC:
        return []
    lines: list[str] = []
    target = music.MUSIC_DBFS if key == MUSIC else audio.SPEECH_DBFS
    if abs(level.rms_dbfs - target) > TOLERANCE_DB:
        lines.append(f"too {'loud' if level.rms_dbfs > target else 'soft'}: {level.rms_dbfs:.1f} dBFS instead of {target:.0f}")
    if level.peak_dbfs > audio.PEAK_DBFS:
        lines.append(f"it peaks at {level.peak_dbfs:.1f} dBFS; at most {audio.PEAK_DBFS:.0f}")
    if level.lead_s > LONGEST_LEAD_S:
        lines.append(f"{level.lead_s * 1000:.0f} ms of silence before it starts")
    return lines
