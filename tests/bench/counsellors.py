"""The bench's counsellors in our database: accounts, and who is ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import column, insert, select, table, update

from core.database import Database
from core.ids import new_id
from ivr.phone_rows import TABLES, phone_rows
from routing.tables import counsellors, presence


async def provision(url: str, secrets: Mapping[str, str]) -> None:
    """Make an account for every phone (extension -> SIP secret); nobody is ready yet."""
    db = Database(url, pool_size=2, statement_timeout_s=10)
    now = datetime.now(UTC)
    try:
        async with db.begin() as connection:
            for extension, secret in secrets.items():
                counsellor_id = new_id()
                values = {"id": counsellor_id, "extension": extension, "name": f"Bench {extension}", "pin_hash": "none", "created_at": now}
                await connection.execute(insert(counsellors).values(values))
                await connection.execute(insert(presence).values(counsellor_id=counsellor_id, changed_at=now))
                rows = phone_rows(extension, secret)
                # Registered once, for the whole run.
                rows["ps_aors"]["maximum_expiration"] = "7200"
                for target in TABLES:
                    row = rows[target]
                    await connection.execute(insert(table(target, *(column(key) for key in row))).values(dict(row)))
    finally:
        await db.close()


async def ready(url: str, extensions: Iterable[str]) -> None:
    """These are ready, all others signed out."""
    db = Database(url, pool_size=2, statement_timeout_s=10)
    now = datetime.now(UTC)
    chosen = select(counsellors.c.id).where(counsellors.c.extension.in_(list(extensions)))
    try:
        async with db.begin() as connection:
            await connection.execute(update(presence).where(presence.c.counsellor_id.not_in(chosen)).values(human="off", changed_at=now))
            await connection.execute(update(presence).where(presence.c.counsellor_id.in_(chosen)).values(human="ready", changed_at=now))
    finally:
        await db.close()


async def available(url: str) -> int:
    """How many counsellors the program knows to be ready at a phone that can be rung."""
    db = Database(url, pool_size=2, statement_timeout_s=10)
    try:
        statement = select(presence.c.counsellor_id).where(presence.c.human == "ready", presence.c.reachable, presence.c.system == "idle")
        return len(await db.execute(statement))
    finally:
        await db.close()
