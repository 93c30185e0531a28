"""Bring a database to the revision this program was written for. Works from an installed wheel, from any folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from core.database import CONNECT_TIMEOUT_S, psycopg_url
from core.errors import DatabaseUnavailable, MigrationError

#: Tables and views that Asterisk reads; they are not in `core.schema.metadata`.
ASTERISK_TABLES = frozenset({"ps_endpoints", "ps_auths", "ps_aors", "queues"})
ASTERISK_VIEWS = frozenset({"safety_net_members"})

#: One program migrates at a time; the number is arbitrary but fixed ("120").
_LOCK = 0x313230
#: A migration that can't have its lock gives up, rather than make every call wait behind it.
_LOCK_TIMEOUT_S = 5


def head() -> str:
    """The revision this program wants."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise MigrationError("this program has no migrations: its installation is incomplete")
    return revision


def current(url: str) -> str | None:
    """The revision the database is at; None for one that was never migrated. Raises DatabaseUnavailable."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate forwards; does nothing when there is nothing to do. Raises MigrationError, DatabaseUnavailable."""
    with _connection(url, exclusive=True) as connection:
        known = _known()
        at = MigrationContext.configure(connection).get_current_revision()
        connection.commit()
        if at is not None and at not in known:
            raise MigrationError(f"the database is at revision {at}, which is newer than this program ({head()}): update the program")
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Migrate backwards to `revision`, or to nothing with "base". Rows of tables that go are lost."""
    with _connection(url, exclusive=True) as connection:
        command.downgrade(_config(connection), revision)


def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextlib.contextmanager
def _connection(url: str, *, exclusive: bool = False) -> Iterator[Connection]:
    engine = create_engine(
        psycopg_url(url),
        poolclass=NullPool,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "annyeong120-migrate",
            "options": f"-c lock_timeout={_LOCK_TIMEOUT_S * 1000}",
        },
    )
    try:
        with engine.connect() as connection:
            if exclusive:
                # The lock belongs to the session and ends with it. Waiting here is right: another start migrates at this moment.
                connection.execute(text("SET lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
                connection.execute(text(f"SET lock_timeout = {_LOCK_TIMEOUT_S * 1000}"))
                connection.commit()
            yield connection
    except sqlalchemy.exc.OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise MigrationError(f"a table was in use for more than {_LOCK_TIMEOUT_S} s; nothing was changed, try again") from error
        raise DatabaseUnavailable("the database can't be reached") from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise MigrationError(f"the migration failed: {error}") from error
    except CommandError as error:
        raise MigrationError(str(error)) from error
    finally:
        engine.dispose()
