"""Tells open pages which incidents have changed: what the process that has the calls announces becomes an event of the desk."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import DateTime, bindparam, text

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from desk.access.model import Permission
from desk.events import Events
from escalation.model import INCIDENTS_CHANGED

log = structlog.get_logger()

#: The event; its data: the incident's id. Whoever may not see the incident gets nothing for it.
EVENT = "incident_changed"
#: Announced at every alarm, without saying which.
_ALARMS_RAISED = "alarms_raised"
#: After a failure; seconds.
_AGAIN_S = 1.0
#: A reminder changes what the board shows, too. How old it may be: an announcement is heard within seconds, or lost.
_RECENT = timedelta(minutes=1)
_REMINDED = text("SELECT DISTINCT about FROM alarms WHERE at > :since AND kind LIKE 'incident\\_%' AND about IS NOT NULL").bindparams(
    bindparam("since", type_=DateTime(timezone=True))
)


class IncidentNews:
    """Run `run()` as a task."""

    def __init__(self, db: Database, clock: Clock, events: Events) -> None:
        self._db = db
        self._clock = clock
        self._events = events
        self._changed: set[str] = set()
        self._reminded = False
        self._something = asyncio.Event()

    async def run(self) -> None:
        """Tell, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._db.listen(INCIDENTS_CHANGED, self._heard), name="incidents heard")
            tasks.create_task(self._db.listen(_ALARMS_RAISED, self._heard_alarm), name="reminders heard")
            while True:
                await self._something.wait()
                self._something.clear()
                try:
                    await self._tell()
                except DatabaseError as error:
                    log.info("incident_news_delayed", reason=type(error).__name__)
                    self._something.set()
                    await asyncio.sleep(_AGAIN_S)

    def _heard(self, incident_id: str) -> None:
        # "": the connection was away for a while, so anything may have happened.
        self._changed.add(incident_id)
        self._something.set()

    def _heard_alarm(self, _: str) -> None:
        self._reminded = True
        self._something.set()

    async def _tell(self) -> None:
        if self._reminded:
            self._changed |= {str(row.about) for row in await self._db.execute(_REMINDED, {"since": self._clock.now() - _RECENT})}
            self._reminded = False
        changed, self._changed = self._changed, set()
        try:
            for incident_id in sorted(changed):
                await self._events.publish(EVENT, {"incident": incident_id or None}, permission=Permission.INCIDENT_READ)
                changed.discard(incident_id)
        finally:
            self._changed |= changed
