"""Keeps Asterisk's copies of the phones in step with the database, without a restart: see `ivr.static_phones`."""

from __future__ import annotations

import asyncio

import psycopg
import structlog

from core.errors import AnnyeongError
from helpline.embedded.asterisk import EmbeddedAsterisk
from ivr.static_phones import StaticPhone, write_static

log = structlog.get_logger()

#: Told by a trigger of the database whenever a counsellor is added, changed or removed.
CHANNEL = "counsellors_changed"
#: A notice may be lost with the connection; this is how long a copy may then be old.
REFRESH_EVERY_S = 60.0
#: Several changes in one go are one reload.
_SETTLE_S = 0.2
_TABLES = ("ps_endpoints", "ps_auths", "ps_aors")


async def run(asterisk: EmbeddedAsterisk) -> None:
    """Refresh now, at every notice, and every minute; for ever. Outages are waited out."""
    address = asterisk.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=2) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                while True:
                    await refresh(connection, asterisk)
                    async for _ in connection.notifies(timeout=REFRESH_EVERY_S, stop_after=1):
                        await asyncio.sleep(_SETTLE_S)
        except (psycopg.Error, OSError) as error:
            log.warning("phone_copies_wait_for_database", error=type(error).__name__)
        except AnnyeongError as error:
            log.warning("phone_copies_not_loaded", error=str(error))
        await asyncio.sleep(2.0)


async def refresh(connection: psycopg.AsyncConnection, asterisk: EmbeddedAsterisk) -> bool:
    """Write what changed and have it read. Whether anything changed."""
    phones = await read(connection)
    commands = await asyncio.to_thread(write_static, asterisk.place.etc, phones)
    for command in commands:
        await asterisk.command(command)
    if commands:
        log.info("phone_copies_written", phones=len(phones))
    return bool(commands)


async def read(connection: psycopg.AsyncConnection) -> list[StaticPhone]:
    """Every enabled counsellor's phone."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for table in _TABLES:
        cursor = await connection.execute(
            f"SELECT p.id, to_jsonb(p) FROM {table} p JOIN counsellors c ON c.extension = p.id WHERE c.disabled_at IS NULL"  # noqa: S608
        )
        for extension, row in await cursor.fetchall():
            values = {key: str(value) for key, value in row.items() if value is not None}
            found.setdefault(extension, {})[table] = values
    return [StaticPhone(extension=extension, rows=rows) for extension, rows in found.items() if len(rows) == len(_TABLES)]
