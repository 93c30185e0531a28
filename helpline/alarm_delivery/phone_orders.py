"""A telephone call for an alarm, from the process that sends alarms to the one that has the telephone: an order is a row and a hint.

An order that nobody takes at once is void: nobody is rung for yesterday's alarm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, DateTime, Integer, Row, Text, Uuid, bindparam, text

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.ids import new_id
from helpline.alarm_delivery.phone import SAY_S, Heard

log = structlog.get_logger()

CHANNEL: Final = "alarm_calls"
#: An order is taken within this, or not at all.
TAKE_WITHIN = timedelta(seconds=10)
#: How often whoever ordered looks for the result; how often the telephone looks for orders whose hint was lost; seconds.
RESULT_EVERY_S, LOOK_EVERY_S = 0.5, 5.0
#: Rows are of no use after this.
KEEP = timedelta(days=7)

_AT = DateTime(timezone=True)
_ORDER = text(
    """
    WITH gone AS (DELETE FROM alarm_calls WHERE ordered_at < :old),
    o AS (
        INSERT INTO alarm_calls (id, extension, prompts, ring_s, ordered_at, void_at)
        VALUES (:id, :extension, :prompts, :ring_s, :now, :void_at) RETURNING id
    )
    SELECT pg_notify('alarm_calls', '') FROM o
    """
).bindparams(
    bindparam("id", type_=Uuid), bindparam("extension", type_=Text), bindparam("prompts", type_=ARRAY(Text)), bindparam("ring_s", type_=Integer),
    bindparam("now", type_=_AT), bindparam("void_at", type_=_AT), bindparam("old", type_=_AT),
)  # fmt: skip
_STANDING = text("SELECT taken_by, result FROM alarm_calls WHERE id = :id").bindparams(bindparam("id", type_=Uuid))
_VOID = text(
    "WITH v AS (UPDATE alarm_calls SET void_at = :now WHERE id = :id AND result IS NULL RETURNING id) SELECT pg_notify('alarm_calls', '') FROM v"
).bindparams(bindparam("id", type_=Uuid), bindparam("now", type_=_AT))
_TAKE = text(
    """
    UPDATE alarm_calls SET taken_by = :worker, void_at = :until
    WHERE id IN (SELECT id FROM alarm_calls WHERE taken_by IS NULL AND result IS NULL AND void_at > :now FOR UPDATE SKIP LOCKED)
    RETURNING id, extension, prompts, ring_s
    """
).bindparams(bindparam("worker", type_=Text), bindparam("until", type_=_AT), bindparam("now", type_=_AT))
_GIVEN_UP = text("SELECT id FROM alarm_calls WHERE taken_by = :worker AND result IS NULL AND void_at <= :now").bindparams(
    bindparam("worker", type_=Text), bindparam("now", type_=_AT)
)
_END = text("UPDATE alarm_calls SET result = :result, ended_at = :now WHERE id = :id AND result IS NULL").bindparams(
    bindparam("id", type_=Uuid), bindparam("result", type_=Text), bindparam("now", type_=_AT)
)


def lasts_s(ring_s: float) -> float:
    """The longest that a call takes; seconds."""
    return ring_s + SAY_S + 10.0


class OrderedCaller:
    """Orders calls and waits for them: `helpline.alarm_delivery.phone.Caller` for a process without a telephone."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def ring(self, extension: str, prompts: Sequence[str], *, ring_s: float) -> Heard:
        """See `Caller.ring`."""
        order_id, now = new_id(), self._clock.now()
        values = {
            "id": order_id, "extension": extension, "prompts": list(prompts), "ring_s": round(ring_s), "now": now, "void_at": now + TAKE_WITHIN,
            "old": now - KEEP,
        }  # fmt: skip
        try:
            await self._db.execute(_ORDER, values)
            return await self._result(order_id, ring_s)
        except DatabaseError as error:
            log.warning("alarm_call_not_ordered", reason=type(error).__name__)
            return Heard.NOT_REACHED
        except asyncio.CancelledError:
            await self._void(order_id)
            raise

    async def _result(self, order_id: UUID, ring_s: float) -> Heard:
        waited_s, limit_s = 0.0, TAKE_WITHIN.total_seconds()
        while waited_s < limit_s:
            await asyncio.sleep(RESULT_EVERY_S)
            waited_s += RESULT_EVERY_S
            row = (await self._db.execute(_STANDING, {"id": order_id}))[0]
            if row.result is not None:
                return Heard(row.result)
            if row.taken_by is not None:
                limit_s = TAKE_WITHIN.total_seconds() + lasts_s(ring_s)
        log.warning("alarm_call_not_made", hint="is `annyeong120 serve` running?")
        await self._void(order_id)
        return Heard.NOT_REACHED

    async def _void(self, order_id: UUID) -> None:
        try:
            await self._db.execute(_VOID, {"id": order_id, "now": self._clock.now()})
        except DatabaseError as error:
            # Nobody takes it after its time, and a call under way ends by itself.
            log.info("alarm_call_not_voided", reason=type(error).__name__)


class Telephone(Protocol):
    """Whoever can ring; its answers are the words of `Heard`."""

    async def ring(self, extension: str, prompts: Sequence[str], *, ring_s: float) -> str:
        """Ring and say it. Hangs up if cancelled."""
        ...


class AlarmCallTaker:
    """Makes the calls that were ordered. One per process that has a telephone; run `run()` as a task."""

    def __init__(self, db: Database, clock: Clock, telephone: Telephone, *, worker: str) -> None:
        """`worker`: unique among the processes."""
        self._db = db
        self._clock = clock
        self._telephone = telephone
        self._worker = worker
        self._look = asyncio.Event()
        self._calls: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Take orders and ring, until cancelled; calls under way are hung up then."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._db.listen(CHANNEL, lambda _: self._look.set()), name="alarm calls heard")
            while True:
                self._look.clear()
                try:
                    await self._take(tasks)
                except DatabaseError as error:
                    log.info("alarm_calls_delayed", reason=type(error).__name__)
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._look.wait()
                except TimeoutError:
                    pass

    async def _take(self, tasks: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        for row in await self._db.execute(_GIVEN_UP, {"worker": self._worker, "now": now}):
            if task := self._calls.get(row.id):
                task.cancel()
            else:
                # Of an earlier run of this process, which died in it.
                await self._end(row.id, Heard.NOT_REACHED)
        until = now + timedelta(minutes=10)
        for row in await self._db.execute(_TAKE, {"worker": self._worker, "now": now, "until": until}):
            self._calls[row.id] = tasks.create_task(self._ring(row), name=f"alarm call {row.id}")

    async def _ring(self, row: Row[tuple[UUID, str, list[str], int]]) -> None:
        heard = Heard.NOT_REACHED
        try:
            async with asyncio.timeout(lasts_s(row.ring_s)):
                heard = Heard(await self._telephone.ring(row.extension, row.prompts, ring_s=row.ring_s))
        except TimeoutError:
            log.warning("alarm_call_too_long", order_id=str(row.id))
        finally:
            self._calls.pop(row.id, None)
        await self._end(row.id, heard)

    async def _end(self, order_id: UUID, heard: Heard) -> None:
        try:
            await self._db.execute(_END, {"id": order_id, "result": str(heard), "now": self._clock.now()})
        except DatabaseError as error:
            # Whoever ordered it gives up by themselves.
            log.warning("alarm_call_end_not_written", reason=type(error).__name__)
