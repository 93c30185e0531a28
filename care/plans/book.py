"""Plans in PostgreSQL: every change is a row, the latest counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, insert, select, text

from care.errors import Unknown, WrittenMeanwhile, WrongValue
from care.plans.model import AgreedTime, Caution, Plan, Shown, Stored, agreed, clean, current
from care.tables import care_people, care_plans
from core.clock import Clock
from core.database import Database
from core.sealing import Sealer

#: What `Sealer` is made for here.
PURPOSE = "plan of a caller"

#: One short statement: it is asked while a phone rings.
_FOR_CONTACT = text(
    """
    SELECT p.*, n.name AS named
    FROM contacts c JOIN care_people w ON w.number_index = c.number_index
    CROSS JOIN LATERAL (SELECT * FROM care_plans q WHERE q.person_id = w.id ORDER BY q.version DESC LIMIT 1) p
    LEFT JOIN counsellors n ON n.id = p.named_id AND n.disabled_at IS NULL
    WHERE c.id = :contact_id AND NOT p.ended
    """
).bindparams(bindparam("contact_id", type_=Uuid))
_NAMED = text(
    """
    SELECT p.named_id
    FROM care_people w
    CROSS JOIN LATERAL (SELECT * FROM care_plans q WHERE q.person_id = w.id ORDER BY q.version DESC LIMIT 1) p
    JOIN counsellors n ON n.id = p.named_id AND n.disabled_at IS NULL
    WHERE w.number_index = :number_index AND NOT p.ended
    """
)
_COUNSELLOR = text("SELECT FROM counsellors WHERE id = :id AND disabled_at IS NULL").bindparams(bindparam("id", type_=Uuid))


class PlanBook:
    """Reads and writes plans. Raises as `core.database.Database` does, and CipherError."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def plan_for(self, contact_id: UUID) -> Shown | None:
        """The plan of whoever calls, to be shown with the offer; None without one, and always for a withheld number."""
        rows = await self._db.execute(_FOR_CONTACT, {"contact_id": contact_id})
        if not rows:
            return None
        now = self._clock.now()
        stored = self._stored(rows[0])
        return Shown(
            person_id=stored.person_id,
            version=stored.version,
            plan=current(stored.plan, now),
            agreed_now=agreed(stored.plan, now),
            named=rows[0].named,
        )

    async def named_for(self, number_index: bytes) -> UUID | None:
        """The counsellor named in the plan of this number, for who is rung first."""
        rows = await self._db.execute(_NAMED, {"number_index": number_index})
        return rows[0].named_id if rows else None

    async def latest(self, person_id: UUID) -> Stored | None:
        """The plan as it is, with warnings whose time is over; None if there was never one."""
        of = care_plans.c
        rows = await self._db.execute(select(care_plans).where(of.person_id == person_id).order_by(of.version.desc()).limit(1))
        return self._stored(rows[0]) if rows else None

    async def save(self, person_id: UUID, plan: Plan, *, version: int, by: UUID, ended: bool = False) -> Stored:
        """The next version. `version`: what it is based on, 0 for the first; what is there already is no conflict.

        Raises Unknown, WrittenMeanwhile, TextTooLong, WrongValue.
        """
        wanted = clean(plan)
        t = care_plans
        async with self._db.begin() as session:
            # Whoever changes the plan of one person comes one after the other.
            locked = await session.execute(select(care_people.c.id).where(care_people.c.id == person_id).with_for_update())
            if locked.first() is None:
                raise Unknown
            row = (await session.execute(select(t).where(t.c.person_id == person_id).order_by(t.c.version.desc()).limit(1))).first()
            before = self._stored(row) if row else None
            if before and (before.plan, before.ended) == (wanted, ended):
                return before
            if version != (number := before.version if before else 0):
                raise WrittenMeanwhile(version=number)
            if wanted.named_id is not None and not (await session.execute(_COUNSELLOR, {"id": wanted.named_id})).all():
                raise WrongValue(field="named")
            now, number = self._clock.now(), number + 1
            sealed = self._sealer.seal(json.dumps(_plain(wanted), ensure_ascii=False).encode(), owner=_owner(person_id, number))
            values = {"person_id": person_id, "version": number, "at": now, "by": by, "named_id": wanted.named_id, "ended": ended}
            await session.execute(insert(t).values(**values, content=sealed))
        return Stored(person_id=person_id, version=number, at=now, by=by, ended=ended, plan=wanted)

    async def end(self, person_id: UUID, *, version: int, by: UUID) -> Stored:
        """It is not shown any more. Raises Unknown, WrittenMeanwhile."""
        found = await self.latest(person_id)
        if found is None:
            raise Unknown
        return await self.save(person_id, found.plan, version=version, by=by, ended=True)

    def _stored(self, row: Row[Any]) -> Stored:
        plain = json.loads(self._sealer.open(row.content, owner=_owner(row.person_id, row.version)))
        plan = Plan(
            times=tuple(
                AgreedTime(weekday=day, since=time.fromisoformat(since), until=time.fromisoformat(until))
                for day, since, until in plain["times"]
            ),
            minutes=plain["minutes"],
            named_id=row.named_id,
            helps=plain["helps"],
            avoid=plain["avoid"],
            warnings=tuple(Caution(text=said, until=date.fromisoformat(until)) for said, until in plain["warnings"]),
        )
        at: datetime = row.at
        return Stored(person_id=row.person_id, version=row.version, at=at, by=row.by, ended=row.ended, plan=plan)


def _plain(plan: Plan) -> Mapping[str, object]:
    return {
        "times": [[one.weekday, one.since.isoformat(), one.until.isoformat()] for one in plan.times],
        "minutes": plan.minutes,
        "helps": plan.helps,
        "avoid": plan.avoid,
        "warnings": [[one.text, one.until.isoformat()] for one in plan.warnings],
    }


def _owner(person_id: UUID, version: int) -> bytes:
    return person_id.bytes + version.to_bytes(4)
