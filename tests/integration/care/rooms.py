"""What the tests of care share: keys, contacts, and whoever takes proposals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from care.proposals import Proposal
from core.database import Database
from core.ids import new_id
from core.sealing import Sealer
from tests.integration.routing.rows import add_contact

#: A Sunday at noon in Seoul.
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
KEY = bytes(range(32))


def sealer(purpose: str) -> Sealer:
    """With a key of the tests."""
    return Sealer({"k1": KEY}, purpose)


@dataclass(slots=True)
class Taken:
    """Takes proposals, unless it is broken."""

    proposals: list[Proposal] = field(default_factory=list)
    broken: bool = False

    async def propose(self, proposal: Proposal) -> None:
        """Remember it."""
        if self.broken:
            raise ConnectionError
        self.proposals.append(proposal)


async def contact(db: Database, *, counsellor: UUID | None = None, index: bytes | None = None) -> UUID:
    """A contact of a counsellor, from a number that leaves this index (None: withheld)."""
    contact_id = await add_contact(db)
    await db.execute(
        text("UPDATE contacts SET counsellor_id = :who, number_index = :index, withheld = :withheld WHERE id = :id").bindparams(
            bindparam("who", type_=Uuid), bindparam("id", type_=Uuid)
        ),
        {"who": counsellor, "index": index, "withheld": index is None, "id": contact_id},
    )
    return contact_id


async def person(db: Database, index: bytes) -> UUID:
    """Somebody whose number leaves this index."""
    person_id = new_id()
    await db.execute(
        text("INSERT INTO care_people (id, number_index, created_at) VALUES (:id, :index, now())"), {"id": person_id, "index": index}
    )
    return person_id
