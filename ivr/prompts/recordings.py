"""Studio recordings: `<folder>/<language>/<id>.wav` (or .flac, .ogg), optionally with `<id>.json` beside it.

The sidecar says which text was read: `{"text_hash": "…"}` as `annyeong120 prompts list` prints it, or `{"text": "…"}`. Without a
sidecar a recording counts as made for the text that was current when it was first built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ivr.prompts.errors import PromptError
from ivr.prompts.texts import LANGUAGES, Prompt, Texts, text_hash

ENDINGS: Final = (".wav", ".flac", ".ogg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One studio file."""

    key: str
    path: Path
    #: SHA-256 of the file.
    content_hash: str
    #: Hash of the text that was read, if a sidecar says so.
    spoken_hash: str | None


@dataclass(frozen=True, slots=True)
class Recordings:
    """What lies in the folder."""

    by_key: Mapping[str, Recording] = field(default_factory=dict)
    #: Files that can't be matched, one readable line each.
    problems: tuple[str, ...] = ()


def scan(folder: Path | None, texts: Texts) -> Recordings:
    """Everything in the folder; unreadable and unknown files become problems, never an exception."""
    if folder is None:
        return Recordings()
    if not folder.is_dir():
        return Recordings({}, (f"recordings: {folder} is not a folder",))
    found: dict[str, Recording] = {}
    problems: list[str] = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in LANGUAGES and not entry.name.startswith("."):
            near = get_close_matches(entry.name, LANGUAGES, n=1, cutoff=0.5)
            problems.append(f"recordings: {entry.name}/ is not a language; known: {', '.join(near or LANGUAGES)}")
        elif entry.is_file() and entry.suffix.lower() in ENDINGS:
            problems.append(f"recordings: {entry.name} must lie in the folder of its language ({', '.join(LANGUAGES)})")
    for language in LANGUAGES:
        for path in _sounds(folder / language):
            key = f"{language}/{path.stem}"
            prompt = texts.get(path.stem, language)
            if prompt is None:
                near_id = texts.nearest(path.stem, language)
                problems.append(f"recordings: {language}/{path.name} has no prompt" + (f"; did you mean {near_id}?" if near_id else ""))
            elif key in found:
                problems.append(f"recordings: {language}/{path.name} is ignored, {found[key].path.name} is there too")
            else:
                try:
                    found[key] = _recording(path, prompt)
                except (OSError, PromptError) as error:
                    problems.append(f"recordings: {language}/{path.name}: {error}")
    return Recordings(found, tuple(problems))


def _sounds(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    order = {ending: index for index, ending in enumerate(ENDINGS)}
    files = [path for path in folder.iterdir() if path.suffix.lower() in order and path.is_file() and not path.name.startswith(".")]
    return sorted(files, key=lambda path: (path.stem, order[path.suffix.lower()]))


def _recording(path: Path, prompt: Prompt) -> Recording:
    content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
    return Recording(key=prompt.key, path=path, content_hash=content_hash, spoken_hash=_spoken(path.with_suffix(".json"), prompt))


def _spoken(sidecar: Path, prompt: Prompt) -> str | None:
    if not sidecar.is_file():
        return None
    try:
        content = json.loads(sidecar.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PromptError(f"{sidecar.name} is not JSON: {error}") from error
    match content:
        case {"text_hash": str(spoken)} if len(spoken) >= 8:
            # A shortened hash is enough to tell, and easier to copy.
            return prompt.text_hash if prompt.text_hash.startswith(spoken) else spoken
        case {"text": str(text)}:
            return text_hash(text, prompt.language)
    raise PromptError(f'{sidecar.name} must say {{"text_hash": "…"}} (8 digits or more) or {{"text": "…"}}')
