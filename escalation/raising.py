"""Making an incident in the database: the one statement by which every process raises it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row

from core.database import Database
from core.errors import DatabaseConflict, DatabaseUnavailable
from escalation import happenings as h
from escalation import statements as sql
from escalation.errors import UnknownContact
from escalation.model import Raised
from escalation.rows import detail_of

#: Somebody else's incident is committed in the instant in which we look: the next look sees it.
TRIES = 5

#: Runs one statement: by itself, or in a transaction.
Execute = Callable[[Executable, dict[str, object]], Awaitable[Iterable[Row[Any]]]]


async def raise_alone(db: Database, raised: h.Raised, at: datetime) -> Raised:
    """Make the incident, or find the one that is open; committed. Raises UnknownContact, DatabaseError."""

    async def execute(statement: Executable, values: Mapping[str, object]) -> Iterable[Row[Any]]:
        return await db.execute(statement, values, retry=True)

    with contact_known(raised.contact_id):
        return await raise_in(execute, values_of(raised, at))


async def raise_in(execute: Execute, values: dict[str, object]) -> Raised:
    """The same by somebody else's connection, within `contact_known`."""
    for _ in range(TRIES):
        for row in await execute(sql.RAISE, values):
            return Raised(incident_id=row.id, new=row.new)
    raise DatabaseUnavailable("an incident of this contact comes and goes")


@contextlib.contextmanager
def contact_known(contact_id: UUID) -> Iterator[None]:
    """Say that a contact is unknown in the words of this room."""
    try:
        yield
    except DatabaseConflict as error:
        if error.constraint == sql.CONTACT_MISSING:
            raise UnknownContact(f"there is no contact {contact_id}") from error
        raise


def values_of(raised: h.Raised, at: datetime) -> dict[str, object]:
    """Parameters of the statement."""
    return {
        "id": raised.incident_id,
        "contact_id": raised.contact_id,
        "at": at,
        "raised_by": str(raised.raised_by),
        "counsellor_id": raised.counsellor_id,
        "danger": raised.danger and str(raised.danger),
        "proposed": raised.proposed,
        "third_party": raised.third_party,
        "detail": detail_of(raised),
    }
