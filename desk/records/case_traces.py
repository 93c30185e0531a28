"""What crises, referrals and checklists know of a person. See `care.keeping.Elsewhere`.

Of a case that is open nothing is erased. Of one that is over its course stays, and whose it was goes; the ledger of disclosures names nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.people import Person
from core.database import Database

_PERSON = bindparam("person_id", type_=Uuid)
_IN_USE = text(
    """
    SELECT i.id, i.contact_id, p.id AS person_id, 'open_incident' AS why
    FROM incidents i JOIN contacts c ON c.id = i.contact_id LEFT JOIN care_people p ON p.number_index = c.number_index
    WHERE i.ended_at IS NULL
    UNION ALL
    SELECT r.id, r.contact_id, p.id, 'open_referral'
    FROM referrals r LEFT JOIN care_people p ON p.number_index = r.number_index WHERE r.state <> 'closed'
    """
)
_INCIDENTS = text(
    """
    SELECT i.raised_at AS at, i.danger, i.state FROM incidents i JOIN contacts c ON c.id = i.contact_id
    JOIN care_people p ON p.number_index = c.number_index WHERE p.id = :person_id ORDER BY i.raised_at
    """
).bindparams(_PERSON)
_REFERRALS = text(
    """
    SELECT r.created_at AS at, r.state, r.outcome FROM referrals r JOIN care_people p ON p.number_index = r.number_index
    WHERE p.id = :person_id ORDER BY r.created_at
    """
).bindparams(_PERSON)
_CHECKLISTS = text(
    "SELECT finished_at AS at, instrument, version, scores, outcome FROM checklist_results WHERE person_id = :person_id ORDER BY started_at"
).bindparams(_PERSON)
_ERASE = (
    text("DELETE FROM checklist_results WHERE person_id = :person_id").bindparams(_PERSON),
    text(
        """
        UPDATE referrals r SET name_cipher = NULL, number_cipher = NULL, number_index = NULL
        FROM care_people p WHERE p.id = :person_id AND r.number_index = p.number_index AND r.state = 'closed'
        """
    ).bindparams(_PERSON),
)
_FORGET = text(
    """
    UPDATE referrals r SET name_cipher = NULL, number_cipher = NULL, number_index = NULL
    WHERE r.closed_at < :before AND r.number_index IS NOT NULL
      AND NOT EXISTS (SELECT FROM care_people p WHERE p.number_index = r.number_index)
    """
).bindparams(bindparam("before", type_=DateTime(timezone=True)))


class CaseTraces:
    """See the module."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def in_use(self) -> Mapping[UUID, str]:
        """Crises that nobody has confirmed or closed, and referrals that are not closed."""
        rows = await self._db.execute(_IN_USE)
        return {one: row.why for row in rows for one in (row.id, row.contact_id, row.person_id) if one is not None}

    async def copy(self, person: Person, contacts: Collection[UUID]) -> Mapping[str, object]:
        """What happened when; results of checklists."""
        asked = {"person_id": person.id}
        kinds = {"incidents": _INCIDENTS, "referrals": _REFERRALS, "checklists": _CHECKLISTS}
        return {kind: [dict(row._mapping) for row in await self._db.execute(sql, asked)] for kind, sql in kinds.items()}  # noqa: SLF001 - SQLAlchemy's own way

    async def erase(self, session: AsyncConnection, person: Person, contacts: Collection[UUID]) -> None:
        """Results go; a closed referral keeps its course, not whose it was."""
        for statement in _ERASE:
            await session.execute(statement, {"person_id": person.id})

    async def forget(self, before: datetime) -> None:
        """Numbers of closed referrals of people whom nobody keeps."""
        await self._db.execute(_FORGET, {"before": before})
