"""What the line itself knows of a person: calls and call-backs by their number. See `care.keeping.Elsewhere`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.people import Person
from core.database import Database

_BEFORE = bindparam("before", type_=DateTime(timezone=True))
_PERSON = bindparam("person_id", type_=Uuid)
_IN_USE = text(
    """
    SELECT c.id, p.id AS person_id, 'call_under_way' AS why
    FROM contacts c LEFT JOIN care_people p ON p.number_index = c.number_index WHERE c.outcome IS NULL
    UNION ALL
    SELECT b.contact_id, p.id, 'open_call_back'
    FROM callbacks b LEFT JOIN care_people p ON p.number_index = b.number_index WHERE b.outcome IS NULL
    """
)
_CALLS = text(
    """
    SELECT c.entered_at, c.ended_at, c.outcome FROM contacts c JOIN care_people p ON p.number_index = c.number_index
    WHERE p.id = :person_id ORDER BY c.entered_at
    """
).bindparams(_PERSON)
#: The call stays and is counted; whose it was goes, as if the number had been withheld.
_FORGET_CALLS = text(
    """
    UPDATE contacts c SET number_cipher = NULL, number_index = NULL, withheld = true
    FROM care_people p WHERE p.id = :person_id AND c.number_index = p.number_index AND c.outcome IS NOT NULL
    """
).bindparams(_PERSON)
_FORGET_CALLBACKS = text(
    """
    DELETE FROM callbacks b USING care_people p
    WHERE p.id = :person_id AND b.number_index = p.number_index AND b.outcome IS NOT NULL
    """
).bindparams(_PERSON)
#: Of callers of whom there is no person (any more): they left before anybody answered, or their records are gone.
_FORGET_OLD_CALLS = text(
    """
    UPDATE contacts c SET number_cipher = NULL, number_index = NULL, withheld = true
    WHERE c.number_index IS NOT NULL AND c.ended_at < :before
      AND NOT EXISTS (SELECT FROM care_people p WHERE p.number_index = c.number_index)
    """
).bindparams(_BEFORE)
_FORGET_OLD_CALLBACKS = text(
    """
    DELETE FROM callbacks b
    WHERE b.ended_at < :before AND NOT EXISTS (SELECT FROM care_people p WHERE p.number_index = b.number_index)
    """
).bindparams(_BEFORE)


class LineTraces:
    """See the module."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def in_use(self) -> Mapping[UUID, str]:
        """Calls that go on, and call-backs that were promised."""
        found: dict[UUID, str] = {}
        for row in await self._db.execute(_IN_USE):
            found[row.id] = row.why
            if row.person_id is not None:
                found[row.person_id] = row.why
        return found

    async def copy(self, person: Person, contacts: Collection[UUID]) -> Mapping[str, object]:
        """When they called, and how it ended."""
        rows = await self._db.execute(_CALLS, {"person_id": person.id})
        return {"calls": [{"at": row.entered_at, "ended_at": row.ended_at, "outcome": row.outcome} for row in rows]}

    async def erase(self, session: AsyncConnection, person: Person, contacts: Collection[UUID]) -> None:
        """Their number goes from their calls, their call-backs go."""
        await session.execute(_FORGET_CALLBACKS, {"person_id": person.id})
        await session.execute(_FORGET_CALLS, {"person_id": person.id})

    async def forget(self, before: datetime) -> None:
        """Numbers of callers whom nobody keeps. A call-back that is open keeps its own."""
        await self._db.execute(_FORGET_OLD_CALLBACKS, {"before": before})
        await self._db.execute(_FORGET_OLD_CALLS, {"before": before})
