"""The table of rules, read from `rules.toml` once. Law and policy are data with a date and a source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from types import MappingProxyType


class Level(StrEnum):
    """What follows when a rule is broken. Declared from the gravest on; sorts so."""

    #: Cannot be published over.
    HARD = "hard"
    #: Can be published over with a reason.
    POLICY = "policy"
    #: Shown only.
    WISH = "wish"

    @property
    def gravity(self) -> int:
        """0 is the gravest."""
        return _GRAVITY[self]


_GRAVITY = {Level.HARD: 0, Level.POLICY: 1, Level.WISH: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `parameters` are its values unless the house sets others, within `bounds` (lowest and highest, both included)."""

    id: str
    level: Level
    parameters: Mapping[str, int]
    bounds: Mapping[str, tuple[int, int]]
    text_ko: str
    text_en: str
    #: What is said where it is broken: a template, see `shifts.rules.sentences`.
    says_ko: str
    says_en: str
    #: The law, or "house".
    source: str
    #: Not asked of days before.
    valid_from: date = date.min


def _read() -> Mapping[str, Rule]:
    text = resources.files("shifts.rules").joinpath("rules.toml").read_text(encoding="utf-8")
    rules: dict[str, Rule] = {}
    for name, table in tomllib.loads(text).items():
        values: dict[str, list[int]] = table.pop("parameters", {})
        rules[name] = Rule(
            id=name,
            level=Level(table.pop("level")),
            parameters=MappingProxyType({key: value for key, (value, _, _) in values.items()}),
            bounds=MappingProxyType({key: (lowest, highest) for key, (_, lowest, highest) in values.items()}),
            **table,
        )
    return MappingProxyType(rules)


#: By id, in the order in which they are shown.
RULES: Mapping[str, Rule] = _read()
