"""An office with a web server and a mail server that alarms go to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, text

from core.alarms import JOURNAL_STATEMENTS, AlarmKind, Alarms
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from core.journal import Journal
from core.settings_alarms import AlarmSettings
from core.testing import ManualClock
from desk.events import Events
from helpline.alarm_delivery.delivery import Delivery, Way
from helpline.alarm_delivery.ways import ways
from tests.integration.alarm_delivery.servers import Hooks, MailServer, certificate, hooks, mail_server

SECRET = "sixteen and a few more bytes"
PASSWORD = "a-password-of-the-mail-server"
ABOUT = UUID("0198c0de-0000-7000-8000-0000000abcde")


class Office:
    """What alarms go through, and ways to raise and read them."""

    def __init__(self, db: Database, tmp_path: Path, web: Hooks, post: MailServer, ca_file: Path) -> None:
        self.db = db
        self.clock = ManualClock()
        self.web = web
        self.post = post
        self._folder = tmp_path
        self._ca_file = ca_file

    def settings(
        self, *, chat: Mapping[str, object] | None = None, team: Mapping[str, object] | None = None, **more: object
    ) -> AlarmSettings:
        """A webhook `chat` and a mail `team`; what is given is set otherwise."""
        webhook = {"url": self.web.url, "allow_http": True, "secret": SECRET, "timeout_s": 20, **(chat or {})}
        mail = {
            "host": "127.0.0.1",
            "port": self.post.port,
            "ca_file": self._ca_file,
            "user": "line",
            "password": PASSWORD,
            "sender": "line@example.org",
            "recipients": ["chief@example.org", "deputy@example.org"],
            **(team or {}),
        }
        return AlarmSettings.model_validate({"webhooks": {"chat": webhook}, "mails": {"team": mail}, **more})

    def delivery(self, settings: AlarmSettings | None = None, *, clock: Clock | None = None, db: Database | None = None) -> Delivery:
        """A process that delivers."""
        settings, db, clock = settings or self.settings(), db or self.db, clock or self.clock
        return Delivery(db, clock, ways(settings, clock, Events(db, clock), db), settings, dice=lambda: 0.5)

    async def raise_(self, *kinds: AlarmKind, clock: Clock | None = None) -> None:
        """As the line does it: through its journal, some time later."""
        clock = clock or self.clock
        journal = Journal(self.db, JOURNAL_STATEMENTS, spool=self._folder / f"journal-{new_id()}")
        alarms = Alarms(journal, clock)
        for number, kind in enumerate(kinds):
            alarms.raise_(kind, about=UUID(int=ABOUT.int + number), detail={"why": "only-for-the-desk"})
        await journal.close()

    async def rows(self) -> dict[tuple[str, str], Row[Any]]:
        """(kind, channel) -> its delivery."""
        found = await self.db.execute(text("SELECT a.kind, d.* FROM alarm_deliveries AS d JOIN alarms AS a ON a.id = d.alarm_id"))
        return {(row.kind, row.channel): row for row in found}

    async def states(self) -> dict[tuple[str, str], str]:
        """(kind, channel) -> how it stands."""
        return {key: row.state for key, row in (await self.rows()).items()}

    async def seen(self) -> None:
        """Somebody sees to everything."""
        await self.db.execute(text("UPDATE alarms SET seen_at = now(), seen_by = 'x' WHERE seen_at IS NULL"))


def way(of: Delivery, name: str) -> Way:
    """One of its channels."""
    return next(one for one in of._ways if one.channel.name == name)


async def drain(of: Delivery) -> None:
    """Route, and send by every channel what is due now, until nothing is."""
    while await of.route() or any([await of.deliver_due(one) for one in of._ways]):
        pass


@asynccontextmanager
async def running(*deliveries: Delivery) -> AsyncIterator[None]:
    """Let them work for the length of the block."""
    tasks = [asyncio.create_task(one.run()) for one in deliveries]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def office(db: Database, tmp_path: Path) -> AsyncIterator[Office]:
    """Everything works until a test says otherwise."""
    tls, ca_file = certificate(tmp_path)
    post = MailServer(tls=tls, user="line", password=PASSWORD)
    async with hooks() as web, mail_server(post):
        yield Office(db, tmp_path, web, post, ca_file)
