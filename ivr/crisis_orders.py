"""What the desk orders in a crisis, brought to the call: announced, and looked for every few seconds all the same."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol
from uuid import UUID

import structlog

from core.alarms import AlarmKind
from core.errors import DatabaseError
from escalation.model import Order, OrderKind
from escalation.ports import Book
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.calls import Calls
from ivr.conference import What
from ivr.crisis_books import call_again
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
    OrderKind.REDIAL: What.REDIAL,
}
#: Orders that must not come to nothing in silence.
_CALLS_SOMEBODY = (OrderKind.RAISE, OrderKind.DIAL_NEXT, OrderKind.DIAL)


class BesideCalls(Protocol):
    """Calls that are no contact of the line unless they are in a crisis (`ivr.linked.calls`)."""

    async def claim(self) -> None:
        """What is ordered for those that go on here is ours to take. Does not fail."""
        ...

    def ordered(self, order_id: UUID, order: m.Ordered) -> bool:
        """Let it happen; False: no such call goes on here."""
        ...


class CrisisOrders:
    """Takes orders for this program's contacts and lets them happen."""

    def __init__(self, book: Book, calls: Calls, services: Services, owner: UUID, beside: BesideCalls | None = None) -> None:
        """`owner`: the process, as the rows of its contacts name it."""
        self._beside = beside
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
            if self._beside is not None:
                await self._beside.claim()
            orders = await self._book.take_orders(self._owner)
        except DatabaseError as error:
            log.info("crisis_orders_put_off", reason=type(error).__name__)
            return
        for order in orders:
            self._carry_out(order)

    def _carry_out(self, order: Order) -> None:
        services, actor = self._services, self._of(order)
        ordered = m.Ordered(what=_MEANINGS[order.kind], partner=order.partner_id or "")
        if actor is not None:
            actor.post(ordered)
        elif self._beside is not None and self._beside.ordered(order.contact_id, ordered):
            log.info("crisis_order_beside", call_id=str(order.contact_id), kind=str(order.kind))
        elif order.kind is OrderKind.REDIAL:
            again = call_again(services, order.contact_id, None, "ko", order.incident_id)
            services.spawn(again, f"redial {order.contact_id}")
        else:
            # The caller is off the phone, or it is no telephone call: a person has to act, and is told so.
            log.warning("crisis_order_refused", call_id=str(order.contact_id), kind=str(order.kind))
            services.contacts.note(order.contact_id, "crisis_refused", {"what": str(order.kind)})
            if order.kind in _CALLS_SOMEBODY:
                services.alarms.raise_(AlarmKind.INCIDENT_UNREACHED, about=order.incident_id, detail={"order": str(order.kind)})

    def _of(self, order: Order) -> CallActor | None:
        """The call: the contact's own, or the one in which its caller, who had dropped out, was called back."""
        own = self._calls.actors.get(order.contact_id)
        if own is not None and not own.over:
            return own
        others = (actor for actor in self._calls.actors.values() if not actor.over)
        return next((actor for actor in others if actor.stage.crisis.incident_id == order.incident_id), None)
