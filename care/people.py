"""People who are known to the line: found again by the blind index of their number, never by a name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from care.errors import Unknown
from care.records.draft import clean_text
from care.tables import care_people as t
from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from core.sealing import Sealer

#: What `Sealer` is made for here.
PURPOSE = "person"
LONGEST_NAME = 100
LONGEST_ADDRESS = 300
LONGEST_WHY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody. Their name and address are known only if they said them."""

    id: UUID
    created_at: datetime
    #: E.164; None: they gave none.
    number: str | None = field(default=None, repr=False)
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    #: A legal hold, and why.
    held_at: datetime | None = None
    held_why: str = field(default="", repr=False)


class People:
    """Reads and writes them. Raises as `core.database.Database` does."""

    def __init__(self, db: Database, clock: Clock, cipher: NumberCipher, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._cipher = cipher
        self._sealer = sealer

    async def of_number(self, e164: str | None) -> UUID:
        """Whoever has this number, made if nobody has; without one, somebody new."""
        values = {"id": new_id(), "created_at": self._clock.now()}
        if e164 is not None:
            values |= {"number_cipher": self._cipher.encrypt(e164), "number_index": self._cipher.index(e164)}
        statement = upsert(t).values(values)
        # To be answered with the row that is there, it must be touched.
        statement = statement.on_conflict_do_update(index_elements=["number_index"], set_={"number_index": statement.excluded.number_index})
        person_id: UUID = (await self._db.execute(statement.returning(t.c.id)))[0].id
        return person_id

    async def find(self, e164: str) -> UUID | None:
        """Whoever has this number."""
        rows = await self._db.execute(select(t.c.id).where(t.c.number_index == self._cipher.index(e164)))
        return rows[0].id if rows else None

    async def get(self, person_id: UUID) -> Person | None:
        """Somebody, opened. Raises CipherError."""
        rows = await self._db.execute(select(t).where(t.c.id == person_id))
        return self._person(rows[0]) if rows else None

    async def describe(self, person_id: UUID, *, name: str, address: str) -> None:
        """What they said of themselves. Raises TextTooLong, Unknown."""
        said = {"name": clean_text(name, "name", LONGEST_NAME)[0], "address": clean_text(address, "address", LONGEST_ADDRESS)[0]}
        sealed = self._sealer.seal(json.dumps(said, ensure_ascii=False).encode(), owner=_owner(person_id, "details"))
        await self._set(person_id, details=sealed if any(said.values()) else None)

    async def hold(self, person_id: UUID, *, by: UUID, why: str) -> None:
        """Nothing of them is deleted from now on. Raises TextTooLong, Unknown."""
        text, _ = clean_text(why, "reason", LONGEST_WHY)
        sealed = self._sealer.seal(text.encode(), owner=_owner(person_id, "hold"))
        await self._set(person_id, held_at=self._clock.now(), held_by=by, held_why=sealed)

    async def release(self, person_id: UUID) -> None:
        """The hold is over. Raises Unknown."""
        await self._set(person_id, held_at=None, held_by=None, held_why=None)

    async def _set(self, person_id: UUID, **values: object) -> None:
        if not await self._db.execute(update(t).where(t.c.id == person_id).values(values).returning(t.c.id)):
            raise Unknown

    def _person(self, row: Row[Any]) -> Person:
        details = {} if row.details is None else json.loads(self._sealer.open(row.details, owner=_owner(row.id, "details")))
        return Person(
            id=row.id,
            created_at=row.created_at,
            number=None if row.number_cipher is None else self._cipher.decrypt(row.number_cipher),
            name=details.get("name", ""),
            address=details.get("address", ""),
            held_at=row.held_at,
            held_why="" if row.held_why is None else self._sealer.open(row.held_why, owner=_owner(row.id, "hold")).decode(),
        )


def _owner(person_id: UUID, field_: str) -> bytes:
    return person_id.bytes + field_.encode()
