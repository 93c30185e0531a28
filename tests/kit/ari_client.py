"""A connected program for tests of the ARI client: everything it is told is noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from ivr.ari import Ari, Connection, Event, Mailbox, Switchboard
from tests.kit.until import PATIENCE, until

E = TypeVar("E", bound=Event)


class Server(Protocol):
    """The real Asterisk or the fake one."""

    url: str
    username: str
    password: str


class Client:
    """A connected program: its client, its switchboard, and everything that nobody's mailbox took."""

    def __init__(self, ari: Ari) -> None:
        self.ari = ari
        self.unowned: Mailbox[Event] = Mailbox("unowned")
        self.seen: list[Event] = []
        self.switchboard = Switchboard(self._unowned)
        self.resyncs = 0
        self.lost: list[str] = []
        self.replaced = False
        #: Run within the resync.
        self.on_connected_also: Callable[[], Awaitable[object]] | None = None
        self.connection: Connection
        self.task: asyncio.Task[None]

    def mailbox(self, *object_ids: str) -> Mailbox[Event]:
        """A mailbox that owns these objects."""
        mailbox: Mailbox[Event] = Mailbox()
        for object_id in object_ids:
            self.switchboard.attach(object_id, mailbox)
        return mailbox

    async def on_connected(self) -> None:
        """Count resyncs, and do what the test wants of them."""
        self.resyncs += 1
        if self.on_connected_also is not None:
            await self.on_connected_also()

    def on_replaced(self) -> None:
        """Remember it."""
        self.replaced = True

    def _unowned(self, event: Event) -> None:
        self.seen.append(event)
        self.unowned.put(event)

    async def connected(self, times: int = 1) -> None:
        """Wait until it is connected for the n-th time."""
        await until(lambda: self.connection.connected and self.resyncs >= times, 10)


@asynccontextmanager
async def connect(server: Server, application: str, *, url: str = "", wait: bool = True, **options: object) -> AsyncIterator[Client]:
    """A program connected to `server` under `application`."""
    async with Ari(url or server.url, server.username, server.password, application) as ari:
        client = Client(ari)
        client.connection = Connection(
            ari, client.switchboard, on_connected=client.on_connected, on_lost=client.lost.append, on_replaced=client.on_replaced, **options,  # type: ignore[arg-type]
        )  # fmt: skip
        client.task = asyncio.create_task(client.connection.run(), name="connection")
        try:
            if wait:
                await client.connected()
            yield client
        finally:
            client.task.cancel()
            await asyncio.wait({client.task}, timeout=20)
            assert client.task.done(), "the connection did not end when it was cancelled"


async def expect(mailbox: Mailbox[Event], kind: type[E], within_s: float = 5.0) -> E:
    """The next event of this kind; those before it are skipped."""
    async with asyncio.timeout(PATIENCE * within_s):
        while True:
            event = await mailbox.get()
            if isinstance(event, kind):
                return event
