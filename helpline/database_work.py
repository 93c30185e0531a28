"""What a command asks of the database, and what it says when that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import typer

from core import settings_file
from core.database import Database
from core.errors import AnnyeongError, DatabaseError, DatabaseUnavailable, SettingsError
from core.settings import Settings
from helpline import exit_codes
from helpline.embedded.addresses import database_url

T = TypeVar("T")


def run(work: Callable[[Database, Settings], Awaitable[T]], *, leave: tuple[type[AnnyeongError], ...] = ()) -> T:
    """Do it with a database of its own. An expected failure is one readable line and an exit code; those in `leave` are the caller's."""
    settings = settings_file.load()

    async def inside() -> T:
        db = Database(database_url(settings), pool_size=2, statement_timeout_s=settings.database.statement_timeout_s)
        try:
            return await work(db, settings)
        finally:
            await db.close()

    try:
        return asyncio.run(inside())
    except SettingsError:
        # The command line says these line by line.
        raise
    except leave:
        raise
    except DatabaseUnavailable as error:
        where = "annyeong120 up 이 실행 중인지" if settings.embedded_database else "database.url 과 PostgreSQL 서버를"
        here = "is `annyeong120 up` running?" if settings.embedded_database else "check database.url and the PostgreSQL server."
        fail(f"데이터베이스에 연결할 수 없습니다. {where} 확인하세요. / The database can't be reached: {here}\n({error})")
    except DatabaseError as error:
        if "UndefinedTable" in str(error) or "UndefinedColumn" in str(error):
            fail(f"데이터베이스가 이 버전에 맞지 않습니다. / The database is not prepared for this version: `annyeong120 up`\n({error})")
        fail(f"데이터베이스 오류 / The database refused:\n({error})")
    except AnnyeongError as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """Say it on standard error and end."""
    typer.echo(message, err=True)
    raise typer.Exit(exit_codes.FAILED)
