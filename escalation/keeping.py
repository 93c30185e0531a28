"""What crises keep of people: words that were typed for the hand-over and at the closing. See `care.holding.Room`.

The incident itself, its attempts and the ledger of disclosures stay and are counted; they have no words and name nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from care.holding import Gone, Holding, by_call
from care.people import Person
from care.retention import Retention
from core.database import Database
from escalation.decisions import Decisions
from escalation.facts import FactBook
from escalation.tables import incident_facts, incidents

_IN_USE = text(
    """
    SELECT i.id, i.contact_id, p.id AS person_id
    FROM incidents i JOIN contacts c ON c.id = i.contact_id LEFT JOIN care_people p ON p.number_index = c.number_index
    WHERE i.ended_at IS NULL
    """
)
_THEIRS = text(
    """
    SELECT i.id, i.raised_at, i.danger, i.state, i.ended_at FROM incidents i JOIN contacts c ON c.id = i.contact_id
    JOIN care_people p ON p.number_index = c.number_index WHERE p.id = :person_id ORDER BY i.raised_at
    """
).bindparams(bindparam("person_id", type_=Uuid))


async def _remove(session: AsyncConnection, ids: Sequence[UUID]) -> Gone:
    words = select(incidents.c.id, incidents.c.close_text).where(incidents.c.id.in_(ids), incidents.c.close_text.is_not(None))
    closed = (await session.execute(words)).all()
    told = (
        delete(incident_facts).where(incident_facts.c.incident_id.in_(ids)).returning(incident_facts.c.incident_id, incident_facts.c.sealed)
    )
    facts = (await session.execute(told)).all()
    await session.execute(update(incidents).where(incidents.c.id.in_(ids)).values(close_text=None))
    return [(row[0], bytes(row[1])) for row in (*facts, *closed)]


_WORDS = Holding(
    retention=Retention.EMERGENCY,
    table=incidents,
    id=incidents.c.id,
    contact=incidents.c.contact_id,
    of=(by_call(incidents, incidents.c.contact_id),),
    since=incidents.c.ended_at,
    only=or_(incidents.c.close_text.is_not(None), incidents.c.id.in_(select(incident_facts.c.incident_id))),
    remove=_remove,
)


class CrisisKeeping:
    """Of whoever called."""

    def __init__(self, db: Database, facts: FactBook, decisions: Decisions) -> None:
        self._db = db
        self._facts = facts
        self._decisions = decisions

    def holdings(self) -> Sequence[Holding]:
        """Words of incidents."""
        return (_WORDS,)

    async def in_use(self) -> Mapping[UUID, str]:
        """Crises that nobody has confirmed or closed."""
        return {one: "open_incident" for row in await self._db.execute(_IN_USE) for one in row if one is not None}

    async def copy(self, person: Person) -> Mapping[str, object]:
        """What happened when, and what was known of them; not what they told of somebody else."""
        rows = await self._db.execute(_THEIRS, {"person_id": person.id})
        return {"incidents": [await self._one(row.id, row.raised_at, row.danger, row.state, row.ended_at) for row in rows]}

    async def catch_up(self) -> None:
        """Nothing to make up for."""

    async def _one(self, incident_id: UUID, *course: object) -> Mapping[str, object]:
        known = await self._facts.read(incident_id)
        about = asdict(known.person) if known.reporter is None else {"reporter": asdict(known.reporter)}
        return {
            **dict(zip(("at", "danger", "state", "ended_at"), course, strict=True)),
            "facts": {name: said for name, said in about.items() if said},
            "closing": await self._decisions.words(incident_id),
        }
