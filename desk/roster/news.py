"""Tells open pages what happened to rosters, in the order in which it happened."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import date
from uuid import UUID

import structlog

from core.errors import DatabaseError
from desk.access.model import Permission
from desk.events import Events
from desk.roster import views
from desk.roster.store import Store
from shifts.edits import Change

log = structlog.get_logger()

#: More than these wait only while the database is away; pages that miss some see a version that they don't know, and fetch the month.
MOST_WAITING = 1000
_AGAIN_S = 1.0


class News:
    """`edited` and `published` are for `Rosters`; `run()` as a task tells."""

    def __init__(self, events: Events, store: Store) -> None:
        self._events = events
        self._store = store
        self._waiting: deque[tuple[str, Permission, dict[str, object], UUID | None]] = deque(maxlen=MOST_WAITING)
        self._something = asyncio.Event()

    def edited(self, first: date, version: int, by: UUID | None, changes: tuple[Change, ...]) -> None:
        """A draft was changed."""
        cells = [cell.model_dump(mode="json") for cell in views.changed(changes)]
        data = {"month": f"{first:%Y-%m}", "version": version, "cells": cells}
        self._tell("roster_changed", Permission.ROSTER_DRAFT, data, by)

    def published(self, first: date) -> None:
        """A roster is in force."""
        self._tell("roster_published", Permission.ROSTER_READ, {"month": f"{first:%Y-%m}"}, None)

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                kind, permission, data, by = self._waiting[0]
                try:
                    await self._events.publish(kind, await self._signed(kind, data, by), permission=permission)
                except DatabaseError as error:
                    log.info("roster_news_delayed", reason=type(error).__name__)
                    await asyncio.sleep(_AGAIN_S)
                    continue
                self._waiting.popleft()

    async def _signed(self, kind: str, data: Mapping[str, object], by: UUID | None) -> dict[str, object]:
        if kind != "roster_changed":
            return dict(data)
        names = await self._store.names({by} if by else set())
        return {**data, "by": names.get(by) if by else None, "by_user": str(by) if by else None}

    def _tell(self, kind: str, permission: Permission, data: dict[str, object], by: UUID | None) -> None:
        self._waiting.append((kind, permission, data, by))
        self._something.set()
