"""A desk with all its rooms, and people who are signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from core import alarms as alarm_rows
from core.audit import AccessLog
from core.clock import Clock
from core.database import Database
from core.journal import Journal
from core.sealing import load_chain_key
from core.secrets import load_cipher
from core.settings import Settings
from core.settings_escalation import EscalationSettings
from core.testing import ManualClock
from desk.access.model import Role
from desk.events import Events
from escalation.book import JOURNAL_STATEMENTS
from helpline.desk_rooms import CaseRooms
from tests.integration.care.ward import _CONTACT
from tests.integration.desk.kit import Browser, Served, desk_settings, served
from tests.integration.routing.rows import add_counsellor

NUMBER = "+821012345678"


def case_rooms(settings: Settings, db: Database, clock: Clock, folder: Path) -> CaseRooms:
    """The rooms that have to do with people's cases."""
    journal = Journal(db, {**JOURNAL_STATEMENTS, **alarm_rows.JOURNAL_STATEMENTS}, spool=folder / "journal")
    return CaseRooms(settings, db, clock, Events(db, clock), AccessLog(db, clock, load_chain_key(settings)), journal)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The desk, and everybody in a browser of the API by their name."""

    here: Served
    rooms: CaseRooms
    by: Mapping[str, Browser]
    #: Their accounts, and the places at the line of those who have one.
    users: Mapping[str, str]
    lines: Mapping[str, UUID]

    @property
    def db(self) -> Database:
        """The database."""
        return self.here.db

    @property
    def clock(self) -> ManualClock:
        """The clock, to be turned."""
        return self.here.manual

    async def post(self, who: str, path: str, body: object = None) -> dict[str, Any]:
        """Change something; it must work."""
        answer = await self.by[who].post(path, body)
        assert answer.status < 300, answer.text
        found: dict[str, Any] = answer.json if answer.text else {}
        return found

    async def call(self, who: str = "first") -> str:
        """A call that a counsellor has."""
        contact_id, cipher = uuid4(), load_cipher(self.here.settings)
        sealed = {"cipher": cipher.encrypt(NUMBER), "index": cipher.index(NUMBER)}
        await self.db.execute(_CONTACT, {"id": contact_id, "withheld": False, "counsellor_id": self.lines[who], **sealed})
        return str(contact_id)


@asynccontextmanager
async def house(
    db: Database, folder: Path, now: datetime, people: Mapping[str, Role], lines: Mapping[str, str] | None = None
) -> AsyncIterator[House]:
    """All of it. `people`: who has an account; `lines`: who of them answers at which extension."""
    settings = desk_settings(folder).model_copy(update={"escalation": EscalationSettings(trunk="carrier", test_target="PJSIP/test")})
    clock = ManualClock(now)
    rooms = case_rooms(settings, db, clock, folder)
    at = {name: await add_counsellor(db, extension) for name, extension in (lines or {}).items()}
    tasks = [asyncio.create_task(one, name=name) for name, one in rooms.work().items()]
    try:
        async with served(db, settings, clock=clock, apis=(rooms,), work=True) as desk, AsyncExitStack() as stack:
            by, users = {}, {}
            for name, role in people.items():
                users[name] = str((await desk.person(name, role, counsellor=at.get(name))).id)
                by[name] = await stack.enter_async_context(desk.browser())
                assert (await by[name].sign_in(name)).status == 200
            yield House(here=desk, rooms=rooms, by=by, users=users, lines=at)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
