"""PostgreSQL: one statement at a time on a hot path, transactions, and the truth about whether the server is there.

Times are seconds. Whatever goes wrong surfaces as one of `core.errors.DatabaseError`'s kinds; SQLAlchemy's and psycopg's own errors don't
leave this module, except from inside a `begin()` block, whose connection is SQLAlchemy's own (they are translated at its end).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import psycopg
import sqlalchemy.exc
import structlog
from psycopg import sql
from sqlalchemy import Row, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.sql.base import Executable

from core import metrics
from core.errors import DatabaseConflict, DatabaseError, DatabaseUnavailable
from core.pool import ConnectionPool, GuardedConnection, PoolExhausted
from core.statements import Parameters, PlanCache, named_rows

_log = structlog.get_logger()

#: A connection is made within this, or the server counts as away.
CONNECT_TIMEOUT_S = 2
#: How long past the server's own time-out an answer is waited for before the server counts as frozen.
GRACE_S = 0.25
#: A transaction that nobody speaks in any more holds its locks no longer than this (a worker that froze).
IDLE_TRANSACTION_S = 5.0
PING_EVERY_S = 1.0
#: How often a server that is away is looked for.
LOOK_EVERY_S = 0.25


def psycopg_url(url: str) -> URL:
    """The URL with our driver: `postgresql://user@host/name`, or `?host=/folder` for a Unix socket."""
    return make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """A PostgreSQL database, for one event loop. Make it, run `watch()` as a task, `close()` it at the end."""

    def __init__(self, url: str, *, pool_size: int = 8, statement_timeout_s: float = 2.0) -> None:
        self._pool_size = pool_size
        self._answer_within_s = statement_timeout_s + GRACE_S
        limits = {
            "statement_timeout": round(statement_timeout_s * 1000),
            "idle_in_transaction_session_timeout": round(IDLE_TRANSACTION_S * 1000),
            "timezone": "UTC",
        }
        arguments: dict[str, Any] = {
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "annyeong120",
        }
        self._engine = create_async_engine(
            psycopg_url(url),
            pool_size=max(2, pool_size // 2),
            max_overflow=0,
            pool_timeout=statement_timeout_s,
            pool_use_lifo=True,
            # An error shows the statement, never the values: they are personal.
            hide_parameters=True,
            use_native_hstore=False,
            skip_autocommit_rollback=True,
            connect_args={**arguments, "async_creator_fn": self._open},
        )
        # The same connections, for single statements.
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self._engine.sync_engine, "checkout", _refuse_stale)
        dialect = self._engine.dialect
        self._plans = PlanCache(dialect)
        self._connect_arguments: dict[str, Any] = {**dialect.create_connect_args(self._engine.url)[1], **arguments}
        self._pool = ConnectionPool(self._connect, size=pool_size, wait_s=statement_timeout_s)
        self._listeners: list[Callable[[bool], None]] = []
        self._available: bool | None = None
        self._refusing = False
        self._look = asyncio.Event()

    async def execute(self, statement: Executable, parameters: Parameters | None = None, *, retry: bool = False) -> list[Row[Any]]:
        """Run ONE statement, committed when this returns; its rows, or an empty list.

        One round trip. A module constant with `bindparam`s is compiled once and run by psycopg (prepared from its first use); a statement
        built for the call goes through SQLAlchemy, which costs about 1 ms more. Columns are read by name or position, not by Column.

        `retry`: the statement may safely run twice, so one that a lost connection interrupted is sent once more.
        Raises DatabaseUnavailable, DatabaseConflict (a constraint refused), DatabaseError.
        """
        self._refuse_when_away()
        try:
            return await self._execute(statement, parameters)
        except _PlanOutdated:
            pass
        except _ConnectionLost:
            if not retry:
                raise
        return await self._execute(statement, parameters)

    async def execute_all(self, work: Sequence[tuple[Executable, Parameters]]) -> None:
        """Run many statements in order as one transaction, sent in one go (psycopg's pipeline): all take effect, or none. No rows.

        Raises as `execute`.
        """
        self._refuse_when_away()
        planned = [(plan, parameters) for statement, parameters in work if (plan := self._plans.get(statement, parameters, first=True))]
        if len(planned) < len(work):
            async with self.begin() as session:
                for statement, parameters in work:
                    await session.execute(statement, parameters)
            return
        prepared = [(plan.sql, plan.values(parameters)) for plan, parameters in planned]
        async with self._hot() as connection, connection.transaction(), connection.pipeline():
            for sql, values in prepared:
                await connection.execute(sql, values)

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back by an exception. Raises as `execute`."""
        self._refuse_when_away()
        with self._translated():
            async with self._engine.begin() as connection:
                yield connection
        self._set_available(True)

    @property
    def available(self) -> bool:
        """Whether the last exchange with the server succeeded. False before the first one."""
        return bool(self._available)

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call this whenever `available` changes (and when the first try fails). It must not block."""
        self._listeners.append(callback)

    async def ping(self) -> None:
        """One round trip. Raises DatabaseUnavailable."""
        async with self._hot() as connection:
            await connection.execute("SELECT 1")

    async def watch(self) -> None:
        """Keep `available` true to life; runs until cancelled.

        While this runs and the server is away, other calls fail at once instead of each finding out for itself (a frozen server costs
        two seconds a try); the first ping that succeeds opens the way again.
        """
        try:
            while True:
                self._look.clear()
                try:
                    await self.ping()
                    await self._warm_up()
                except DatabaseError:
                    self._refusing = not self._available
                if not self._available:
                    await asyncio.sleep(LOOK_EVERY_S)
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PING_EVERY_S):
                        await self._look.wait()
        finally:
            self._refusing = False

    async def listen(self, channel: str, callback: Callable[[str], None]) -> None:
        """Call `callback(payload)` for every NOTIFY on `channel`; runs until cancelled, reconnects by itself.

        Notifications are hints: those sent while the connection is away are lost, so after every (re)connect it is called once with "".
        """
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(**self._connect_arguments, autocommit=True)
                async with connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    callback("")
                    async for notice in connection.notifies():
                        callback(notice.payload)
            except (psycopg.Error, OSError) as error:
                _log.info("listen_interrupted", channel=channel, reason=type(error).__name__)
            await asyncio.sleep(PING_EVERY_S)

    async def close(self) -> None:
        """Close every connection."""
        self._pool.forget()
        await self._engine.dispose()

    async def _execute(self, statement: Executable, parameters: Parameters | None) -> list[Row[Any]]:
        plan = self._plans.get(statement, parameters)
        if plan is None:
            with self._translated():
                async with self._autocommit.connect() as session:
                    result = await session.execute(statement, parameters)
                    rows = named_rows(list(result.keys()), result.fetchall()) if result.returns_rows else []
            self._set_available(True)
            return rows
        values = plan.values(parameters)
        # What `_hot` does, without its two context managers: this is the hottest line of the program.
        try:
            connection = await self._pool.acquire()
            try:
                cursor = await connection.execute(plan.sql, values)
                answer = cursor.pgresult
                # `cursor.description` would say the same, for 40 µs more.
                names = tuple([(answer.fname(i) or b"").decode() for i in range(answer.nfields)]) if answer else ()
                rows = plan.rows(names, await cursor.fetchall()) if names else []
            finally:
                self._pool.release(connection)
        except (psycopg.Error, PoolExhausted) as error:
            raise self._ours(error, lost=False) from error
        if not self._available:
            self._set_available(True)
        return rows

    async def _open(self, **arguments: Any) -> GuardedConnection:
        connection = await GuardedConnection.connect(**arguments)
        connection.answer_within_s = self._answer_within_s
        return connection

    async def _connect(self) -> GuardedConnection:
        connection = await self._open(**self._connect_arguments, autocommit=True)
        connection.prepare_threshold = 0
        connection.prepared_max = 500
        return connection

    async def _warm_up(self) -> None:
        """Have every connection of the hot path open before a burst of calls needs it."""
        if self._pool.idle >= self._pool_size:
            return
        with self._translated():
            await self._pool.fill(self._pool_size)
            async with self._engine.connect():
                pass

    @contextlib.asynccontextmanager
    async def _hot(self) -> AsyncIterator[GuardedConnection]:
        with self._translated():
            connection = await self._pool.acquire()
            try:
                yield connection
            finally:
                self._pool.release(connection)
        if not self._available:
            self._set_available(True)

    def _refuse_when_away(self) -> None:
        if self._refusing:
            raise DatabaseUnavailable("the database is away; it is being looked for")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn errors of the libraries into ours, and learn from them whether the server is there."""
        try:
            yield
        except sqlalchemy.exc.DBAPIError as error:
            original = error.orig if isinstance(error.orig, psycopg.Error) else None
            raise self._ours(original, lost=error.connection_invalidated) from error
        except (psycopg.Error, PoolExhausted, sqlalchemy.exc.TimeoutError) as error:
            raise self._ours(error, lost=False) from error
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise DatabaseError(f"{type(error).__name__}: {error}") from error

    def _ours(self, error: Exception | None, *, lost: bool) -> DatabaseError:
        kind, state = type(error).__name__, error.sqlstate if isinstance(error, psycopg.Error) else None
        match error:
            case PoolExhausted() | sqlalchemy.exc.TimeoutError():
                return DatabaseUnavailable("no free database connection in time")
            case psycopg.errors.QueryCanceled():
                return DatabaseUnavailable("the statement took too long")
            case psycopg.IntegrityError():
                constraint = error.diag.constraint_name
                return DatabaseConflict(f"refused by {constraint or kind}", constraint=constraint)
            case psycopg.errors.FeatureNotSupported() if "cached plan" in str(error):
                # Every connection has such a plan.
                self._pool.forget()
                return _PlanOutdated()
        if lost or (isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (state or "08")[:2] in ("08", "57")):
            self._set_available(False)
            return _ConnectionLost(f"the database connection is lost ({kind})")
        if isinstance(error, psycopg.OperationalError):
            # Too many connections, no disk, a deadlock: it answers, but can't serve this now.
            return DatabaseUnavailable(f"the database can't serve this now ({kind})")
        # The primary message names objects and types; the detail, which is left out, shows values.
        return DatabaseError(f"{kind}: {(isinstance(error, psycopg.Error) and error.diag.message_primary) or error}")

    def _set_available(self, value: bool) -> None:
        if value:
            self._refusing = False
        else:
            # Those that look alive may lead to a server that is gone. Let watch() look at once; it decides whether others are refused.
            self._pool.forget()
            self._look.set()
        if value is self._available:
            return
        self._available = value
        metrics.database_available.set(value)
        if value:
            _log.info("database_available")
        else:
            _log.error("database_unavailable")
        for callback in self._listeners:
            callback(value)


class _PlanOutdated(DatabaseError):
    """The schema changed under a prepared statement; it took no effect."""


class _ConnectionLost(DatabaseUnavailable):
    """The connection was lost; whether the statement took effect is unknown."""


def _refuse_stale(adapted: Any, _record: object, _proxy: object) -> None:
    """Called by SQLAlchemy's pool: it makes a new connection instead of handing out one that the server has closed."""
    if adapted.driver_connection.stale:
        raise sqlalchemy.exc.InvalidatePoolError
