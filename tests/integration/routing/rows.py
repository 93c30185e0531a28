"""Rows that routing needs."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from core.database import Database
from core.ids import new_id


async def add_contact(db: Database) -> UUID:
    """A contact that waits."""
    contact_id = new_id()
    await db.execute(
        text(
            "INSERT INTO contacts (id, node, worker, channel_id, entry, withheld, state, entered_at) "
            "VALUES (:id, 'main', 'w1', CAST(:id AS text), 'menu', true, 'waiting', now())"
        ),
        {"id": contact_id},
    )
    return contact_id


async def add_counsellor(
    db: Database, extension: str, *, human: str = "ready", system: str = "idle", reachable: bool = True, idle_s: int = 60
) -> UUID:
    """A counsellor, available unless said otherwise."""
    counsellor_id = new_id()
    await db.execute(
        text("INSERT INTO counsellors (id, extension, name, pin_hash, created_at) VALUES (:id, :ext, :ext, '-', now())"),
        {"id": counsellor_id, "ext": extension},
    )
    await db.execute(
        text(
            "INSERT INTO presence (counsellor_id, human, system, reachable, idle_since, changed_at) "
            "VALUES (:id, :human, :system, :reachable, now() - make_interval(secs => :idle), now())"
        ),
        {"id": counsellor_id, "human": human, "system": system, "reachable": reachable, "idle": float(idle_s)},
    )
    return counsellor_id


async def system_state(db: Database, counsellor_id: UUID) -> str:
    """What the system knows of a counsellor."""
    rows = await db.execute(text("SELECT system FROM presence WHERE counsellor_id = :id"), {"id": counsellor_id})
    return str(rows[0].system)
