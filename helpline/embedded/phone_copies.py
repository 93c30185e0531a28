"""Keeps Asterisk's copies of the phones in step with the database: see `ivr.phone_copies`."""

from __future__ import annotations

import asyncio
import sqlite3

import psycopg
import structlog
from psycopg import sql

from core.errors import AnnyeongError
from helpline.embedded.asterisk import EmbeddedAsterisk
from ivr import phone_copies
from routing.counsellors import COUNSELLORS_CHANGED

log = structlog.get_logger()

#: A notice may be lost with the connection, and presence has none; this is how old a copy may be.
REFRESH_EVERY_S = 15.0
#: Several changes in one go are copied once.
_SETTLE_S = 0.2
_AGAIN_S = 2.0


async def run(asterisk: EmbeddedAsterisk) -> None:
    """Refresh now, at every notice, and every 15 s; for ever. Outages are waited out."""
    address = asterisk.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                address, autocommit=True, connect_timeout=2, options="-c statement_timeout=5000", application_name="annyeong120-up"
            )
            async with connection:
                await connection.execute(f"LISTEN {COUNSELLORS_CHANGED}")
                while True:
                    await refresh(connection, asterisk)
                    await asterisk.follow_music()
                    async for _ in connection.notifies(timeout=REFRESH_EVERY_S, stop_after=1):
                        await asyncio.sleep(_SETTLE_S)
        except (psycopg.Error, OSError) as error:
            log.warning("phone_copies_wait_for_database", error=type(error).__name__)
        except (AnnyeongError, sqlite3.Error) as error:
            log.warning("phone_copies_not_written", error=str(error))
        await asyncio.sleep(_AGAIN_S)


async def refresh(connection: psycopg.AsyncConnection, asterisk: EmbeddedAsterisk) -> bool:
    """Write what changed; whether anything did."""
    place = asterisk.place
    tables: dict[str, list[dict[str, str | None]]] = {}
    for table in phone_copies.KEYS:
        cursor = await connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        names = [column.name for column in cursor.description or ()]
        tables[table] = [
            {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)} for row in await cursor.fetchall()
        ]
    changed = await asyncio.to_thread(phone_copies.write_tables, place.copies, tables)
    accounts = await connection.execute("SELECT extension FROM counsellors WHERE disabled_at IS NULL")
    extensions = [str(row[0]) for row in await accounts.fetchall()]
    if await asyncio.to_thread(phone_copies.write_dialplan, place.etc, extensions):
        await asterisk.command("dialplan reload")
        changed = True
    if changed:
        log.info("phone_copies_written", phones=len(extensions))
    return changed
