"""Alarms at the desk: which are open, and that somebody has seen to one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import DateTime, Row, Uuid, bindparam, text

from core.clock import Clock, seoul
from core.database import Database
from core.errors import DatabaseError
from desk.access.model import Permission
from desk.errors import NOT_FOUND, Problem
from desk.events import Events
from desk.routes import Audit, Call, Route, Wire

log = structlog.get_logger()

#: Shown at once; the count says how many there are.
MOST = 200
#: Tells open pages that somebody has seen to an alarm; its data: the alarm's id.
SEEN_EVENT = "alarm_seen"
#: Korean and English for a kind of alarm.
Words = Callable[[str], tuple[str, str]]

_COLUMNS = (
    "a.id, a.kind, a.at, a.about, a.detail, a.seen_at, a.seen_by, EXISTS (SELECT FROM incidents i WHERE i.id = a.about) AS about_incident"
)
_OPEN = text(f"SELECT {_COLUMNS} FROM alarms a WHERE a.seen_at IS NULL ORDER BY a.at DESC, a.id DESC LIMIT {MOST}")  # noqa: S608
_COUNT = text("SELECT count(*) AS n FROM alarms WHERE seen_at IS NULL")
# Whoever is second learns who was first.
_SEEN = text(
    f"""
    WITH before AS (SELECT id, seen_at AS was FROM alarms WHERE id = :id FOR UPDATE)
    UPDATE alarms a SET seen_at = coalesce(seen_at, :at), seen_by = coalesce(seen_by, :by)
    FROM before WHERE a.id = before.id RETURNING {_COLUMNS}, before.was IS NULL AS new
    """  # noqa: S608
).bindparams(bindparam("id", type_=Uuid), bindparam("at", type_=DateTime(timezone=True)))


class AlarmOut(Wire):
    """An alarm. `about`: an id, of what its kind is about; `incident`: the crisis that it is about, if it is."""

    id: UUID
    kind: str
    ko: str
    en: str
    at: datetime
    about: UUID | None
    incident: UUID | None
    level: str
    proposed: bool
    seen_at: datetime | None
    seen_by: str | None


class AlarmsOut(Wire):
    """Those that nobody has seen to, the newest first; `count`: how many there are in all."""

    alarms: list[AlarmOut]
    count: int


class AlarmsApi:
    """Its routes. `words` names kinds of alarms."""

    def __init__(self, db: Database, clock: Clock, events: Events, words: Words) -> None:
        self._db = db
        self._clock = clock
        self._events = events
        self._words = words

    def routes(self) -> list[Route]:
        """See each."""
        seen = Audit(action="alarm_seen", about_kind="alarm", about="alarm_id")
        return [
            Route(method="GET", path="/api/alarms", handler=self.listed, permission=Permission.ALARM_READ, active=False),
            Route(method="POST", path="/api/alarms/{alarm_id}/seen", handler=self.seen, permission=Permission.ALARM_SEEN, audit=seen),
        ]

    async def listed(self, call: Call) -> AlarmsOut:
        """Alarms that nobody has seen to."""
        rows = await self._db.execute(_OPEN)
        count = (await self._db.execute(_COUNT))[0].n if len(rows) == MOST else len(rows)
        return AlarmsOut(alarms=[self._out(row) for row in rows], count=count)

    async def seen(self, call: Call, alarm_id: UUID) -> AlarmOut:
        """Somebody has seen to it; done again, the first one stays."""
        rows = await self._db.execute(_SEEN, {"id": alarm_id, "at": self._clock.now(), "by": call.actor.name})
        if not rows:
            raise Problem(NOT_FOUND)
        if rows[0].new:
            try:
                await self._events.publish(SEEN_EVENT, {"id": str(alarm_id)}, permission=Permission.ALARM_READ)
            except DatabaseError as error:
                # Other pages learn of it when they look anew.
                log.info("alarm_news_lost", reason=type(error).__name__)
        return self._out(rows[0])

    def _out(self, row: Row[Any]) -> AlarmOut:
        korean, english = self._words(row.kind)
        detail = row.detail
        return AlarmOut(
            id=row.id,
            kind=row.kind,
            ko=korean,
            en=english,
            at=seoul(row.at),
            about=row.about,
            incident=row.about if row.about_incident else None,
            level=str(detail.get("level", "")),
            proposed=bool(detail.get("proposed", False)),
            seen_at=None if row.seen_at is None else seoul(row.seen_at),
            seen_by=row.seen_by,
        )
