"""Reserving counsellors in PostgreSQL: every change is one conditional statement, fenced by the counsellor's epoch.

Who is to be reserved for whom is decided by `routing.engine`; here the database says whether it is so. A reservation names the epoch it was
decided on: if anything about the counsellor's reservations changed meanwhile it changes no row, and a worker that froze and came back
writes with an old epoch, which changes no row either. Each method returns the counsellor as the row is now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from core.database import Database
from core.errors import DatabaseConflict
from core.ids import new_id
from routing.model import Kind, Lane, Offer, OfferResult, Seat, Waiting
from routing.policy import Policy

#: A worker that has not been heard of for this long is dead.
WORKER_LEASE_S = 15.0
#: The unique index that keeps a contact from having two live offers.
_ONE_OFFER = "uq_offers_live_contact"

_PRESENCE = (
    "counsellor_id, epoch, human, system, reachable, on_shift, shift_until, idle_since, rest_until, paused_until, heavy_run, changed_at"
)
#: Later than every picture of this row that anybody has: `now()` is the transaction's start, and a statement that had to wait for the row
#: would write an older time than the one it waited for.
_CHANGED = "changed_at = greatest(clock_timestamp(), p.changed_at + interval '1 microsecond')"
_P = ", ".join(f"p.{column}" for column in _PRESENCE.split(", "))
#: What the counsellor's own row adds to a `Seat`.
_PERSON = "c.extension, c.languages, c.skills, c.disabled_at IS NOT NULL AS disabled, clock_timestamp() AS read_at"
#: A row of a `Seat`, from what a statement has just written or from the table.
_SEATS = f"s.*, {_PERSON}"


def _statement(sql: str) -> TextClause:
    known: dict[str, TypeEngine[Any]] = {
        "contact_id": Uuid(),
        "counsellor_id": Uuid(),
        "offer_id": Uuid(),
        "ids": ARRAY(Uuid),
        "since": DateTime(timezone=True),
    }
    return text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in known.items() if f":{name}" in sql))


# The plain path, as light as it can be. That the contact has no live offer is checked by the unique index on live offers.
_RESERVE = _statement(
    f"""
    WITH s AS (
        UPDATE presence p
        SET system = 'offered', epoch = p.epoch + 1, contact_id = :contact_id, {_CHANGED},
            deadline = now() + make_interval(secs => :lease_s)
        FROM counsellors c
        WHERE p.counsellor_id = :counsellor_id AND p.epoch = :epoch AND c.id = p.counsellor_id AND c.disabled_at IS NULL
          AND p.human = 'ready' AND p.system = 'idle' AND p.reachable AND p.on_shift
          AND EXISTS (SELECT FROM contacts WHERE id = :contact_id AND outcome IS NULL)
        RETURNING {_P}, {_PERSON}
    ), offered AS (
        INSERT INTO offers (id, contact_id, counsellor_id, epoch, leg_id, offered_at)
        SELECT :offer_id, :contact_id, counsellor_id, epoch, :leg_id, now() FROM s
    )
    SELECT * FROM s
    """  # noqa: S608 - put together from the constants above only
)

# When that changed nothing: who the counsellor is now, and the live offer of an earlier attempt whose answer was lost.
_FOUND = _statement(
    f"""
    SELECT {_SEATS}, o.id AS offer_id, o.counsellor_id AS offered_to, t.extension AS offered_extension, o.leg_id, o.epoch AS offer_epoch
    FROM (SELECT {_P} FROM presence p WHERE p.counsellor_id = :counsellor_id) s
    JOIN counsellors c ON c.id = s.counsellor_id
    LEFT JOIN offers o ON o.contact_id = :contact_id AND o.result IS NULL
    LEFT JOIN counsellors t ON t.id = o.counsellor_id
    """  # noqa: S608
)

_CLOSE = _statement(
    f"""
    WITH closed AS (
        UPDATE offers SET ended_at = now(), result = :result
        WHERE id = :offer_id AND result IS NULL
        RETURNING counsellor_id, epoch
    ), s AS (
        UPDATE presence p
        SET system = 'idle', contact_id = NULL, deadline = NULL, {_CHANGED},
            reachable = p.reachable AND :result <> 'unreachable',
            idle_since = CASE WHEN :result IN ('rang_out', 'rejected', 'busy') THEN now() ELSE p.idle_since END,
            -- Only a phone that rang in vain counts, whatever the reason the others had.
            missed = CASE WHEN :result = 'rang_out' THEN p.missed + 1 ELSE p.missed END,
            paused_until = CASE WHEN :result = 'rang_out' AND p.missed + 1 >= :missed_limit
                                THEN now() + make_interval(secs => :pause_s) ELSE p.paused_until END
        FROM closed WHERE p.counsellor_id = closed.counsellor_id AND p.epoch = closed.epoch AND p.system = 'offered'
        RETURNING {_P}
    )
    SELECT {_SEATS} FROM s JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_ANSWER = _statement(
    f"""
    WITH answered AS (
        -- Written twice when a restarted program connects what its predecessor had just answered.
        UPDATE offers SET ended_at = coalesce(ended_at, now()), result = 'answered'
        WHERE id = :offer_id AND (result IS NULL OR result = 'answered')
        RETURNING counsellor_id, epoch
    ), s AS (
        UPDATE presence p SET system = 'talking', deadline = NULL, {_CHANGED}, missed = 0, paused_until = NULL
        FROM answered WHERE p.counsellor_id = answered.counsellor_id AND p.epoch = answered.epoch AND p.system IN ('offered', 'talking')
        RETURNING {_P}
    )
    SELECT {_SEATS} FROM s JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_END_TALK = _statement(
    f"""
    WITH s AS (
        UPDATE presence p
        SET system = CASE WHEN :wrapup_s > 0 THEN 'wrapup' ELSE 'idle' END,
            contact_id = NULL, {_CHANGED},
            deadline = CASE WHEN :wrapup_s > 0 THEN now() + make_interval(secs => :wrapup_s) END,
            idle_since = CASE WHEN :wrapup_s > 0 THEN p.idle_since ELSE now() END,
            heavy_run = CASE WHEN :heavy THEN p.heavy_run + 1 ELSE 0 END,
            -- Rest comes on top of wrap-up: the record is work, too.
            rest_until = CASE WHEN :heavy AND :rest_s > 0 THEN now() + make_interval(secs => :wrapup_s + :rest_s) ELSE p.rest_until END
        WHERE p.counsellor_id = :counsellor_id AND p.epoch = :epoch AND p.system IN ('talking', 'offered')
        RETURNING {_P}
    )
    SELECT {_SEATS} FROM s JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_EXPIRE_WRAPUP = _statement(
    f"""
    WITH s AS (
        UPDATE presence p SET system = 'idle', idle_since = now(), deadline = NULL, {_CHANGED}
        WHERE p.system = 'wrapup' AND p.deadline <= now()
        RETURNING {_P}
    )
    SELECT {_SEATS} FROM s JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_RECLAIM = _statement(
    f"""
    WITH s AS (
        UPDATE presence p SET system = 'idle', contact_id = NULL, deadline = NULL, {_CHANGED}
        WHERE p.system = 'offered' AND p.deadline <= now()
        RETURNING {_P}
    ), closed AS (
        UPDATE offers o SET ended_at = now(), result = 'failed'
        FROM s WHERE o.counsellor_id = s.counsellor_id AND o.epoch = s.epoch AND o.result IS NULL
    ), stale AS (
        -- Whose reservation is no more: it would keep its contact from being offered to anybody.
        UPDATE offers o SET ended_at = now(), result = 'failed'
        FROM presence p WHERE o.result IS NULL AND p.counsellor_id = o.counsellor_id AND (p.epoch <> o.epoch OR p.system <> 'offered')
    )
    SELECT {_SEATS} FROM s JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_FREE_ENDED = _statement(
    f"""
    WITH closed AS (
        UPDATE offers o SET ended_at = now(), result = 'withdrawn'
        FROM contacts c WHERE o.result IS NULL AND c.id = o.contact_id AND c.outcome IS NOT NULL
    ), s AS (
        UPDATE presence p SET system = 'idle', contact_id = NULL, deadline = NULL, idle_since = now(), {_CHANGED}
        FROM contacts c
        WHERE p.system IN ('offered', 'talking') AND c.id = p.contact_id AND c.outcome IS NOT NULL
        RETURNING {_P}
    )
    SELECT {_SEATS} FROM s JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_SEATS_SINCE = _statement(
    f"""
    SELECT {_SEATS} FROM (SELECT {_P} FROM presence p WHERE CAST(:since AS timestamptz) IS NULL OR p.changed_at >= :since) s
    JOIN counsellors c ON c.id = s.counsellor_id
    """  # noqa: S608
)

_BEAT = _statement("INSERT INTO workers (name, seen_at) VALUES (:name, now()) ON CONFLICT (name) DO UPDATE SET seen_at = now()")

_ELSEWHERE = _statement(
    """
    SELECT t.id, coalesce(t.virtual_start, t.queued_at) AS since, t.lane, t.kind, t.language, t.named_id, t.node || '/' || t.worker AS worker
    FROM contacts t JOIN workers w ON w.name = t.node || '/' || t.worker
    WHERE t.outcome IS NULL AND t.queued_at IS NOT NULL AND t.state IN ('waiting', 'calling_back') AND w.name <> :name
      AND w.seen_at > now() - make_interval(secs => :lease_s)
      AND NOT EXISTS (SELECT FROM offers o WHERE o.contact_id = t.id AND o.result IS NULL)
    """
)


_HOLD = _statement(
    """
    UPDATE presence p SET deadline = greatest(p.deadline, now() + make_interval(secs => :lease_s))
    FROM offers o
    WHERE o.id = ANY(:ids) AND o.result IS NULL AND p.counsellor_id = o.counsellor_id AND p.epoch = o.epoch AND p.system = 'offered'
    RETURNING o.id
    """
)


class Reservations:
    """Grants, answers and returns counsellors. Every change is one statement, committed when the method returns.

    Raises `DatabaseUnavailable` when PostgreSQL cannot be reached: the caller decides what keeps the person on the line.
    """

    def __init__(self, db: Database, *, ring_timeout_s: float, wrapup_s: float, leg_id_prefix: str = "leg-") -> None:
        self._db = db
        # The reservation outlives the ringing by the time a dead worker needs to be noticed (FAILURES: lease <= 10 s).
        self._lease_s = ring_timeout_s + 10.0
        self._wrapup_s = wrapup_s
        self._prefix = leg_id_prefix

    async def reserve(self, contact_id: UUID, counsellor_id: UUID, epoch: int) -> tuple[Offer | None, Seat | None]:
        """Reserve this counsellor if the row still has this epoch, and the counsellor as they are now (None: there is no such person).

        The offer is one with somebody else where an earlier attempt, whose answer was lost, had reserved them.
        """
        offer_id = new_id()
        leg_id = f"{self._prefix}{offer_id}"
        parameters = {
            "contact_id": contact_id,
            "counsellor_id": counsellor_id,
            "epoch": epoch,
            "offer_id": offer_id,
            "leg_id": leg_id,
            "lease_s": self._lease_s,
        }
        try:
            rows = await self._db.execute(_RESERVE, parameters)
        except DatabaseConflict as conflict:
            if conflict.constraint != _ONE_OFFER:
                raise
            rows = []
        if not rows:
            return await self._found(contact_id, counsellor_id)
        seat = _seat(rows[0])
        offer = Offer(
            id=offer_id, contact_id=contact_id, counsellor_id=counsellor_id, epoch=seat.epoch, extension=seat.extension, leg_id=leg_id
        )
        return offer, seat

    async def _found(self, contact_id: UUID, counsellor_id: UUID) -> tuple[Offer | None, Seat | None]:
        rows = await self._db.execute(_FOUND, {"contact_id": contact_id, "counsellor_id": counsellor_id})
        if not rows:
            return None, None
        row = rows[0]
        if row.offer_id is None:
            return None, _seat(row)
        offer = Offer(
            id=row.offer_id,
            contact_id=contact_id,
            counsellor_id=row.offered_to,
            epoch=row.offer_epoch,
            extension=row.offered_extension,
            leg_id=row.leg_id,
        )
        return offer, _seat(row)

    async def answered(self, offer: Offer) -> Seat | None:
        """The counsellor took the call. None: the reservation was lost meanwhile, the leg must not be bridged."""
        return await self._one(_ANSWER, {"offer_id": offer.id})

    async def close(self, offer: Offer, result: OfferResult, policy: Policy) -> Seat | None:
        """The offer came to nothing; the counsellor is free again. None: it had been closed before."""
        parameters = {"offer_id": offer.id, "result": str(result), "missed_limit": policy.missed_limit, "pause_s": policy.pause_s}
        return await self._one(_CLOSE, parameters)

    async def end_talk(self, counsellor_id: UUID, epoch: int, *, heavy: bool, wrapup: bool, policy: Policy) -> Seat | None:
        """The talk is over: wrap-up (unless the phone died), or idle where there is none. None: not theirs any more."""
        parameters = {
            "counsellor_id": counsellor_id,
            "epoch": epoch,
            "wrapup_s": self._wrapup_s if wrapup else 0.0,
            "heavy": heavy,
            "rest_s": policy.crisis_rest_s,
        }
        return await self._one(_END_TALK, parameters)

    async def expire(self) -> list[Seat]:
        """End wrap-ups that are over and reclaim reservations whose worker vanished; who came free."""
        return [_seat(row) for statement in (_EXPIRE_WRAPUP, _RECLAIM) for row in await self._db.execute(statement)]

    async def free_ended(self) -> list[Seat]:
        """Free counsellors that still point at a contact which has ended (after a crash); who came free."""
        return [_seat(row) for row in await self._db.execute(_FREE_ENDED)]

    async def seats(self, since: datetime | None) -> list[Seat]:
        """Counsellors whose presence changed since then (database time), or all of them."""
        return [_seat(row) for row in await self._db.execute(_SEATS_SINCE, {"since": since})]

    async def alive(self, worker: str) -> None:
        """This worker is there."""
        await self._db.execute(_BEAT, {"name": worker})

    async def waiting_elsewhere(self, worker: str) -> list[Waiting]:
        """Contacts without an offer that wait with other live workers."""
        rows = await self._db.execute(_ELSEWHERE, {"name": worker, "lease_s": WORKER_LEASE_S})
        return [
            Waiting(
                contact_id=row.id,
                since=row.since,
                lane=Lane(row.lane),
                kind=Kind(row.kind),
                language=row.language,
                named=row.named_id,
                worker=row.worker,
            )
            for row in rows
        ]

    async def hold(self, offers: Collection[Offer]) -> set[UUID]:
        """Renew the leases of those whose counsellor is still reserved by them; the ids of their offers."""
        rows = await self._db.execute(_HOLD, {"ids": [offer.id for offer in offers], "lease_s": self._lease_s})
        return {row.id for row in rows}

    @property
    def wrapup(self) -> timedelta:
        """How long wrap-up lasts unless the counsellor ends it."""
        return timedelta(seconds=self._wrapup_s)

    async def _one(self, statement: TextClause, parameters: Mapping[str, object]) -> Seat | None:
        rows = await self._db.execute(statement, parameters)
        return _seat(rows[0]) if rows else None


def _seat(row: Row[Any]) -> Seat:
    return Seat(
        counsellor_id=row.counsellor_id,
        extension=row.extension,
        epoch=row.epoch,
        human=row.human,
        system=row.system,
        reachable=row.reachable,
        disabled=row.disabled,
        on_shift=row.on_shift,
        shift_until=row.shift_until,
        idle_since=row.idle_since,
        rest_until=row.rest_until,
        paused_until=row.paused_until,
        heavy_run=row.heavy_run,
        languages=frozenset(row.languages),
        skills=frozenset(row.skills),
        changed_at=row.changed_at,
        read_at=row.read_at,
    )
