"""Planned calls in the database: made from plans ahead of time, claimed when due, written down step by step, given up with an alarm.

The row is written before anything is dialled, and claimed for a lease: a process that dies in the middle of a call leaves one that counts as
not tried, and is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.alarms import AlarmKind, Alarms
from core.cipher import NumberCipher
from core.clock import Clock, seoul
from core.database import Database
from core.holidays_kr import public_holidays
from core.ids import new_id
from escalation.centre.calling import manner
from escalation.centre.ports import CallOrder
from escalation.centre.tables import referrals
from escalation.companions import tables as t
from escalation.companions.calls import AttemptEnded, CallRules, CompanionThere, Dialled, Ended, Happened, PersonThere, advance
from escalation.companions.errors import UnknownCall
from escalation.companions.model import Call, CallState, Skip, Substitute
from escalation.companions.planning import barrier_of, planned, who
from escalation.companions.supports import plan_of, support_of

#: Calls are made so far ahead: what is on the page is what will be dialled.
AHEAD = timedelta(days=14)
#: A call given up is an alarm once; again so long after, while nobody has looked at it.
ALARM_AGAIN = timedelta(hours=24)
_GIVEN_UP = text(
    """
    UPDATE companion_calls SET alarmed_at = :now
    WHERE state = 'given_up' AND alarmed_at IS NULL RETURNING id, support_id
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A call as the pages show it."""

    call: Call
    support_id: UUID
    companion_id: UUID
    plan_id: UUID | None


class CallBook:
    """See the module. Raises UnknownCall, DatabaseUnavailable."""

    def __init__(self, db: Database, clock: Clock, cipher: NumberCipher, alarms: Alarms, rules: CallRules | None = None) -> None:
        self._db = db
        self._clock = clock
        self._cipher = cipher
        self._alarms = alarms
        self._rules = rules or CallRules()

    async def make(self) -> int:
        """Write down the calls that plans make within `AHEAD`; how many are new. May run as often as one likes."""
        now = self._clock.now()
        first, last = seoul(now).date(), seoul(now + AHEAD).date()
        holidays = public_holidays(first, last)
        p, s = t.companion_plans.c, t.companion_supports
        running = select(t.companion_plans, s.c.companion_id).join(s, s.c.id == p.support_id).where(s.c.state.in_(("active", "paused")))
        made = 0
        for row in await self._db.execute(running):
            for one in planned(plan_of(row), first, last, holidays):
                if one.due_at <= now:
                    continue
                values = {
                    "id": new_id(), "support_id": row.support_id, "plan_id": one.plan_id, "companion_id": row.companion_id,
                    "due_at": one.due_at, "state": "skipped" if one.skip else "due", "skip": str(one.skip) if one.skip else None,
                    "next_at": None if one.skip else one.due_at,
                }  # fmt: skip
                statement = upsert(t.companion_calls).values(values).on_conflict_do_nothing(index_elements=["plan_id", "due_at"])
                made += len(await self._db.execute(statement.returning(t.companion_calls.c.id)))
        return made

    async def add(self, support_id: UUID, *, by: UUID | None) -> UUID:
        """A call now, outside all plans: the companion's button."""
        now, call_id, s = self._clock.now(), new_id(), t.companion_supports.c
        async with self._db.begin() as session:
            row = (await session.execute(select(s.companion_id).where(s.id == support_id))).one_or_none()
            if row is None:
                raise UnknownCall
            values = {
                "id": call_id, "support_id": support_id, "companion_id": row.companion_id, "due_at": now, "state": "due", "next_at": now,
            }  # fmt: skip
            await session.execute(insert(t.companion_calls), values)
            await _tell(session, call_id, now, "asked_for", {"by": str(by) if by else None})
        return call_id

    async def take(self, worker: UUID) -> list[CallOrder]:
        """Calls that are due, as orders; they are this process's for a lease. Whether the person may be called is asked now, not when planned."""
        now = self._clock.now()
        c = t.companion_calls.c
        due = select(t.companion_calls).where(c.next_at <= now, c.lease_until.is_(None)).order_by(c.next_at)
        orders: list[CallOrder] = []
        async with self._db.begin() as session:
            for row in (await session.execute(due.limit(20).with_for_update(skip_locked=True))).all():
                order = await self._dial(session, row, worker)
                if order is not None:
                    orders.append(order)
        return orders

    async def step(self, call_id: UUID, happened: Happened) -> Call:
        """Something happened to a call: the companion is there, they talk, it ended."""
        async with self._db.begin() as session:
            c = t.companion_calls.c
            row = (await session.execute(select(t.companion_calls).where(c.id == call_id).with_for_update())).one_or_none()
            if row is None:
                raise UnknownCall
            return await self._advance(session, row, happened)

    async def companion_there(self, call_id: UUID) -> Call:
        """The companion answered."""
        return await self.step(call_id, CompanionThere(at=self._clock.now()))

    async def talking(self, call_id: UUID) -> Call:
        """They talk."""
        return await self.step(call_id, PersonThere(at=self._clock.now()))

    async def ended(self, call_id: UUID, how: Ended) -> Call:
        """The attempt is over."""
        return await self.step(call_id, AttemptEnded(at=self._clock.now(), how=how))

    async def lost(self) -> int:
        """End attempts whose process is gone: they do not count and are tried again. How many."""
        c = t.companion_calls.c
        over = await self._db.execute(select(c.id).where(c.lease_until <= self._clock.now()))
        for row in over:
            await self.ended(row.id, Ended.INTERRUPTED)
        return len(over)

    async def alarm(self) -> int:
        """Raise an alarm for each call that was given up; once. How many."""
        rows = await self._db.execute(_GIVEN_UP, {"now": self._clock.now()})
        for row in rows:
            self._alarms.remind(AlarmKind.COMPANION_CALL_GIVEN_UP, about=row.support_id, detail={"call": str(row.id)})
        return len(rows)

    async def calls(self, support_id: UUID) -> list[Planned]:
        """The calls of an accompaniment, the latest first: what is to come and what was."""
        c = t.companion_calls.c
        rows = await self._db.execute(select(t.companion_calls).where(c.support_id == support_id).order_by(c.due_at.desc()).limit(200))
        return [Planned(call=call_of(row), support_id=row.support_id, companion_id=row.companion_id, plan_id=row.plan_id) for row in rows]

    async def support_of_call(self, call_id: UUID) -> UUID:
        """Whose it is."""
        c = t.companion_calls.c
        rows = await self._db.execute(select(c.support_id).where(c.id == call_id))
        if not rows:
            raise UnknownCall
        found: UUID = rows[0].support_id
        return found

    async def _dial(self, session: AsyncConnection, row: Row[Any], worker: UUID) -> CallOrder | None:
        now = self._clock.now()
        s, u, c = t.companion_supports, t.companion_substitutes, t.companions
        support = support_of((await session.execute(select(s).where(s.c.id == row.support_id))).one())
        standing_in = (await session.execute(select(u).where(u.c.support_id == row.support_id))).all()
        companion_id = who(support, [Substitute(companion_id=x.companion_id, first=x.first, last=x.last) for x in standing_in], row.due_at)
        person = (await session.execute(select(referrals).where(referrals.c.id == support.referral_id))).one()
        companion = (await session.execute(select(c).where(c.c.id == companion_id))).one()
        barrier = barrier_of(support, now, has_number=person.number_cipher is not None)
        if person.state == "withdrawn":
            barrier = Skip.CONSENT_OVER
        call = await self._advance(session, row, Dialled(at=now, barrier=barrier), companion_id=companion_id, worker=worker)
        if call.state is not CallState.COMPANION_RUNG:
            return None
        return CallOrder(
            id=row.id, first=self._cipher.decrypt(companion.number_cipher), first_is_extension=False,
            person=self._cipher.decrypt(person.number_cipher), language=person.language, manner=manner(support.permission),
        )  # fmt: skip

    async def _advance(self, session: AsyncConnection, row: Row[Any], happened: Happened, **more: object) -> Call:
        before = call_of(row)
        after = advance(before, happened, self._rules)
        under_way = after.state in (CallState.COMPANION_RUNG, CallState.PERSON_RUNG) or (
            after.state is CallState.TALKED and not after.ended
        )
        values: dict[str, object] = {
            "state": str(after.state), "next_at": after.next_at, "attempts": after.attempts, "skip": str(after.skip) if after.skip else None,
        }  # fmt: skip
        if "companion_id" in more:
            values["companion_id"] = more["companion_id"]
        if not under_way:
            values |= {"taken_by": None, "lease_until": None}
        elif "worker" in more:
            values |= {"taken_by": more["worker"], "lease_until": happened.at + self._rules.lease}
        if after.state is CallState.TALKED and before.state is not CallState.TALKED:
            values["talked_at"] = happened.at
        if row.ended_at is None and after.next_at is None and not under_way:
            values["ended_at"] = happened.at
        await session.execute(update(t.companion_calls).where(t.companion_calls.c.id == row.id).values(values))
        detail = {"state": str(after.state), "how": str(happened.how) if isinstance(happened, AttemptEnded) else None}
        await _tell(session, row.id, happened.at, type(happened).__name__.lower(), detail)
        return after


def call_of(row: Row[Any]) -> Call:
    """A row as the machine knows it."""
    call = Call(
        id=row.id,
        due_at=row.due_at,
        state=CallState(row.state),
        next_at=row.next_at,
        attempts=row.attempts,
        skip=Skip(row.skip) if row.skip else None,
    )
    return replace(call, ended=row.ended_at is not None)


async def _tell(session: AsyncConnection, call_id: UUID, at: object, kind: str, detail: dict[str, str | None]) -> None:
    await session.execute(insert(t.companion_call_events), {"call_id": call_id, "at": at, "kind": kind, "detail": detail})
