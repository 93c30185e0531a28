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


def application(only: str | None = None) -> typer.Typer:
    """The application with all its commands, or with those of one module: the program that answers calls starts a second earlier."""
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
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    for name in [only] if only in names else names:
        importlib.import_module(f"{commands.__name__}.{name}").register(app)
    return app


def main() -> None:
    """Run it. An expected failure is one readable line and an exit code, never a traceback."""
    try:
        # A command's name is its module's for the one that callers wait for.
        application("serve" if sys.argv[1:2] == ["serve"] else None)()
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
