"""The words that records choose from, as data: what a counsellor did, and the districts. Pure, once read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from core.errors import SettingsError

OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A choice. `retired`: it stands in old records and is not offered any more."""

    code: str
    ko: str
    en: str
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All of them, by code, in the order in which they are offered."""

    skills: Mapping[str, Word]
    districts: Mapping[str, Word]


def read(text: str, name: str = "words.toml") -> Words:
    """Words from a file's text. Raises SettingsError with everything that is wrong at once."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: {error}") from None
    problems: list[str] = []
    if unknown := set(raw) - {"skills", "districts"}:
        problems.append(f"{name}: there is no table {', '.join(sorted(unknown))}")
    found = {table: _table(raw.get(table), f"{name}: {table}", problems) for table in ("skills", "districts")}
    if problems:
        raise SettingsError(problems)
    return Words(**found)


def shipped() -> Words:
    """The words that come with the program."""
    return read(resources.files("care.records").joinpath("words.toml").read_text("utf-8"))


def _table(raw: object, where: str, problems: list[str]) -> dict[str, Word]:
    if not isinstance(raw, dict) or not raw:
        problems.append(f"{where}: at least one word is needed")
        return {}
    found = {}
    for code, said in raw.items():
        match said:
            case {"ko": str(ko), "en": str(en), **more} if (
                ko and en and set(more) <= {"retired"} and isinstance(more.get("retired", False), bool)
            ):
                found[code] = Word(code=code, ko=ko, en=en, retired=bool(more.get("retired", False)))
            case _:
                problems.append(f"{where}.{code}: ko and en are needed, and retired may be true")
    return found
