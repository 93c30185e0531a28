"""Which sound to play for a prompt, while calls are running: never an exception, never nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

import structlog

from core.settings import Settings
from ivr.prompts import music
from ivr.prompts.audio import NARROW
from ivr.prompts.files import write_atomically
from ivr.prompts.manifest import BEEP, MUSIC, NAME, Manifest, read, remarks
from ivr.prompts.recordings import scan
from ivr.prompts.texts import LANGUAGES, MAX_SECONDS, Texts, load

#: From Asterisk's own sounds: when not even our tone can be written. Not `tone:…`: measured on 22.10, a tone never ends by itself
#: (also with every part marked `!`), so the call would wait for its end for ever; a sound that is missing ends at once, as "failed".
LAST_RESORT: Final = "sound:beep"
#: A WAV file of this size has a header and nothing else.
_HEADER_BYTES: Final = 44

_log = structlog.get_logger(__name__)


class Catalogue:
    """The prompts as Asterisk can play them.

    `folder` is the built prompts on this machine, `prefix` the same folder as Asterisk names it in a media URI (absolute, or
    relative to its sounds). `recordings` is only looked at for `problems`.
    """

    def __init__(self, folder: Path, recordings: Path | None, prefix: str, *, texts: Texts | None = None) -> None:
        self._folder = folder
        self._recordings = recordings
        self._prefix = prefix.rstrip("/")
        self._texts = texts or load()
        self._told: set[str] = set()
        self._read: tuple[int, Manifest] | None = None
        self._has_beep = self._make_beep()

    @classmethod
    def of(cls, settings: Settings, prefix: str) -> Self:
        """The catalogue of an installation, with the operator's own texts. Raises TextsError when those can't be used."""
        return cls(settings.prompts_folder, settings.prompts.recordings, prefix, texts=load(settings.prompts.texts))

    def media(self, prompt_id: str, language: str = "ko") -> str:
        """The media URI of a prompt: in this language, else in another one, else a soft tone that ends by itself."""
        key = f"{language}/{prompt_id}"
        if self._is_playable(key):
            return self._uri(key)
        for other in LANGUAGES:
            if other != language and self._is_playable(f"{other}/{prompt_id}"):
                self._tell(key, instead=f"{other}/{prompt_id}")
                return self._uri(f"{other}/{prompt_id}")
        self._tell(key, instead=BEEP if self._has_beep else LAST_RESORT)
        return self._uri(BEEP) if self._has_beep else LAST_RESORT

    def sequence(self, prompt_ids: Iterable[str], language: str = "ko") -> list[str]:
        """The media URIs of several prompts that follow each other, such as a number."""
        return [self.media(prompt_id, language) for prompt_id in prompt_ids]

    def seconds(self, prompt_id: str, language: str = "ko") -> float | None:
        """How long a prompt takes; None when it is not built."""
        entry = self._manifest().entries.get(f"{language}/{prompt_id}")
        return entry.seconds if entry else None

    def _manifest(self) -> Manifest:
        """Read again only when it has changed: this is asked while calls are running."""
        try:
            changed = (self._folder / NAME).stat().st_mtime_ns
        except OSError:
            return Manifest()
        if self._read is None or self._read[0] != changed:
            self._read = changed, read(self._folder)
        return self._read[1]

    def missing(self) -> list[str]:
        """The prompts, and the music, that have no sound to play. Looks at file names only: cheap enough for a health check."""
        return [key for key in (*(prompt.key for prompt in self._texts), MUSIC) if not self._is_playable(key)]

    def placeholders(self) -> list[str]:
        """The prompts a robot speaks, as `ko/greeting`: for the warning at the start."""
        return read(self._folder).placeholders

    def problems(self) -> list[str]:
        """What is wrong, one readable line each. Looks at names, sizes and the manifest; `check` listens to the files, too."""
        manifest = read(self._folder)
        if not manifest.entries:
            return [f"there are no prompts in {self._folder}: run `annyeong120 prompts build`"]
        lines = [f"{key}: the sound is missing: run `annyeong120 prompts build`" for key in self.missing()]
        return [*lines, *self._changed(manifest), *_too_long(manifest), *remarks(manifest), *self._not_built(manifest)]

    def _changed(self, manifest: Manifest) -> list[str]:
        lines: list[str] = []
        for prompt in self._texts:
            entry = manifest.entries.get(prompt.key)
            if entry is None:
                lines.append(f"{prompt.key}: nobody knows what the sound says: run `annyeong120 prompts build`")
            elif entry.text_hash != prompt.text_hash:
                lines.append(f"{prompt.key}: the text has changed: run `annyeong120 prompts build`")
        return lines

    def _not_built(self, manifest: Manifest) -> list[str]:
        found = scan(self._recordings, self._texts)
        lines = list(found.problems)
        for key, recording in found.by_key.items():
            entry = manifest.entries.get(key)
            if entry and entry.recording != recording.content_hash and not entry.refused:
                lines.append(f"{key}: the recording {recording.path.name} is not in use yet: run `annyeong120 prompts build`")
        return lines

    def _is_playable(self, key: str) -> bool:
        try:
            return (self._folder / f"{key}.{NARROW.ending}").stat().st_size > _HEADER_BYTES
        except (OSError, ValueError):  # ValueError: a name no file can have
            return False

    def _uri(self, key: str) -> str:
        return f"sound:{self._prefix}/{key}"

    def _tell(self, key: str, *, instead: str) -> None:
        # Once a prompt, not once a call.
        if key not in self._told:
            self._told.add(key)
            _log.error("prompt_missing", prompt=key, instead=instead)

    def _make_beep(self) -> bool:
        if self._is_playable(BEEP):
            return True
        try:
            write_atomically(self._folder / f"{BEEP}.{NARROW.ending}", music.beep(NARROW.rate))
        except OSError as error:
            _log.error("prompt_tone_not_written", folder=str(self._folder), error=error.strerror)
            return False
        return True


def _too_long(manifest: Manifest) -> list[str]:
    lines: list[str] = []
    for key, entry in sorted(manifest.entries.items()):
        longest = MAX_SECONDS.get(key.partition("/")[2])
        if longest is not None and entry.seconds >= longest:
            lines.append(f"{key}: it takes {entry.seconds:.1f} s; it must take less than {longest:.0f} s")
    return lines
