"""Carries planned calls out: one task a process that has a telephone."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from core import metrics
from core.errors import DatabaseError
from core.ids import new_id
from escalation.centre.model import Result
from escalation.centre.ports import KEY_CENTRE, KEY_CRISIS, PERSON_RUNG, TALKING, CallOrder, Telephony
from escalation.companions.call_book import CallBook
from escalation.companions.calls import Ended
from escalation.companions.way_back import Help, WayBack

log = structlog.get_logger()

#: Seconds between two looks: how late a call may be dialled.
LOOK_EVERY_S = 5.0
#: Plans are made into calls so often; in looks.
MAKE_EVERY = 120
_ENDED = {
    Result.TALKED: Ended.TALKED,
    Result.STAFF_ABSENT: Ended.COMPANION_ABSENT,
    Result.DECLINED: Ended.DECLINED,
    Result.WRONG_PERSON: Ended.DECLINED,
    Result.INTERRUPTED: Ended.INTERRUPTED,
}


class PlannedCalls:
    """See the module. Run `run()` as a task."""

    def __init__(self, book: CallBook, telephony: Telephony, way_back: WayBack, *, worker: UUID | None = None) -> None:
        self._book = book
        self._telephony = telephony
        self._way_back = way_back
        self._worker = worker or new_id()

    async def run(self) -> None:
        """Make calls of plans, dial what is due, mend what was lost, until cancelled.

        What fails ends nothing but itself: a fault in one call, or in looking for them, must not hang others up.
        """
        async with asyncio.TaskGroup() as tasks:
            looks = 0
            while True:
                try:
                    if looks % MAKE_EVERY == 0:
                        await self._book.make()
                    for order in await self._book.take(self._worker):
                        tasks.create_task(self._carry_out(order), name=f"companion call {order.id}")
                    await self._book.lost()
                    await self._book.alarm()
                    looks += 1
                except DatabaseError as error:
                    log.info("companion_calls_delayed", reason=type(error).__name__)
                except Exception:
                    metrics.faults_total.inc()
                    log.exception("companion_calls_not_looked_for")
                await asyncio.sleep(LOOK_EVERY_S)

    async def _carry_out(self, order: CallOrder) -> None:
        async def progress(what: str) -> None:
            if what == PERSON_RUNG:
                await self._book.companion_there(order.id)
            elif what == TALKING:
                await self._book.talking(order.id)
            elif what in (KEY_CENTRE, KEY_CRISIS):
                wanted = Help.CRISIS if what == KEY_CRISIS else Help.CENTRE
                support_id = await self._book.support_of_call(order.id)
                await self._way_back.wanted(support_id, wanted, by=None, call_id=order.id)

        try:
            result = await self._telephony.call(order, progress)
        except Exception:
            metrics.faults_total.inc()
            log.exception("companion_call_failed", call_id=str(order.id))
            result = Result.INTERRUPTED
        try:
            await self._book.ended(order.id, _ENDED.get(result, Ended.PERSON_ABSENT))
        except Exception:
            # Its lease ends it.
            metrics.faults_total.inc()
            log.exception("companion_call_end_not_written", call_id=str(order.id))
