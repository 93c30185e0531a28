"""`annyeong120 demo`: the whole helpline on this machine, with one real SIP call."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from core import logging, settings_file
from core.errors import AnnyeongError
from helpline.demo.run import Demo, fail
from helpline.demo.softphone import PhoneError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="한 통화만 하고 끝냄 / one call, then stop")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="마지막 줄에 JSON / the timeline as the last line, as JSON")] = False,
    phones: Annotated[
        bool, typer.Option("--phones/--no-phones", help="모의 상담사가 계속 받음 / simulated counsellors stay on duty afterwards")
    ] = True,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="ADDRESS", help="전화할 다른 기기의 주소 / address of another machine that may call"),
    ] = None,
) -> None:
    """시연: 120에 전화해 상담사와 연결되기까지 / One real call through the whole line, step by step."""
    # What matters is on the screen; the parts write their own logs.
    logging.configure(settings_file.load().log.model_copy(update={"level": "error"}))
    try:
        code = asyncio.run(Demo(once=once, as_json=as_json, phones=phones, callers=allow or ()).run())
    except* (AnnyeongError, PhoneError) as group:
        code = fail(group, as_json=as_json)
    raise typer.Exit(code)
