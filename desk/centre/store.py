"""What the centre's and the companions' pages need to know of accounts, calls and people."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, text

from core.database import Database
from desk.tables import desk_users

# By the number: a referral can be older than a person's row.
_PERSON = text("SELECT p.id FROM referrals r JOIN care_people p ON p.number_index = r.number_index WHERE r.id = :id")
_LIVE = text("SELECT outcome IS NULL AS live FROM contacts WHERE id = :id")


class Store:
    """See the module. Raises DatabaseUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def names(self, users: Iterable[UUID | None]) -> dict[UUID | None, str]:
        """By id."""
        wanted = {user for user in users if user is not None}
        if not wanted:
            return {}
        rows = await self._db.execute(select(desk_users.c.id, desk_users.c.name).where(desk_users.c.id.in_(wanted)))
        return {row.id: row.name for row in rows}

    async def person(self, referral_id: UUID) -> UUID | None:
        """Whose case it is, if they are known by their number."""
        rows = await self._db.execute(_PERSON, {"id": referral_id})
        return rows[0].id if rows else None

    async def live(self, contact_id: UUID | None) -> bool:
        """Whether a call is going on."""
        if contact_id is None:
            return False
        rows = await self._db.execute(_LIVE, {"id": contact_id})
        return bool(rows and rows[0].live)
