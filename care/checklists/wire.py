"""An instrument's file as it is written: what TOML holds, before it is an `Instrument`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from care.checklists.model import Condition as Meant
from care.checklists.model import Every, Nothing, Recommendation, Some, Test, Words
from care.proposals import Danger

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Line = Annotated[str, Field(min_length=1, max_length=2000)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Said(_Wire):
    ko: Line
    en: Line

    @property
    def words(self) -> Words:
        return Words(ko=self.ko, en=self.en)


class ConditionIn(_Wire):
    """`{ score = "x", at_least = 5 }`, `{ item = … }`, `{ flag = … }`, or `{ all | any | none = […] }`."""

    score: Id | None = None
    item: Id | None = None
    flag: Id | None = None
    at_least: int | None = None
    at_most: int | None = None
    all: Annotated[list[ConditionIn], Field(min_length=1)] | None = None
    any: Annotated[list[ConditionIn], Field(min_length=1)] | None = None
    none: Annotated[list[ConditionIn], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> ConditionIn:
        kinds = [name for name in ("score", "item", "flag", "all", "any", "none") if getattr(self, name) is not None]
        bounded = self.at_least is not None or self.at_most is not None
        if len(kinds) != 1:
            raise ValueError("a condition names exactly one of score, item, flag, all, any, none")
        if bounded is not (kinds[0] in {"score", "item"}):
            raise ValueError("a score or an item is compared with at_least or at_most; nothing else is")
        return self

    @property
    def meant(self) -> Meant:
        """As a condition."""
        for kind, parts in ((Every, self.all), (Some, self.any), (Nothing, self.none)):
            if parts is not None:
                return kind(parts=tuple(part.meant for part in parts))
        if self.flag is not None:
            return Test(of="flag", id=self.flag, at_least=1)
        of = "score" if self.score is not None else "item"
        return Test(of=of, id=self.score or self.item or "", at_least=self.at_least, at_most=self.at_most)

    def named(self) -> Iterator[tuple[str, str]]:
        """Every score, item and flag in it, as (kind, id)."""
        for kind, name in (("score", self.score), ("item", self.item), ("flag", self.flag)):
            if name is not None:
                yield kind, name
        for part in (*(self.all or ()), *(self.any or ()), *(self.none or ())):
            yield from part.named()


class ChoiceIn(_Said):
    """An answer; its number is its key."""

    level: Id | None = None


class ItemIn(_Said):
    """A question."""

    id: Id
    answers: Id


class SectionIn(_Said):
    """Questions that are asked together."""

    id: Id
    when: ConditionIn | None = None
    items: Annotated[list[ItemIn], Field(min_length=1)]


class FormIn(_Said):
    """A length of the instrument."""

    id: Id
    sections: Annotated[list[Id], Field(min_length=1)]


class ScoreIn(_Said):
    """A sum."""

    id: Id
    items: Annotated[list[Id], Field(min_length=1)]


class FlagIn(_Said):
    """A named condition."""

    id: Id
    when: ConditionIn


class OutcomeIn(_Said):
    """What a set of answers comes to."""

    id: Id
    when: ConditionIn | None = None
    forms: list[Id] = []
    recommends: list[Annotated[Recommendation, Field(strict=False)]] = []


class AlarmIn(_Wire):
    """An answer that is an alarm."""

    item: Id
    at_least: int
    danger: Annotated[Danger, Field(strict=False)]


class LevelIn(_Said):
    """How grave."""

    id: Id


class LevelsIn(_Wire):
    """All levels, the lightest first; `high`: the first that must not be missed."""

    high: Id
    of: Annotated[list[LevelIn], Field(min_length=2)]


class InstrumentIn(_Said):
    """The file."""

    id: Id
    version: Id
    since: date
    source: Line
    terms: Line
    note: str = ""
    everywhere: bool = False
    intro: _Said
    answers: dict[Id, dict[Annotated[str, Field(pattern=r"^\d{1,3}$")], ChoiceIn]]
    sections: Annotated[list[SectionIn], Field(min_length=1)]
    forms: Annotated[list[FormIn], Field(min_length=1)]
    scores: list[ScoreIn] = []
    flags: list[FlagIn] = []
    outcomes: Annotated[list[OutcomeIn], Field(min_length=1)]
    alarms: list[AlarmIn] = []
    levels: LevelsIn | None = None
