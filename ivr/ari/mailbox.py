"""Mailboxes: each actor reads its own, and the switchboard knows which object belongs to whose.

Nothing here awaits, except a mailbox's owner: delivering is a dictionary look-up and an append, so the reader of the socket never waits
for anybody, and events of one object stay in Asterisk's order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from ivr.ari.events import Event

T = TypeVar("T")


class Mailbox(Generic[T]):
    """An unbounded queue with one reader. Unbounded on purpose: dropping an event would be a caller forgotten."""

    __slots__ = ("_items", "_waiter", "name")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._items: deque[T] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: T) -> None:
        """Append; never blocks."""
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> T:
        """The oldest item, when there is one. A cancelled `get` loses nothing."""
        if self._waiter is not None:
            raise RuntimeError(f"mailbox {self.name!r} has two readers")
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.popleft()

    def get_nowait(self) -> T | None:
        """The oldest item, or None."""
        return self._items.popleft() if self._items else None

    def drain(self) -> Iterator[T]:
        """Everything in it, oldest first, taking it out."""
        while self._items:
            yield self._items.popleft()

    def __len__(self) -> int:
        return len(self._items)


class Inbox(Protocol):
    """What the switchboard needs of a mailbox: an actor's may hold more than events."""

    def put(self, item: Event, /) -> None:
        """Append; never blocks."""


def _nobody(event: Event) -> None:
    """Drop an event that belongs to nobody."""


class Switchboard:
    """Delivers each event to the one mailbox that owns the nearest of its subjects, else to the fallback (new calls, phones)."""

    def __init__(self, fallback: Callable[[Event], None] = _nobody) -> None:
        """`fallback` must not block and may be replaced later: `switchboard.fallback = …`."""
        self.fallback = fallback
        self._owners: dict[str, Inbox] = {}

    def attach(self, object_id: str, mailbox: Inbox) -> None:
        """From now on `mailbox` owns the object. Do it before sending the request that creates it: its events may come before the reply."""
        self._owners[object_id] = mailbox

    def detach(self, object_id: str) -> None:
        """Nobody owns the object any more; unknown ids are fine."""
        self._owners.pop(object_id, None)

    def detach_all(self, mailbox: Inbox) -> None:
        """`mailbox` owns nothing any more: its actor has ended."""
        for object_id in [object_id for object_id, owner in self._owners.items() if owner is mailbox]:
            del self._owners[object_id]

    def owner(self, object_id: str) -> Inbox | None:
        """Whose the object is."""
        return self._owners.get(object_id)

    def __len__(self) -> int:
        return len(self._owners)

    def deliver(self, event: Event) -> None:
        """Put the event where it belongs; to one place only, so that nobody handles it twice."""
        for object_id in event.subjects:
            owner = self._owners.get(object_id)
            if owner is not None:
                owner.put(event)
                return
        self.fallback(event)
