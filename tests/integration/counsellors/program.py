"""As much of the program as counsellors' phones need: the connection, star codes, reachability. No router, no callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from helpline.embedded.addresses import ari_password
from helpline.embedded.asterisk import EmbeddedAsterisk
from ivr.ari.client import Ari
from ivr.ari.connection import Connection
from ivr.ari.events import CallBroadcast, Event, StasisStart
from ivr.ari.mailbox import Switchboard
from ivr.asterisk_config import ARI_USER
from ivr.desk_calls import DeskCalls
from ivr.reachability import Reachability
from routing.counsellors import Counsellors
from tests.kit.until import until


class Prompts:
    """Asterisk's own sounds under our ids, and what was asked for."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def media(self, prompt_id: str, language: str) -> str:
        """A short sound, so that a test is quick; a long one for the prompts that somebody may press keys over."""
        self.said.append(prompt_id)
        return "sound:vm-enter-num-to-call" if prompt_id in ("desk_pin", "desk_break_reason") else "sound:beep"


class Program:
    """A worker of the test's own."""

    def __init__(self, settings: Settings, asterisk: EmbeddedAsterisk, db: Database, name: str) -> None:
        http = settings.asterisk
        self.ari = Ari(f"http://127.0.0.1:{http.http_port}/ari", ARI_USER, ari_password(asterisk.folders), f"annyeong120-main-{name}")
        self.switchboard = Switchboard(self._on_event)
        self.counsellors = Counsellors(db, SystemClock())
        self.changed: list[UUID] = []
        self.counsellors.on_change = self.changed.append
        self.prompts = Prompts()
        self.desk = DeskCalls(self.ari, self.switchboard, self.counsellors, self.prompts, SystemClock())
        self.reachability = Reachability(self.ari, self.counsellors)
        self.connection = Connection(self.ari, self.switchboard, on_connected=self.reachability.seed)
        self.calls = 0
        self.unhandled: list[Event] = []
        self._tasks: asyncio.TaskGroup

    def _on_event(self, event: Event) -> None:
        match event:
            case CallBroadcast(channel=channel):
                self._tasks.create_task(self.ari.claim(channel.id), name="claim")
            case StasisStart(args=("desk", *_)):
                self._tasks.create_task(self._call(event), name="desk call")
            case _:
                pass

    async def _call(self, start: StasisStart) -> None:
        self.calls += 1
        await self.desk.run_call(start)
        self.calls -= 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Program]:
        """Connected, until the block ends."""
        async with self.ari, asyncio.TaskGroup() as self._tasks:
            side = [
                self._tasks.create_task(self.connection.run(), name="connection"),
                self._tasks.create_task(self.reachability.run(), name="reachability"),
            ]
            try:
                await until(lambda: self.connection.connected, 10)
                yield self
            finally:
                for task in side:
                    task.cancel()
