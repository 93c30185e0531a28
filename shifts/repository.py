"""Rosters in PostgreSQL. Functions of one transaction: whoever calls them holds it, and decides what belongs together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.holidays_kr import public_holidays
from core.ids import new_id
from shifts import tables as t
from shifts.demand import demand
from shifts.edits import Change
from shifts.model import (
    Assignment,
    Duty,
    Leave,
    LeaveKind,
    NightWork,
    Period,
    Person,
    Protection,
    RequestState,
    Roster,
    Setting,
    ShiftType,
    Wish,
)
from shifts.on_shift import DutyTime
from shifts.rules import Parameters, parameters
from shifts.stored import changes_in, changes_out, pauses_in, pauses_out, spans_out

#: Days before a roster that its rules look back on.
HISTORY = timedelta(days=14)
_PEOPLE = text(
    """
    SELECT c.id, c.name, c.extension, c.languages, c.skills, c.disabled_at IS NULL AS active, p.contract_minutes, p.night_work, p.supervisor,
        p.since, p.until, p.protection
    FROM counsellors c LEFT JOIN roster_people p ON p.counsellor_id = c.id
    WHERE c.disabled_at IS NULL OR EXISTS (SELECT FROM roster_cells r WHERE r.counsellor_id = c.id AND r.day >= :since)
    ORDER BY c.extension
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A roster without its cells."""

    id: UUID
    period: Period
    #: Counts its edits; 0 for an untouched one.
    version: int
    #: The version in force; None: never published.
    published: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One version of a draft."""

    version: int
    at: datetime
    by: UUID | None
    kind: str
    reason: str | None
    about: int | None
    changes: tuple[Change, ...]


async def head(session: AsyncConnection, period: Period, *, lock: bool = False) -> Head:
    """The roster of a period, made if it does not exist. `lock`: nobody else changes it until this transaction ends."""
    statement = select(t.rosters).where(t.rosters.c.first == period.first)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        # Two who look at a new month at once make it once.
        await session.execute(upsert(t.rosters).values(id=new_id(), first=period.first, last=period.last).on_conflict_do_nothing())
        row = (await session.execute(statement)).one()
    return Head(id=row.id, period=Period(row.first, row.last), version=row.version, published=row.published_version)


async def roster(session: AsyncConnection, of: Head) -> Roster:
    """Its draft as it is now, with the days before it as they are in theirs."""
    since = of.period.first - HISTORY
    rows = await session.execute(select(t.roster_cells).where(t.roster_cells.c.day.between(since, of.period.last)))
    all_of_them = [_assignment(row) for row in rows]
    return Roster(
        period=of.period,
        assignments=frozenset(one for one in all_of_them if one.day >= of.period.first),
        before=frozenset(one for one in all_of_them if one.day < of.period.first),
    )


async def people(session: AsyncConnection, since: date) -> list[Person]:
    """Who is rostered, and who has a shift on a day from `since` on though their account is closed; by extension."""
    return [_person(row) for row in await session.execute(_PEOPLE, {"since": since})]


async def setting(session: AsyncConnection, period: Period) -> Setting:
    """Everything that a roster of this period is checked against."""
    since, last = period.first - HISTORY, period.last
    kinds = await session.execute(select(t.shift_types).order_by(t.shift_types.c.position, t.shift_types.c.code))
    away = and_(t.leaves.c.last >= since, t.leaves.c.first <= last, t.leaves.c.state.in_(("requested", "approved")))
    leaves = await session.execute(select(t.leaves).where(away).order_by(t.leaves.c.first, t.leaves.c.id))
    wishes = await session.execute(select(t.wishes).where(t.wishes.c.day.between(period.first, last)))
    extra = await session.execute(select(t.extra_holidays).where(t.extra_holidays.c.day.between(since, last)))
    return Setting(
        people={one.id: one for one in await people(session, since)},
        shift_types={row.code: _shift_type(row) for row in kinds},
        leaves=tuple(leave(row) for row in leaves),
        wishes=tuple(
            Wish(person_id=row.counsellor_id, day=row.day, code=row.code or None, wanted=row.wanted, weight=row.weight) for row in wishes
        ),
        demand=await demand(session),
        holidays=public_holidays(since, last, {row.day: row.name for row in extra}),
    )


async def rule_parameters(session: AsyncConnection, on: date) -> Parameters:
    """The house's own values that are valid on that day, over the program's. A row's name is `rule.parameter`."""
    latest = (
        select(t.rule_parameters.c.name, t.rule_parameters.c.value)
        .where(t.rule_parameters.c.valid_from <= on)
        .ext(distinct_on(t.rule_parameters.c.name))
        .order_by(t.rule_parameters.c.name, t.rule_parameters.c.valid_from.desc())
    )
    chosen: dict[str, dict[str, int]] = {}
    for row in await session.execute(latest):
        rule, _, name = row.name.partition(".")
        chosen.setdefault(rule, {})[name] = row.value
    return parameters(chosen)


async def write_edit(
    session: AsyncConnection,
    of: Head,
    changes: Sequence[Change],
    *,
    at: datetime,
    by: UUID | None,
    kind: str,
    reason: str | None = None,
    about: int | None = None,
) -> int:
    """Make the changes and keep them as the next version, which is returned. The roster is locked by the caller."""
    version = of.version + 1
    cell = t.roster_cells.c
    for change in changes:
        place = and_(cell.roster_id == of.id, cell.counsellor_id == change.person_id, cell.day == change.day)
        await session.execute(delete(t.roster_cells).where(place))
    rows = [
        {
            "roster_id": of.id,
            "counsellor_id": one.person_id,
            "day": one.day,
            "code": one.code,
            "pauses": pauses_out(one.pauses),
            "pinned": one.pinned,
        }
        for change in changes
        for one in change.after
    ]
    if rows:
        await session.execute(insert(t.roster_cells), rows)
    edit = {"roster_id": of.id, "version": version, "at": at, "by": by, "kind": kind, "reason": reason, "about": about}
    await session.execute(insert(t.roster_edits), {**edit, "changes": changes_out(changes)})
    await session.execute(update(t.rosters).where(t.rosters.c.id == of.id).values(version=version))
    return version


async def edits(session: AsyncConnection, of: Head, *, after: int = 0, by: UUID | None = None, mine: bool = False) -> list[Edit]:
    """Its versions after one, the latest first; with `mine` only those that `by` made."""
    e = t.roster_edits.c
    condition = and_(e.roster_id == of.id, e.version > after)
    if mine:
        condition = and_(condition, e.by.is_(None) if by is None else e.by == by)
    rows = await session.execute(select(t.roster_edits).where(condition).order_by(e.version.desc()))
    return [
        Edit(version=row.version, at=row.at, by=row.by, kind=row.kind, reason=row.reason, about=row.about, changes=changes_in(row.changes))
        for row in rows
    ]


async def publish(
    session: AsyncConnection,
    of: Head,
    times: Iterable[DutyTime],
    *,
    at: datetime,
    by: UUID | None,
    reason: str,
    overrides: Sequence[Mapping[str, str]],
) -> None:
    """Put this version in force: its duty times replace those of the version before."""
    publication = {"id": new_id(), "roster_id": of.id, "version": of.version, "at": at, "by": by, "reason": reason}
    await session.execute(insert(t.roster_publications), {**publication, "overrides": list(overrides)})
    await session.execute(delete(t.published_shifts).where(t.published_shifts.c.roster_id == of.id))
    rows = [
        {
            "counsellor_id": time.person_id,
            "starts_at": time.span.start,
            "ends_at": time.span.end,
            "code": time.code,
            "duty": str(time.duty),
            "day": time.day,
            "pauses": spans_out(time.pauses),
            "roster_id": of.id,
        }
        for time in times
    ]
    if rows:
        await session.execute(insert(t.published_shifts), rows)
    await session.execute(update(t.rosters).where(t.rosters.c.id == of.id).values(published_version=of.version))


def leave(row: Row[Any]) -> Leave:
    """A row of `leaves`."""
    return Leave(
        id=row.id,
        person_id=row.counsellor_id,
        first=row.first,
        last=row.last,
        kind=LeaveKind(row.kind),
        state=RequestState(row.state),
    )


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(day=row.day, person_id=row.counsellor_id, code=row.code, pauses=pauses_in(row.pauses), pinned=row.pinned)


def _person(row: Row[Any]) -> Person:
    known = row.contract_minutes is not None
    return Person(
        id=row.id,
        name=row.name,
        extension=row.extension,
        languages=frozenset(row.languages),
        skills=frozenset(row.skills),
        contract_minutes=row.contract_minutes if known else 2400,
        night_work=NightWork(row.night_work) if known else NightWork.ALLOWED,
        protection=None if row.protection is None else Protection(row.protection),
        supervisor=bool(row.supervisor),
        since=row.since,
        until=row.until,
        active=row.active,
    )


def _shift_type(row: Row[Any]) -> ShiftType:
    return ShiftType(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        starts=row.starts,
        minutes=row.minutes,
        duty=Duty(row.duty),
        pauses=pauses_in(row.pauses) or (),
    )
