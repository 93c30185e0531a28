"""`annyeong120 serve`: the program that answers calls."""

from __future__ import annotations

from typing import Annotated

import typer

from helpline import serve as program


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(node: Annotated[str | None, typer.Option(help="Asterisk 노드 / which Asterisk node, where there are several")] = None) -> None:
    """전화를 받는 프로그램 / Answer calls (PostgreSQL and Asterisk are elsewhere or run by `up`)."""
    raise typer.Exit(program.run(node))
