"""The access log: who read or changed what, chained so that no row is changed, removed or moved unseen.

Row n carries `HMAC-SHA256(key, mac of row n-1 | row n)`, numbers leave no gap, and the head (number and mac of the last row, with a mac of
its own) is kept apart, so that cutting rows off the end shows as well. The key is not in the database: whoever can write there, but has not
the key file, can't forge a row. What remains is to bring back an older state of the whole database; a head that was noted elsewhere
(`annyeong120 audit verify` says it, and the log now and then) shows that too. A trigger refuses UPDATE, DELETE and TRUNCATE.

`write` returns when the rows are committed; callers write before they show or do anything: no row, no access. What many ask for at one time is
written in one transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import Row, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database
from core.errors import AnnyeongError, DatabaseUnavailable
from core.tables import access_log, access_log_head

log = structlog.get_logger()

#: What a row's detail may hold; nothing that PostgreSQL's JSONB would give back in another form.
Detail = Mapping[str, str | int | bool | None]

#: Before the first row.
GENESIS = bytes(32)
#: Rows read at once by whoever verifies or lists.
PAGE = 1000
#: One writer at a time; the number is arbitrary but fixed.
_LOCK = text("SELECT pg_advisory_xact_lock(313230, 1)")
_HEAD = "head"
#: The log says the head each time it has grown by so many rows.
SAY_HEAD_EVERY = 1000


class AccessLogDamaged(AnnyeongError):
    """The access log's head does not fit its key: it was tampered with, or the key file is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One access. `about` is an id, never a name or a number; `detail` holds reasons and codes."""

    action: str
    actor: UUID | None = None
    about_kind: str = ""
    about: str = ""
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the log."""

    number: int
    at: datetime
    access: Access


def chained(key: bytes, before: bytes, entry: Entry) -> bytes:
    """The mac of a row that follows one with the mac `before`."""
    access = entry.access
    row = [
        entry.number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(access.actor) if access.actor else None,
        access.action,
        access.about_kind,
        access.about,
        dict(access.detail),
    ]
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key, before + canonical, hashlib.sha256).digest()


def head_mac(key: bytes, number: int, mac: bytes) -> bytes:
    """The mac of the head."""
    return hmac.new(key, b"head" + number.to_bytes(8) + mac, hashlib.sha256).digest()


class AccessLog:
    """Writes to the log. One per process; `key` is `core.sealing.load_chain_key`."""

    def __init__(self, db: Database, clock: Clock, key: bytes) -> None:
        self._db = db
        self._clock = clock
        self._key = key
        self._waiting: list[tuple[Sequence[Access], asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()

    async def write(self, *accesses: Access) -> None:
        """Commit these rows, in this order. Raises DatabaseUnavailable (nothing may be shown then), AccessLogDamaged."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((accesses, written))
        async with self._writing:
            # Whoever comes first writes for all who have come meanwhile.
            if not written.done():
                await self._write_waiting()
        await written

    async def _write_waiting(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            await self._commit([access for accesses, _ in batch for access in accesses])
        except BaseException as error:
            # Cancelled with the one who happened to write: the others know only that it is unknown.
            reason = error if isinstance(error, Exception) else DatabaseUnavailable("the access log was interrupted")
            for _, written in batch:
                if not written.done():
                    written.set_exception(reason)
                    # Nobody may be left to fetch it.
                    written.exception()
            if not isinstance(error, Exception):
                raise
            return
        for _, written in batch:
            if not written.done():
                written.set_result(None)

    async def _commit(self, accesses: Sequence[Access]) -> None:
        at = self._clock.now().astimezone(UTC)
        async with self._db.begin() as connection:
            await connection.execute(_LOCK)
            first, mac = await self._head(connection)
            rows: list[dict[str, object]] = []
            for number, access in enumerate(accesses, start=first + 1):
                mac = chained(self._key, mac, Entry(number=number, at=at, access=access))
                rows.append(
                    {
                        "id": number, "at": at, "actor": access.actor, "action": access.action, "about_kind": access.about_kind,
                        "about": access.about, "detail": dict(access.detail), "mac": mac,
                    }
                )  # fmt: skip
            last = first + len(rows)
            head = {"last": last, "mac": mac, "head_mac": head_mac(self._key, last, mac)}
            await connection.execute(insert(access_log), rows)
            await connection.execute(
                upsert(access_log_head).values(name=_HEAD, **head).on_conflict_do_update(index_elements=["name"], set_=head)
            )
        if first // SAY_HEAD_EVERY != last // SAY_HEAD_EVERY:
            log.info("access_log_head", head=f"{last}:{mac.hex()}")

    async def _head(self, connection: AsyncConnection) -> tuple[int, bytes]:
        row = (await connection.execute(select(access_log_head).where(access_log_head.c.name == _HEAD))).first()
        if row is None:
            return 0, GENESIS
        if not hmac.compare_digest(head_mac(self._key, row.last, row.mac), row.head_mac):
            log.error("access_log_damaged")
            raise AccessLogDamaged
        return row.last, row.mac


def entry_of(row: Row[tuple[object, ...]]) -> Entry:
    """A row of the table as a record."""
    return Entry(
        number=row.id,
        at=row.at,
        access=Access(
            action=row.action,
            actor=row.actor,
            about_kind=row.about_kind,
            about=row.about,
            detail=row.detail,
        ),
    )
