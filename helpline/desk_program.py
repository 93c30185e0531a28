"""The desk as a process of its own: what goes wrong with a page never reaches a call.

Makes from the settings what the desk stands on and serves until told to stop.
"""

from __future__ import annotations

import asyncio
import signal

import structlog

from core.alarms import JOURNAL_STATEMENTS
from core.clock import SystemClock
from core.database import Database
from core.journal import Journal
from core.settings import Settings
from desk.services import Desk
from helpline import contact_history, exit_codes
from helpline.alarm_delivery.delivery import Delivery
from helpline.alarm_delivery.ways import ways
from helpline.desk_rooms import CaseRooms
from helpline.embedded.addresses import database_url
from helpline.what_if_process import WhatIfProcess

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
        journal = Journal(db, JOURNAL_STATEMENTS, spool=settings.data_dir.absolute() / "journal" / "desk")
        desk = Desk(
            settings,
            db,
            clock,
            histories=lambda: contact_history.read(db, clock),
            players=WhatIfProcess,
            rooms=lambda events, audit: CaseRooms(settings, db, clock, events, audit, journal),
        )
        # Beside the pages, never beside the calls: a mail server that hangs holds nobody.
        alarms = Delivery(db, clock, ways(settings.alarms, clock, desk.events, db), settings.alarms)
        return await _serve(desk, alarms, db, journal, stopping)
    except OSError as error:
        log.error("port_taken", reason=str(error), hint="set desk.http_port")
        return exit_codes.FAILED
    finally:
        await db.close()


async def _serve(desk: Desk, alarms: Delivery, db: Database, journal: Journal, stopping: asyncio.Event) -> int:
    web = await desk.serve()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(db.watch(), name="database")
            tasks.create_task(journal.run(), name="journal")
            tasks.create_task(alarms.run(), name="alarms")
            for name, work in desk.work().items():
                tasks.create_task(work, name=name)
            await stopping.wait()
            raise _Stop  # noqa: TRY301  (how a task group is ended from within)
    except* _Stop:
        pass
    finally:
        await web.cleanup()
        await journal.close()
    return exit_codes.OK
