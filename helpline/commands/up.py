"""`annyeong120 up` and `annyeong120 down`."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from core import settings_file
from core.errors import AnnyeongError
from core.settings import Settings
from helpline import case_files
from helpline.embedded.supervisor import Supervisor
from helpline.exit_codes import FAILED


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("down")(down)


def up(
    settings: Annotated[Path | None, typer.Option(help="Settings file; default: annyeong120.toml in the current folder.")] = None,
) -> None:
    """전화선을 켭니다. Bring the whole line up: PostgreSQL, Asterisk and the program; watch them until ctrl-C."""
    if settings is not None:
        # The program is a process of its own and finds the file by this.
        os.environ["ANNYEONG120_SETTINGS"] = str(settings.absolute())
    loaded = settings_file.load(settings)
    # Before anything is started, and with everything that is wrong.
    case_files.load(loaded)
    raise typer.Exit(asyncio.run(run(loaded)))


def down(
    settings: Annotated[Path | None, typer.Option(help="Settings file; default: annyeong120.toml in the current folder.")] = None,
) -> None:
    """남아 있는 프로세스를 끕니다. Stop what an `up` that was killed left running."""
    stopped = asyncio.run(Supervisor(settings_file.load(settings), typer.echo).down())
    typer.echo(f"{stopped} process(es) stopped" if stopped else "nothing was running")


async def run(settings: Settings, *, program: bool = True) -> int:
    """Bring up and watch until SIGINT or SIGTERM; the exit code."""
    try:
        supervisor = Supervisor(settings, typer.echo, program=program)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, supervisor.stop)
        return await supervisor.run()
    except* AnnyeongError as group:
        for error in _leaves(group):
            typer.echo(f"✘ {error}", err=True)
    return FAILED


def _leaves(group: BaseExceptionGroup[AnnyeongError]) -> list[AnnyeongError]:
    found: list[AnnyeongError] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
