"""The desk of one program, put together.

Whoever runs the program makes a `Desk` with the rooms' APIs, starts what `work()` names as tasks, and has it `serve()`; `cleanup()` of what that
returns ends it. The tables must be there; while the database is away pages are served and every API answers 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

import structlog
from aiohttp import web

from core.audit import AccessLog
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.sealing import load_chain_key, load_sealer
from core.settings import Settings
from desk.access.accounts import Accounts
from desk.access.model import Open
from desk.access.passwords import PasswordBook
from desk.access.sessions import Limits, Sessions
from desk.access.sign_in import SignIn
from desk.access.throttle import Throttle
from desk.app import desk_app
from desk.audit_api import AuditApi
from desk.cookies import Cookies
from desk.events import Events
from desk.gate import Gate
from desk.openapi import description
from desk.pages import DIST, Pages
from desk.roster.reading import Histories, no_history
from desk.roster.room import RosterRoom
from desk.routes import Call, Route, Wire
from desk.session_api import SessionApi
from desk.source import Sources
from desk.stream import StreamApi
from desk.users_api import UsersApi
from shifts.what_if import Players

log = structlog.get_logger()

#: How often what is old is deleted; seconds.
TIDY_EVERY_S = 600.0
#: What the sealer of second factors is for; the command line names the same.
SECOND_FACTOR = "second factor"


class Api(Protocol):
    """A part of the API: `RosterApi` and the like."""

    def routes(self) -> list[Route]:
        """Its lines of the route table."""
        ...


class Rooms(Protocol):
    """Rooms that are made elsewhere and need what the desk has."""

    def routes(self) -> list[Route]:
        """Their lines of the route table."""
        ...

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks."""
        ...


class Health(Wire):
    """The desk runs."""

    alive: bool


class Desk:
    """The desk. `apis`: those of other rooms; sign-in, accounts, access log, event stream, roster and pages are its own.

    `histories` counts the contacts of the line for what the roster needs, `players` play what-ifs of it; `roster` is for who brings one put
    together otherwise; `rooms` makes further ones.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        *,
        apis: Sequence[Api] = (),
        histories: Histories = no_history,
        players: Players | None = None,
        roster: Callable[[Events], RosterRoom] | None = None,
        rooms: Callable[[Events, AccessLog], Rooms] | None = None,
        passwords: PasswordBook | None = None,
        dist: Path = DIST,
    ) -> None:
        """Raises SecretsError, RouteError."""
        wanted = settings.desk
        self._settings = wanted
        self.events = Events(db, clock)
        self.audit = AccessLog(db, clock, load_chain_key(settings))
        self.accounts = Accounts(db, clock, load_sealer(settings, SECOND_FACTOR))
        self.sessions = Sessions(db, clock, Limits(idle_s=wanted.session_idle_s, limit_s=wanted.session_limit_s))
        self.passwords = passwords or PasswordBook()
        self._throttle = Throttle(db, clock)
        self.sign_in = SignIn(self.accounts, self.sessions, self._throttle, self.passwords, self.audit, self.events, clock)
        self.cookies = Cookies(secure=wanted.secure, session_s=wanted.session_limit_s)
        self.streams = StreamApi(self.events, self.sessions)
        self.roster = (
            roster(self.events)
            if roster
            else RosterRoom(db, clock, self.events, wanted, histories=histories, players=players, noting=self.audit)
        )
        self.rooms = rooms(self.events, self.audit) if rooms else None
        own: list[Api] = [
            SessionApi(self.sign_in, self.accounts, self.sessions, self.cookies),
            UsersApi(self.accounts, self.sign_in, self.passwords, clock),
            AuditApi(db),
            self.streams,
            self.roster,
        ]
        #: The whole table, in the order in which addresses are matched.
        self.routes: Sequence[Route] = [
            *(route for api in (*own, *apis, *([self.rooms] if self.rooms else [])) for route in api.routes()),
            Route(method="GET", path="/api/health", handler=self.health, permission=Open.ANYBODY),
            Route(method="GET", path="/api/openapi.json", handler=self.openapi, permission=Open.ANYBODY),
            *Pages(dist).routes(),
        ]

    def app(self) -> web.Application:
        """The application. Raises RouteError."""
        gate = Gate(self.sessions, self.audit, self.cookies, Sources(self._settings.trusted_proxies), self._settings.origins)
        return desk_app(self.routes, gate, secure=self._settings.secure, closing=self.events.close)

    async def serve(self) -> web.AppRunner:
        """Serve at the address of the settings; `cleanup()` of what is returned ends it. Raises RouteError, `OSError` when the port is taken."""
        runner = web.AppRunner(self.app(), access_log=None, handler_cancellation=False, shutdown_timeout=5.0)
        await runner.setup()
        await web.TCPSite(runner, self._settings.http_bind, self._settings.http_port).start()
        log.info("desk_serves", address=f"{self._settings.http_bind}:{self._settings.http_port}")
        return runner

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks while it serves."""
        return {
            "desk events": self.events.run(),
            "desk tidy": self._tidy(),
            **self.roster.work(),
            **(self.rooms.work() if self.rooms else {}),
        }

    async def health(self, call: Call) -> Health:
        """The desk runs."""
        return Health(alive=True)

    async def openapi(self, call: Call) -> web.Response:
        """This API's description (OpenAPI 3.1)."""
        return web.json_response(description(self.routes, version=_version(), session_cookie=self.cookies.session_name))

    async def _tidy(self) -> None:
        while True:
            try:
                await self._throttle.forget()
                await self.sessions.tidy()
                await self.events.tidy()
            except DatabaseError as error:
                log.info("desk_tidy_delayed", reason=type(error).__name__)
            await asyncio.sleep(TIDY_EVERY_S)


def _version() -> str:
    try:
        return version("annyeong120")
    except PackageNotFoundError:
        return "0"
