"""The companions in the database, and who fits a person. Raises the errors of `escalation.companions.errors`, and DatabaseUnavailable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation.companions import tables as t
from escalation.companions.errors import UnknownCompanion
from escalation.companions.matching import Candidate, candidates
from escalation.companions.model import Companion, EndReason, Status, Times, Wanted

#: Who ended for these is not proposed for the same person again.
_NOT_AGAIN = tuple(str(reason) for reason in (EndReason.COMPANION_STOPS, EndReason.NOT_TAKEN, EndReason.PERSON_WISHES))


class People:
    """See the module."""

    def __init__(self, db: Database, clock: Clock, cipher: NumberCipher) -> None:
        self._db = db
        self._clock = clock
        self._cipher = cipher

    async def add(self, companion: Companion, number: str, *, user_id: UUID | None = None) -> UUID:
        """Somebody new; `number`: E.164, where they are rung. Their id is the record's. Raises DatabaseConflict for an account twice."""
        values: dict[str, object] = {
            "id": companion.id, "user_id": user_id, "number_cipher": self._cipher.encrypt(number), "created_at": self._clock.now(),
            **_values(companion),
        }  # fmt: skip
        async with self._db.begin() as session:
            await session.execute(insert(t.companions), values)
            for one in companion.times:
                await session.execute(insert(t.companion_times), _time(companion.id, one))
        return companion.id

    async def change(self, companion: Companion, number: str | None = None) -> None:
        """What is known of somebody, all of it; their number only if one is given."""
        values = _values(companion)
        if number is not None:
            values["number_cipher"] = self._cipher.encrypt(number)
        async with self._db.begin() as session:
            changed = update(t.companions).where(t.companions.c.id == companion.id).values(values).returning(t.companions.c.id)
            if (await session.execute(changed)).one_or_none() is None:
                raise UnknownCompanion
            await session.execute(delete(t.companion_times).where(t.companion_times.c.companion_id == companion.id))
            for one in companion.times:
                await session.execute(insert(t.companion_times), _time(companion.id, one))

    async def of_user(self, user_id: UUID) -> UUID | None:
        """Which companion has this account."""
        c = t.companions.c
        rows = await self._db.execute(select(c.id).where(c.user_id == user_id, c.status != "left"))
        return rows[0].id if rows else None

    async def everybody(self) -> list[Companion]:
        """All who have not left, by name."""
        return await self._read(UUID(int=0))

    async def candidates(self, wanted: Wanted) -> list[Candidate]:
        """Who fits, in order, each with reasons; a person decides."""
        return candidates(wanted, await self._read(wanted.referral_id))

    async def _read(self, referral_id: UUID) -> list[Companion]:
        c, s = t.companions.c, t.companion_supports.c
        rows = await self._db.execute(select(t.companions).where(c.status != "left").order_by(c.name, c.id))
        times = await self._db.execute(select(t.companion_times).order_by(t.companion_times.c.weekday, t.companion_times.c.starts))
        loads = select(s.companion_id, func.count().label("n")).where(s.state != "ended").group_by(s.companion_id)
        load = {row.companion_id: row.n for row in await self._db.execute(loads)}
        ended = select(s.companion_id).where(s.referral_id == referral_id, s.end_reason.in_(_NOT_AGAIN))
        not_again = {row.companion_id for row in await self._db.execute(ended)}
        return [
            _companion(
                row,
                [Times(weekday=one.weekday, starts=one.starts, ends=one.ends) for one in times if one.companion_id == row.id],
                load.get(row.id, 0),
                frozenset({referral_id}) if row.id in not_again else frozenset(),
            )
            for row in rows
        ]


def _values(one: Companion) -> dict[str, object]:
    return {
        "name": one.name,
        "districts": sorted(one.districts),
        "languages": sorted(one.languages),
        "topics": sorted(one.topics),
        "gender": one.gender,
        "age_band": one.age_band,
        "most": one.most,
        "status": str(one.status),
    }


def _time(companion_id: UUID, one: Times) -> dict[str, object]:
    return {"id": new_id(), "companion_id": companion_id, "weekday": one.weekday, "starts": one.starts, "ends": one.ends}


def _companion(row: Row[Any], times: Sequence[Times], load: int, not_with: frozenset[UUID]) -> Companion:
    return Companion(
        id=row.id,
        name=row.name,
        districts=frozenset(row.districts),
        languages=frozenset(row.languages),
        topics=frozenset(row.topics),
        gender=row.gender,
        age_band=row.age_band,
        times=tuple(times),
        most=row.most,
        load=load,
        status=Status(row.status),
        not_with=not_with,
    )
