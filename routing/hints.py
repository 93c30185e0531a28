"""Hints to other workers by NOTIFY: "look again", never data. A lost one costs a moment, because everybody also looks now and then.

Sent as a statement of its own, after the commit of what it is about: inside a transaction a NOTIFY takes a lock that all committing
transactions share, which costs three to five times the throughput.
"""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import DatabaseError

log = structlog.get_logger()

#: Everything that is to be said within this time is said once.
GATHER_S = 0.02
#: The same while the database is away.
RETRY_S = 1.0

_NOTIFY = text("SELECT pg_notify(channel, :sender) FROM unnest(:channels) AS channel").bindparams(
    bindparam("channels", type_=ARRAY(Text)), bindparam("sender", type_=Text)
)


class Hints:
    """Gathers hints and sends them in the background. Run `run()` as a task.

    `sender` is the payload (the worker's name), so that a listener can leave out what it said itself; "" for none.
    """

    def __init__(self, db: Database, sender: str = "", *, gather_s: float = GATHER_S) -> None:
        self._db = db
        self._sender = sender
        self._gather_s = gather_s
        self._channels: set[str] = set()
        self._asked = asyncio.Event()

    def send(self, channel: str) -> None:
        """Let the listeners of a channel look again, soon. Never blocks, never fails."""
        self._channels.add(channel)
        self._asked.set()

    async def run(self) -> None:
        """Send until cancelled: the first hint at once, more at most once every `gather_s` seconds."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            channels, self._channels = self._channels, set()
            try:
                await self._db.execute(_NOTIFY, {"channels": sorted(channels), "sender": self._sender})
            except DatabaseError as error:
                log.info("hints_delayed", reason=type(error).__name__)
                self._channels |= channels
                self._asked.set()
                await asyncio.sleep(RETRY_S)
                continue
            await asyncio.sleep(self._gather_s)
