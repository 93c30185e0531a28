"""Reading what happened: live and recent contacts, and the whole story of one. Numbers stay encrypted: they are not read here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from core.database import Database

_RECENT = text(
    """
    (SELECT c.id, c.entered_at, c.entry, c.state, c.queued_at, c.answered_at, c.ended_at, c.outcome, k.extension AS counsellor
     FROM contacts c LEFT JOIN counsellors k ON k.id = c.counsellor_id WHERE c.outcome IS NULL)
    UNION ALL
    (SELECT c.id, c.entered_at, c.entry, c.state, c.queued_at, c.answered_at, c.ended_at, c.outcome, k.extension AS counsellor
     FROM contacts c LEFT JOIN counsellors k ON k.id = c.counsellor_id WHERE c.outcome IS NOT NULL
     ORDER BY c.entered_at DESC LIMIT :past)
    ORDER BY entered_at DESC
    """
)
_CONTACTS = text(
    """
    SELECT id, node, worker, entry, dialled, language, withheld, state, entered_at, queued_at, answered_at, ended_at, outcome
    FROM contacts WHERE CAST(id AS text) LIKE :beginning || '%' ORDER BY entered_at DESC LIMIT 5
    """
)
_EVENTS = text("SELECT at, kind, detail FROM events WHERE contact_id = CAST(:contact_id AS uuid) ORDER BY at, id")
_OFFERS = text(
    """
    SELECT k.extension, o.offered_at, o.ended_at, o.result FROM offers o JOIN counsellors k ON k.id = o.counsellor_id
    WHERE o.contact_id = CAST(:contact_id AS uuid) ORDER BY o.offered_at
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One contact with everything that happened."""

    contact: Row[Any]
    events: list[Row[Any]]
    offers: list[Row[Any]]


async def recent(db: Database, past: int) -> list[Row[Any]]:
    """Live contacts and the last `past` ended ones, newest first."""
    return await db.execute(_RECENT, {"past": past})


async def story(db: Database, beginning: str) -> list[Story]:
    """The contacts whose id begins so (at most five)."""
    if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", beginning):
        return []
    found = []
    for contact in await db.execute(_CONTACTS, {"beginning": beginning.lower()}):
        key = {"contact_id": str(contact.id)}
        found.append(Story(contact=contact, events=await db.execute(_EVENTS, key), offers=await db.execute(_OFFERS, key)))
    return found
