"""The desk as a process of its own: what goes wrong with a page never reaches a call.

Makes from the settings what the desk stands on and serves until told to stop.
"""

from __future__ import annotations

import asyncio
import signal

import structlog

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from desk.services import Desk
from helpline import contact_history, exit_codes
from helpline.embedded.addresses import database_url

log = structlog.get_logger()

#: Connections to the database; the line has its own.
POOL = 6
#: A page may wait longer than a caller.
STATEMENT_TIMEOUT_S = 10.0


class _Stop(Exception):
    """Ends the task group."""


async def run(settings: Settings) -> int:
    """Serve the desk until SIGTERM or SIGINT; the exit code."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    db = Database(database_url(settings), pool_size=POOL, statement_timeout_s=STATEMENT_TIMEOUT_S)
    try:
        clock = SystemClock()
        return await _serve(Desk(settings, db, clock, histories=lambda: contact_history.read(db, clock)), db, stopping)
    except OSError as error:
        log.error("port_taken", reason=str(error), hint="set desk.http_port")
        return exit_codes.FAILED
    finally:
        await db.close()


async def _serve(desk: Desk, db: Database, stopping: asyncio.Event) -> int:
    web = await desk.serve()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(db.watch(), name="database")
            for name, work in desk.work().items():
                tasks.create_task(work, name=name)
            await stopping.wait()
            raise _Stop  # noqa: TRY301  (how a task group is ended from within)
    except* _Stop:
        pass
    finally:
        await web.cleanup()
    return exit_codes.OK
