"""Callers put through to the centre in the same call: asked for at the desk, carried out by the process that has the call.

An order is a row and a hint. One that nobody takes within seconds is void, and one whose call knows nothing of it any more ends. Who is busy, silent
or says no is followed by the next one who is free; whatever came to nothing waits on the worklist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import DateTime, Update, Uuid, bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation.centre import tables as t
from escalation.centre.errors import CentreError
from escalation.centre.model import PutThrough
from escalation.centre.referrals import Referrals
from escalation.centre.staff import in_turn
from escalation.centre.staff_book import StaffBook

log = structlog.get_logger()

CHANNEL: Final = "centre_transfers"
#: An order that the call's process has not taken within this is void: caller and counsellor are not kept waiting for nothing.
TAKE_WITHIN = timedelta(seconds=8)
#: After these whoever else is free is rung.
_ANOTHER: Final = frozenset({PutThrough.BUSY, PutThrough.NO_ANSWER, PutThrough.REJECTED, PutThrough.UNREACHABLE, PutThrough.FAILED})

_AT, _OWNER = bindparam("at", type_=DateTime(timezone=True)), bindparam("owner", type_=Uuid)
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")
# Of a call that is over: whoever comes first.
_TAKE = text(
    """
    WITH waiting AS (
        SELECT o.id FROM centre_transfers o JOIN contacts c ON c.id = o.contact_id
        WHERE o.result IS NULL AND o.taken_by IS NULL AND o.void_at > :at AND (c.owner = :owner OR c.outcome IS NOT NULL)
        FOR UPDATE OF o SKIP LOCKED
    ), taken AS (
        UPDATE centre_transfers o SET taken_by = :owner FROM waiting WHERE o.id = waiting.id RETURNING o.*
    )
    SELECT taken.id, taken.contact_id, s.extension, r.state = 'live' AS wanted
    FROM taken JOIN centre_staff s ON s.id = taken.staff_id JOIN referrals r ON r.id = taken.referral_id
    """
).bindparams(_AT, _OWNER)
_OPEN = text(
    """
    SELECT o.id, o.contact_id FROM centre_transfers o LEFT JOIN contacts c ON c.id = o.contact_id
    WHERE o.result IS NULL AND o.taken_by IS NOT NULL AND (c.owner = :owner OR c.outcome IS NOT NULL OR c.id IS NULL)
    """
).bindparams(_OWNER)
# Taken first, so that nobody else takes what is being ended.
_TAKE_VOID = text(
    "UPDATE centre_transfers SET taken_by = :owner WHERE result IS NULL AND taken_by IS NULL AND void_at <= :at RETURNING id"
).bindparams(_AT, _OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """One that is this process's now."""

    id: UUID
    contact_id: UUID
    #: Of the member of staff.
    extension: str


class TransferDesk:
    """`escalation.centre.ports.Transfer` for a process without the call."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def begin(self, *, referral_id: UUID, contact_id: UUID, staff_id: UUID) -> None:
        """See `Transfer.begin`. Raises DatabaseConflict if the call has one under way, DatabaseUnavailable."""
        async with self._db.begin() as session:
            await _order(session, referral_id, contact_id, staff_id, self._clock.now())


async def _order(session: AsyncConnection, referral_id: UUID, contact_id: UUID, staff_id: UUID, now: datetime) -> None:
    values = {
        "id": new_id(), "referral_id": referral_id, "contact_id": contact_id, "staff_id": staff_id, "ordered_at": now,
        "void_at": now + TAKE_WITHIN,
    }  # fmt: skip
    await session.execute(insert(t.centre_transfers), values)
    await session.execute(_NOTIFY)


class Transfers:
    """The orders as the process with the calls has them. Raises DatabaseUnavailable; whatever is told twice changes nothing."""

    def __init__(self, db: Database, clock: Clock, referrals: Referrals, staff: StaffBook) -> None:
        self._db = db
        self._clock = clock
        self._referrals = referrals
        self._staff = staff

    async def take(self, owner: UUID) -> list[TransferOrder]:
        """Orders for calls of this process, which are its own from now on. `owner`: as the rows of its contacts name it.

        One whose case is not to be put through any more (the consent was taken back) is ended.
        """
        rows = await self._db.execute(_TAKE, {"at": self._clock.now(), "owner": owner})
        for row in rows:
            if not row.wanted:
                await self.ended(row.id, PutThrough.CALLED_OFF)
        return [TransferOrder(id=row.id, contact_id=row.contact_id, extension=row.extension) for row in rows if row.wanted]

    async def under_way(self, owner: UUID) -> list[tuple[UUID, UUID]]:
        """Order and contact of all that were taken and have not ended, of this process's calls and of calls that are over."""
        return [(row.id, row.contact_id) for row in await self._db.execute(_OPEN, {"owner": owner})]

    async def end_void(self, owner: UUID) -> int:
        """End those that nobody took in time; how many."""
        rows = await self._db.execute(_TAKE_VOID, {"at": self._clock.now(), "owner": owner})
        for row in rows:
            await self.ended(row.id, PutThrough.NOT_BEGUN)
        return len(rows)

    async def joined(self, order_id: UUID) -> None:
        """The three are together: the case is with the member of staff from now on."""
        o = t.centre_transfers.c
        statement = select(o.referral_id, o.staff_id).where(o.id == order_id, o.joined_at.is_(None), o.result.is_(None))
        for row in await self._db.execute(statement):
            try:
                await self._referrals.live_taken(row.referral_id, row.staff_id)
            except CentreError as error:
                log.warning("centre_transfer_not_kept", order_id=str(order_id), reason=error.code)
            await self._db.execute(
                update(t.centre_transfers).where(o.id == order_id, o.result.is_(None)).values(joined_at=self._clock.now())
            )

    async def ended(self, order_id: UUID, result: PutThrough) -> None:
        """It is over. Somebody else is rung, or it is a work item of the centre; after a talk the member of staff is free again."""
        o = t.centre_transfers.c
        for row in await self._db.execute(select(o.referral_id, o.contact_id, o.joined_at).where(o.id == order_id, o.result.is_(None))):
            try:
                if row.joined_at is None:
                    if result in _ANOTHER and await self._another(order_id, row.referral_id, row.contact_id, result):
                        continue
                    await self._referrals.live_failed(row.referral_id, why=str(result))
                else:
                    result = PutThrough.TAKEN
                    await self._referrals.free(row.referral_id)
            except CentreError as error:
                log.warning("centre_transfer_not_kept", order_id=str(order_id), reason=error.code)
            await self._db.execute(self._over(order_id, result))

    async def _another(self, order_id: UUID, referral_id: UUID, contact_id: UUID, result: PutThrough) -> bool:
        """Order the next one who is free and was not rung for this yet, in the transaction that ends `order_id`; False: there is nobody."""
        o, r = t.centre_transfers.c, t.referrals.c
        rung = {row.staff_id for row in await self._db.execute(select(o.staff_id).where(o.referral_id == referral_id))}
        (case,) = await self._db.execute(select(r.language).where(r.id == referral_id))
        for one in in_turn(await self._staff.available(), case.language):
            if one.id in rung or not one.extension:
                continue
            try:
                async with self._db.begin() as session:
                    if (await session.execute(self._over(order_id, result))).rowcount:
                        await self._referrals.send_on(session, referral_id, one.id)
                        await _order(session, referral_id, contact_id, one.id, self._clock.now())
            except CentreError:
                # Somebody was quicker, or the case is not to be put through any more: that is found for everybody alike.
                continue
            return True
        return False

    def _over(self, order_id: UUID, result: PutThrough) -> Update:
        o = t.centre_transfers.c
        values = {"result": str(result), "ended_at": self._clock.now()}
        return update(t.centre_transfers).where(o.id == order_id, o.result.is_(None)).values(values)

    async def heard(self, callback: Callable[[str], None]) -> None:
        """Call back when there are orders; runs until cancelled."""
        await self._db.listen(CHANNEL, callback)
