"""The command line `annyeong120`: every module of `helpline.commands` brings its own commands."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

from core import logging
from core.errors import AnnyeongError, SettingsError
from core.settings import LogSettings
from helpline import commands
from helpline.exit_codes import FAILED, SETTINGS


def application() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="annyeong120",
        help="외로움안녕120 · the telephone line of a loneliness helpline.",
        no_args_is_help=True,
        add_completion=False,
        # A failure's local variables may hold numbers: they are never printed.
        pretty_exceptions_show_locals=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_quietly)
    for name in sorted(module.name for module in pkgutil.iter_modules(commands.__path__)):
        importlib.import_module(f"{commands.__name__}.{name}").register(app)
    return app


def main() -> None:
    """Run it. An expected failure is one readable line and an exit code, never a traceback."""
    try:
        application()()
    except SettingsError as error:
        for line in error.problems:
            print(f"✘ {line}", file=sys.stderr)
        raise SystemExit(SETTINGS) from None
    except AnnyeongError as error:
        print(f"✘ {error}", file=sys.stderr)
        raise SystemExit(FAILED) from None


def _quietly() -> None:
    """What a command prints is its own; logs go to standard error, and only what needs attention. `serve` and `up` say more."""
    logging.configure(LogSettings(level="warning"))
