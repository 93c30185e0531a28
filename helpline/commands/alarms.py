"""`annyeong120 alarms`: what a supervisor must know now, and who has seen to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core import logging, settings_file
from core.clock import SystemClock, seoul
from core.database import Database
from core.ids import new_id
from core.settings import Settings
from desk.events import Events
from helpline import alarm_book, exit_codes
from helpline.alarm_delivery import delivery_program
from helpline.alarm_delivery.book import Book
from helpline.alarm_delivery.model import Channel, Message, NotDelivered, State, key
from helpline.alarm_delivery.ways import ways
from helpline.alarm_delivery.words import TEST, words
from helpline.database_work import fail, run
from helpline.embedded.addresses import database_url

alarms = typer.Typer(invoke_without_command=True, help="관리자 경보 / Alarms for supervisors")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(alarms, name="alarms")


@alarms.callback()
def list_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="확인한 것도 / also those that were seen to")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")] = False,
) -> None:
    """아직 아무도 확인하지 않은 경보 / Alarms that nobody has seen to yet."""
    if context.invoked_subcommand:
        return
    rows = run(lambda db, _: alarm_book.alarms(db, everything=everything))
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], default=str, ensure_ascii=False))
        return
    if not rows:
        typer.echo("경보가 없습니다. / No alarms.")
        return
    table = Table("경보 / alarm", "시각 / at", "무엇 / what", "누구 / about", "자세히 / detail", "전달 / sent by", "확인 / seen")
    for row in rows:
        detail = " ".join(f"{key}={value}" for key, value in row.detail.items())
        seen_to = f"{row.seen_by} {seoul(row.seen_at):%m-%d %H:%M}" if row.seen_at else ""
        what, sent = " / ".join(words(row.kind)), "\n".join(map(_delivery, row.deliveries))
        cells = (str(row.id), f"{seoul(row.at):%m-%d %H:%M:%S}", what, str(row.about or ""), detail, sent, seen_to)
        table.add_row(*map(escape, cells))
    Console().print(table)


@alarms.command()
def seen(
    alarm_id: Annotated[str, typer.Argument(metavar="ID", help="경보 번호 또는 그 앞부분 / alarm id or its beginning")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="누가 확인했는지 / who has seen to it")],
) -> None:
    """경보를 확인했다고 적습니다. / Write down that somebody has seen to an alarm."""
    name = " ".join(by.split())
    if not 1 <= len(name) <= 40 or not name.isprintable():
        fail("--by: 이름은 1~40자 / a name of 1 to 40 letters")
    row = run(lambda db, _: alarm_book.seen(db, alarm_id, by=name, now=SystemClock().now()))
    typer.echo(f"확인: {row.seen_by}, {seoul(row.seen_at):%m-%d %H:%M:%S} / Seen to by {row.seen_by}.")


@alarms.command()
def again() -> None:
    """보내지 못한 경보를 다시 보냅니다. / Try once more to send what was given up and nobody has seen to."""
    count = run(lambda db, _: Book(db, SystemClock()).revive())
    typer.echo(f"다시 보냄: {count} / To be sent again: {count}.")


@alarms.command()
def deliver() -> None:
    """경보를 보냅니다(상담 화면 없이). / Send alarms, until ctrl-C: where no desk runs, which does it otherwise."""
    settings = settings_file.load()
    logging.configure(settings.log)
    uvloop.run(delivery_program.run(settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What a channel did with a test."""

    channel: str
    sent: bool
    note: str


@alarms.command("test")
def try_all(as_json: Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")] = False) -> None:
    """모든 통로로 시험 경보를 보냅니다. / Send a test by every channel, and say what became of it."""
    settings = settings_file.load()
    tried = asyncio.run(_try_all(settings))
    if as_json:
        typer.echo(json.dumps([{"channel": one.channel, "sent": one.sent, "note": one.note} for one in tried], ensure_ascii=False))
    else:
        for one in tried:
            typer.echo(
                f"{'✔' if one.sent else '✘'} {one.channel}: {'보냄 / sent' if one.sent else '못 보냄 / not sent'} {one.note}".rstrip()
            )
        if not (settings.alarms.webhooks or settings.alarms.mails or settings.alarms.phone):
            typer.echo("상담 화면뿐입니다. 통로를 [alarms]에 적으세요. / Only the desk's pages: name a channel in [alarms].")
    if not all(one.sent for one in tried):
        raise typer.Exit(exit_codes.FAILED)


async def _try_all(settings: Settings) -> Sequence[_Tried]:
    clock = SystemClock()
    db = Database(database_url(settings), pool_size=2, statement_timeout_s=settings.database.statement_timeout_s)
    try:
        found = ways(settings.alarms, clock, Events(db, clock), db)
        alarm_id, now = new_id(), clock.now()
        return await asyncio.gather(
            *(_try(way.channel, Message(alarm_id=alarm_id, kind=TEST, at=now, key=key(alarm_id, way.channel.name, 1))) for way in found)
        )
    finally:
        await db.close()


async def _try(channel: Channel, message: Message) -> _Tried:
    try:
        async with asyncio.timeout(channel.limit_s):
            note = await channel.send(message)
    except NotDelivered as error:
        return _Tried(channel=channel.name, sent=False, note=str(error))
    except TimeoutError:
        return _Tried(channel=channel.name, sent=False, note=f"no answer within {channel.limit_s:g} s")
    return _Tried(channel=channel.name, sent=True, note=note)


def _delivery(one: Mapping[str, object]) -> str:
    """A delivery in few words."""
    state, why = one["state"], f": {one['last_error']}" if one["last_error"] else ""
    again_ = f" ×{one['round']}" if one["round"] != 1 else ""
    match state:
        case State.SENT:
            return f"✔ {one['channel']}{again_}{why}"
        case State.DEAD:
            return f"✘ {one['channel']} 포기 / given up{why}"
        case State.SKIPPED:
            return f"- {one['channel']}{why}"
        case _:
            return f"… {one['channel']}{again_} ({one['attempts']}){why}"
