"""`annyeong120 up`: brings every part of an installation up in order, watches them, and stops them in the opposite order.

The parts are processes of their own and outlive this one: when it is killed they go on, calls and all, and the next `up` takes them
over (docs/decisions/0004-child-processes-that-survive.md).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import psycopg
import structlog

from core import migrate
from core.errors import AnnyeongError, DatabaseUnavailable
from core.settings import Settings
from helpline.embedded import phone_copies
from helpline.embedded.addresses import database_url
from helpline.embedded.asterisk import EmbeddedAsterisk
from helpline.embedded.desk import EmbeddedDesk
from helpline.embedded.folders import Folders
from helpline.embedded.guard import ChildGaveUp, Guard
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.process import Process
from helpline.embedded.program import EmbeddedProgram
from helpline.exit_codes import EXIT_REPLACED, OK

log = structlog.get_logger()

_ASK_DATABASE_EVERY_S = 1.0
_DESK_AGAIN_S = 10.0


class AlreadyUp(AnnyeongError):
    """Another `annyeong120 up` looks after this data folder."""


class _Stop(Exception):
    """Ends the task group."""


class Supervisor:
    """The parts of one installation, those of them that are embedded."""

    def __init__(self, settings: Settings, say: Callable[[str], None], *, program: bool = True) -> None:
        """`program=False` leaves the worker out: for tests, and for those who run it elsewhere."""
        self.settings = settings
        self.folders = Folders.of(settings.data_dir)
        self._say = say
        self._stopping = asyncio.Event()
        #: Set when everything has been ready once.
        self.all_up = asyncio.Event()
        url = database_url(settings)
        self.postgres = Guard(EmbeddedPostgres(self.folders), say) if settings.embedded_database else None
        self._asterisk = EmbeddedAsterisk(settings, self.folders, database_url=url) if settings.embedded_asterisk else None
        self.asterisk = Guard(self._asterisk, say) if self._asterisk else None
        codes = frozenset({EXIT_REPLACED})
        self.program = Guard(EmbeddedProgram(settings, self.folders), say, final_codes=codes) if program else None
        self.desk = Guard(EmbeddedDesk(settings, self.folders), say) if program and settings.desk.enabled else None

    @property
    def guards(self) -> tuple[Guard, ...]:
        """In the order of their start."""
        return tuple(guard for guard in (self.postgres, self.asterisk, self.program, self.desk) if guard is not None)

    def stop(self) -> None:
        """Stop everything; safe to call from a signal handler."""
        self._stopping.set()

    async def run(self) -> int:
        """Bring up, watch, and stop when told to; the exit code. Raises AnnyeongError when a part can't be started at all."""
        self.folders.make()
        with only_one(self.folders):
            code = OK
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._until_stopped(), name="stop")
                    async for guard in self._bring_up():
                        tasks.create_task(guard.watch(), name=guard.child.name)
                    if self._asterisk is not None:
                        tasks.create_task(phone_copies.run(self._asterisk), name="phone copies")
                    if self.desk is not None:
                        tasks.create_task(self._keep_desk(self.desk), name="desk")
                    self.all_up.set()
            except* _Stop:
                pass
            except* ChildGaveUp as group:
                code = self._gave_up(group)
            except* (AnnyeongError, OSError):
                # Nothing half up stays behind; what an earlier `up` left, with its calls, is not ours to end.
                for guard in reversed(self.guards):
                    if guard.process is not None and not guard.process.adopted:
                        await guard.stop()
                raise
            if code == OK:
                for guard in reversed(self.guards):
                    await guard.stop()
            return code

    async def down(self) -> int:
        """Stop what an earlier `up` left running; how many processes that were."""
        self.folders.make()
        with only_one(self.folders):
            running = sum(Process.find(guard.child.note) is not None for guard in self.guards)
            for guard in reversed(self.guards):
                await guard.stop()
            return running

    async def _bring_up(self) -> AsyncIterator[Guard]:
        if self.postgres is not None:
            await self.postgres.bring_up()
            yield self.postgres
        await self._migrate()
        if self.asterisk is not None:
            await self.asterisk.bring_up()
            yield self.asterisk
        if self.program is not None:
            await self.program.bring_up()
            yield self.program

    async def _keep_desk(self, desk: Guard) -> None:
        """The line does not wait for its pages, and does not end because they cannot be served."""
        while True:
            try:
                await desk.bring_up()
                break
            except (AnnyeongError, OSError) as error:
                self._say(f"{desk.child.title}: {error}; the line goes on without it, and it is tried again in {_DESK_AGAIN_S:g} s")
                await asyncio.sleep(_DESK_AGAIN_S)
        await desk.watch()

    async def _migrate(self) -> None:
        """Bring the tables up to date; a database of somebody else's is waited for."""
        url = database_url(self.settings)
        began, told = time.monotonic(), False
        while True:
            try:
                await asyncio.to_thread(migrate.upgrade, url)
                break
            except (DatabaseUnavailable, psycopg.OperationalError, OSError) as error:
                if not told:
                    self._say(f"database: not there yet, waiting ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
                    told = True
                await asyncio.sleep(_ASK_DATABASE_EVERY_S)
        self._say(f"database: tables up to date after {time.monotonic() - began:.1f} s")

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        self._say("stopping")
        raise _Stop

    def _gave_up(self, group: BaseExceptionGroup[ChildGaveUp]) -> int:
        error = group.exceptions[0]
        code = error.code if isinstance(error, ChildGaveUp) else EXIT_REPLACED
        self._say(
            f"another process serves this Asterisk as worker {self.settings.worker.name!r}: stop it, or give this one another worker.name. "
            "PostgreSQL and Asterisk go on with their calls; `annyeong120 down` stops them."
        )
        return code


@contextmanager
def only_one(folders: Folders) -> Iterator[None]:
    """Hold the lock of a data folder. The kernel gives it back however we end. Raises AlreadyUp."""
    path = folders.run / "up.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "?"
            raise AlreadyUp(
                f"`annyeong120 up` already looks after {folders.root} (process {holder}): stop it with ctrl-C or SIGTERM"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
