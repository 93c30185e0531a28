"""Reserving counsellors in PostgreSQL: every change is one conditional statement, fenced by the counsellor's epoch.

The database is the truth: two workers that look for a counsellor in the same instant lock different rows
(`FOR UPDATE SKIP LOCKED`), and a worker that froze and came back writes with an old epoch, which changes no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.ids import new_id
from routing.model import Offer, OfferResult

_RESERVE = text(
    """
    WITH pick AS (
        SELECT p.counsellor_id
        FROM presence p JOIN counsellors c ON c.id = p.counsellor_id
        WHERE p.human = 'ready' AND p.system = 'idle' AND p.reachable AND c.disabled_at IS NULL
          AND p.counsellor_id <> ALL(:not_now)
        ORDER BY p.idle_since NULLS FIRST, c.extension
        LIMIT 1
        FOR UPDATE OF p SKIP LOCKED
    ), granted AS (
        UPDATE presence p
        SET system = 'offered', epoch = p.epoch + 1, contact_id = :contact_id, changed_at = now(),
            deadline = now() + make_interval(secs => :lease_s)
        FROM pick WHERE p.counsellor_id = pick.counsellor_id
        RETURNING p.counsellor_id, p.epoch
    ), offered AS (
        INSERT INTO offers (id, contact_id, counsellor_id, epoch, leg_id, offered_at)
        SELECT :offer_id, :contact_id, counsellor_id, epoch, :leg_id, now() FROM granted
    )
    SELECT g.counsellor_id, g.epoch, c.extension FROM granted g JOIN counsellors c ON c.id = g.counsellor_id
    """
).bindparams(bindparam("not_now", type_=ARRAY(Uuid)), bindparam("contact_id", type_=Uuid), bindparam("offer_id", type_=Uuid))

_CLOSE = text(
    """
    WITH closed AS (
        UPDATE offers SET ended_at = now(), result = :result
        WHERE id = :offer_id AND result IS NULL
        RETURNING counsellor_id, epoch
    )
    UPDATE presence p
    SET system = 'idle', contact_id = NULL, deadline = NULL, changed_at = now(),
        reachable = p.reachable AND :result <> 'unreachable',
        idle_since = CASE WHEN :result IN ('rang_out', 'rejected', 'busy') THEN now() ELSE p.idle_since END
    FROM closed WHERE p.counsellor_id = closed.counsellor_id AND p.epoch = closed.epoch AND p.system = 'offered'
    RETURNING p.counsellor_id
    """
).bindparams(bindparam("offer_id", type_=Uuid))

_ANSWER = text(
    """
    WITH answered AS (
        -- Written twice when a restarted program connects what its predecessor had just answered.
        UPDATE offers SET ended_at = coalesce(ended_at, now()), result = 'answered'
        WHERE id = :offer_id AND (result IS NULL OR result = 'answered')
        RETURNING counsellor_id, epoch
    )
    UPDATE presence p SET system = 'talking', deadline = NULL, changed_at = now()
    FROM answered WHERE p.counsellor_id = answered.counsellor_id AND p.epoch = answered.epoch AND p.system IN ('offered', 'talking')
    RETURNING p.counsellor_id
    """
).bindparams(bindparam("offer_id", type_=Uuid))

_END_TALK = text(
    """
    UPDATE presence p
    SET system = CASE WHEN :wrapup_s > 0 THEN 'wrapup' ELSE 'idle' END,
        contact_id = NULL, changed_at = now(),
        deadline = CASE WHEN :wrapup_s > 0 THEN now() + make_interval(secs => :wrapup_s) END,
        idle_since = CASE WHEN :wrapup_s > 0 THEN p.idle_since ELSE now() END
    WHERE p.counsellor_id = :counsellor_id AND p.epoch = :epoch AND p.system IN ('talking', 'offered')
    RETURNING p.counsellor_id
    """
).bindparams(bindparam("counsellor_id", type_=Uuid))

_EXPIRE_WRAPUP = text(
    """
    UPDATE presence SET system = 'idle', idle_since = now(), deadline = NULL, changed_at = now()
    WHERE system = 'wrapup' AND deadline <= now()
    RETURNING counsellor_id
    """
)

_RECLAIM = text(
    """
    WITH late AS (
        UPDATE presence SET system = 'idle', contact_id = NULL, deadline = NULL, changed_at = now()
        WHERE system = 'offered' AND deadline <= now()
        RETURNING counsellor_id, epoch
    )
    UPDATE offers o SET ended_at = now(), result = 'failed'
    FROM late WHERE o.counsellor_id = late.counsellor_id AND o.epoch = late.epoch AND o.result IS NULL
    RETURNING o.counsellor_id
    """
)

_FREE_ENDED = text(
    """
    WITH closed AS (
        UPDATE offers o SET ended_at = now(), result = 'withdrawn'
        FROM contacts c WHERE o.result IS NULL AND c.id = o.contact_id AND c.outcome IS NOT NULL
    )
    UPDATE presence p SET system = 'idle', contact_id = NULL, deadline = NULL, idle_since = now(), changed_at = now()
    FROM contacts c
    WHERE p.system IN ('offered', 'talking') AND c.id = p.contact_id AND c.outcome IS NOT NULL
    RETURNING p.counsellor_id
    """
)


class Reservations:
    """Grants, answers and returns counsellors. Every method is one statement, committed when it returns.

    Raises `DatabaseUnavailable` when PostgreSQL cannot be reached: the caller decides what keeps the person on the line.
    """

    def __init__(self, db: Database, *, ring_timeout_s: float, wrapup_s: float, leg_id_prefix: str = "leg-") -> None:
        self._db = db
        # The reservation outlives the ringing by the time a dead worker needs to be noticed (FAILURES: lease <= 10 s).
        self._lease_s = ring_timeout_s + 10.0
        self._wrapup_s = wrapup_s
        self._prefix = leg_id_prefix

    async def reserve(self, contact_id: UUID, not_now: Sequence[UUID]) -> Offer | None:
        """Reserve the counsellor who has been idle longest, or return None when nobody is available."""
        offer_id = new_id()
        leg_id = f"{self._prefix}{offer_id}"
        rows = await self._db.execute(
            _RESERVE,
            {"contact_id": contact_id, "offer_id": offer_id, "leg_id": leg_id, "lease_s": self._lease_s, "not_now": list(not_now)},
        )
        if not rows:
            return None
        row = rows[0]
        return Offer(
            id=offer_id, contact_id=contact_id, counsellor_id=row.counsellor_id, epoch=row.epoch, extension=row.extension, leg_id=leg_id
        )

    async def answered(self, offer: Offer) -> bool:
        """The counsellor took the call. False: the reservation was lost meanwhile, the leg must not be bridged."""
        return bool(await self._db.execute(_ANSWER, {"offer_id": offer.id}))

    async def close(self, offer: Offer, result: OfferResult) -> bool:
        """The offer came to nothing; the counsellor is free again. False: it had been closed before."""
        return bool(await self._db.execute(_CLOSE, {"offer_id": offer.id, "result": str(result)}))

    async def end_talk(self, counsellor_id: UUID, epoch: int) -> bool:
        """The talk is over: wrap-up, or idle where there is none. False: not theirs any more."""
        parameters = {"counsellor_id": counsellor_id, "epoch": epoch, "wrapup_s": self._wrapup_s}
        return bool(await self._db.execute(_END_TALK, parameters))

    async def expire(self) -> int:
        """End wrap-ups that are over and reclaim reservations whose worker vanished. Returns how many counsellors came free."""
        ended = await self._db.execute(_EXPIRE_WRAPUP)
        reclaimed = await self._db.execute(_RECLAIM)
        return len(ended) + len(reclaimed)

    async def free_ended(self) -> int:
        """Free counsellors that still point at a contact which has ended (after a crash). Returns how many."""
        return len(await self._db.execute(_FREE_ENDED))

    @property
    def wrapup(self) -> timedelta:
        """How long wrap-up lasts unless the counsellor ends it."""
        return timedelta(seconds=self._wrapup_s)
