"""The access log for auditors. Reading it stands in it, too."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from core.audit import entry_of
from core.clock import SEOUL
from core.database import Database
from core.tables import access_log
from desk.access.model import Permission
from desk.routes import Audit, Call, Loose, Route, Wire

_PAGE = 100


#: Days that the log can have; beyond, a day has no instant.
_Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]


class Wanted(Loose):
    """Which rows: before a number (for the next page), of one actor, one action, about one object, of some days in Seoul, both included."""

    before: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    actor: UUID | None = None
    action: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    about: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    first: Annotated[_Day | None, Field(alias="from")] = None
    last: Annotated[_Day | None, Field(alias="to")] = None


class AccessRow(Wire):
    """A row of the log."""

    number: int
    at: datetime
    actor: UUID | None
    action: str
    about_kind: str
    about: str
    detail: dict[str, str | int | bool | None]


class AccessPage(Wire):
    """Rows, the newest first."""

    rows: list[AccessRow]


class AuditApi:
    """Its route."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def routes(self) -> list[Route]:
        """See it."""
        audit = Audit(action="access_log_read", about_kind="access_log")
        return [Route(method="GET", path="/api/access-log", handler=self.read, permission=Permission.AUDIT_READ, audit=audit)]

    async def read(self, call: Call, query: Wanted) -> AccessPage:
        """Who read or changed what."""
        statement = select(access_log).order_by(access_log.c.id.desc()).limit(_PAGE)
        if query.before is not None:
            statement = statement.where(access_log.c.id < query.before)
        if query.actor is not None:
            statement = statement.where(access_log.c.actor == query.actor)
        if query.action is not None:
            statement = statement.where(access_log.c.action == query.action)
        if query.first is not None:
            statement = statement.where(access_log.c.at >= _midnight(query.first))
        if query.last is not None:
            statement = statement.where(access_log.c.at < _midnight(query.last + timedelta(days=1)))
        if query.about is not None:
            statement = statement.where(access_log.c.about == query.about)
        found = [entry_of(row) for row in await self._db.execute(statement)]
        return AccessPage(
            rows=[
                AccessRow(
                    number=entry.number,
                    at=entry.at,
                    actor=entry.access.actor,
                    action=entry.access.action,
                    about_kind=entry.access.about_kind,
                    about=entry.access.about,
                    detail=dict(entry.access.detail),
                )
                for entry in found
            ]
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SEOUL)
