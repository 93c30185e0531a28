"""What companions keep of people: accompaniments with plans, calls and notes. See `care.holding.Room`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.holding import Gone, Holding, by_call, by_number
from care.people import Person
from care.retention import Retention
from core.database import Database
from escalation.centre.tables import referrals
from escalation.centre.texts import Texts
from escalation.companions import tables as t

_s = t.companion_supports.c
_OF_REFERRALS = t.companion_supports.join(referrals, referrals.c.id == _s.referral_id)
_IN_USE = text(
    """
    SELECT s.id, r.id AS referral_id, p.id AS person_id
    FROM companion_supports s JOIN referrals r ON r.id = s.referral_id LEFT JOIN care_people p ON p.number_index = r.number_index
    WHERE s.state <> 'ended'
    """
)


async def _remove(session: AsyncConnection, ids: Sequence[UUID]) -> Gone:
    notes = t.companion_notes.c
    found = (await session.execute(select(notes.id, notes.text_cipher).where(notes.support_id.in_(ids)))).all()
    # What lies below goes with it.
    await session.execute(delete(t.companion_supports).where(_s.id.in_(ids)))
    return [*((row[0], bytes(row[1])) for row in found), *((one, b"") for one in ids)]


_SUPPORTS = Holding(
    retention=Retention.COMPANIONSHIP,
    table=t.companion_supports,
    joined=_OF_REFERRALS,
    id=_s.id,
    contact=referrals.c.contact_id,
    of=(
        by_number(_OF_REFERRALS, referrals.c.number_index),
        by_call(_OF_REFERRALS, referrals.c.contact_id, referrals.c.number_index.is_(None)),
    ),
    since=_s.ended_at,
    remove=_remove,
)


class CompanionKeeping:
    """Of whoever is accompanied."""

    def __init__(self, db: Database, texts: Texts) -> None:
        self._db = db
        self._texts = texts

    def holdings(self) -> Sequence[Holding]:
        """Accompaniments."""
        return (_SUPPORTS,)

    async def in_use(self) -> Mapping[UUID, str]:
        """Those that have not ended."""
        return {one: "open_accompaniment" for row in await self._db.execute(_IN_USE) for one in row if one is not None}

    async def copy(self, person: Person) -> Mapping[str, object]:
        """From when to when, the calls, and the notes; not who accompanied them."""
        calls, notes, supports = t.companion_calls.c, t.companion_notes.c, []
        theirs = _SUPPORTS.theirs(person.id)
        for row in await self._db.execute(select(t.companion_supports).where(_s.id.in_(theirs)).order_by(_s.created_at)):
            due = await self._db.execute(select(calls.due_at, calls.state).where(calls.support_id == row.id).order_by(calls.due_at))
            said = await self._db.execute(
                select(notes.id, notes.at, notes.text_cipher).where(notes.support_id == row.id).order_by(notes.at)
            )
            supports.append(
                {"state": row.state, "since": row.started_at, "until": row.ended_at, "consent_until": row.consent_until}
                | {"calls": [{"at": one.due_at, "state": one.state} for one in due]}
                | {"notes": [{"at": one.at, "text": self._texts.open(one.text_cipher, one.id)} for one in said]}
            )
        return {"accompaniments": supports}

    async def catch_up(self) -> None:
        """Nothing to make up for."""
