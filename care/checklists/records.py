"""What is kept of a checklist that was gone through. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from care.checklists.model import Scored


class Decision(StrEnum):
    """What a person made of what a result recommends."""

    FOLLOWED = "followed"
    #: Something else was done.
    OTHERWISE = "otherwise"
    #: The caller wants none of it.
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks: an account, the counsellor it belongs to, and whether everybody's results are theirs to see."""

    user_id: UUID | None
    counsellor_id: UUID | None = None
    sees_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A checklist as it is filled in. Its id is chosen by whoever fills it in, so that saving twice is saving once."""

    id: UUID
    instrument: str
    version: str
    form: str
    contact_id: UUID | None
    answers: Mapping[str, object] = field(repr=False)
    note: str = field(default="", repr=False)
    #: No more answers come.
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A sheet that is kept, with what it came to by the version it was filled in with."""

    id: UUID
    instrument: str
    version: str
    form: str
    contact_id: UUID | None
    made_by: UUID | None
    answers: Mapping[str, int] = field(repr=False)
    note: str = field(repr=False)
    complete: bool
    scores: Mapping[str, int]
    outcome: str | None
    #: None also where it is unresolved.
    level: str | None
    alarms: tuple[str, ...]
    proposed: tuple[str, ...]
    started_at: datetime
    changed_at: datetime
    finished_at: datetime | None
    decision: Decision | None
    decided_at: datetime | None
    decided_by: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What came of saving a sheet."""

    scored: Scored
    #: Every item that was ever an alarm on this sheet, and whether an incident was proposed for all of them.
    alarms: tuple[str, ...]
    proposed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A complete result in a row of the same version."""

    result_id: UUID
    at: datetime
    form: str
    scores: Mapping[str, int]
    outcome: str | None
    level: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A person's complete results by one version of one instrument, the earliest first. Versions are never compared with each other."""

    instrument: str
    version: str
    points: tuple[Point, ...]
