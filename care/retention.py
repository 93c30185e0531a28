"""How long what is kept, and the proof that it was deleted. Pure, once read."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import resources
from pathlib import Path
from uuid import UUID

from care.records.model import Content, Kind
from core.errors import SettingsError

_MOST_DAYS = 36_500


class Retention(StrEnum):
    """Classes of what is kept; those of records from the one that goes first to the one that stays longest."""

    UNTOUCHED = "untouched"
    NON_COUNSELLING = "non_counselling"
    INFORMATION = "information"
    COUNSELLING = "counselling"
    #: Also isolation reports themselves.
    REPORT = "report"
    #: Also what was told of somebody in a crisis.
    EMERGENCY = "emergency"
    CHECKLIST = "checklist"
    #: With the case at the centre: consents, notes, needs, links, follow-ups, calls.
    REFERRAL = "referral"
    #: With plans, calls and notes.
    COMPANIONSHIP = "companionship"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long a class is kept after the last change, and whether it goes when its person asks."""

    keep: timedelta
    erasable: bool


_ORDER = {one: place for place, one in enumerate(Retention)}
_OF_KIND: Mapping[Kind, Retention] = {
    Kind.INFORMATION: Retention.INFORMATION,
    Kind.LONELINESS: Retention.COUNSELLING,
    Kind.ISOLATION_CHECK: Retention.COUNSELLING,
    Kind.ISOLATION_REPORT: Retention.REPORT,
    Kind.EMERGENCY: Retention.EMERGENCY,
}


def class_of(content: Content, *, version: int) -> Retention:
    """A record's class: the longest of its kinds. What was written but not yet named is kept like a consultation."""
    if content.kinds:
        return max((_OF_KIND[kind] for kind in content.kinds), key=_ORDER.__getitem__)
    if content.non_counselling is not None:
        return Retention.NON_COUNSELLING
    return Retention.COUNSELLING if version else Retention.UNTOUCHED


def read(text: str, name: str = "retention.toml", base: Mapping[Retention, Rule] | None = None) -> Mapping[Retention, Rule]:
    """Rules from a file's text; of classes that it does not name, those of `base`. Raises SettingsError with everything that is wrong at once."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: {error}") from None
    problems = [f"{name}: there is no class {one}" for one in sorted(set(raw) - set(Retention))]
    rules = dict(base or {})
    for one in Retention:
        match raw.get(one):
            case {"days": int(days), "erasable": bool(erasable), **more} if not more and type(days) is int and 1 <= days <= _MOST_DAYS:
                rules[one] = Rule(keep=timedelta(days=days), erasable=erasable)
            case None if one not in rules:
                problems.append(f"{name}: the class {one} is missing")
            case None:
                pass
            case _:
                problems.append(f"{name}: {one}: days (1 to {_MOST_DAYS}) and erasable (true or false) are needed, nothing else")
    if problems:
        raise SettingsError(problems)
    return rules


def shipped() -> Mapping[Retention, Rule]:
    """The rules that come with the program."""
    return read(resources.files("care").joinpath("retention.toml").read_text("utf-8"))


def load(file: Path | None = None) -> Mapping[Retention, Rule]:
    """The same, changed by an operator's file. Raises SettingsError, OSError."""
    return shipped() if file is None else read(file.read_text("utf-8"), file.name, shipped())


def digest(records: Iterable[tuple[UUID, bytes]]) -> bytes:
    """SHA-256 over ids and SHA-256 of sealed contents, in the order of ids: whoever holds a copy can show that it was among them, and nobody can
    read from it who they were (ids are random and stand nowhere else any more).
    """
    whole = hashlib.sha256()
    for record_id, sealed in sorted(records):
        whole.update(record_id.bytes + hashlib.sha256(sealed).digest())
    return whole.digest()
