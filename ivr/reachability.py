"""Keeps `presence.reachable` true to the counsellors' phones: follows their device states and repairs what an event missed.

Measured on Asterisk 22.10.1 (tests/integration/counsellors):

- A subscription to `deviceState:` covers every phone, also one whose account is inserted later. It is lost with the application, so
  `seed` issues it again on every connect.
- A subscription to `endpoint:PJSIP` is no alternative: it delivers every event of every call a second time (a PIN of four keys
  arrived as eight), and is refused (422) until Asterisk has met its first endpoint.
- A new account's first registration counts once Asterisk has asked the phone (OPTIONS), at a random moment within
  `max_initial_qualify_time`; every later one, also from another address, counts at once and makes no gap.
- A phone that dies is found out by the next question: `qualify_frequency` + `qualify_timeout` at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

import structlog

from core.clock import Clock, SystemClock
from core.errors import DatabaseError
from ivr.ari.errors import AriError
from ivr.ari.events import DeviceStateChanged, Event
from ivr.ari.mailbox import Mailbox
from ivr.ari.model import Endpoint
from ivr.phone_rows import EXTENSION

log = structlog.get_logger()

#: Every device, present and future.
EVENT_SOURCE = "deviceState:"
#: How often Asterisk's list is compared with the database. Also how long a phone that an offer could not reach is left alone.
CHECK_EVERY_S = 15.0
#: The same after a failed write or look: the database or Asterisk is away.
RETRY_S = 1.0

_TECHNOLOGY = "PJSIP"
_ONLINE = "online"
_AWAY = {"UNAVAILABLE", "INVALID", "UNKNOWN"}


class PhoneDirectory(Protocol):
    """Where reachability is written: `routing.counsellors.Counsellors`."""

    async def set_reachable(self, extension: str, reachable: bool) -> object:
        """One phone."""

    async def set_reachable_phones(self, extensions: Collection[str]) -> int:
        """Exactly these phones; how many changed."""


class PhoneServer(Protocol):
    """What we ask of ARI: `ivr.ari.client.Ari`."""

    async def subscribe(self, event_source: str) -> None:
        """Send events of this source."""

    async def endpoints(self, tech: str = _TECHNOLOGY) -> list[Endpoint]:
        """All phones and trunks."""


class Reachability:
    """One node's phones. Give every event to `handle`, run `run()` as a task, call `seed()` on every connect."""

    def __init__(
        self, ari: PhoneServer, counsellors: PhoneDirectory, clock: Clock | None = None, *, check_every_s: float = CHECK_EVERY_S
    ) -> None:
        self._ari = ari
        self._counsellors = counsellors
        self._clock = clock or SystemClock()
        self._check_every_s = check_every_s
        #: What we last wrote: a phone changes its state with every call, and only being there or not is worth a statement.
        self._known: dict[str, bool] = {}
        #: What happened; None: look now.
        self._news: Mailbox[DeviceStateChanged | None] = Mailbox("reachability")
        # A look at Asterisk's list and an event must not overtake each other on their way to the database.
        self._in_order = asyncio.Lock()

    def handle(self, event: Event) -> None:
        """Take an event; `run` lets it count. Never blocks; events that are not about phones are ignored."""
        if isinstance(event, DeviceStateChanged):
            self._news.put(event)

    def refresh(self) -> None:
        """Look now: somebody was added or came back. Never blocks."""
        self._news.put(None)

    async def seed(self) -> None:
        """Subscribe and learn what is so now. Raises `AriError` and `DatabaseError`: then this connection is no good."""
        async with self._in_order:
            # What was on its way before the gap may be long untrue.
            for _ in self._news.drain():
                pass
            await self._ari.subscribe(EVENT_SOURCE)
            await self._compare()

    async def check(self) -> None:
        """Compare Asterisk's list with the database and repair. Raises `AriError` and `DatabaseError`."""
        async with self._in_order:
            await self._compare()

    async def apply(self, event: DeviceStateChanged) -> None:
        """Let one event count, now. Raises `DatabaseError`."""
        technology, _, extension = event.name.partition("/")
        # Trunks, queues and channels of Asterisk's own are devices too.
        if technology != _TECHNOLOGY or not EXTENSION.fullmatch(extension):
            return
        reachable = event.state not in _AWAY
        async with self._in_order:
            if self._known.get(extension) is not reachable:
                self._known.pop(extension, None)
                await self._counsellors.set_reachable(extension, reachable)
                self._known[extension] = reachable

    async def run(self) -> None:
        """Handle events in order and repair now and then, until cancelled."""
        stale = False
        look_at = self._clock.monotonic() + self._check_every_s
        while True:
            event = None
            try:
                async with asyncio.timeout(max(0.0, look_at - self._clock.monotonic())):
                    event = await self._news.get()
            except TimeoutError:
                pass
            try:
                if event:
                    await self.apply(event)
                else:
                    look_at = self._clock.monotonic() + self._check_every_s
                    await self.check()
                    stale = False
            except (AriError, DatabaseError) as error:
                if not stale:
                    log.warning("reachability_stale", reason=type(error).__name__)
                # An event that did not reach the database is made good by the next look.
                stale = True
                look_at = min(look_at, self._clock.monotonic() + RETRY_S)

    async def _compare(self) -> None:
        phones = {item.resource: item.state == _ONLINE for item in await self._ari.endpoints() if EXTENSION.fullmatch(item.resource)}
        self._known.clear()
        changed = await self._counsellors.set_reachable_phones([extension for extension, online in phones.items() if online])
        self._known.update(phones)
        if changed:
            log.info("reachability_repaired", changed=changed)
