"""The table of deliveries: what is due, who is sending it, and what became of it.

Whoever takes a delivery has it for the length of a lease: another process does not send it meanwhile, and does if the first one is gone. The
attempt is counted when it begins, so that one that takes its process with it is given up in the end, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Executable, Uuid, bindparam, insert, text
from sqlalchemy.types import TypeEngine

from core.alarms import AlarmKind
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from core.tables import alarms
from helpline.alarm_delivery.model import CHANNEL, Alarm, Message, Rule, key, plan

#: Every alarm is announced here by the database itself. A hint: it may be lost.
ALARMS_RAISED = "alarms_raised"
#: Alarms routed in one transaction.
PAGE = 100
#: About a channel that fails an alarm is raised again after so long, if nobody saw to the last one; and at once if somebody did.
TOLD_EVERY = timedelta(hours=1)

_AT = DateTime(timezone=True)


def _statement(sql: str) -> Executable:
    """With the types of all parameters that are not text or numbers."""
    types: dict[str, TypeEngine[Any]] = {
        "now": _AT,
        "until": _AT,
        "at": _AT,
        "after": _AT,
        "before": _AT,
        "alarm_id": Uuid(),
        "id": Uuid(),
        "me": Uuid(),
    }
    return text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in types.items() if f":{name}" in sql))


_UNROUTED = _statement(
    "SELECT id, kind, at, detail, seen_at FROM alarms WHERE routed_at IS NULL ORDER BY at LIMIT :page FOR UPDATE SKIP LOCKED"
)
_ROUTED = _statement("UPDATE alarms SET routed_at = :now WHERE id = :id")
_ADD = _statement(
    """
    INSERT INTO alarm_deliveries (alarm_id, channel, urgent, next_at) VALUES (:alarm_id, :channel, :urgent, :at)
    ON CONFLICT (alarm_id, channel) DO NOTHING
    """
)
_TAKE = _statement(
    """
    UPDATE alarm_deliveries AS d SET leased_by = :me, leased_until = :until, attempts = attempts + 1
    FROM alarms AS a
    WHERE a.id = d.alarm_id AND (d.alarm_id, d.channel) IN (
        SELECT alarm_id, channel FROM alarm_deliveries
        WHERE channel = :channel AND state = 'due' AND next_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
        ORDER BY urgent DESC, next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING d.alarm_id, d.channel, d.round, d.attempts, d.urgent, a.kind, a.at, a.seen_at
    """
)
_NEXT = _statement(
    "SELECT min(greatest(next_at, coalesce(leased_until, next_at))) AS at FROM alarm_deliveries WHERE channel = :channel AND state = 'due'"
)
# Whoever lost the lease meanwhile notes nothing: another one is at it.
_MINE = "WHERE alarm_id = :alarm_id AND channel = :channel AND leased_by = :me AND state = 'due'"
_SENT = _statement(
    f"""
    UPDATE alarm_deliveries SET state = 'sent', sent_at = :now, last_error = :note, leased_by = NULL, leased_until = NULL
    {_MINE} RETURNING round
    """  # noqa: S608
)
_AGAIN = _statement(
    f"""
    UPDATE alarm_deliveries SET sent_at = :now, last_error = :note, leased_by = NULL, leased_until = NULL,
        round = round + 1, attempts = 0, next_at = :at
    {_MINE} RETURNING round
    """  # noqa: S608
)
_SKIPPED = _statement(
    f"""
    UPDATE alarm_deliveries SET state = CASE WHEN sent_at IS NULL THEN 'skipped' ELSE 'sent' END, last_error = :note, attempts = attempts - 1,
        leased_by = NULL, leased_until = NULL
    {_MINE} RETURNING round
    """  # noqa: S608
)
_LATER = _statement(
    f"""
    UPDATE alarm_deliveries SET next_at = :at, last_error = :note, leased_by = NULL, leased_until = NULL
    {_MINE} RETURNING round
    """  # noqa: S608
)
_DEAD = _statement(
    f"""
    UPDATE alarm_deliveries SET state = 'dead', last_error = :note, leased_by = NULL, leased_until = NULL
    {_MINE} RETURNING round
    """  # noqa: S608
)
# One way is closed: those that would have waited for somebody to look need not.
_HURRY = _statement(
    "UPDATE alarm_deliveries SET next_at = :now WHERE alarm_id = :alarm_id AND state = 'due' AND attempts = 0 AND round = 1 AND next_at > :now"
)
_TOLD = _statement(
    """
    SELECT FROM alarms
    WHERE kind = :kind AND detail ->> 'channel' = CAST(:channel AS text) AND seen_at IS NULL AND at > :after LIMIT 1
    """
)
_REVIVE = _statement(
    """
    UPDATE alarm_deliveries SET state = 'due', attempts = 0, next_at = :now, last_error = NULL
    WHERE state = 'dead' AND alarm_id IN (SELECT id FROM alarms WHERE seen_at IS NULL) RETURNING alarm_id
    """
)
_STAND = _statement(
    """
    SELECT count(*) FILTER (WHERE state = 'dead' AND a.at > :after) AS dead,
        count(*) FILTER (WHERE state = 'due' AND next_at < :before AND coalesce(leased_until, next_at) < :before) AS overdue,
        (SELECT count(*) FROM alarms WHERE routed_at IS NULL AND at < :before) AS unrouted
    FROM alarm_deliveries AS d JOIN alarms AS a ON a.id = d.alarm_id WHERE d.channel = ANY(:channels)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A delivery that is ours to send."""

    message: Message
    channel: str
    attempts: int
    #: Somebody saw to the alarm before it came to be sent.
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the deliveries stand."""

    #: Given up, of the alarms since.
    dead: int
    #: Due for a while, and nobody at it.
    overdue: int


class Book:
    """The deliveries. Every method raises `DatabaseError`."""

    def __init__(self, db: Database, clock: Clock, *, make_id: Callable[[], UUID] = new_id) -> None:
        self._db = db
        self._clock = clock
        self._make_id = make_id
        #: Who holds our leases.
        self._me = make_id()

    async def route(self, rules: Sequence[Rule]) -> int:
        """Make the deliveries of alarms that have none yet, whoever raised them; how many alarms there were."""
        now = self._clock.now()
        async with self._db.begin() as session:
            rows = (await session.execute(_UNROUTED, {"page": PAGE})).all()
            for row in rows:
                failed = row.detail.get(CHANNEL) if row.kind == AlarmKind.ALARM_NOT_DELIVERED else None
                alarm = Alarm(id=row.id, kind=row.kind, at=row.at, failed_channel=failed)
                for one in plan(alarm, rules, now):
                    values = {"alarm_id": one.alarm_id, "channel": one.channel, "urgent": one.urgent, "at": one.next_at}
                    await session.execute(_ADD, values)
                await session.execute(_ROUTED, {"id": row.id, "now": now})
        return len(rows)

    async def take(self, channel: str, lease_s: float) -> Taken | None:
        """The most urgent delivery that is due there; nobody else is given it for so long."""
        now = self._clock.now()
        values = {"channel": channel, "now": now, "until": now + timedelta(seconds=lease_s), "me": self._me}
        rows = await self._db.execute(_TAKE, values)
        if not rows:
            return None
        row = rows[0]
        message = Message(
            alarm_id=row.alarm_id, kind=row.kind, at=row.at, key=key(row.alarm_id, channel, row.round), round=row.round
        )  # fmt: skip
        return Taken(message=message, channel=channel, attempts=row.attempts, seen=row.seen_at is not None)

    async def next_at(self, channel: str) -> datetime | None:
        """When something is next due there; None: nothing is known to come."""
        at: datetime | None = (await self._db.execute(_NEXT, {"channel": channel}))[0].at
        return at

    async def sent(self, taken: Taken, *, note: str, again_at: datetime | None) -> None:
        """The far end has it; another round begins at `again_at`."""
        values = {**self._mine(taken, note), "now": self._clock.now()}
        if again_at is None:
            await self._db.execute(_SENT, values, retry=True)
        else:
            await self._db.execute(_AGAIN, {**values, "at": again_at})

    async def skipped(self, taken: Taken, *, note: str) -> None:
        """It need not be sent."""
        await self._db.execute(_SKIPPED, self._mine(taken, note))

    async def later(self, taken: Taken, *, note: str, at: datetime) -> None:
        """It failed and is tried again."""
        await self._db.execute(_LATER, {**self._mine(taken, note), "at": at})

    async def dead(self, taken: Taken, *, note: str) -> bool:
        """It is given up: the other channels hurry, and an alarm says so; whether one was raised.

        None is raised about an alarm of this very kind, nor while one about the same channel is open and fresh: this cannot go round.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            if not (await session.execute(_DEAD, self._mine(taken, note))).all():
                return False
            await session.execute(_HURRY, {"alarm_id": taken.message.alarm_id, "now": now})
            kind = AlarmKind.ALARM_NOT_DELIVERED
            if taken.message.kind == kind:
                return False
            told = {"kind": str(kind), "channel": taken.channel, "after": now - TOLD_EVERY}
            if (await session.execute(_TOLD, told)).all():
                return False
            detail = {CHANNEL: taken.channel, "alarm_kind": taken.message.kind, "reason": note}
            row = {"id": self._make_id(), "kind": str(kind), "at": now, "about": taken.message.alarm_id, "detail": detail}
            await session.execute(insert(alarms), row)
            return True

    async def revive(self) -> int:
        """Everything that was given up and that nobody saw to is tried once more; how many deliveries."""
        return len(await self._db.execute(_REVIVE, {"now": self._clock.now()}))

    async def standing(
        self, channels: Sequence[str], *, since: timedelta = timedelta(days=1), late: timedelta = timedelta(minutes=5)
    ) -> Standing:
        """What was given up of the alarms `since`, and what has been due for longer than `late`, by these channels."""
        now = self._clock.now()
        row = (await self._db.execute(_STAND, {"after": now - since, "before": now - late, "channels": list(channels)}))[0]
        return Standing(dead=row.dead, overdue=row.overdue + row.unrouted)

    def _mine(self, taken: Taken, note: str) -> dict[str, object]:
        return {"alarm_id": taken.message.alarm_id, "channel": taken.channel, "me": self._me, "note": note[:200] or None}
