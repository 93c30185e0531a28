"""The centre's staff in the database: who they are, their hours, what they say of themselves; who can be put through to now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from core.clock import Clock, seoul
from core.database import Database
from core.holidays_kr import public_holidays
from core.ids import new_id
from escalation.centre import repository
from escalation.centre import tables as t
from escalation.centre.errors import UnknownStaff
from escalation.centre.staff import Duty, Human, Staff, available, on_duty


class StaffBook:
    """See the module. Raises UnknownStaff, DatabaseUnavailable."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(self, name: str, *, extension: str = "", user_id: UUID | None = None, languages: Sequence[str] = ("ko",)) -> UUID:
        """Somebody new; signed out. Raises DatabaseConflict if the account is somebody's already."""
        staff_id = new_id()
        values = {
            "id": staff_id, "user_id": user_id, "name": name, "extension": extension, "languages": list(languages),
            "changed_at": self._clock.now(),
        }  # fmt: skip
        await self._db.execute(insert(t.centre_staff), values)
        return staff_id

    async def of_user(self, user_id: UUID) -> UUID | None:
        """Who of the centre has this account."""
        s = t.centre_staff.c
        rows = await self._db.execute(select(s.id).where(s.user_id == user_id, s.disabled_at.is_(None)))
        return rows[0].id if rows else None

    async def leave(self, staff_id: UUID) -> None:
        """They work here no more; their cases stay with their name until somebody hands them over."""
        now = self._clock.now()
        s = t.centre_staff.c
        changed = update(t.centre_staff).where(s.id == staff_id, s.disabled_at.is_(None))
        if not await self._db.execute(changed.values(disabled_at=now, human="off", changed_at=now).returning(s.id)):
            raise UnknownStaff

    async def say(self, staff_id: UUID, human: Human) -> None:
        """They sign in, take a break, sign out."""
        s = t.centre_staff.c
        changed = update(t.centre_staff).where(s.id == staff_id, s.disabled_at.is_(None))
        if not await self._db.execute(changed.values(human=str(human), changed_at=self._clock.now()).returning(s.id)):
            raise UnknownStaff

    async def set_duties(self, staff_id: UUID, duties: Sequence[Duty]) -> None:
        """Exchange somebody's hours, all of them."""
        async with self._db.begin() as session:
            s = t.centre_staff.c
            if (await session.execute(select(s.id).where(s.id == staff_id).with_for_update())).one_or_none() is None:
                raise UnknownStaff
            await session.execute(delete(t.centre_duties).where(t.centre_duties.c.staff_id == staff_id))
            for duty in duties:
                values = {
                    "id": new_id(), "staff_id": staff_id, "weekday": duty.weekday, "day": duty.day, "starts": duty.starts, "ends": duty.ends,
                }  # fmt: skip
                await session.execute(insert(t.centre_duties), values)

    async def everybody(self) -> list[Staff]:
        """All who work here, by name."""
        s = t.centre_staff.c
        rows = await self._db.execute(select(t.centre_staff).where(s.disabled_at.is_(None)).order_by(s.name, s.id))
        return [repository.staff_of(row) for row in rows]

    async def duties(self) -> list[Duty]:
        """Everybody's hours."""
        d = t.centre_duties.c
        return [repository.duty_of(row) for row in await self._db.execute(select(t.centre_duties).order_by(d.day, d.weekday, d.starts))]

    async def at_work(self) -> dict[UUID, datetime]:
        """Who has hours now, and until when."""
        now = self._clock.now()
        return on_duty(await self.duties(), now, _holidays(now))

    async def available(self) -> list[Staff]:
        """Who can be put through to now, in order."""
        now = self._clock.now()
        return available(await self.everybody(), await self.duties(), now, _holidays(now))


def _holidays(now: datetime) -> dict[date, str]:
    today = seoul(now).date()
    return public_holidays(today - timedelta(days=1), today)
