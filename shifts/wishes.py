"""Wishes for days: off, a shift, any shift, anything but one. One a person and day; a new one takes the place of the old one."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, insert

from core.clock import Clock, seoul
from core.database import Database
from shifts import repository
from shifts import tables as t
from shifts.errors import OutOfPeriod, UnknownPerson, UnknownShift
from shifts.model import Duty, Period, Wish

#: What a counsellor's own wish weighs, of 1 to 10; another weight is a supervisor's to give.
OWN_WEIGHT = 3
#: So far ahead, days.
AHEAD_DAYS = 400


class Wishes:
    """See the module. Raises `DatabaseUnavailable`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def put(self, wish: Wish) -> None:
        """Keep it. Raises `UnknownPerson`, `UnknownShift` (of the line there is none of that code), `OutOfPeriod` for a day past or too far ahead."""
        if not 0 <= (wish.day - seoul(self._clock.now()).date()).days <= AHEAD_DAYS:
            raise OutOfPeriod("wishes are for days to come", day=wish.day.isoformat())
        async with self._db.begin() as session:
            setting = await repository.setting(session, Period(wish.day, wish.day))
            person = setting.people.get(wish.person_id)
            if person is None or not person.active:
                raise UnknownPerson("nobody of this id is rostered", person=str(wish.person_id))
            kind = None if wish.code is None else setting.shift_types.get(wish.code)
            if wish.code is not None and (kind is None or kind.duty is not Duty.LINE):
                raise UnknownShift(f"there is no shift {wish.code!r} on the line", code=wish.code)
            await session.execute(delete(t.wishes).where(_of(wish.person_id, wish.day)))
            row = {"counsellor_id": wish.person_id, "day": wish.day, "code": wish.code or ""}
            await session.execute(insert(t.wishes), {**row, "wanted": wish.wanted, "weight": wish.weight})

    async def withdraw(self, person_id: UUID, day: date) -> bool:
        """Forget it; False: there was none."""
        rows = await self._db.execute(delete(t.wishes).where(_of(person_id, day)).returning(t.wishes.c.day))
        return bool(rows)


def _of(person_id: UUID, day: date) -> ColumnElement[bool]:
    return and_(t.wishes.c.counsellor_id == person_id, t.wishes.c.day == day)
