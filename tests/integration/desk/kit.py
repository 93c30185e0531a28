"""A desk that is really served, and browsers that come to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import aiohttp
from argon2 import PasswordHasher
from sqlalchemy import text

from core.audit import AccessLog
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from core.settings_desk import DeskSettings
from core.testing import ManualClock
from desk.access.accounts import User
from desk.access.model import Role
from desk.access.passwords import PasswordBook, normal
from desk.events import Events
from desk.pages import DIST
from desk.roster.room import RosterRoom
from desk.services import Api, Desk, Rooms
from tests.kit.ports import free_port

PASSWORD = "바다 위의 작은 배 일곱"
#: A hundredth of the real work: what is tested here is not how slow it is.
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HASH = QUICK.hash(normal(PASSWORD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    content: bytes = b""
    cookies: Mapping[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> Any:  # noqa: ANN401 - a test knows what it asked for
        """The body."""
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The problem's code; "" for none."""
        return str(self.json.get("code", "")) if "problem+json" in self.headers.get("Content-Type", "") else ""


class Browser:
    """Keeps cookies and says where it comes from, as browsers do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        origin: str | None = "own",
        headers: Mapping[str, str] | None = None,
        data: bytes | aiohttp.FormData | None = None,
    ) -> Answer:
        """A request with a JSON body, or with `data` as it is; `origin` None: it is not said."""
        said = {} if origin is None else {"Origin": self.url if origin == "own" else origin}
        if body is not None:
            data, said["Content-Type"] = json.dumps(body).encode(), "application/json"
        async with self.http.request(method, self.url + path, headers={**said, **(headers or {})}, data=data) as response:
            content = await response.read()
            return Answer(
                status=response.status,
                headers=dict(response.headers),
                text=content.decode(errors="replace"),
                content=content,
                cookies=dict(response.cookies.items()),
            )

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Read."""
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, body: object = None, *, origin: str | None = "own", headers: Mapping[str, str] | None = None) -> Answer:
        """Change."""
        return await self.ask("POST", path, body, origin=origin, headers=headers)

    async def sign_in(
        self, name: str, password: str = PASSWORD, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sign in."""
        return await self.post("/api/session", {"name": name, "password": password, "code": code}, headers=headers)


@dataclass(slots=True, kw_only=True)
class Served:
    """The desk under test."""

    desk: Desk
    url: str
    clock: Clock
    db: Database
    settings: Settings

    @property
    def manual(self) -> ManualClock:
        """The clock, to be turned."""
        assert isinstance(self.clock, ManualClock)
        return self.clock

    def browser(self) -> Browser:
        """A new one, with no cookies."""
        return Browser(self.url)

    async def person(self, name: str = "haneul", role: Role = Role.SUPERVISOR, *, counsellor: UUID | None = None) -> User:
        """Somebody with an account and `PASSWORD`."""
        return await self.desk.accounts.add(
            sign_in_name=name,
            name=name,
            role=role,
            password_hash=HASH,
            one_time_until=None,
            counsellor_id=counsellor,
        )

    async def attempts(self) -> int:
        """Refused sign-ins that stand in the access log."""
        rows = await self.db.execute(text("SELECT count(*) AS n FROM access_log WHERE action = 'sign_in_refused'"))
        return int(rows[0].n)


@asynccontextmanager
async def served(
    db: Database,
    settings: Settings,
    *,
    clock: Clock | None = None,
    apis: tuple[Api, ...] = (),
    work: bool = False,
    dist: Path = DIST,
    roster: Callable[[Events], RosterRoom] | None = None,
    rooms: Callable[[Events, AccessLog], Rooms] | None = None,
) -> AsyncIterator[Served]:
    """A desk on a port of its own. `work`: with its tasks (events, searches)."""
    clock = clock or ManualClock()
    desk = Desk(settings, db, clock, apis=apis, roster=roster, rooms=rooms, passwords=PasswordBook(QUICK), dist=dist)
    runner = await desk.serve()
    tasks = [asyncio.create_task(task, name=name) for name, task in desk.work().items()] if work else []
    try:
        yield Served(desk=desk, url=f"http://127.0.0.1:{settings.desk.http_port}", clock=clock, db=db, settings=settings)
    finally:
        await runner.cleanup()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def desk_settings(data_dir: Path, *, public_url: str = "", proxies: tuple[str, ...] = ()) -> Settings:
    """Settings of a desk on a free port, with keys of its own."""
    return Settings(data_dir=data_dir, desk=DeskSettings(http_port=free_port(), public_url=public_url, trusted_proxies=list(proxies)))
