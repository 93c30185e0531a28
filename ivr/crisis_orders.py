"""What the desk orders in a crisis, brought to the call: announced, and looked for every few seconds all the same."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import structlog

from core.errors import DatabaseError
from escalation.model import Order, OrderKind
from escalation.ports import Book
from ivr import call_model as m
from ivr.calls import Calls
from ivr.conference import What
from ivr.services import Services

log = structlog.get_logger()

#: A lost announcement costs no more than this.
LOOK_EVERY_S: Final = 5.0
_MEANINGS = {
    OrderKind.RAISE: What.RAISE,
    OrderKind.DIAL_NEXT: What.NEXT,
    OrderKind.DIAL: What.DIAL,
    OrderKind.JOIN: What.JOIN,
    OrderKind.PRIVATE: What.PRIVATE,
    OrderKind.TAKEN_OVER: What.TAKEN_OVER,
    OrderKind.STOP: What.STOP,
}


class CrisisOrders:
    """Takes orders for this program's contacts and lets them happen."""

    def __init__(self, book: Book, calls: Calls, services: Services, owner: UUID) -> None:
        """`owner`: the process, as the rows of its contacts name it."""
        self._book = book
        self._calls = calls
        self._services = services
        self._owner = owner
        self._told = asyncio.Event()

    def wake(self) -> None:
        """An order was announced."""
        self._told.set()

    async def run(self) -> None:
        """Take orders, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._told.wait()
            except TimeoutError:
                pass
            self._told.clear()
            await self.look()

    async def look(self) -> None:
        """Once; without the database they stay where they are."""
        try:
            orders = await self._book.take_orders(self._owner)
        except DatabaseError as error:
            log.info("crisis_orders_put_off", reason=type(error).__name__)
            return
        for order in orders:
            self._carry_out(order)

    def _carry_out(self, order: Order) -> None:
        actor = self._calls.actors.get(order.contact_id)
        what = _MEANINGS.get(order.kind)
        if actor is None or actor.over or what is None:
            # REDIAL of one who is off the phone is the call-back machinery's; the desk shows what became of it.
            log.warning("crisis_order_refused", call_id=str(order.contact_id), kind=str(order.kind))
            self._services.contacts.note(order.contact_id, "crisis_refused", {"what": str(order.kind)})
            return
        actor.post(m.Ordered(what=what, partner=order.partner_id or ""))
