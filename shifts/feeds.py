"""The secret links of people's own calendars. A link is all that is needed to read them, so it is 32 bytes of chance and kept as a hash.

A calendar program cannot sign in: whoever has the link sees that person's shifts, and nothing else. Making a new one ends the old one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock, seoul
from core.database import Database
from shifts import repository
from shifts import tables as t
from shifts.calendar_feed import feed
from shifts.model import Duty, Period, Span
from shifts.on_shift import DutyTime
from shifts.stored import spans_in

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
#: What the feed shows of the past and of what is to come.
_BACK, _AHEAD = timedelta(days=92), timedelta(days=400)
_OWNER = text(
    """
    SELECT f.counsellor_id FROM feed_secrets f JOIN counsellors c ON c.id = f.counsellor_id
    WHERE f.secret_hash = :hash AND c.disabled_at IS NULL
    """
)


def make_secret() -> str:
    """For a link: 43 characters that fit into an address as they are."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """What is stored of it. Nobody guesses 256 bits, so a fast hash without salt will do, and can be looked up."""
    return hashlib.sha256(secret.encode()).digest()


class Feeds:
    """See the module. Raises `DatabaseUnavailable`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def make(self, person_id: UUID) -> str:
        """A new secret for a person, in place of the one they had. It is told once and cannot be asked for again."""
        secret = make_secret()
        row = {"secret_hash": hash_secret(secret), "made_at": self._clock.now()}
        statement = upsert(t.feed_secrets).values(counsellor_id=person_id, **row)
        await self._db.execute(statement.on_conflict_do_update(index_elements=[t.feed_secrets.c.counsellor_id], set_=row))
        return secret

    async def end(self, person_id: UUID) -> None:
        """Their link leads nowhere any more."""
        await self._db.execute(delete(t.feed_secrets).where(t.feed_secrets.c.counsellor_id == person_id))

    async def owner(self, secret: str) -> UUID | None:
        """Whose it is. None: nobody's, not any more, or of somebody who has left."""
        if not _SECRET.fullmatch(secret):
            return None
        async with self._db.begin() as session:
            return await _owner(session, secret)

    async def calendar(self, secret: str, language: str = "ko") -> bytes | None:
        """The feed of whoever's secret it is: what is published, never a draft. None: see `owner`."""
        if not _SECRET.fullmatch(secret):
            return None
        now = self._clock.now()
        today = seoul(now).date()
        published, leaves = t.published_shifts.c, t.leaves.c
        async with self._db.begin() as session:
            person_id = await _owner(session, secret)
            if person_id is None:
                return None
            rows = await session.execute(
                select(t.published_shifts).where(
                    published.counsellor_id == person_id, published.ends_at > now - _BACK, published.starts_at < now + _AHEAD
                )
            )
            times = [
                DutyTime(
                    person_id=row.counsellor_id,
                    span=Span(row.starts_at, row.ends_at),
                    duty=Duty(row.duty),
                    pauses=spans_in(row.pauses),
                    code=row.code,
                    day=row.day,
                )
                for row in rows
            ]
            away = await session.execute(
                select(t.leaves).where(
                    leaves.counsellor_id == person_id,
                    leaves.state == "approved",
                    leaves.last >= today - _BACK,
                    leaves.first <= today + _AHEAD,
                )
            )
            kinds = (await repository.setting(session, Period(today, today))).shift_types
            publications = t.roster_publications.c
            last = (await session.execute(select(func.max(publications.at), func.count()).select_from(t.roster_publications))).one()
            return feed(
                person_id,
                times,
                kinds,
                # The same until something is published: calendars see at a glance that nothing has changed.
                at=last[0] or now,
                version=last[1],
                leaves=[repository.leave(row) for row in away],
                language=language,
            )


async def _owner(session: AsyncConnection, secret: str) -> UUID | None:
    found: UUID | None = (await session.execute(_OWNER, {"hash": hash_secret(secret)})).scalar_one_or_none()
    return found
