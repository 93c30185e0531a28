"""Counting attempts to sign in, so that guessing is slow and nobody can be locked out by somebody else.

A browser on which the person signed in before (`desk_devices`) has a count of its own; attempts from elsewhere, however many, do not touch it.
Attempts from unknown browsers are counted by source, by account and source, and by account. An attempt is counted before the
password is looked at, so attempts in parallel gain nothing, and given back when it succeeds.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import DateTime, bindparam, text

from core.clock import Clock
from core.database import Database
from core.errors import AnnyeongError

#: Counts start anew after this.
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What is counted under one key, and how many failures in a window are let through."""

    key: str
    limit: int


class TooManyAttempts(AnnyeongError):
    """Too many wrong attempts; wait."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        #: Seconds until it makes sense to try again.
        self.retry_after_s = retry_after_s


_COUNT = text(
    """
    INSERT INTO desk_attempts AS a (key, failures, since) VALUES (:key, 1, :now)
    ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN a.since <= :stale THEN 1 ELSE least(a.failures, :most) + 1 END,
        since = CASE WHEN a.since <= :stale THEN :now ELSE a.since END
    RETURNING failures, since
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)), bindparam("stale", type_=DateTime(timezone=True)))
_GIVE_BACK = text("UPDATE desk_attempts SET failures = failures - 1 WHERE key = :key AND failures > 0")
_FORGET = text("DELETE FROM desk_attempts WHERE since <= :stale").bindparams(bindparam("stale", type_=DateTime(timezone=True)))


def counts(*, account: str, source: str, device: UUID | None) -> tuple[Count, ...]:
    """What an attempt for this account is counted under. `device`: a browser known to be this account's."""
    # Names that were typed may be anything, a password too: only their hash is kept.
    who = hashlib.sha256(account.encode()).hexdigest()[:32]
    if device is not None:
        return (Count(key=f"device {device}", limit=10),)
    where = network(source)
    return (
        Count(key=f"source {where}", limit=40),
        Count(key=f"account {who} source {where}", limit=8),
        Count(key=f"account {who}", limit=50),
    )


def network(source: str) -> str:
    """Whom an address belongs to: itself, or for IPv6 its /64, within which one may choose."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return "?"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Throttle:
    """Counts in the database: restarting the program or asking another worker gains nothing."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def count(self, counts: Sequence[Count]) -> None:
        """Count an attempt under each key; the first one that is used up refuses it, and the others are not touched then."""
        now = self._clock.now()
        for index, count in enumerate(counts):
            rows = await self._db.execute(_COUNT, {"key": count.key, "now": now, "stale": now - WINDOW, "most": count.limit + 1})
            if rows[0].failures > count.limit:
                await self.give_back(counts[:index])
                raise TooManyAttempts(_seconds(rows[0].since + WINDOW - now))

    async def give_back(self, counts: Sequence[Count]) -> None:
        """The attempt was none: it succeeded, or was not looked at."""
        for count in counts:
            await self._db.execute(_GIVE_BACK, {"key": count.key})

    async def forget(self) -> None:
        """Delete counts whose window is over."""
        await self._db.execute(_FORGET, {"stale": self._clock.now() - WINDOW})


def _seconds(left: timedelta) -> int:
    return max(1, math.ceil(left.total_seconds()))
