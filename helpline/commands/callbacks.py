"""`annyeong120 callbacks`: who is to be called back, and what people decide about it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.clock import SystemClock, seoul
from core.database import Database
from core.secrets import load_cipher
from core.settings import Settings
from helpline.database_work import fail, run
from routing.callbacks import Callbacks, CallbackState, CallHours, Consent, Listed, Reason, UnknownCallback

T = TypeVar("T")


class Why(StrEnum):
    """Why a person takes somebody off the list."""

    #: Never call this number, also not when a later call drops out.
    REFUSED = "refused"
    SOLVED = "solved"
    MISTAKE = "mistake"
    OTHER = "other"


class Ended(StrEnum):
    """How a call that a person made by hand ended."""

    TALKED = "talked"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    WRONG_PERSON = "wrong_person"
    UNREACHABLE = "unreachable"


Id = Annotated[str, typer.Argument(metavar="ID", help="번호 또는 그 앞부분 / id or its beginning")]

_REASON = {
    Reason.ASKED: "요청 / asked",
    Reason.DROPPED_OUT: "기다리다 끊음 / dropped out",
    Reason.CUT_OFF: "우리 쪽 고장 / cut off",
}
_STATE = {
    CallbackState.OPEN: "대기 / open",
    CallbackState.CALLING: "거는 중 / calling",
    CallbackState.DONE: "끝 / done",
    CallbackState.CANCELLED: "취소 / cancelled",
    CallbackState.GIVEN_UP: "포기 / given up",
}
_HOURS = {CallHours.ANY: "언제든 / any", CallHours.DAYTIME: "낮 / daytime", CallHours.EVENING: "저녁 / evening"}
_ANSWER = {True: "예", False: "아니요", None: "?"}

callbacks = typer.Typer(invoke_without_command=True, help="다시 걸기 / Call-backs")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(callbacks, name="callbacks")


@callbacks.callback()
def list_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="끝난 것도 / also those that have ended")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")] = False,
) -> None:
    """다시 걸 사람들, 순서대로 / Who is to be called back, in the order of their places."""
    if context.invoked_subcommand:
        return
    found = _run(lambda store: store.listing(everything=everything))
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in found], default=str, ensure_ascii=False))
        return
    if not found:
        typer.echo("다시 걸 사람이 없습니다. / Nobody is to be called back.")
        return
    table = Table(
        "다시 걸기 / call-back",
        "번호 / number",
        "순서 / place since",
        "까닭 / reason",
        "전화·시간·신분·메시지·공용 / may call, when, say who, leave a message; shared",
        "상태 / state",
        "시도 / attempts",
        "다음 / due",
    )
    for item in found:
        table.add_row(*map(escape, _cells(item)))
    Console().print(table)
    if any(item.consent.may_call is None and item.outcome is None for item in found):
        typer.echo("전화 ?: 사람이 정합니다. / Whether to call is for a person to decide: annyeong120 callbacks call ID")


@callbacks.command("call")
def call_(callback_id: Id) -> None:
    """다시 걸기로 정합니다. / Decide that this person is called."""
    _decide(callback_id, lambda store, found: store.allow(found))
    typer.echo("순서가 되면 겁니다. / They will be called when it is their turn.")


@callbacks.command()
def cancel(
    callback_id: Id,
    why: Annotated[Why, typer.Option("--why", help="까닭; refused: 앞으로도 걸지 않음 / refused: never call this number")],
) -> None:
    """목록에서 뺍니다. / Take somebody off the list."""
    _decide(callback_id, lambda store, found: store.finish(found, outcome="cancelled", why=str(why), refused=why is Why.REFUSED))
    typer.echo("취소했습니다. / Cancelled.")


@callbacks.command()
def done(
    callback_id: Id,
    outcome: Annotated[Ended, typer.Option("--outcome", help="어떻게 끝났는지 / how it ended")],
) -> None:
    """직접 걸었을 때 결과를 적습니다. / Write down how a call ended that somebody made by hand."""
    _decide(callback_id, lambda store, found: store.finish(found, outcome=str(outcome), why="by_hand"))
    typer.echo("적었습니다. / Written down.")


def _decide(beginning: str, work: Callable[[Callbacks, UUID], Awaitable[bool]]) -> None:
    async def inside(store: Callbacks) -> bool:
        return await work(store, await store.find(beginning))

    try:
        changed = _run(inside)
    except UnknownCallback:
        fail(f"그런 다시 걸기가 없습니다: {beginning} / There is no such call-back: see `annyeong120 callbacks`")
    if not changed:
        fail(f"이미 끝났습니다: {beginning} / It has ended already: see `annyeong120 callbacks --all`")


def _run(work: Callable[[Callbacks], Awaitable[T]]) -> T:
    async def inside(db: Database, settings: Settings) -> T:
        return await work(Callbacks(db, load_cipher(settings), SystemClock()))

    return run(inside, leave=(UnknownCallback,))


def _cells(item: Listed) -> tuple[str, ...]:
    over = item.outcome is not None
    return (
        str(item.id),
        item.masked,
        f"{seoul(item.virtual_start):%m-%d %H:%M:%S}",
        _REASON[item.reason],
        _consent(item.consent),
        _STATE[item.state] + (f" ({item.outcome})" if over else ""),
        str(item.attempts),
        "" if over else f"{seoul(item.due_at):%m-%d %H:%M}",
    )


def _consent(consent: Consent) -> str:
    rest = (consent.may_say_who, consent.may_leave_message, consent.shared_phone)
    return " · ".join((_ANSWER[consent.may_call], _HOURS[consent.hours or CallHours.ANY], *(_ANSWER[answer] for answer in rest)))
