"""What a check finds: where a rule is broken, and what would mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from shifts.model import Assignment, Span
from shifts.rules.catalogue import RULES, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What would mend it. `key` names its sentence; where a change is certain it is given, ready to be made."""

    key: str
    remove: tuple[Assignment, ...] = ()
    add: tuple[Assignment, ...] = ()
    values: Mapping[str, int | str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule broken once. `person_id` is None where it concerns the line as a whole."""

    rule: str
    person_id: UUID | None
    #: The date it is shown at: within the roster's period unless the rule is `out_of_period`.
    day: date
    #: All dates concerned, in order; also those before the period.
    days: tuple[date, ...]
    span: Span | None = None
    #: What its sentence needs; names that end in `minutes`, `code` or `day` are put into words (see `sentences`).
    values: Mapping[str, int | str] = field(default_factory=dict, hash=False)
    mend: Mend | None = None
    #: Tells two of one rule, person and day apart.
    detail: str = ""

    @property
    def level(self) -> Level:
        """Of its rule."""
        return RULES[self.rule].level

    @property
    def key(self) -> str:
        """The same for the same breach, whatever else changes: for overrides. How bad it is (`values`) is not part of it."""
        return "/".join(filter(None, (self.rule, str(self.person_id or "-"), self.day.isoformat(), self.detail)))

    @property
    def order(self) -> tuple[int, date, str]:
        """Gravest first, then by date."""
        return self.level.gravity, self.day, self.key
