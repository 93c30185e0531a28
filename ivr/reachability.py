"""Keeps `presence.reachable` true to the counsellors' phones: reads Asterisk's list of endpoints every second.

Measured on Asterisk 22.10.1 (tests/integration/counsellors):

- A subscription to `deviceState:` would tell of every change, but can block the application for ever: an event socket that ends in the
  moment in which a phone's state changes leaves Asterisk's threads waiting for each other, and with them everything that is in the
  application (seen after two losses of a busy socket; Asterisk's issue 2170). Calls would stay without a program until Asterisk is killed.
- A subscription to `endpoint:PJSIP` delivers every event of every call a second time (a PIN of four keys arrived as eight), and is
  refused (422) until Asterisk has met its first endpoint.
- A new account's first registration counts once Asterisk has asked the phone (OPTIONS), at a random moment within
  `max_initial_qualify_time`; every later one, also from another address, counts at once and makes no gap.
- A phone that dies is found out by the next question: `qualify_frequency` + `qualify_timeout` at most.

Every node has a Reachability of its own. A phone belongs to the node that saw it last: that another node does not have it says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

import structlog

from core.clock import Clock, SystemClock
from core.errors import DatabaseError
from ivr.ari.errors import AriError
from ivr.ari.model import Endpoint
from ivr.phone_rows import EXTENSION

log = structlog.get_logger()

#: How often Asterisk's list is read. A long list is read less often: reading takes at most this share of the time.
LOOK_EVERY_S = 1.0
LOOK_SHARE = 0.05
#: How often the whole list is compared with the database. Also how long a phone that an offer could not reach is left alone.
CHECK_EVERY_S = 15.0
#: The same after a failed write or look: the database or Asterisk is away.
RETRY_S = 1.0

_TECHNOLOGY = "PJSIP"
_ONLINE = "online"


class PhoneDirectory(Protocol):
    """Where reachability is written: `routing.counsellors.Counsellors`."""

    async def set_reachable(self, extension: str, reachable: bool, node: str) -> object:
        """One phone, as this node sees it."""

    async def set_reachable_phones(self, extensions: Collection[str], node: str) -> int:
        """Exactly these of this node's phones; how many changed."""


class PhoneServer(Protocol):
    """What we ask of ARI: `ivr.ari.client.Ari`."""

    async def endpoints(self, tech: str = _TECHNOLOGY) -> list[Endpoint]:
        """All phones and trunks."""


class Reachability:
    """One node's phones. Run `run()` as a task, call `seed()` on every connect."""

    def __init__(
        self,
        ari: PhoneServer,
        counsellors: PhoneDirectory,
        clock: Clock | None = None,
        *,
        node: str = "main",
        look_every_s: float = LOOK_EVERY_S,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._ari = ari
        self._counsellors = counsellors
        self._clock = clock or SystemClock()
        self._node = node
        self._look_every_s = look_every_s
        self._check_every_s = check_every_s
        #: The phones that we last wrote as reachable: only a change is worth a statement.
        self._known: frozenset[str] = frozenset()
        self._asked = asyncio.Event()
        # Two looks at Asterisk's list must not overtake each other on their way to the database.
        self._in_order = asyncio.Lock()

    def refresh(self) -> None:
        """Compare now: somebody was added or came back. Never blocks."""
        self._asked.set()

    async def seed(self) -> None:
        """Learn what is so now. Raises `AriError` and `DatabaseError`: then this connection is no good."""
        await self.check()

    async def check(self) -> None:
        """Compare Asterisk's list with the database and repair. Raises `AriError` and `DatabaseError`."""
        async with self._in_order:
            online = await self._online()
            changed = await self._counsellors.set_reachable_phones(sorted(online), self._node)
            self._known = online
            if changed:
                log.info("reachability_repaired", changed=changed)

    async def look(self) -> None:
        """Write what is new in Asterisk's list. Raises `AriError` and `DatabaseError`."""
        async with self._in_order:
            online = await self._online()
            for extension in sorted(online ^ self._known):
                await self._counsellors.set_reachable(extension, extension in online, self._node)
                self._known ^= {extension}

    async def run(self) -> None:
        """Look and compare, until cancelled."""
        stale, pause_s, check_at = False, 0.0, self._clock.monotonic()
        while True:
            asked = await self._asked_within(pause_s)
            began = self._clock.monotonic()
            try:
                if asked or stale or began >= check_at:
                    check_at = began + self._check_every_s
                    await self.check()
                else:
                    await self.look()
                stale = False
                pause_s = max(self._look_every_s, (self._clock.monotonic() - began) / LOOK_SHARE)
            except (AriError, DatabaseError) as error:
                if not stale:
                    log.warning("reachability_stale", reason=type(error).__name__)
                # What did not reach the database is made good by a whole comparison.
                stale, pause_s = True, RETRY_S

    async def _asked_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _online(self) -> frozenset[str]:
        # Trunks are endpoints too.
        return frozenset(
            item.resource for item in await self._ari.endpoints() if item.state == _ONLINE and EXTENSION.fullmatch(item.resource)
        )
