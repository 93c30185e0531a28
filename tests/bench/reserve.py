"""Reservations in PostgreSQL: `routing.reservations` next to a plain `SELECT … FOR UPDATE SKIP LOCKED`, on the embedded server.

Both make one durable commit a reservation, over the same pool, in one process, in turns. The floor takes the seat idle longest out of
a bare table; ours also checks and fences the counsellor's row, and writes the offer.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from core import migrate
from core.database import Database
from core.settings import DatabaseSettings
from helpline.embedded.folders import Folders
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.process import Process
from routing.reservations import Reservations
from tests.bench.stats import Summary, rounded
from tests.kit.until import until

COUNSELLORS = 10_000
#: Reservations under way at once in the closed loop.
AT_ONCE = 16
OPEN_RATE = 500.0

_PREPARE = (
    """
    INSERT INTO counsellors (id, extension, name, pin_hash, created_at)
    SELECT gen_random_uuid(), (10000 + n)::text, 'Bench', 'none', now() FROM generate_series(1, :many) n
    """,
    """
    INSERT INTO presence (counsellor_id, human, reachable, idle_since, changed_at)
    SELECT id, 'ready', true, now() - random() * interval '1 hour', now() FROM counsellors
    """,
    """
    INSERT INTO contacts (id, node, worker, channel_id, entry, withheld, state, entered_at, queued_at)
    SELECT gen_random_uuid(), 'main', 'bench', 'bench-' || n, 'menu', true, 'waiting', now(), now() FROM generate_series(1, :many) n
    """,
    "CREATE TABLE bench_seats (id uuid PRIMARY KEY, idle_since timestamptz NOT NULL, taken boolean NOT NULL DEFAULT false)",
    "CREATE INDEX bench_seats_idle ON bench_seats (idle_since) WHERE NOT taken",
    "INSERT INTO bench_seats SELECT counsellor_id, idle_since FROM presence",
)
_AGAIN = (
    "DELETE FROM offers",
    "UPDATE presence SET system = 'idle', contact_id = NULL, deadline = NULL",
    "UPDATE bench_seats SET taken = false",
)
_TIDY = ("VACUUM ANALYZE presence", "VACUUM ANALYZE offers", "VACUUM ANALYZE bench_seats")
_FLOOR = text(
    """
    UPDATE bench_seats SET taken = true
    WHERE id = (SELECT id FROM bench_seats WHERE NOT taken ORDER BY idle_since LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)

Reserve = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserving:
    """What came of it; milliseconds. Rates: reservations a second."""

    counsellors: int
    rate: float
    floor_max: float
    ours_max: float
    floor_open: Summary
    ours_open: Summary
    #: Reservations that did not succeed, of all.
    failed: int
    of: int


async def measure(
    folder: Path, *, counsellors: int = COUNSELLORS, closed_s: float = 4.0, open_s: float = 8.0, rounds: int = 2
) -> Reserving:
    """Start a server of its own and measure; some 45 s with the defaults. Raises RuntimeError when it does not start."""
    settings = DatabaseSettings()
    async with _server(folder) as address:
        db = Database(address, pool_size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)
        # The setting up is no statement of the line's: it may take its time.
        slow = Database(address, pool_size=2, statement_timeout_s=60)
        try:
            for statement in _PREPARE:
                await slow.execute(text(statement), {"many": counsellors} if ":many" in statement else None)
            return await _measure(db, slow, counsellors, closed_s, open_s, rounds)
        finally:
            await db.close()
            await slow.close()


async def _measure(db: Database, slow: Database, counsellors: int, closed_s: float, open_s: float, rounds: int) -> Reserving:
    best = {"floor": 0.0, "ours": 0.0}
    late: dict[str, list[float]] = {"floor": [], "ours": []}
    tally = _Tally()
    count = min(counsellors, round(OPEN_RATE * open_s))
    for _ in range(rounds):
        for name in ("floor", "ours"):
            best[name] = max(best[name], await _closed(await _work(name, db, slow, tally), counsellors, closed_s))
        for name in ("floor", "ours"):
            late[name] += await _open(await _work(name, db, slow, tally), count)
    return Reserving(
        counsellors=counsellors,
        rate=OPEN_RATE,
        floor_max=best["floor"],
        ours_max=best["ours"],
        floor_open=Summary.of(late["floor"]),
        ours_open=Summary.of(late["ours"]),
        failed=tally.failed,
        of=tally.of,
    )


class _Tally:
    def __init__(self) -> None:
        self.failed = self.of = 0

    def note(self, succeeded: bool) -> bool:
        self.of += 1
        self.failed += not succeeded
        return succeeded


async def _work(name: str, db: Database, slow: Database, tally: _Tally) -> Reserve:
    """Everybody idle again; what makes one reservation more."""
    for statement in (*_AGAIN, *_TIDY):
        await slow.execute(text(statement))
    if name == "floor":

        async def floor() -> bool:
            return tally.note(bool(await db.execute(_FLOOR)))

        return floor
    seats = await slow.execute(text("SELECT counsellor_id, epoch FROM presence ORDER BY idle_since"))
    contacts = await slow.execute(text("SELECT id FROM contacts"))
    pairs: Iterator[tuple[UUID, UUID, int]] = iter(
        [(contact.id, seat.counsellor_id, seat.epoch) for contact, seat in zip(contacts, seats, strict=True)]
    )
    reservations = Reservations(db, ring_timeout_s=30, wrapup_s=0)

    async def ours() -> bool:
        offer, _ = await reservations.reserve(*next(pairs))
        return tally.note(offer is not None)

    return ours


async def _closed(reserve: Reserve, most: int, seconds: float) -> float:
    """As many as possible: the next one as soon as one is done. Reservations a second."""
    begin = time.perf_counter()
    numbers = itertools.count()
    done = 0

    async def one_after_another() -> None:
        nonlocal done
        while next(numbers) < most and time.perf_counter() - begin < seconds:
            await reserve()
            done += 1

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - begin)


async def _open(reserve: Reserve, count: int) -> list[float]:
    """One every 1/500 s, whatever became of those before. Milliseconds from when it was due, so that a backlog shows."""
    took: list[float] = []

    async def one(due: float) -> None:
        await reserve()
        took.append((time.perf_counter() - due) * 1e3)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            due = begin + number / OPEN_RATE
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.create_task(one(due), name="reserve")
    return took


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[str]:
    # Root's PostgreSQL runs as another user who must pass through here.
    folder.parent.chmod(0o711)
    folders = Folders.of(folder)
    folders.make()
    child = EmbeddedPostgres(folders)
    await child.prepare()
    process = Process.start(child.launch(), child.note)
    try:
        await until(child.ready, child.ready_within_s, "PostgreSQL is ready", every_s=0.05)
        await asyncio.to_thread(migrate.upgrade, child.url)
        yield child.url
    finally:
        await process.stop(child.stop_signal, child.stop_grace_s)


def lines(found: Reserving) -> list[str]:
    """For the table."""
    return [
        f"{f'one reservation in PostgreSQL ({found.counsellors:,} counsellors)':52}{'plain SKIP LOCKED':>24}{'annyeong120':>20}",
        f"{f'  most a second ({AT_ONCE} at once)':52}{found.floor_max:>24.0f}{found.ours_max:>20.0f}",
        f"{f'  at {found.rate:g} a second, p50 / p99 (ms)':52}{_pair(found.floor_open):>24}{_pair(found.ours_open):>20}",
        f"  failed: {found.failed} of {found.of}",
    ]


def figures(found: Reserving) -> dict[str, object]:
    """For the result line."""
    return {
        "reservations_per_s": rounded(found.ours_max, 0),
        "floor_reservations_per_s": rounded(found.floor_max, 0),
        "reserve_at_500_ms": found.ours_open.figures(),
        "floor_reserve_at_500_ms": found.floor_open.figures(),
        "reservations_failed": found.failed,
    }


def _pair(summary: Summary) -> str:
    return "-" if math.isnan(summary.p50) else f"{summary.p50:.2f} / {summary.p99:.2f}"
