"""What open pages are told: events in a table, announced by NOTIFY, and kept for a day so that a page that was away misses none.

Numbers are taken from one row whose lock lasts until the transaction ends, so they have no gaps and are seen in their order: who has seen number n
has all before it. A process reads each event once into a window that all its streams share; a stream is a number in it, not a queue,
so a slow browser costs nothing. What is older than the window is read from the table.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import DateTime, Executable, Row, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.statements import Parameters
from desk.access.model import Actor, Permission

log = structlog.get_logger()

CHANNEL = "desk_events"
#: Events that the streams of a process share.
WINDOW = 1000
PAGE = 500
KEPT = timedelta(days=1)
#: A lost NOTIFY costs at most this; seconds.
LOOK_EVERY_S = 5.0

_AT = DateTime(timezone=True)
_ADD = text(
    """
    WITH taken AS (
        INSERT INTO desk_event_counter AS c (id, last) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET last = c.last + 1 RETURNING last
    )
    INSERT INTO desk_events (id, at, kind, data, permission, user_id)
    SELECT last, :at, :kind, :data, :permission, :user_id FROM taken RETURNING id
    """
).bindparams(bindparam("at", type_=_AT), bindparam("data", type_=JSONB), bindparam("user_id", type_=Uuid))
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")
_AFTER = text("SELECT id, kind, data, permission, user_id FROM desk_events WHERE id > :after ORDER BY id LIMIT :page")
# A counter that was never used, and a table that is empty because everything in it was old, are both ordinary.
_BOUNDS = text(
    "SELECT coalesce((SELECT last FROM desk_event_counter), 0) AS last,"
    " coalesce((SELECT min(id) FROM desk_events), (SELECT last + 1 FROM desk_event_counter), 1) AS first"
)
_FORGET = text("DELETE FROM desk_events WHERE at <= :before").bindparams(bindparam("before", type_=_AT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. `data` is what the page gets: ids and versions, never a caller's number."""

    number: int
    kind: str
    data: Mapping[str, object]
    permission: str | None = None
    user_id: UUID | None = None

    def concerns(self, actor: Actor) -> bool:
        """Whether this person is told: one of the two that it names, or, naming none, everybody who is signed in."""
        if self.user_id is not None:
            return self.user_id == actor.user_id
        return self.permission is None or self.permission in actor.permissions


class Events:
    """The events. Run `run()` as a task for streams to hear of them; publishing needs no task."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._window: deque[Event] = deque(maxlen=WINDOW)
        self._last: int | None = None
        self._look = asyncio.Event()
        self._news = asyncio.Condition()
        self._closed = False

    async def publish(
        self, kind: str, data: Mapping[str, object], *, permission: Permission | None = None, user: UUID | None = None
    ) -> int:
        """Tell whoever has the permission, or one user; returns the event's number. Raises DatabaseUnavailable."""
        rows = await self._db.execute(*self.statement(kind, data, permission=permission, user=user))
        await self.announce()
        number: int = rows[0].id
        return number

    def statement(
        self, kind: str, data: Mapping[str, object], *, permission: Permission | None = None, user: UUID | None = None
    ) -> tuple[Executable, Parameters]:
        """The same as a statement to run in a transaction of one's own: as its last one, and call `announce` after the commit."""
        return _ADD, {
            "at": self._clock.now(),
            "kind": kind,
            "data": dict(data),
            "permission": str(permission) if permission else None,
            "user_id": user,
        }

    async def announce(self) -> None:
        """Have every worker look at once. A failure costs `LOOK_EVERY_S`, no more."""
        self._look.set()
        try:
            await self._db.execute(_NOTIFY)
        except DatabaseError as error:
            log.info("desk_events_delayed", reason=type(error).__name__)

    async def run(self) -> None:
        """Read what is new, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._db.listen(CHANNEL, lambda _: self._look.set()), name="desk events heard")
            tasks.create_task(self._follow(), name="desk events read")

    async def last(self) -> int:
        """The number of the newest event."""
        number: int = (await self._db.execute(_BOUNDS))[0].last
        return number

    async def after(self, number: int) -> tuple[Sequence[Event], bool]:
        """The next events after that one, a page at most; False: some are no longer kept, or the number is from another database."""
        if self._window and self._window[0].number <= number + 1 and number <= self._window[-1].number:
            skip = number + 1 - self._window[0].number
            return [self._window[index] for index in range(skip, min(len(self._window), skip + PAGE))], True
        bounds = (await self._db.execute(_BOUNDS))[0]
        if not bounds.first - 1 <= number <= bounds.last:
            return [], False
        return [_event(row) for row in await self._db.execute(_AFTER, {"after": number, "page": PAGE})], True

    async def wait(self, number: int, timeout_s: float) -> bool:
        """True: there may be something after `number`, or the desk closes; False: the time is over."""
        try:
            async with asyncio.timeout(timeout_s), self._news:
                return await self._news.wait_for(lambda: self._closed or (self._last or 0) > number)
        except TimeoutError:
            return False

    @property
    def closed(self) -> bool:
        """Whether streams are to end."""
        return self._closed

    async def close(self) -> None:
        """End all streams; their pages come back to whoever serves next."""
        self._closed = True
        async with self._news:
            self._news.notify_all()

    async def tidy(self) -> None:
        """Delete what no page comes back for."""
        await self._db.execute(_FORGET, {"before": self._clock.now() - KEPT})

    async def _follow(self) -> None:
        while True:
            self._look.clear()
            try:
                await self._read()
            except DatabaseError as error:
                log.info("desk_events_delayed", reason=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look.wait()
            except TimeoutError:
                pass

    async def _read(self) -> None:
        if self._last is None:
            self._last = await self.last()
        while rows := await self._db.execute(_AFTER, {"after": self._last, "page": PAGE}):
            self._window.extend(_event(row) for row in rows)
            self._last = self._window[-1].number
            async with self._news:
                self._news.notify_all()


def _event(row: Row[tuple[object, ...]]) -> Event:
    return Event(number=row.id, kind=row.kind, data=row.data, permission=row.permission, user_id=row.user_id)
