"""Keeps `presence.reachable` true to the counsellors' phones: follows their registrations and repairs what an event missed.

Measured on Asterisk 22.10.1 (tests/integration/counsellors/test_reachability.py):

- One subscription to `endpoint:PJSIP` covers every phone, also one whose account is inserted later. It is lost with the
  application, so `seed` issues it again on every connect.
- The first registration of a new account arrives as `NonQualified`, with the endpoint still "offline": Asterisk asks the phone
  (OPTIONS) at a random moment within `qualify_frequency`, and only then says "online". But a phone that has just registered has
  answered a challenge: it is taken at its word until that first question must have been asked.
- A phone that registers from another address first adds the new contact, then removes the old one, and in between the endpoint is
  "offline" for a millisecond. So contacts are counted one by one.
- A registration that is merely refreshed makes no event.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from core.clock import Clock, SystemClock
from core.errors import DatabaseError
from ivr.ari.errors import AriError
from ivr.ari.events import ContactStatusChange, EndpointState, Event, PeerStatusChange
from ivr.ari.mailbox import Mailbox
from ivr.ari.model import Endpoint
from ivr.phone_rows import EXTENSION

log = structlog.get_logger()

#: Every phone of this technology, present and future.
EVENT_SOURCE = "endpoint:PJSIP"
#: How long a phone that registered is believed before Asterisk has asked it once: longer than qualify_frequency + qualify_timeout.
BELIEVED_FOR_S = 30.0
#: How often Asterisk's list is compared with ours. Also how long a phone that an offer could not reach is left alone.
CHECK_EVERY_S = 15.0
#: After a failed write or look: the database or Asterisk is away.
RETRY_S = 1.0

_ONLINE = "online"
_AWAY = {"Unreachable", "Removed"}


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

    async def endpoints(self, tech: str = "PJSIP") -> list[Endpoint]:
        """All phones and trunks."""


@dataclass(slots=True)
class _Phone:
    online: bool = False
    #: Contact URI -> until when (monotonic) it is believed without having been asked; None: it has answered.
    contacts: dict[str, float | None] = field(default_factory=dict)

    def reachable(self, now: float) -> bool:
        return self.online or any(until is None or until > now for until in self.contacts.values())


class Reachability:
    """One node's phones. Give every event to `handle`, run `run()` as a task, call `seed()` on every connect."""

    def __init__(
        self, ari: PhoneServer, counsellors: PhoneDirectory, clock: Clock | None = None, *, check_every_s: float = CHECK_EVERY_S
    ) -> None:
        self._ari = ari
        self._counsellors = counsellors
        self._clock = clock or SystemClock()
        self._check_every_s = check_every_s
        self._phones: dict[str, _Phone] = {}
        #: What happened; None: look now.
        self._news: Mailbox[Event | None] = Mailbox("reachability")
        # A look at Asterisk's list and an event must not overtake each other on their way to the database.
        self._in_order = asyncio.Lock()

    def handle(self, event: Event) -> None:
        """Take an event; `run` lets it count. Never blocks; events that are not about phones are ignored."""
        if isinstance(event, ContactStatusChange | PeerStatusChange | EndpointState):
            self._news.put(event)

    def refresh(self) -> None:
        """Look now: somebody was added or came back. Never blocks."""
        self._news.put(None)

    async def seed(self) -> None:
        """Subscribe and learn what is so now. Raises `AriError` and `DatabaseError`: then this connection is no good."""
        async with self._in_order:
            # What was believed or on its way before the gap may be long untrue.
            self._phones.clear()
            for _ in self._news.drain():
                pass
            await self._ari.subscribe(EVENT_SOURCE)
            await self._compare()

    async def check(self) -> None:
        """Compare Asterisk's list with ours and repair. Raises `AriError` and `DatabaseError`."""
        async with self._in_order:
            await self._compare()

    async def apply(self, event: Event) -> None:
        """Let one event count, now. Raises `DatabaseError`."""
        if not isinstance(event, ContactStatusChange | PeerStatusChange | EndpointState):
            return
        extension = event.endpoint.resource
        # Trunks are endpoints too.
        if event.endpoint.technology != "PJSIP" or not re.fullmatch(EXTENSION, extension):
            return
        async with self._in_order:
            phone = self._phones.setdefault(extension, _Phone())
            now = self._clock.monotonic()
            phone.online = event.endpoint.state == _ONLINE
            if isinstance(event, ContactStatusChange):
                if event.status in _AWAY:
                    phone.contacts.pop(event.uri, None)
                elif event.status == "Reachable":
                    phone.contacts[event.uri] = None
                elif phone.contacts.get(event.uri, 0.0) is not None:
                    phone.contacts[event.uri] = now + BELIEVED_FOR_S
            await self._counsellors.set_reachable(extension, phone.reachable(now))

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
        listed = {item.resource: item.state == _ONLINE for item in await self._ari.endpoints()}
        now = self._clock.monotonic()
        for extension in listed.keys() | self._phones.keys():
            phone = self._phones.setdefault(extension, _Phone())
            phone.online = listed.get(extension, False)
            # What Asterisk calls offline has no contact that answers; only those it has not asked yet may be better than that.
            phone.contacts = {uri: until for uri, until in phone.contacts.items() if until is not None and until > now}
        changed = await self._counsellors.set_reachable_phones([name for name, phone in self._phones.items() if phone.reachable(now)])
        if changed:
            log.info("reachability_repaired", changed=changed)
