"""`annyeong120 serve`: the program that answers calls."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import structlog
import typer
import uvloop

from core import logging, settings_file
from core.errors import AnnyeongError
from helpline import exit_codes
from helpline.bootstrap import Program
from ivr.ari import ApplicationReplacedError

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(node: Annotated[str | None, typer.Option(help="Asterisk 노드 / which Asterisk node, where there are several")] = None) -> None:
    """전화를 받는 프로그램 / Answer calls (PostgreSQL and Asterisk are elsewhere or run by `up`)."""
    try:
        settings = settings_file.load()
        logging.configure(settings.log)
        program = Program(settings, node)
    except AnnyeongError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exit_codes.SETTINGS) from error
    raise typer.Exit(uvloop.run(_serve(program)))


async def _serve(program: Program) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, program.stop)
    code = exit_codes.OK
    try:
        await program.run()
    except* ApplicationReplacedError:
        log.error("application_replaced", hint="another program uses this worker's name: set worker.name")
        code = exit_codes.EXIT_REPLACED
    except* OSError as group:
        log.error("port_taken", reason=str(group.exceptions[0]), hint="set worker.http_port")
        code = exit_codes.FAILED
    return code
