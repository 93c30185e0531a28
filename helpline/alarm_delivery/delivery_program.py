"""Sending alarms as a process of its own, for installations without a desk. Beside a desk it does no harm: nothing goes out twice."""

from __future__ import annotations

import asyncio
import signal

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from desk.events import Events
from helpline.alarm_delivery.delivery import Delivery
from helpline.alarm_delivery.ways import ways
from helpline.embedded.addresses import database_url

POOL = 3
STATEMENT_TIMEOUT_S = 10.0


class _Stop(Exception):
    """Ends the task group."""


async def run(settings: Settings) -> None:
    """Send until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    db = Database(database_url(settings), pool_size=POOL, statement_timeout_s=STATEMENT_TIMEOUT_S)
    clock = SystemClock()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(db.watch(), name="database")
            tasks.create_task(
                Delivery(db, clock, ways(settings.alarms, clock, Events(db, clock), db), settings.alarms).run(), name="alarms"
            )
            await stopping.wait()
            raise _Stop  # noqa: TRY301  (how a task group is ended from within)
    except* _Stop:
        pass
    finally:
        await db.close()
