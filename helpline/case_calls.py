"""The calls of the centre and of companions, with the telephone of the line: what either side's keys lead to, and what becomes of calls whose
program was restarted.

Both kinds go through one telephone (`ivr.linked.calls`); an order's id says of which kind it is. A crisis in one is the telephone's own; of that of a
companion the centre hears first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol
from uuid import UUID, uuid5

import structlog
from sqlalchemy import Uuid, bindparam, text

from core import metrics
from core.database import Database
from core.errors import DatabaseError
from escalation.centre.calls import Calls
from escalation.centre.model import Result
from escalation.centre.ports import KEY_CENTRE, KEY_CRISIS, TALKING, CallOrder, Progress, Telephony
from escalation.companions.call_book import CallBook
from escalation.companions.calls import Ended
from escalation.companions.way_back import Help, WayBack

log = structlog.get_logger()

#: An order waits so long for a telephone that is not connected, and is given back then; seconds.
CONNECTED_WITHIN_S: Final = 20.0
LOOK_EVERY_S: Final = 0.5
_WORKERS = UUID("6b1f2a34-0d0e-4f0a-9c58-0f7f0a6d5c11")
_WORKER, _ID = bindparam("worker", type_=Uuid), bindparam("id", type_=Uuid)
_OF_CENTRE = text("SELECT 1 AS found FROM centre_calls WHERE id = :id").bindparams(_ID)
_LEFT = text(
    """
    SELECT id FROM centre_calls WHERE taken_by = :worker AND result IS NULL
    UNION ALL SELECT id FROM companion_calls WHERE taken_by = :worker AND lease_until IS NOT NULL
    """
).bindparams(_WORKER)


def worker_id(worker: str) -> UUID:
    """Under which name a process takes orders: the same after a restart, so that it knows which ones it died with."""
    return uuid5(_WORKERS, worker)


class Line(Protocol):
    """What is asked of the line's telephone."""

    @property
    def live(self) -> Iterable[UUID]:
        """Orders whose call goes on."""
        ...


class CaseCalls:
    """`ivr.linked.calls.Afterwards`, and the telephone as centre and companions are given it."""

    def __init__(
        self, db: Database, calls: Calls, book: CallBook, way_back: WayBack, telephony: Telephony, *, connected: Callable[[], bool],
    ) -> None:  # fmt: skip
        """`connected`: whether the telephone can be used."""
        self._db = db
        self._calls = calls
        self._book = book
        self._way_back = way_back
        self._telephony = telephony
        self._connected = connected

    async def call(self, order: CallOrder, progress: Progress) -> Result:
        """See `Telephony.call`."""
        waited_s = 0.0
        while not self._connected():
            if waited_s >= CONNECTED_WITHIN_S:
                return Result.INTERRUPTED
            await asyncio.sleep(LOOK_EVERY_S)
            waited_s += LOOK_EVERY_S
        return await self._telephony.call(order, progress)

    # --- calls of an earlier run -----------------------------------------------------------------------------------------

    async def progress(self, order_id: UUID, what: str) -> None:
        """See `Afterwards.progress`."""
        if await self._of_centre(order_id):
            if what == TALKING:
                await self._calls.talking(order_id)
        elif what == TALKING:
            await self._book.talking(order_id)
        elif what in (KEY_CENTRE, KEY_CRISIS):
            support_id = await self._book.support_of_call(order_id)
            wanted = Help.CRISIS if what == KEY_CRISIS else Help.CENTRE
            await self._way_back.wanted(support_id, wanted, by=None, call_id=order_id)

    async def ended(self, order_id: UUID, result: Result) -> None:
        """See `Afterwards.ended`."""
        if await self._of_centre(order_id):
            await self._calls.ended(order_id, result)
        else:
            await self._book.ended(order_id, Ended.TALKED if result is Result.TALKED else Ended.INTERRUPTED)

    async def left(self, worker: UUID) -> frozenset[UUID]:
        """Orders that an earlier run of this process took and did not end. Asked before any new one is taken. Raises DatabaseError."""
        return frozenset(row.id for row in await self._db.execute(_LEFT, {"worker": worker}))

    async def end_left(self, left: frozenset[UUID], line: Line, compared: Callable[[], bool]) -> None:
        """End those of them whose call does not go on, once Asterisk was looked at: with them nobody waits for a lease to end."""
        while True:
            if compared():
                break
            await asyncio.sleep(LOOK_EVERY_S)
        for order_id in left - frozenset(line.live):
            while True:
                try:
                    await self.ended(order_id, Result.INTERRUPTED)
                except DatabaseError:
                    await asyncio.sleep(LOOK_EVERY_S)
                except Exception:
                    # A fault in one must not keep the others from ending, nor end the calls of now. Its lease ends it.
                    metrics.faults_total.inc()
                    log.exception("case_call_of_earlier_run_not_ended", call_id=str(order_id))
                    break
                else:
                    log.info("case_call_of_earlier_run_ended", call_id=str(order_id))
                    break

    async def _of_centre(self, order_id: UUID) -> bool:
        return bool(await self._db.execute(_OF_CENTRE, {"id": order_id}))
