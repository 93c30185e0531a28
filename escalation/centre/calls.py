"""Calls back to people: asked for at the desk, written down before anything is dialled, carried out by the process that has the telephone.

An order that nobody takes, and a call whose process died, end as `interrupted` when their lease is over: they do not count as attempts, the case
and the member of staff are free again, and the timeline says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import metrics
from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.ids import new_id
from escalation.centre import repository
from escalation.centre import tables as t
from escalation.centre.calling import manner, may_call
from escalation.centre.errors import NotCallable, UnknownPart
from escalation.centre.model import Result
from escalation.centre.ports import TALKING, CallOrder, Telephony
from escalation.centre.referral import Called, Dialling, TalkBegan
from escalation.centre.referrals import change, owned, release, reserve
from escalation.centre.rules import Rules

log = structlog.get_logger()

CHANNEL = "centre_calls"
#: An order that the telephone's process has not taken within this is void: nobody is rung by surprise an hour later.
TAKE_WITHIN = timedelta(seconds=60)
#: A lost NOTIFY costs at most this; seconds.
LOOK_EVERY_S = 5.0
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")


class Calls:
    """Orders and their results. Raises the errors of `escalation.centre.errors`, and DatabaseUnavailable."""

    def __init__(self, db: Database, clock: Clock, rules: Rules) -> None:
        self._db = db
        self._clock = clock
        self._rules = rules

    async def order(self, referral_id: UUID, staff_id: UUID, *, by: UUID | None) -> UUID:
        """Have the person called, the member of staff first. Raises NotCallable with what is in the way, NotTheirs, StaffBusy."""
        now, call_id = self._clock.now(), new_id()
        async with self._db.begin() as session:
            case = await owned(session, referral_id, staff_id)
            r = t.referrals.c
            sealed = (await session.execute(select(r.number_cipher).where(r.id == referral_id))).scalar_one()
            answer = may_call(case, now, self._rules, has_number=sealed is not None)
            if answer.barrier is not None:
                raise NotCallable(answer.barrier, until=answer.until)
            s = t.centre_staff.c
            if not (await session.execute(select(s.extension).where(s.id == staff_id))).scalar_one():
                raise NotCallable("no_phone")
            await reserve(session, staff_id, referral_id, now, until=now + self._rules.lease)
            values = {
                "id": call_id, "referral_id": referral_id, "staff_id": staff_id, "ordered_at": now, "lease_until": now + TAKE_WITHIN,
            }  # fmt: skip
            await session.execute(insert(t.centre_calls), values)
            await change(session, self._rules, referral_id, Dialling(at=now, by=by, attempt_id=call_id), {"call": str(call_id)})
            await session.execute(_NOTIFY)
        return call_id

    async def talking(self, call_id: UUID) -> None:
        """The person answered, and it is they."""
        async with self._db.begin() as session:
            row = await self._row(session, call_id)
            now = self._clock.now()
            await change(session, self._rules, row.referral_id, TalkBegan(at=now, attempt_id=call_id), {"call": str(call_id)})
            c = t.centre_calls.c
            await session.execute(update(t.centre_calls).where(c.id == call_id, c.talked_at.is_(None)).values(talked_at=now))

    async def ended(self, call_id: UUID, result: Result) -> None:
        """It is over. Told twice, or after it was given up for lost, it changes nothing but the story."""
        async with self._db.begin() as session:
            await self._end(session, call_id, result)

    async def take(self, worker: UUID, cipher: NumberCipher) -> list[CallOrder]:
        """Orders that nobody has taken; they are this process's from now on. One that can no longer be carried out is ended."""
        now = self._clock.now()
        c, s, r = t.centre_calls.c, t.centre_staff, t.referrals
        free = select(c.id).where(c.result.is_(None), c.taken_by.is_(None), c.lease_until > now).with_for_update(skip_locked=True)
        orders = []
        async with self._db.begin() as session:
            taken = update(t.centre_calls).where(c.id.in_(free)).values(taken_by=worker, lease_until=now + self._rules.lease)
            rows = (await session.execute(taken.returning(c.id, c.referral_id, c.staff_id))).all()
            for row in rows:
                extension = (await session.execute(select(s.c.extension).where(s.c.id == row.staff_id))).scalar_one()
                person = (await session.execute(select(r).where(r.c.id == row.referral_id).with_for_update())).one()
                case = repository.referral_of(person)
                # The person may have taken the consent back since.
                if case.calling != row.id or not case.open or person.number_cipher is None or case.permission.may_call is False:
                    await self._end(session, row.id, Result.INTERRUPTED)
                    continue
                order = CallOrder(
                    id=row.id, first=extension, first_is_extension=True, person=cipher.decrypt(person.number_cipher),
                    language=person.language, manner=manner(case.permission),
                )  # fmt: skip
                orders.append(order)
        return orders

    async def lost(self) -> int:
        """End what nobody took, and what has no process any more. How many."""
        c = t.centre_calls.c
        over = select(c.id).where(c.result.is_(None), c.lease_until <= self._clock.now())
        found = [row.id for row in await self._db.execute(over)]
        for call_id in found:
            await self.ended(call_id, Result.INTERRUPTED)
        return len(found)

    async def heard(self, callback: Callable[[str], None]) -> None:
        """Call back when there are orders; runs until cancelled."""
        await self._db.listen(CHANNEL, callback)

    async def _end(self, session: AsyncConnection, call_id: UUID, result: Result) -> None:
        row = await self._row(session, call_id)
        now = self._clock.now()
        if result is Result.INTERRUPTED and row.talked_at is not None:
            # They talked before we failed: that is what counts.
            result = Result.TALKED
        detail = {"call": str(call_id), "result": str(result)}
        await change(session, self._rules, row.referral_id, Called(at=now, attempt_id=call_id, result=result), detail)
        c = t.centre_calls.c
        first = update(t.centre_calls).where(c.id == call_id, c.result.is_(None)).values(ended_at=now, result=str(result))
        if (await session.execute(first.returning(c.id))).one_or_none() is not None:
            await release(session, row.referral_id)

    async def _row(self, session: AsyncConnection, call_id: UUID) -> CallRow:
        c = t.centre_calls.c
        row = (await session.execute(select(c.referral_id).where(c.id == call_id))).one_or_none()
        if row is None:
            raise UnknownPart
        # The case first, then the call: always in this order, so that nobody waits in a circle.
        await repository.locked(session, row.referral_id)
        found = (await session.execute(select(c.talked_at).where(c.id == call_id))).one()
        return CallRow(row.referral_id, found.talked_at)


class CallRow:
    """Of a call, what an end needs."""

    __slots__ = ("referral_id", "talked_at")

    def __init__(self, referral_id: UUID, talked_at: datetime | None) -> None:
        self.referral_id = referral_id
        self.talked_at = talked_at


class Dialler:
    """Carries orders out. One per process that has a telephone; run `run()` as a task."""

    def __init__(self, calls: Calls, telephony: Telephony, cipher: NumberCipher, *, worker: UUID | None = None) -> None:
        self._calls = calls
        self._telephony = telephony
        self._cipher = cipher
        self._worker = worker or new_id()
        self._look = asyncio.Event()

    async def run(self) -> None:
        """Take orders and carry them out, until cancelled; calls under way are hung up then, and end as interrupted.

        What fails ends nothing but itself: a fault in one order, or in taking them, must not hang others up.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(), name="centre calls heard")
            while True:
                self._look.clear()
                try:
                    for order in await self._calls.take(self._worker, self._cipher):
                        tasks.create_task(self._carry_out(order), name=f"centre call {order.id}")
                    await self._calls.lost()
                except DatabaseError as error:
                    log.info("centre_calls_delayed", reason=type(error).__name__)
                except Exception:
                    metrics.faults_total.inc()
                    log.exception("centre_calls_not_taken")
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._look.wait()
                except TimeoutError:
                    pass

    async def _hear(self) -> None:
        try:
            await self._calls.heard(lambda _: self._look.set())
        except Exception:
            # Orders are looked for all the same.
            metrics.faults_total.inc()
            log.exception("centre_calls_not_heard")

    async def _carry_out(self, order: CallOrder) -> None:
        async def progress(what: str) -> None:
            if what == TALKING:
                await self._calls.talking(order.id)

        try:
            result = await self._telephony.call(order, progress)
        except Exception:
            metrics.faults_total.inc()
            log.exception("centre_call_failed", call_id=str(order.id))
            result = Result.INTERRUPTED
        try:
            await self._calls.ended(order.id, result)
        except Exception:
            # Its lease ends it.
            metrics.faults_total.inc()
            log.exception("centre_call_end_not_written", call_id=str(order.id))
