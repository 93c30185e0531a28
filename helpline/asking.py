"""One question to the database for a command of the command line, and what is said when it can't be answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import structlog
import typer

from core import settings_file
from core.database import Database
from core.errors import AnnyeongError, DatabaseError, DatabaseUnavailable
from core.settings import Settings
from helpline import exit_codes
from helpline.embedded.addresses import database_url

T = TypeVar("T")

#: A report may take longer than the line has time for.
ANSWER_WITHIN_S = 60.0


def ask(question: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """The answer; what goes wrong is said in words on standard error, with exit code 1."""
    settings = settings_file.load()
    quiet()

    async def answer() -> T:
        db = Database(database_url(settings), pool_size=2, statement_timeout_s=ANSWER_WITHIN_S)
        try:
            return await question(db, settings)
        finally:
            await db.close()

    try:
        return asyncio.run(answer())
    except AnnyeongError as error:
        fail(in_words(error, settings))


def quiet() -> None:
    """What goes wrong is said in words; standard output may be somebody's JSON, and the terminal a live view."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def in_words(error: AnnyeongError, settings: Settings) -> str:
    """What is wrong and what to do about it, in both languages."""
    if isinstance(error, DatabaseUnavailable):
        where = "annyeong120 up 이 실행 중인지" if settings.embedded_database else "database.url 과 PostgreSQL 서버를"
        here = "is `annyeong120 up` running?" if settings.embedded_database else "check database.url and the PostgreSQL server."
        return f"데이터베이스에 연결할 수 없습니다. {where} 확인하세요. / The database can't be reached: {here}\n({error})"
    if isinstance(error, DatabaseError) and ("UndefinedTable" in str(error) or "UndefinedColumn" in str(error)):
        return (
            "데이터베이스가 이 버전에 맞지 않습니다: annyeong120 up 을 먼저 실행하세요. / "
            f"The database is not prepared for this version: run `annyeong120 up` once.\n({error})"
        )
    return str(error)


def fail(message: str) -> NoReturn:
    """Say it on standard error and end with exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(exit_codes.FAILED)
