"""Instruments and results as the API answers them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from care.checklists.model import Instrument, Words
from care.checklists.records import Result, Saved, Trend
from desk.checklists.models import (
    ChecklistLine,
    ChecklistOut,
    ChoiceOut,
    FormOut,
    ItemOut,
    LevelOut,
    NamedOut,
    PointOut,
    ResultOut,
    SaidOut,
    SavedOut,
    SectionOut,
    TrendOut,
)


class _Named(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def words(self) -> Words: ...


def line(one: Instrument) -> ChecklistLine:
    """An instrument in a list."""
    return ChecklistLine(
        id=one.id,
        version=one.version,
        name=_said(one.words),
        items=len(one.items),
        forms=[form.id for form in one.forms],
        everywhere=one.everywhere,
    )


def checklist(one: Instrument, everywhere: Iterable[str]) -> ChecklistOut:
    """All of it."""
    return ChecklistOut(
        id=one.id,
        version=one.version,
        since=one.since,
        name=_said(one.words),
        intro=_said(one.intro),
        source=one.source,
        terms=one.terms,
        note=one.note,
        sections=[SectionOut(id=each.id, title=_said(each.words), conditional=each.when is not None) for each in one.sections],
        forms=[FormOut(id=each.id, title=_said(each.words), sections=list(each.sections)) for each in one.forms],
        items=[
            ItemOut(
                id=item.id,
                section=item.section,
                text=_said(item.words),
                choices=[ChoiceOut(value=choice.value, text=_said(choice.words)) for choice in item.choices],
            )
            for item in one.items
        ],
        scores=_named(one.scores),
        flags=_named(one.flags),
        outcomes=_named(one.outcomes),
        levels=_named(one.levels),
        everywhere=_beside(one.id, everywhere),
    )


def saved(one: Saved, result_id: UUID, instrument: Instrument, everywhere: Iterable[str]) -> SavedOut:
    """What answers came to."""
    found = one.scored
    level = None
    if instrument.levels:
        level = LevelOut(
            settled=found.settled and found.level is not None,
            at_least=None if found.level is None else _named([instrument.levels[found.level]])[0],
            unresolved=list(found.unresolved),
        )
    return SavedOut(
        id=result_id,
        complete=found.complete,
        missing=list(found.missing),
        scores=dict(found.scores),
        flags=dict(found.flags),
        outcome=None if found.outcome is None else _named([found.outcome])[0],
        recommends=[] if found.outcome is None else [str(each) for each in found.outcome.recommends],
        level=level,
        alarms=list(one.alarms),
        proposed=one.proposed,
        everywhere=_beside(instrument.id, everywhere),
    )


def result(one: Result) -> ResultOut:
    """A result that is kept."""
    return ResultOut(
        id=one.id,
        checklist=one.instrument,
        version=one.version,
        form=one.form,
        contact=one.contact_id,
        answers=dict(one.answers),
        note=one.note,
        complete=one.complete,
        scores=dict(one.scores),
        outcome=one.outcome,
        level=one.level,
        alarms=list(one.alarms),
        proposed=set(one.alarms) <= set(one.proposed),
        started_at=one.started_at,
        changed_at=one.changed_at,
        finished_at=one.finished_at,
        decision=None if one.decision is None else str(one.decision),
        decided_at=one.decided_at,
    )


def trend(one: Trend) -> TrendOut:
    """A row of results."""
    return TrendOut(
        checklist=one.instrument,
        version=one.version,
        points=[
            PointOut(id=each.result_id, at=each.at, form=each.form, scores=dict(each.scores), outcome=each.outcome, level=each.level)
            for each in one.points
        ],
    )


def _said(words: Words) -> SaidOut:
    return SaidOut(ko=words.ko, en=words.en)


def _named(ones: Iterable[_Named]) -> list[NamedOut]:
    return [NamedOut(id=one.id, title=_said(one.words)) for one in ones]


def _beside(own: str, everywhere: Iterable[str]) -> list[str]:
    return [one for one in everywhere if one != own]
