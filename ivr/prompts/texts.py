"""The texts of the prompts: two TOML files in this package, and an operator's own sentences over them."""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Final, Literal, cast, get_args

from ivr.prompts.errors import TextsError

Language = Literal["ko", "en"]
Group = Literal["caller", "counsellor", "numbers"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
#: Longest spoken duration in seconds. The menu: DOMAIN "standards with numbers"; the notices stand between the caller and a person.
MAX_SECONDS: Final[Mapping[str, float]] = {"greeting": 10.0, "notice_recording": 6.0, "notice_protection": 6.0}

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One sentence in one language."""

    id: str
    language: Language
    group: Group
    text: str

    @property
    def key(self) -> str:
        """The name across languages: `ko/greeting`; also the path below the folder, without extension."""
        return f"{self.language}/{self.id}"

    @property
    def text_hash(self) -> str:
        """SHA-256 (hex) of language and normalised text: it changes when what is said changes."""
        return text_hash(self.text, self.language)


class Texts:
    """All prompts, by language and id, in the order of the files."""

    def __init__(self, prompts: Mapping[Language, Mapping[str, Prompt]]) -> None:
        self._prompts = prompts

    def __iter__(self) -> Iterator[Prompt]:
        for language in LANGUAGES:
            yield from self._prompts[language].values()

    def __len__(self) -> int:
        return sum(len(prompts) for prompts in self._prompts.values())

    def get(self, prompt_id: str, language: str) -> Prompt | None:
        """The prompt, or None."""
        return self._prompts.get(cast(Language, language), {}).get(prompt_id)

    def ids(self, language: Language) -> tuple[str, ...]:
        """The ids of one language."""
        return tuple(self._prompts[language])

    def nearest(self, prompt_id: str, language: Language) -> str | None:
        """The id that looks most like a misspelt one."""
        return next(iter(get_close_matches(prompt_id, self.ids(language), n=1, cutoff=0.5)), None)


def normalised(text: str) -> str:
    """Composed Unicode and single spaces: what differs only in layout is the same text."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def text_hash(text: str, language: Language) -> str:
    """SHA-256 (hex) over language and normalised text."""
    return hashlib.sha256(f"{language}\n{normalised(text)}".encode()).hexdigest()


def load(own: Path | None = None) -> Texts:
    """The shipped texts, with the sentences of `own/texts.<language>.toml` in place of the shipped ones.

    Raises TextsError for a file that can't be read, an id that does not exist, or an empty text.
    """
    prompts: dict[Language, dict[str, Prompt]] = {}
    for language in LANGUAGES:
        name = f"texts.{language}.toml"
        shipped = resources.files("ivr.prompts").joinpath(name).read_text(encoding="utf-8")
        prompts[language] = _parse(shipped, language, name)
    texts = Texts(prompts)
    if own is None:
        return texts
    if not own.is_dir():
        raise TextsError(f"prompts.texts: {own} is not a folder")
    for language in LANGUAGES:
        path = own / f"texts.{language}.toml"
        if not path.is_file():
            continue
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TextsError(f"{path}: {error}") from error
        for prompt_id, prompt in _parse(content, language, str(path)).items():
            shipped_prompt = prompts[language].get(prompt_id)
            if shipped_prompt is None or shipped_prompt.group != prompt.group:
                near = shipped_prompt or texts.get(texts.nearest(prompt_id, language) or "", language)
                hint = f"; did you mean [{near.group}] {near.id}?" if near else ""
                raise TextsError(f"{path}: there is no prompt [{prompt.group}] {prompt_id}{hint}")
            prompts[language][prompt_id] = prompt
    return texts


def _parse(content: str, language: Language, name: str) -> dict[str, Prompt]:
    try:
        tables = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise TextsError(f"{name}: {error}") from error
    prompts: dict[str, Prompt] = {}
    for group, entries in tables.items():
        if group not in GROUPS or not isinstance(entries, dict):
            raise TextsError(f"{name}: {group!r} is not a group; allowed: {', '.join(f'[{g}]' for g in GROUPS)}")
        for prompt_id, text in entries.items():
            if not _ID.fullmatch(prompt_id):
                raise TextsError(f"{name}: {prompt_id!r} can't be an id: small letters, digits and _ only")
            if prompt_id in prompts:
                raise TextsError(f"{name}: {prompt_id!r} stands in two groups")
            if not isinstance(text, str) or not normalised(text):
                raise TextsError(f"{name}: {prompt_id}: the text must be a sentence, not {text!r}")
            prompts[prompt_id] = Prompt(id=prompt_id, language=language, group=group, text=normalised(text))
    return prompts
