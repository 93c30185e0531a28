"""Transfers to the centre that the desk orders, brought to the call, and what becomes of them brought to the books.

Orders are announced, and looked for every few seconds all the same. What an earlier run of the program had under way is found by comparison: an
order whose call is here and knows nothing of it, or is over, has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from uuid import UUID

import structlog

from core.errors import DatabaseError
from escalation.centre.model import PutThrough
from escalation.centre.transfers import TransferOrder, Transfers
from ivr.call_model import Call, Happening, PutThroughTo, TransferNote
from ivr.transfer_notes import TransferNotes

log = structlog.get_logger()

#: A lost announcement costs no more than this; an order must be unknown to its call twice, so far apart.
LOOK_EVERY_S: Final = 3.0


class LiveCall(Protocol):
    """A live call: `ivr.actor.CallActor`."""

    @property
    def call(self) -> Call:
        """Its state."""

    @property
    def over(self) -> bool:
        """Nothing more will happen."""

    def post(self, happening: Happening) -> None:
        """Let something happen to it."""


class LiveCalls(Protocol):
    """What is asked of the calls: `ivr.calls.Calls`."""

    @property
    def actors(self) -> Mapping[UUID, LiveCall]:
        """Live calls."""


class TransferOrders:
    """Takes orders for this program's calls and lets them happen."""

    def __init__(self, book: Transfers, calls: LiveCalls, notes: TransferNotes, owner: UUID, *, compared: Callable[[], bool]) -> None:
        """`owner`: the process, as the rows of its contacts name it; `compared`: whether the calls of an earlier run are known."""
        self._book = book
        self._calls = calls
        self._notes = notes
        self._owner = owner
        self._compared = compared
        #: Under way without a call that knows of it, when last looked at.
        self._unknown: set[UUID] = set()

    async def run(self) -> None:
        """Take orders and write what became of them, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._book.heard(lambda _: self._notes.told.set()), name="transfers heard")
            compared_at = 0.0
            while True:
                self._notes.told.clear()
                now = asyncio.get_running_loop().time()
                compare = now - compared_at >= LOOK_EVERY_S
                compared_at = now if compare else compared_at
                try:
                    await self.look(compare=compare)
                except DatabaseError as error:
                    log.info("transfers_put_off", reason=type(error).__name__)
                    # What waits to be written is not told again.
                    await asyncio.sleep(LOOK_EVERY_S)
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._notes.told.wait()
                except TimeoutError:
                    pass

    async def look(self, *, compare: bool = True) -> None:
        """Once. Raises DatabaseError; what is not written then is kept."""
        if self._compared():
            for order in await self._book.take(self._owner):
                self._begin(order)
        for order_id in self._notes.waiting:
            await self._write(order_id)
        if compare:
            await self._book.end_void(self._owner)
            await self._end_unknown()

    def _begin(self, order: TransferOrder) -> None:
        actor = self._calls.actors.get(order.contact_id)
        if actor is None or actor.over:
            self._notes.add(TransferNote(order=order.id, ended=PutThrough.NOT_IN_CALL))
        else:
            actor.post(PutThroughTo(order=order.id, extension=order.extension))

    async def _write(self, order_id: UUID) -> None:
        while order_id in self._notes.waiting:
            ended = self._notes.first(order_id)
            if ended is None:
                await self._book.joined(order_id)
            else:
                await self._book.ended(order_id, ended)
            self._notes.written(order_id)

    async def _end_unknown(self) -> None:
        before, self._unknown = self._unknown, set()
        if not self._compared():
            return
        for order_id, contact_id in await self._book.under_way(self._owner):
            actor = self._calls.actors.get(contact_id)
            known = actor is not None and actor.call.transfer is not None and actor.call.transfer.order == order_id
            if known or order_id in self._notes.waiting:
                continue
            if order_id in before:
                log.info("transfer_of_earlier_run_ended", order_id=str(order_id))
                await self._book.ended(order_id, PutThrough.INTERRUPTED)
            else:
                self._unknown.add(order_id)
