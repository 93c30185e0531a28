"""Sessions and known browsers, in the database: they survive a restart of the program and hold for every worker.

The browser holds 256 random bits; the database their SHA-256, so whoever reads it can't sign in by it. A session ends when nothing was done in it
for `idle_s`, `limit_s` after it began, when the person signs out, changes the password elsewhere, or the account is closed.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Row, Uuid, bindparam, text

from core.clock import Clock
from core.database import Database
from core.ids import new_id
from desk.access.model import Actor, Role

_TOKEN_BYTES = 32
#: A browser that has not been used for this long is a stranger again.
DEVICE_KEPT = timedelta(days=180)
#: Ended sessions are kept so long, for whoever looks into something.
ENDED_KEPT = timedelta(days=30)
#: "Something was done" is written down at most so often, as a share of the idle limit.
_TOUCH_SHARE = 20

_AT = DateTime(timezone=True)
_START = text(
    "INSERT INTO desk_sessions (id, user_id, token_hash, created_at, seen_at) VALUES (:id, :user_id, :token_hash, :now, :now)"
).bindparams(
    bindparam("id", type_=Uuid), bindparam("user_id", type_=Uuid), bindparam("token_hash", type_=LargeBinary), bindparam("now", type_=_AT)
)
_WHO = """
    SELECT s.id AS session_id, s.seen_at, u.id AS user_id, u.name, u.role, u.language, u.counsellor_id,
           u.one_time_until IS NOT NULL AS must_change, u.totp_secret IS NOT NULL AS second_factor
    FROM desk_sessions s JOIN desk_users u ON u.id = s.user_id
    WHERE s.ended_at IS NULL AND u.disabled_at IS NULL AND s.seen_at > :idle_since AND s.created_at > :began_since
"""
_TIMES = (bindparam("idle_since", type_=_AT), bindparam("began_since", type_=_AT))
_FIND = text(f"{_WHO} AND s.token_hash = :token_hash").bindparams(bindparam("token_hash", type_=LargeBinary), *_TIMES)
_LOOK = text(f"{_WHO} AND s.id = :id").bindparams(bindparam("id", type_=Uuid), *_TIMES)
_TOUCH = text("UPDATE desk_sessions SET seen_at = :now WHERE id = :id AND seen_at < :now").bindparams(
    bindparam("id", type_=Uuid), bindparam("now", type_=_AT)
)
_END = text(
    "UPDATE desk_sessions SET ended_at = :now WHERE token_hash = :token_hash AND ended_at IS NULL RETURNING id, user_id"
).bindparams(bindparam("token_hash", type_=LargeBinary), bindparam("now", type_=_AT))
_END_ALL = text(
    "UPDATE desk_sessions SET ended_at = :now WHERE user_id = :user_id AND ended_at IS NULL AND id IS DISTINCT FROM :kept RETURNING id"
).bindparams(bindparam("user_id", type_=Uuid), bindparam("kept", type_=Uuid), bindparam("now", type_=_AT))
_FORGET_DEVICES = text("DELETE FROM desk_devices WHERE user_id = :user_id AND token_hash IS DISTINCT FROM :kept").bindparams(
    bindparam("user_id", type_=Uuid), bindparam("kept", type_=LargeBinary)
)
_REMEMBER = text("INSERT INTO desk_devices (id, user_id, token_hash, seen_at) VALUES (:id, :user_id, :token_hash, :now)").bindparams(
    bindparam("id", type_=Uuid), bindparam("user_id", type_=Uuid), bindparam("token_hash", type_=LargeBinary), bindparam("now", type_=_AT)
)
_DEVICE = text("SELECT id FROM desk_devices WHERE token_hash = :token_hash AND user_id = :user_id AND seen_at > :since").bindparams(
    bindparam("token_hash", type_=LargeBinary), bindparam("user_id", type_=Uuid), bindparam("since", type_=_AT)
)
_SEEN_DEVICE = text("UPDATE desk_devices SET seen_at = :now WHERE id = :id").bindparams(
    bindparam("id", type_=Uuid), bindparam("now", type_=_AT)
)
_OLD_SESSIONS = text("DELETE FROM desk_sessions WHERE created_at <= :since").bindparams(bindparam("since", type_=_AT))
_OLD_DEVICES = text("DELETE FROM desk_devices WHERE seen_at <= :since").bindparams(bindparam("since", type_=_AT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When sessions end by themselves; seconds."""

    idle_s: int = 3600
    limit_s: int = 43_200


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, db: Database, clock: Clock, limits: Limits) -> None:
        self._db = db
        self._clock = clock
        self.limits = limits

    async def start(self, user_id: UUID) -> tuple[UUID, str]:
        """A new session: its id, and what the browser is to hold. It is always a new secret, whatever the browser held before."""
        session_id, token = new_id(), secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock.now()
        await self._db.execute(_START, {"id": session_id, "user_id": user_id, "token_hash": _hash(token), "now": now})
        return session_id, token

    async def find(self, token: str, *, active: bool = True) -> Actor | None:
        """Whose live session this is. `active`: the person does something now, which puts the idle limit off."""
        now = self._clock.now()
        rows = await self._db.execute(_FIND, {"token_hash": _hash(token), **self._since(now)}, retry=True)
        if not rows:
            return None
        row = rows[0]
        if active and now - row.seen_at > timedelta(seconds=self.limits.idle_s / _TOUCH_SHARE):
            await self._db.execute(_TOUCH, {"id": row.session_id, "now": now})
        return _actor(row)

    async def look(self, session_id: UUID) -> Actor | None:
        """The same by its id, for what runs on without the person doing anything."""
        rows = await self._db.execute(_LOOK, {"id": session_id, **self._since(self._clock.now())}, retry=True)
        return _actor(rows[0]) if rows else None

    async def end(self, token: str) -> tuple[UUID, UUID] | None:
        """End it: its id and whose it was, unless it had ended."""
        rows = await self._db.execute(_END, {"token_hash": _hash(token), "now": self._clock.now()})
        return (rows[0].id, rows[0].user_id) if rows else None

    async def end_all(self, user_id: UUID, *, kept: UUID | None = None) -> list[UUID]:
        """End all sessions of somebody but that one; returns which."""
        rows = await self._db.execute(_END_ALL, {"user_id": user_id, "kept": kept, "now": self._clock.now()})
        return [row.id for row in rows]

    async def device(self, token: str | None, user_id: UUID) -> UUID | None:
        """The browser, if this person has signed in on it before."""
        if not token:
            return None
        since = self._clock.now() - DEVICE_KEPT
        rows = await self._db.execute(_DEVICE, {"token_hash": _hash(token), "user_id": user_id, "since": since})
        return rows[0].id if rows else None

    async def remember_device(self, user_id: UUID, known: UUID | None) -> str | None:
        """This person signed in on this browser; returns what a browser that was not known is to hold from now on."""
        now = self._clock.now()
        if known is not None:
            await self._db.execute(_SEEN_DEVICE, {"id": known, "now": now})
            return None
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        await self._db.execute(_REMEMBER, {"id": new_id(), "user_id": user_id, "token_hash": _hash(token), "now": now})
        return token

    async def forget_devices(self, user_id: UUID, *, kept: str | None = None) -> None:
        """All browsers of somebody but that one are strangers again."""
        await self._db.execute(_FORGET_DEVICES, {"user_id": user_id, "kept": _hash(kept) if kept else None})

    async def tidy(self) -> None:
        """Delete what ended long ago."""
        now = self._clock.now()
        await self._db.execute(_OLD_SESSIONS, {"since": now - ENDED_KEPT - timedelta(seconds=self.limits.limit_s)})
        await self._db.execute(_OLD_DEVICES, {"since": now - DEVICE_KEPT})

    def _since(self, now: datetime) -> dict[str, datetime]:
        return {
            "idle_since": now - timedelta(seconds=self.limits.idle_s),
            "began_since": now - timedelta(seconds=self.limits.limit_s),
        }


def _hash(token: str) -> bytes:
    # Fast on purpose: what is hashed is random, not chosen by a person.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _actor(row: Row[tuple[object, ...]]) -> Actor:
    return Actor(
        user_id=row.user_id,
        session_id=row.session_id,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        counsellor_id=row.counsellor_id,
        must_change_password=row.must_change,
        second_factor=row.second_factor,
    )
