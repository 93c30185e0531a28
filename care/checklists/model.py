"""An instrument and what comes out of it. Pure.

An answer is a number of the instrument's file. Scores are sums; flags and outcomes are conditions over scores, items and flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from care.proposals import Danger

Answers = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read."""

    ko: str
    en: str

    def said(self, language: str) -> str:
        """In a language: ko or en."""
        return self.en if language == "en" else self.ko


class Recommendation(StrEnum):
    """What a result may recommend. A person decides."""

    #: Keep talking.
    TALK = "talk"
    #: Places to go and people to meet.
    PLACES = "places"
    #: Services for daily life.
    SERVICES = "services"
    #: Referral to the centre.
    CENTRE = "centre"
    #: Somebody who accompanies the person for longer.
    COMPANION = "companion"
    #: A doctor or a mental-health centre.
    MEDICAL = "medical"
    #: Ask about suicide now.
    ASK_ABOUT_SUICIDE = "ask_about_suicide"
    #: The items of the longer form.
    LONGER_FORM = "longer_form"
    #: The crisis path.
    CRISIS = "crisis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer. `level`: how grave it is by itself, an index of the instrument's levels."""

    value: int
    words: Words
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question."""

    id: str
    section: str
    words: Words
    choices: tuple[Choice, ...]

    @property
    def gravest(self) -> int:
        """The level of its gravest answer."""
        return max(choice.level for choice in self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A score, an item or a flag (1 when it is up) lies between two numbers, both included."""

    of: str
    id: str
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """All of them hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """At least one of them holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """None of them holds."""

    parts: tuple[Condition, ...]


Condition = Test | Every | Some | Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Items that are asked together; all of them, or only when a condition holds."""

    id: str
    words: Words
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A length in which the instrument is given."""

    id: str
    words: Words
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The sum of some items' answers."""

    id: str
    words: Words
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A condition with a name."""

    id: str
    words: Words
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a whole set of answers comes to. They stand from the lightest to the gravest; the first that fits holds, the last fits always."""

    id: str
    words: Words
    when: Condition | None
    forms: tuple[str, ...]
    recommends: tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """An answer that is an alarm by itself, whatever the others are and whatever the outcome is called."""

    item: str
    at_least: int
    danger: Danger


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How grave something is."""

    id: str
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A checklist of one version."""

    id: str
    version: str
    #: From this day on it is the one to use, until a later version's day.
    since: date
    words: Words
    #: What is said before the first item.
    intro: Words
    #: Where it was published and under which terms it is given here.
    source: str
    terms: str
    note: str
    #: Offered on every path, whatever else is asked.
    everywhere: bool
    sections: tuple[Section, ...]
    forms: tuple[Form, ...]
    items: tuple[Item, ...]
    scores: tuple[Score, ...]
    flags: tuple[Flag, ...]
    outcomes: tuple[Outcome, ...]
    alarms: tuple[AlarmRule, ...]
    #: From the lightest to the gravest; empty: answers have no level.
    levels: tuple[Level, ...]
    #: The first level that must not be missed.
    high: int
    #: Of the file's content: a file that was changed under the same version is told apart.
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An answer that was an alarm."""

    item: str
    danger: Danger


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What answers come to. Without a single missing answer only: `outcome`; scores and flags stand where they are certain."""

    form: str
    #: Asked, and not answered; while there is one the result is incomplete (미완료).
    missing: tuple[str, ...]
    scores: Mapping[str, int]
    flags: Mapping[str, bool]
    outcome: Outcome | None
    alarms: tuple[Alarm, ...]
    #: The gravest of the answers given; None while none that has a level is given.
    level: int | None
    #: Not answered, though an answer could be of a level that must not be missed.
    unresolved: tuple[str, ...]
    #: Whether `level` may be told as it is; otherwise it is unresolved, at least that grave, and never called low.
    settled: bool

    @property
    def complete(self) -> bool:
        """Whether everything that is asked was answered."""
        return not self.missing
