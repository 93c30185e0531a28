"""A crisis that somebody raises beside the line: by a companion's button, or by that of a case of the centre.

A call that goes on becomes a contact, and its telephone is ordered to call the emergency partners. With no call under way the incident is a
proposal: nobody is on the phone whom a partner could be connected with, a person decides. Supervisors are told either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, Uuid, bindparam, text

from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation import happenings as h
from escalation.model import OrderKind, RaisedBy
from escalation.orders import Orders
from escalation.raising import raise_alone
from helpline.linked_contacts import ENTER, ENTER_ABOUT, enter_values

log = structlog.get_logger()

_CALLS = """
    SELECT c.id, c.talked_at IS NOT NULL AND c.result IS NULL AS live FROM centre_calls c WHERE c.referral_id = :about
    UNION ALL
    SELECT c.id, c.talked_at IS NOT NULL AND c.ended_at IS NULL FROM companion_calls c WHERE c.support_id = :about
"""
#: What a crisis about this person belongs to: where one is open already, the call that goes on, or none.
_WHERE = text(
    f"""
    SELECT c.id, c.live, i.id AS incident_id
    FROM ({_CALLS} UNION ALL SELECT CAST(:about AS uuid), false) c LEFT JOIN incidents i ON i.contact_id = c.id AND i.ended_at IS NULL
    WHERE c.live OR i.id IS NOT NULL ORDER BY c.live DESC LIMIT 1
    """  # noqa: S608 - put together from the constant above
).bindparams(bindparam("about", type_=Uuid))


class BesideCrises:
    """See the module. Raises DatabaseError."""

    def __init__(self, db: Database, clock: Clock, orders: Orders) -> None:
        self._db = db
        self._clock = clock
        self._orders = orders

    async def propose(self, *, referral_id: UUID, support_id: UUID, call_id: UUID | None, by: UUID | None) -> UUID:
        """See `escalation.companions.way_back.Crisis`; which call it is about is found by the accompaniment."""
        return await self._raise(support_id, referral_id, source="companion")

    async def of_case(self, referral_id: UUID) -> UUID:
        """Of a case of the centre; the incident."""
        return await self._raise(referral_id, referral_id, source="centre")

    async def _raise(self, about: UUID, referral_id: UUID, *, source: str) -> UUID:
        found: Sequence[Row[Any]] = await self._db.execute(_WHERE, {"about": about})
        now = self._clock.now()
        if found and found[0].live:
            call_id: UUID = found[0].id
            await self._db.execute(ENTER, enter_values(call_id, now))
            return (await self._orders.order(OrderKind.RAISE, call_id, raised_by=RaisedBy.CENTRE)).incident_id
        if found:
            incident_id: UUID = found[0].incident_id
            return incident_id
        await self._db.execute(ENTER_ABOUT, {"id": about, "referral_id": referral_id, "at": now})
        happened = h.Raised(incident_id=new_id(), contact_id=about, raised_by=RaisedBy.CENTRE, proposed=True)
        raised = await raise_alone(self._db, happened, now)
        log.info("incident_proposed", incident_id=str(raised.incident_id), source=source)
        return raised.incident_id


class InCall:
    """The same for a key in the call, in the process that has its telephone: the call raises it itself, and calls the partners."""

    async def propose(self, *, referral_id: UUID, support_id: UUID, call_id: UUID | None, by: UUID | None) -> None:
        """See `escalation.companions.way_back.Crisis`."""
