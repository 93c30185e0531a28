"""Contacts and the journal in memory; see `routing.testing`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.clock import Clock
from core.errors import DatabaseUnavailable
from core.ids import new_id
from core.journal import BATCH_SIZE, FIRST_RETRY_S, GATHER_S, LAST_RETRY_S, Journal
from core.phone import Number
from routing.contacts import Contacts, LiveContact
from routing.model import ContactState, Kind, Lane, Offer
from routing.reservations import WORKER_LEASE_S
from routing.testing import Contact, Gate, MemoryDatabase, at_once

Entry = tuple[str, Mapping[str, object]]


class MemoryJournal(Journal):
    """`core.journal.Journal`: gathers, writes in order, keeps what the database will not take; without a spool folder.

    What has not been written when the process dies is gone, as with the real one.
    """

    def __init__(self, db: MemoryDatabase, gate: Gate = at_once) -> None:
        self._memory = db
        self._gate = gate
        self._entries: deque[Entry] = deque()
        self._name = new_id()
        self._count = 0
        self._some = asyncio.Event()
        self._written = asyncio.Event()
        self._ends = False

    def add(self, name: str, parameters: Mapping[str, object]) -> None:
        """See `Journal.add`."""
        if self._ends:
            raise RuntimeError("the journal is closed")
        self._entries.append((name, dict(parameters)))
        self._some.set()

    @property
    def id(self) -> UUID:
        """See `Journal.id`."""
        return self._name

    async def replayed(self) -> None:
        """See `Journal.replayed`: there is no spool folder."""

    @property
    def waiting(self) -> int:
        """See `Journal.waiting`."""
        return len(self._entries)

    async def flush(self) -> None:
        """See `Journal.flush`."""
        while self._entries:
            self._written.clear()
            await self._written.wait()

    async def run(self) -> None:
        """See `Journal.run`."""
        pause = FIRST_RETRY_S
        while not self._ends:
            if not self._entries:
                self._some.clear()
                await self._some.wait()
            await asyncio.sleep(GATHER_S)
            while self._entries and not await self._write_some():
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_RETRY_S)
            pause = FIRST_RETRY_S

    async def close(self, *, timeout_s: float = 5.0) -> None:
        """See `Journal.close`; what cannot be written in time is lost, where the real one has its spool folder."""
        self._ends = True
        try:
            async with asyncio.timeout(timeout_s):
                while self._entries and await self._write_some():
                    pass
        except TimeoutError:
            pass

    async def _write_some(self) -> bool:
        batch = list(self._entries)[:BATCH_SIZE]
        key = (self._name, self._count)

        def work() -> None:
            # One whose commit was done although its answer was lost.
            if key not in self._memory.batches:
                self._memory.batches.add(key)
                for name, values in batch:
                    self._memory.write(name, {"journal_": self._name, **values})

        try:
            await self._gate(work)
        except DatabaseUnavailable:
            return False
        self._memory.batches.discard(key)
        self._count += 1
        for _ in batch:
            self._entries.popleft()
        self._written.set()
        return True


class MemoryContacts(Contacts):
    """`routing.contacts.Contacts`: what goes through the journal is the real one's own."""

    def __init__(self, db: MemoryDatabase, journal: Journal, clock: Clock, *, node: str, worker: str, gate: Gate = at_once) -> None:
        self._memory = db
        self._gate = gate
        self._journal = journal
        self._clock = clock
        self._node = node
        self._worker = worker

    async def enter(
        self,
        contact_id: UUID,
        *,
        channel_id: str,
        entry: str,
        dialled: str,
        language: str,
        number: Number,
        at: datetime,
        state: ContactState,
    ) -> bool:
        """See `Contacts.enter`."""
        row = Contact(
            contact_id, self._node, self._worker, channel_id, entry, dialled, language, number.e164, str(state), at, owner=self._journal.id
        )

        def work() -> bool:
            if channel_id in self._memory.by_channel:
                return False
            self._memory.contacts[contact_id] = self._memory.by_channel[channel_id] = row
            self._memory.write("event", {"contact_id": contact_id, "at": at, "kind": "invite", "detail": {"entry": entry}})
            return True

        return await self._gate(work)

    async def enter_callback(
        self,
        contact_id: UUID,
        *,
        callback_id: UUID,
        channel_id: str,
        language: str,
        number: str,
        virtual_start: datetime,
        lane: Lane,
        at: datetime,
    ) -> None:
        """See `Contacts.enter_callback`."""
        more: dict[str, object] = {"kind": "callback", "lane": str(lane), "virtual_start": virtual_start, "callback_id": callback_id}
        row = Contact(contact_id, self._node, self._worker, channel_id, "callback", "", language, number, "calling_back", at, at, more=more)
        row.owner = self._journal.id

        def work() -> None:
            self._memory.contacts[contact_id] = self._memory.by_channel[channel_id] = row
            self._memory.write("event", {"contact_id": contact_id, "at": at, "kind": "callback_begun", "detail": {}})

        await self._gate(work)

    async def safety_net_answered(self, channel_id: str, extension: str, at: datetime) -> None:
        """See `Contacts.safety_net_answered`."""

        def work() -> None:
            row = self._memory.by_channel.get(channel_id)
            if row is not None and row.outcome is None and (row.answered_at is None or row.answered_at < at):
                since = (when for when, kind, _ in self._memory.events.get(row.id, ()) if kind == "back_from_safety_net")
                row.answered_at = at
                if all(when <= at for when in since):
                    row.state = "safety_net"
                row.counsellor_id = next((c.id for c in self._memory.counsellors.values() if c.extension == extension), None)
                self._memory.write("event", {"contact_id": row.id, "at": at, "kind": "safety_net_answered", "detail": {}})

        await self._gate(work)

    async def safety_net_ended(self, channel_id: str, at: datetime) -> bool:
        """See `Contacts.safety_net_ended`."""

        def work() -> bool:
            row = self._memory.by_channel.get(channel_id)
            if row is None or row.outcome is not None or row.state != "safety_net":
                return False
            row.ended_at, row.state = max(at, row.entered_at), "ended"
            row.outcome = "abandoned_safety_net" if row.answered_at is None else "talked_safety_net"
            self._memory.write("event", {"contact_id": row.id, "at": at, "kind": "outcome", "detail": {"outcome": row.outcome}})
            return True

        return await self._gate(work)

    async def live(self) -> list[LiveContact]:
        """See `Contacts.live`."""
        return await self._gate(lambda: [self._live_contact(row) for row in self._mine()])

    async def adopt(self) -> list[LiveContact]:
        """See `Contacts.adopt`."""

        def work() -> list[LiveContact]:
            for row in self._mine():
                row.owner = self._journal.id
            return [self._live_contact(row) for row in self._mine()]

        return await self._gate(work)

    async def left_behind(self) -> list[LiveContact]:
        """See `Contacts.left_behind`."""

        def work() -> list[LiveContact]:
            seen = self._memory.now() - timedelta(seconds=WORKER_LEASE_S)
            dead = {name for name, at in self._memory.workers.items() if at < seen}
            rows = [row for row in self._memory.contacts.values() if row.node == self._node and row.worker != self._worker]
            return [self._live_contact(row) for row in rows if row.outcome is None and f"{row.node}/{row.worker}" in dead]

        return await self._gate(work)

    async def claim(self, row: LiveContact) -> bool:
        """See `Contacts.claim`."""

        def work() -> bool:
            stored = self._memory.contacts[row.id]
            if stored.outcome is not None or stored.owner != row.owner or stored.node != self._node:
                return False
            stored.worker, stored.owner = self._worker, self._journal.id
            return True

        return await self._gate(work)

    async def take(self, channel_id: str) -> LiveContact | None:
        """See `Contacts.take`."""

        def work() -> LiveContact | None:
            row = self._memory.by_channel.get(channel_id)
            if row is None or row.outcome is not None:
                return None
            row.node, row.worker, row.owner = self._node, self._worker, self._journal.id
            return self._live_contact(row)

        return await self._gate(work)

    async def part(self, channel_id: str) -> LiveContact | None:
        """See `Contacts.part`."""

        def work() -> LiveContact | None:
            row = self._memory.by_channel.get(channel_id)
            if row is None or row.outcome is None:
                return None
            del self._memory.by_channel[channel_id]
            row.channel_id = f"{channel_id} {row.id}"
            self._memory.by_channel[row.channel_id] = row
            return self._live_contact(row)

        return await self._gate(work)

    def _mine(self) -> list[Contact]:
        rows = self._memory.contacts.values()
        return [row for row in rows if row.outcome is None and (row.node, row.worker) == (self._node, self._worker)]

    async def find(self, channel_id: str) -> UUID | None:
        """See `Contacts.find`."""

        def work() -> UUID | None:
            row = self._memory.by_channel.get(channel_id)
            return row.id if row is not None and row.outcome is None else None

        return await self._gate(work)

    async def last_offers(self, contact_ids: list[UUID]) -> dict[UUID, Offer]:
        """See `Contacts.last_offers`."""
        if not contact_ids:
            return {}

        def work() -> dict[UUID, Offer]:
            rows = [row for row in self._memory.offers.values() if row.offer.contact_id in contact_ids and row.result in (None, "answered")]
            return {row.offer.contact_id: row.offer for row in sorted(rows, key=lambda row: row.offered_at)}

        return await self._gate(work)

    def _live_contact(self, row: Contact) -> LiveContact:
        more: dict[str, Any] = row.more
        asked = [request for request in self._memory.callbacks.values() if request.contact_id == row.id and request.reason == "asked"]
        in_vain = [at for at, kind, _ in self._memory.events.get(row.id, []) if kind == "overflow_exhausted"]
        return LiveContact(
            id=row.id,
            channel_id=row.channel_id,
            state=ContactState(row.state),
            entry=row.entry,
            language=row.language,
            entered_at=row.entered_at,
            queued_at=row.queued_at,
            answered_at=row.answered_at,
            counsellor_id=row.counsellor_id,
            kind=Kind(str(more["kind"])),
            lane=Lane(str(more["lane"])),
            virtual_start=more.get("virtual_start"),
            silent=bool(more.get("silent")),
            named_id=more.get("named_id"),
            promised_until=more.get("promised_until"),
            promised_place=more.get("promised_place"),
            overflows=len(in_vain),
            overflowed=max(in_vain, default=None),
            arranged=any(request.outcome is None for request in asked),
            number=row.number,
            owner=row.owner,
        )
