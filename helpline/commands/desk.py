"""`annyeong120 desk user …`: who may sign in at the desk. For the first account, and for when nobody can sign in any more."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import text

from core import logging, settings_file
from core.audit import Access, AccessLog
from core.clock import SystemClock, seoul
from core.database import Database
from core.errors import AnnyeongError
from core.sealing import load_chain_key, load_sealer
from core.settings import Settings
from desk.access.accounts import MAX_NAME, Accounts, NameTaken, NoSuchUser, User
from desk.access.model import Role
from desk.access.passwords import PasswordBook, WeakPassword, check, make
from desk.access.sessions import Limits, Sessions
from desk.access.sign_in import ONE_TIME_VALID
from desk.events import Events
from desk.services import SECOND_FACTOR
from helpline import desk_program
from helpline.asking import ask, fail

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 / For programs")]
SignInName = Annotated[str, typer.Argument(metavar="SIGN-IN-NAME", help="로그인 이름 / The name used to sign in")]
OneTime = Annotated[
    bool,
    typer.Option("--one-time", help="한 번만 쓰는 비밀번호를 만들어 보여 줌 / Make a one-time password and show it; else it is asked for"),
]

_WEAK = {
    "too_short": "10자 이상이어야 합니다. / At least 10 characters are needed.",
    "too_long": "200자까지 됩니다. / At most 200 characters are allowed.",
    "common": "누구나 먼저 시도해 보는 비밀번호입니다. / This is one that everybody tries first.",
    "own_name": "이름만으로 된 비밀번호입니다. / This is little more than the name.",
}

desk = typer.Typer(no_args_is_help=True, help="상담 화면 / The desk")
user = typer.Typer(no_args_is_help=True, help="로그인할 수 있는 사람 / Who may sign in")
desk.add_typer(user, name="user")
_out = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add `desk` to the command line."""
    app.add_typer(desk, name="desk")


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the commands work on."""

    db: Database
    accounts: Accounts
    sessions: Sessions
    events: Events
    audit: AccessLog
    clock: SystemClock

    async def named(self, sign_in_name: str) -> User:
        found = await self.accounts.by_sign_in_name(sign_in_name)
        if found is None:
            raise NoSuchUser(f"{sign_in_name}: 그런 계정이 없습니다. / There is no such account.")
        return found.user

    async def write(self, action: str, user_id: UUID, detail: Mapping[str, str] | None = None) -> None:
        await self.audit.write(
            Access(action=action, about_kind="user", about=str(user_id), detail={"by": "command line", **(detail or {})})
        )

    async def end_sessions(self, user_id: UUID) -> None:
        await self.sessions.forget_devices(user_id)
        for session_id in await self.sessions.end_all(user_id):
            await self.events.publish("session_ended", {"session": str(session_id)}, user=user_id)


@desk.command()
def serve() -> None:
    """상담 화면 / Serve the desk's pages, until ctrl-C (`up` does it beside the line)."""
    settings = settings_file.load()
    logging.configure(settings.log)
    raise typer.Exit(uvloop.run(desk_program.run(settings)))


@user.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="이름 / Name, as others see it")],
    role: Annotated[Role, typer.Option("--role", help="역할 / What they are at the desk")],
    sign_in: Annotated[
        str, typer.Option("--sign-in", metavar="NAME", help="로그인 이름; 없으면 이름 / Name to sign in by, if another")
    ] = "",
    counsellor: Annotated[
        str, typer.Option("--counsellor", metavar="EXT", help="상담사의 내선번호 / Whose shifts and calls are theirs")
    ] = "",
    one_time: OneTime = False,
    as_json: AsJson = False,
) -> None:
    """로그인 계정을 만듭니다. / Make an account."""
    for value in (name, sign_in or name):
        if not value.strip() or len(value) > MAX_NAME:
            fail(f"이름은 1~{MAX_NAME}자입니다. / A name has 1 to {MAX_NAME} characters.")
    password = make() if one_time else _asked(sign_in or name, name)

    async def work(here: _Desk) -> User:
        try:
            made = await here.accounts.add(
                sign_in_name=sign_in or name,
                name=name,
                role=role,
                password_hash=await PasswordBook().hash(password),
                one_time_until=here.clock.now() + ONE_TIME_VALID if one_time else None,
                counsellor_id=await _counsellor(here.db, counsellor) if counsellor else None,
            )
        except NameTaken:
            raise NameTaken(
                f"{sign_in or name}: 이미 쓰는 로그인 이름입니다. --sign-in 으로 다른 이름을 정하세요. / This name is taken; give another one with --sign-in."
            ) from None
        await here.write("user_added", made.id, {"role": str(role)})
        return made

    made = _with_desk(work)
    if as_json:
        typer.echo(json.dumps({**_record(made), "password": password if one_time else None}, ensure_ascii=False))
        return
    _out.print(f"[bold]계정을 만들었습니다 / Account made[/]: {escape(made.name)} ({escape(made.sign_in_name)}, {made.role})")
    if one_time:
        _show(password)


@user.command("list")
def list_(as_json: AsJson = False) -> None:
    """모든 계정 / All accounts."""
    found = _with_desk(lambda here: here.accounts.everybody())
    if as_json:
        typer.echo(json.dumps([_record(one) for one in found], ensure_ascii=False))
        return
    table = Table("로그인 / sign in", "이름 / name", "역할 / role", "2단계 / second factor", "비고 / note")
    for one in found:
        note = "비밀번호 변경 전 / one-time password" if one.must_change_password else ""
        if one.disabled_at is not None:
            note = f"사용 중지 / closed {seoul(one.disabled_at):%Y-%m-%d}"
        table.add_row(escape(one.sign_in_name), escape(one.name), str(one.role), "✔" if one.second_factor else "", note)
    _out.print(table)


@user.command()
def password(sign_in_name: SignInName, one_time: OneTime = False) -> None:
    """새 비밀번호를 정합니다. 열린 로그인은 모두 끝납니다. / Set a new password; ends all of the person's sessions."""
    new = make() if one_time else _asked(sign_in_name)

    async def work(here: _Desk) -> None:
        found = await here.named(sign_in_name)
        until = here.clock.now() + ONE_TIME_VALID if one_time else None
        await here.write("password_reset", found.id)
        await here.accounts.set_password(found.id, await PasswordBook().hash(new), one_time_until=until)
        await here.end_sessions(found.id)

    _with_desk(work)
    if one_time:
        _show(new)
    else:
        _out.print("비밀번호를 바꾸었습니다. / The password is changed.")


@user.command("remove-second-factor")
def remove_second_factor(sign_in_name: SignInName) -> None:
    """인증 앱을 잃어버린 사람의 2단계 인증을 없앱니다. / For somebody whose authenticator is lost."""

    async def work(here: _Desk) -> None:
        found = await here.named(sign_in_name)
        await here.write("second_factor_removed", found.id)
        await here.accounts.remove_second_factor(found.id)

    _with_desk(work)
    _out.print("2단계 인증을 없앴습니다. / The second factor is removed.")


@user.command()
def close(sign_in_name: SignInName) -> None:
    """계정을 닫습니다. 열린 로그인도 끝납니다. / Close an account and end its sessions."""

    async def work(here: _Desk) -> None:
        found = await here.named(sign_in_name)
        await here.write("user_changed", found.id, {"disabled": "true"})
        await here.accounts.change(found.id, {"disabled_at": here.clock.now()})
        await here.end_sessions(found.id)

    _with_desk(work)
    _out.print("계정을 닫았습니다. / The account is closed.")


@user.command("open")
def open_(sign_in_name: SignInName) -> None:
    """닫은 계정을 다시 엽니다. / Open a closed account again."""

    async def work(here: _Desk) -> None:
        found = await here.named(sign_in_name)
        await here.write("user_changed", found.id, {"disabled": "false"})
        await here.accounts.change(found.id, {"disabled_at": None})

    _with_desk(work)
    _out.print("계정을 다시 열었습니다. / The account is open again.")


def _with_desk(work: Callable[[_Desk], Awaitable[T]]) -> T:
    async def question(db: Database, settings: Settings) -> T:
        clock = SystemClock()
        limits = Limits(idle_s=settings.desk.session_idle_s, limit_s=settings.desk.session_limit_s)
        here = _Desk(
            db=db,
            accounts=Accounts(db, clock, load_sealer(settings, SECOND_FACTOR)),
            sessions=Sessions(db, clock, limits),
            events=Events(db, clock),
            audit=AccessLog(db, clock, load_chain_key(settings)),
            clock=clock,
        )
        return await work(here)

    return ask(question)


async def _counsellor(db: Database, extension: str) -> UUID:
    rows = await db.execute(text("SELECT id FROM counsellors WHERE extension = :extension"), {"extension": extension})
    if not rows:
        raise AnnyeongError(f"{extension}: 그런 내선번호의 상담사가 없습니다. / There is no counsellor with this extension.")
    found: UUID = rows[0].id
    return found


def _asked(*names: str) -> str:
    """From the terminal, twice and unseen; else the first line of standard input."""
    if sys.stdin.isatty():
        given: str = typer.prompt("비밀번호 / Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    try:
        check(given, *names)
    except WeakPassword as error:
        fail(_WEAK.get(str(error.why), str(error)))
    return given


def _show(one_time: str) -> None:
    _out.print(
        f"비밀번호 / password: [bold]{one_time}[/]\n"
        "지금 한 번만 표시됩니다. 사흘 안에 한 번 로그인하여 자기 비밀번호를 정합니다. / "
        "Shown only this once; good for one sign-in within three days, to choose one's own."
    )


def _record(one: User) -> dict[str, object]:
    return {
        "id": str(one.id),
        "sign_in_name": one.sign_in_name,
        "name": one.name,
        "role": str(one.role),
        "counsellor": str(one.counsellor_id) if one.counsellor_id else None,
        "disabled": one.disabled_at is not None,
        "must_change_password": one.must_change_password,
        "second_factor": one.second_factor,
    }
