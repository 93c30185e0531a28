"""The commands of `annyeong120`: every module here brings its own."""

from __future__ import annotations

import importlib
import pkgutil

import typer

from core import logging
from core.settings import LogSettings


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
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{name}").register(app)
    return app


def _quietly() -> None:
    """What a command prints is its own; logs go to standard error, and only what needs attention. `serve` and `up` say more."""
    logging.configure(LogSettings(level="warning"))
