"""What is in the folder with the built prompts: `manifest.json`, one entry a sound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from ivr.prompts.files import write_atomically

NAME: Final = "manifest.json"
_VERSION: Final = 1
#: Keys of the sounds that are not speech.
MUSIC: Final = "music/waiting"
BEEP: Final = "tones/beep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One built sound. Its key is `<language>/<id>` or `music/<name>`, the path without the ending."""

    #: Hash of the text that was the current one at the build.
    text_hash: str
    #: Hash of the text that is heard; differs from `text_hash` when a recording is older than the text.
    spoken_hash: str
    #: Name of the speech engine, `recording`, or `generated`.
    source: str
    #: A robot's voice, waiting for a recording.
    placeholder: bool
    #: Everything the files depend on; another value means: build again.
    made_of: str
    #: SHA-256 of the studio file, empty without one.
    recording: str = ""
    #: Why a studio file is not used; empty when there is none or it is used.
    refused: str = ""
    #: Seconds, dB below full scale; of the narrow-band file.
    seconds: float
    rms_dbfs: float
    peak_dbfs: float
    #: SHA-256 of each file, by ending.
    files: Mapping[str, str]


@dataclass(slots=True)
class Manifest:
    """The entries by key."""

    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def placeholders(self) -> list[str]:
        """The keys that a robot speaks."""
        return sorted(key for key, entry in self.entries.items() if entry.placeholder)

    def save(self, folder: Path) -> None:
        """Write it, atomically."""
        content = {"version": _VERSION, "prompts": {key: asdict(entry) for key, entry in sorted(self.entries.items())}}
        write_atomically(folder / NAME, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def read(folder: Path) -> Manifest:
    """The manifest of a folder; one that is missing, damaged or of another version is empty, so that everything is built again."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            return Manifest()
        return Manifest({key: Entry(**entry) for key, entry in content["prompts"].items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Manifest()


def remarks(manifest: Manifest) -> list[str]:
    """What the operator should know about the recordings in use, one readable line each."""
    lines: list[str] = []
    for key, entry in sorted(manifest.entries.items()):
        if entry.refused:
            lines.append(f"{key}: the recording is refused: {entry.refused}; {entry.source} speaks instead")
        if entry.spoken_hash != entry.text_hash:
            lines.append(f"{key}: the recording was made for another text; it is used all the same, but record it again")
    return lines
