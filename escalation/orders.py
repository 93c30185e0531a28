"""What the desk asks of the process that has the call: rows, taken once, announced after their commit."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation import happenings as h
from escalation import statements as sql
from escalation.errors import UnknownIncident
from escalation.model import Danger, Order, OrderKind, RaisedBy
from escalation.partners import Partners
from escalation.raising import contact_known, raise_in, values_of
from escalation.rows import order_of


class Orders:
    """The desk needs no more of the book than this; see `escalation.ports.Book`."""

    def __init__(self, db: Database, clock: Clock, partners: Partners) -> None:
        self._db = db
        self._clock = clock
        self._partners = partners

    async def order(
        self,
        kind: OrderKind,
        contact_id: UUID,
        *,
        counsellor_id: UUID | None = None,
        partner_id: str | None = None,
        danger: Danger | None = None,
        third_party: bool = False,
        raised_by: RaisedBy = RaisedBy.COUNSELLOR_DESK,
    ) -> Order:
        """See `Book.order`."""
        if partner_id is not None or kind is OrderKind.DIAL:
            self._partners.get(partner_id or "")
        order = Order(
            id=new_id(),
            kind=kind,
            contact_id=contact_id,
            # Until it is known.
            incident_id=new_id(),
            at=self._clock.now(),
            partner_id=partner_id,
            counsellor_id=counsellor_id,
        )
        if kind is OrderKind.RAISE:
            return await self._raise(order, raised_by, danger, third_party=third_party)
        rows = await self._db.execute(sql.ORDER, _row(order))
        if not rows:
            raise UnknownIncident("nothing is open in this contact")
        return replace(order, incident_id=rows[0].incident_id)

    async def _raise(self, order: Order, raised_by: RaisedBy, danger: Danger | None, *, third_party: bool) -> Order:
        """The incident and the order stand together, or neither: whoever presses again is not told that it is done."""
        happened = h.Raised(
            incident_id=order.incident_id,
            contact_id=order.contact_id,
            raised_by=raised_by,
            counsellor_id=order.counsellor_id,
            danger=danger,
            third_party=third_party,
        )
        with contact_known(order.contact_id):
            async with self._db.begin() as session:
                raised = await raise_in(session.execute, values_of(happened, order.at))
                if raised.new:
                    await session.execute(sql.ORDER, _row(order))
        return replace(order, incident_id=raised.incident_id)

    async def take_orders(self, owner: UUID) -> tuple[Order, ...]:
        """See `Book.take_orders`."""
        rows = await self._db.execute(sql.TAKE_ORDERS, {"owner": owner, "at": self._clock.now()})
        return tuple(order_of(row) for row in rows)


def _row(order: Order) -> dict[str, object]:
    return {
        "order_id": order.id,
        "contact_id": order.contact_id,
        "kind": str(order.kind),
        "partner_id": order.partner_id,
        "counsellor_id": order.counsellor_id,
        "at": order.at,
    }
