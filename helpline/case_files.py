"""Files of the operator's that the desk's rooms go by: read together, so that everything wrong with any of them is said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from care import retention
from care.checklists import loading
from care.checklists.catalogue import Catalogue
from care.checklists.errors import InstrumentRefused
from care.records import words
from care.records.words import Words
from care.retention import Retention
from core.errors import SettingsError
from core.settings import Settings
from escalation import partners_file
from escalation.centre import rules
from escalation.centre.errors import RulesError
from escalation.centre.rules import Rules
from escalation.errors import PartnersError
from escalation.partners import Partners

_File = TypeVar("_File")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiles:
    """What they say, or what comes with the program."""

    partners: Partners
    centre: Rules
    retention: Mapping[Retention, retention.Rule]
    checklists: Catalogue
    words: Words


def load(settings: Settings) -> CaseFiles:
    """Read them. Raises SettingsError with every problem of every file."""
    problems: list[str] = []

    def read(load_: Callable[[Path | None], _File], path: Path | None) -> _File | None:
        try:
            return load_(path)
        except (SettingsError, InstrumentRefused, RulesError, PartnersError) as error:
            problems.extend(error.problems)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: can't be read: {getattr(error, 'strerror', None) or 'not UTF-8'}")
        return None

    partners = read(lambda _: partners_file.load(settings.escalation), None)
    centre = read(rules.load, settings.escalation.centre_rules_file)
    kept = read(retention.load, settings.care.retention_file)
    checklists = read(_checklists, settings.care.checklists_folder)
    chosen = read(_words, settings.care.words_file)
    if problems or partners is None or centre is None or kept is None or checklists is None or chosen is None:
        raise SettingsError(problems)
    return CaseFiles(partners=partners, centre=centre, retention=kept, checklists=checklists, words=chosen)


def named(settings: Settings) -> Mapping[str, Path | None]:
    """Which file or folder of the operator's is used for what; None: what comes with the program."""
    return {
        "partners": settings.escalation.partners_file,
        "centre's rules": settings.escalation.centre_rules_file,
        "retention": settings.care.retention_file,
        "checklists": settings.care.checklists_folder,
        "words of records": settings.care.words_file,
    }


def _checklists(folder: Path | None) -> Catalogue:
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"care.checklists_folder: {folder} is not a folder")
    return loading.load(folder)


def _words(file: Path | None) -> Words:
    return words.shipped() if file is None else words.read(file.read_text("utf-8"), file.name)
