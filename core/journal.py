"""Write-behind journal: what must be stored, in order, but need not be waited for.

Whoever adds an entry goes on at once; one task writes all that has gathered as one transaction, as soon as the transaction before it is done.
So a quiet line commits every entry by itself and a busy one many together, with one fsync. If the database is away everything waits in memory,
in order; if the program has to end meanwhile, it goes to a spool file that the next start replays. Every batch is remembered in
`journal_batches` by the transaction that writes it: a batch whose commit was interrupted, or a replayed one, takes effect once.

Lost only by kill -9 (or power) while the entry is not yet durable: whatever must survive that is written with `Database.execute` before acting.

A statement may refer to `:journal_`, the journal to which its entry was added, however late and by whom it is written: so it can refuse to
change what has another owner by now. A process that was frozen and replaced writes its story to the end, but no stale state.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, insert
from sqlalchemy.sql.base import Executable

from core import metrics, spool
from core.database import Database
from core.errors import DatabaseConflict, DatabaseUnavailable
from core.ids import new_id
from core.spool import Batch, Entry
from core.tables import journal_batches

_log = structlog.get_logger()

#: Entries in one transaction at most.
BATCH_SIZE = 500
#: What happens in one call within this time shares a transaction. Nobody waits for it, and the disk is free for those whom somebody
#: waits for: at 8 calls/s the reservation at key 5 came twice as fast for the slowest hundredth of the callers.
GATHER_S = 0.08
#: So many waiting entries are an alarm; then again at every doubling.
ALARM_AT = 100_000
FIRST_RETRY_S = 0.05
LAST_RETRY_S = 1.0
#: An entry that alone runs into a time-out so often, with the database up, is set aside.
MAX_TIME_OUTS = 10

_MARK = insert(journal_batches).values(journal=bindparam("journal_"), batch=bindparam("batch_"))
_UNMARK = delete(journal_batches).where(journal_batches.c.journal == bindparam("journal_"), journal_batches.c.batch < bindparam("batch_"))
_MARK_CONSTRAINT = "pk_journal_batches"


class Journal:
    """See the module. `statements`: every statement by the name under which entries (also spooled ones) call for it.

    `spool`: a folder of this worker's own. Run `run()` as one task; at the end, `close()`.
    """

    def __init__(self, db: Database, statements: Mapping[str, Executable], *, spool: Path, make_id: Callable[[], UUID] = new_id) -> None:
        self._db = db
        self._statements = dict(statements)
        self._folder = spool
        self._id = make_id()
        self._numbers = 0
        self._queue: deque[Entry] = deque()
        # Batches that have a number, which they keep however often they are tried; they go before the queue.
        self._batches: deque[Batch] = deque()
        self._replayed_files: list[Path] = []
        self._replay_left = 0
        self._replayed = asyncio.Event()
        self._added = 0
        self._settled = 0
        self._flushes: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._writing = asyncio.Lock()
        self._more = asyncio.Event()
        self._hurry = asyncio.Event()
        self._closing = False
        self._abandoned = False
        self._running = False
        self._alarm_at = ALARM_AT
        self._time_outs = 0
        db.on_change(self._database_changed)

    @property
    def id(self) -> UUID:
        """Another one for every process that ever writes: `:journal_`."""
        return self._id

    def add(self, name: str, parameters: Mapping[str, object]) -> None:
        """Have the statement `name` run with these parameters, after everything added before. Never blocks.

        Raises KeyError for a name that is not registered, RuntimeError after `close`.
        """
        if name not in self._statements:
            raise KeyError(name)
        if self._closing:
            raise RuntimeError("the journal is closed")
        self._queue.append(Entry(name=name, parameters=dict(parameters)))
        self._added += 1
        self._more.set()
        self._measure()

    @property
    def waiting(self) -> int:
        """Entries that are not yet durable."""
        return self._added - self._settled

    async def flush(self) -> None:
        """Wait until everything added so far is durable (or was set aside as poison). Waits as long as the database is away."""
        if self.waiting:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._flushes.append((self._added, done))
            self._hurry.set()
            await done

    async def replayed(self) -> None:
        """Wait until what an earlier run left in the spool folder is durable: before that its rows are not to be given another owner."""
        await self._replayed.wait()

    async def run(self) -> None:
        """Write what is added, until `close()`; one task of its own. Begins with what an earlier run left in the spool folder."""
        if self._running:
            raise RuntimeError("the journal is running already")
        self._running = True
        try:
            self._replay(await asyncio.to_thread(_load, self._folder))
            pause = FIRST_RETRY_S
            while not self._closing:
                if not (self._batches or self._queue):
                    self._more.clear()
                    await self._more.wait()
                if not (self._batches or self._flushes):
                    await self._wait_a_little(GATHER_S)
                if await self._write_head():
                    pause = FIRST_RETRY_S
                else:
                    await self._wait_a_little(pause)
                    pause = min(pause * 2, LAST_RETRY_S)
        finally:
            self._running = False

    async def close(self, *, timeout_s: float = 5.0) -> None:
        """Write the rest if the database lets us within `timeout_s`, else leave it in the spool folder."""
        self._closing = True
        self._more.set()
        self._hurry.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while (self._batches or self._queue) and await self._write_head():
                    pass
        self._abandoned = True
        await asyncio.to_thread(self._leave_spool)

    async def _write_head(self) -> bool:
        """Write the first batch, which stays at the head until it is settled; one at a time. False: not now."""
        async with self._writing:
            if not self._batches:
                self._next_batch()
            return not self._batches or await self._write(self._batches[0])

    def _next_batch(self) -> None:
        if size := min(len(self._queue), BATCH_SIZE):
            self._batches.append(self._number(tuple(self._queue.popleft() for _ in range(size))))

    def _number(self, entries: tuple[Entry, ...]) -> Batch:
        self._numbers += 1
        return Batch(journal=self._id, number=self._numbers, entries=entries)

    async def _write(self, batch: Batch) -> bool:
        """One transaction. False: not written now; the batch is still at the head."""
        key = {"journal_": batch.journal, "batch_": batch.number}
        try:
            work = [(_MARK, key), *((self._statements[entry.name], _signed(batch, entry).parameters) for entry in batch.entries)]
            # A replayed journal keeps its marks until its file is gone, so that an interrupted replay is not a second writing.
            await self._db.execute_all([*work, (_UNMARK, key)] if batch.journal == self._id else work)
        except DatabaseUnavailable:
            return await self._unavailable(batch)
        except DatabaseConflict as error:
            if error.constraint != _MARK_CONSTRAINT:
                return await self._divide(batch, error)
            # The commit that seemed lost was not.
            _log.info("journal_batch_was_written", entries=len(batch.entries))
        except Exception as error:  # noqa: BLE001
            # Whatever it is (a value the driver can't send, too), the entries after it must not wait for it.
            return await self._divide(batch, error)
        metrics.journal_written_total.inc(len(batch.entries))
        return self._settle(batch)

    async def _unavailable(self, batch: Batch) -> bool:
        """Gone, or there for others but not for this batch (a lock, a statement that takes too long)? Then find out which entry it is."""
        if not self._db.available:
            self._time_outs = 0
            return False
        self._time_outs += 1
        if self._time_outs < MAX_TIME_OUTS:
            return False
        self._time_outs = 0
        return await self._divide(batch, DatabaseUnavailable())

    async def _divide(self, batch: Batch, error: Exception) -> bool:
        """The batch was refused and took no effect: halve it until the culprit is alone, then set that aside."""
        if self._abandoned:
            return False
        if len(batch.entries) > 1:
            middle = len(batch.entries) // 2
            entries = tuple(_signed(batch, entry) for entry in batch.entries)
            self._batches.popleft()
            self._batches.extendleft([self._number(entries[middle:]), self._number(entries[:middle])])
            return True
        _log.error("journal_entry_rejected", entry=batch.entries[0].name, reason=type(error).__name__)
        metrics.journal_rejected_total.inc()
        await asyncio.to_thread(self._save, self._folder / "rejected" / "entries.jsonl", [batch])
        return self._settle(batch)

    def _settle(self, batch: Batch) -> bool:
        if self._abandoned:
            # close() has put it into the spool file meanwhile; its number makes sure it is not written again.
            return False
        self._batches.popleft()
        self._time_outs = 0
        self._settled += len(batch.entries)
        if self._replay_left:
            self._replay_left -= len(batch.entries)
            if self._replay_left <= 0:
                self._forget_replayed()
        self._measure()
        while self._flushes and self._flushes[0][0] <= self._settled:
            _, done = self._flushes.popleft()
            if not done.done():
                done.set_result(None)
        return True

    async def _wait_a_little(self, seconds: float) -> None:
        self._hurry.clear()
        if self._closing:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    def _database_changed(self, available: bool) -> None:
        if available:
            self._hurry.set()

    def _measure(self) -> None:
        metrics.journal_waiting.set(self.waiting)
        if self.waiting >= self._alarm_at:
            _log.error("journal_is_long", waiting=self.waiting)
            self._alarm_at *= 2
        elif self.waiting < ALARM_AT:
            self._alarm_at = ALARM_AT

    def _replay(self, files: list[tuple[Path, list[Batch], list[int]]]) -> None:
        """Put these before everything else; their files go when all of it is durable."""
        if self._closing:
            # They are for the next start, with what close() has just added to them.
            return
        for path, _, damaged in files:
            if damaged:
                _log.error("journal_spool_damaged", file=path.name, lines=damaged)
                # Kept for a person to look at; what could be read of it is written all the same.
                path.rename(path.with_suffix(".damaged"))
            else:
                self._replayed_files.append(path)
        batches = [batch for _, found, _ in files for batch in found]
        entries = sum(len(batch.entries) for batch in batches)
        if not entries:
            self._forget_replayed()
            return
        _log.warning("journal_replays", entries=entries)
        self._batches.extendleft(reversed(batches))
        self._flushes = deque((count + entries, done) for count, done in self._flushes)
        self._added += entries
        self._replay_left = entries

    def _leave_spool(self) -> None:
        while self._queue:
            self._next_batch()
        if self._batches:
            _log.warning("journal_spooled", entries=self.waiting)
            if not self._save(self._folder / f"{self._id.hex}.jsonl", self._batches):
                return
            self._batches.clear()
        self._forget_replayed()

    def _forget_replayed(self) -> None:
        """Every batch of the files read at the start is in the database, or in the file just written."""
        for path in self._replayed_files:
            path.unlink(missing_ok=True)
        self._replayed_files.clear()
        self._replay_left = 0
        self._replayed.set()

    def _save(self, path: Path, batches: Iterable[Batch]) -> bool:
        try:
            spool.append(path, batches)
        except OSError as error:
            _log.critical("journal_entries_lost", entries=sum(len(batch.entries) for batch in batches), reason=error.strerror)
            return False
        return True


def _signed(batch: Batch, entry: Entry) -> Entry:
    return Entry(name=entry.name, parameters={"journal_": batch.journal, **entry.parameters})


def _load(folder: Path) -> list[tuple[Path, list[Batch], list[int]]]:
    return [(path, *spool.read(path)) for path in sorted(folder.glob("*.jsonl"))]
