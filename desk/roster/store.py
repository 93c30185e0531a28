"""What the roster's pages read besides drafts: names, what is in force, requests with their words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select

from core.clock import Clock
from core.database import Database
from desk.access.model import PERMISSIONS, Permission
from desk.tables import desk_users
from routing.tables import counsellors
from shifts import tables as t
from shifts.model import Assignment, Duty, Period, Span
from shifts.on_shift import DutyTime
from shifts.stored import spans_in

#: Whoever changed a draft within this counts as working on it.
AT_WORK = timedelta(minutes=30)
#: Requests whose days, or whose asking, lie further back are not listed.
KEPT_IN_LISTS = timedelta(days=60)
_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A month's publication; version 0: there is none."""

    id: UUID | None
    version: int
    at: datetime | None
    #: By key of what was overridden.
    reasons: dict[str, str]


class Store:
    """See the module. Methods raise `DatabaseUnavailable`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def names(self, users: Collection[UUID]) -> dict[UUID, str]:
        """Of accounts."""
        if not users:
            return {}
        rows = await self._db.execute(select(desk_users.c.id, desk_users.c.name).where(desk_users.c.id.in_(users)))
        return {row.id: row.name for row in rows}

    async def counsellors(self, people: Collection[UUID]) -> dict[UUID, str]:
        """The names of counsellors."""
        if not people:
            return {}
        rows = await self._db.execute(select(counsellors.c.id, counsellors.c.name).where(counsellors.c.id.in_(list(people))))
        return {row.id: row.name for row in rows}

    async def users_of(self, people: Collection[UUID]) -> list[UUID]:
        """The accounts of counsellors."""
        if not people:
            return []
        rows = await self._db.execute(select(desk_users.c.id).where(desk_users.c.counsellor_id.in_(people)))
        return [row.id for row in rows]

    async def others_decide(self, without: UUID) -> bool:
        """Whether somebody else decides about leave."""
        u = desk_users.c
        roles = [role.value for role, may in PERMISSIONS.items() if Permission.LEAVE_DECIDE in may]
        found = select(u.id).where(u.role.in_(roles), u.disabled_at.is_(None), u.id != without).limit(1)
        return bool(await self._db.execute(found))

    async def editors(self, roster_id: UUID, *, without: UUID) -> list[str]:
        """Who works on a draft."""
        e = t.roster_edits.c
        lately = exists().where(e.roster_id == roster_id, e.by == desk_users.c.id, e.at > self._clock.now() - AT_WORK)
        statement = select(desk_users.c.name).where(lately, desk_users.c.id != without).order_by(desk_users.c.name)
        return [row.name for row in await self._db.execute(statement)]

    async def in_force(self, first: date) -> InForce:
        """The month's latest publication."""
        statement = (
            select(t.rosters.c.id, t.roster_publications.c.version, t.roster_publications.c.at, t.roster_publications.c.overrides)
            .join(t.roster_publications, t.roster_publications.c.roster_id == t.rosters.c.id)
            .where(t.rosters.c.first == first)
            .order_by(t.roster_publications.c.at.desc(), t.roster_publications.c.id.desc())
            .limit(1)
        )
        for row in await self._db.execute(statement):
            reasons = {one["key"]: one["reason"] for one in row.overrides}
            return InForce(id=row.id, version=row.version, at=row.at, reasons=reasons)
        return InForce(id=None, version=0, at=None, reasons={})

    async def publications(self, roster_id: UUID) -> Sequence[Row[Any]]:
        """All of a month, the latest first."""
        p = t.roster_publications.c
        statement = select(t.roster_publications).where(p.roster_id == roster_id).order_by(p.at.desc(), p.id.desc()).limit(_MOST)
        return await self._db.execute(statement)

    async def published(self, period: Period, person_id: UUID | None = None) -> list[DutyTime]:
        """The shifts in force that begin within a period; of one person, or of all."""
        s = t.published_shifts.c
        condition: ColumnElement[bool] = s.day.between(period.first, period.last)
        if person_id is not None:
            condition = and_(condition, s.counsellor_id == person_id)
        rows = await self._db.execute(select(t.published_shifts).where(condition).order_by(s.starts_at, s.counsellor_id))
        return [
            DutyTime(
                person_id=row.counsellor_id,
                span=Span(row.starts_at, row.ends_at),
                duty=Duty(row.duty),
                pauses=spans_in(row.pauses),
                code=row.code,
                day=row.day,
            )
            for row in rows
        ]

    async def published_months(self, period: Period) -> list[str]:
        """Months that are in force, of those that a period touches, like `2027-01`."""
        r = t.rosters.c
        within = and_(r.first <= period.last, r.last >= period.first, r.published_version.is_not(None))
        return [row.first.strftime("%Y-%m") for row in await self._db.execute(select(r.first).where(within).order_by(r.first))]

    async def leaves(self, person_id: UUID | None) -> Sequence[Row[Any]]:
        """Requests for days off with the person's name; of one person, or of all."""
        condition = t.leaves.c.last >= (self._clock.now() - KEPT_IN_LISTS).date()
        if person_id is not None:
            condition = and_(condition, t.leaves.c.counsellor_id == person_id)
        statement = select(t.leaves, counsellors.c.name).join(counsellors, counsellors.c.id == t.leaves.c.counsellor_id).where(condition)
        return await self._db.execute(statement.order_by(t.leaves.c.asked_at.desc(), t.leaves.c.id).limit(_MOST))

    async def leave(self, leave_id: UUID) -> Row[Any] | None:
        """One of them."""
        statement = select(t.leaves, counsellors.c.name).join(counsellors, counsellors.c.id == t.leaves.c.counsellor_id)
        rows = await self._db.execute(statement.where(t.leaves.c.id == leave_id))
        return rows[0] if rows else None

    async def swaps(self, person_id: UUID | None, *, only: UUID | None = None) -> Sequence[Row[Any]]:
        """Swaps with both names; those of one person, or of all; or one of them."""
        first, second = counsellors.alias("first_one"), counsellors.alias("second_one")
        s = t.swaps.c
        condition: ColumnElement[bool] = s.asked_at >= self._clock.now() - KEPT_IN_LISTS if only is None else s.id == only
        if person_id is not None:
            condition = and_(condition, or_(s.counsellor_id == person_id, s.other_id == person_id))
        statement = (
            select(t.swaps, first.c.name.label("name"), second.c.name.label("other_name"))
            .join(first, first.c.id == s.counsellor_id)
            .join(second, second.c.id == s.other_id)
            .where(condition)
        )
        return await self._db.execute(statement.order_by(s.asked_at.desc(), s.id).limit(_MOST))

    async def wishes(self, period: Period, person_id: UUID | None) -> Sequence[Row[Any]]:
        """Wishes with the person's name; of one person, or of all."""
        condition: ColumnElement[bool] = t.wishes.c.day.between(period.first, period.last)
        if person_id is not None:
            condition = and_(condition, t.wishes.c.counsellor_id == person_id)
        statement = select(t.wishes, counsellors.c.name).join(counsellors, counsellors.c.id == t.wishes.c.counsellor_id).where(condition)
        return await self._db.execute(statement.order_by(t.wishes.c.day, counsellors.c.name, t.wishes.c.code))

    async def has_feed(self, person_id: UUID) -> bool:
        """Whether somebody has a calendar's link."""
        statement = select(func.count().label("n")).where(t.feed_secrets.c.counsellor_id == person_id)
        return bool((await self._db.execute(statement))[0].n)


def as_cells(times: Iterable[DutyTime]) -> list[Assignment]:
    """What is in force as cells."""
    return [Assignment(day=time.day, person_id=time.person_id, code=time.code) for time in times]
