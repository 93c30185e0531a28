"""`annyeong120 counsellor …`: who works here, their PINs, and how their phones are set up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from urllib.parse import urlsplit

import structlog
import typer
from rich.console import Console
from rich.table import Table

from core import settings_file
from core.clock import SystemClock, seoul
from core.database import Database
from core.errors import DatabaseError, DatabaseUnavailable
from core.settings import Settings
from helpline.embedded.addresses import database_url
from ivr.phone_accounts import Account, AccountError, PhoneAccounts
from ivr.phone_settings import PhoneSettings
from routing import abilities, pin_rules, pins

T = TypeVar("T")

GENERATED, PROMPT = "generated", "prompt"
DEFAULT_SIP_PORT = 5060

Extension = Annotated[str, typer.Argument(metavar="EXT", help="내선번호 / Extension, e.g. 101")]
AsJson = Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 / For programs")]
Pin = Annotated[
    str,
    typer.Option(
        "--pin", metavar="DIGITS|prompt|generated", help="PIN 숫자 4~8자리, 물어보기, 또는 자동 생성 / 4 to 8 digits, ask, or make one"
    ),
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", "-l", metavar="CODE", help="쓰는 언어(ko, en …), 여러 번 / What they speak; repeat for more"),
]
Skills = Annotated[
    list[str] | None, typer.Option("--skill", "-s", metavar="WORD", help="전문 분야, 여러 번 / What they are asked for; repeat for more")
]
Server = Annotated[
    str | None, typer.Option("--server", metavar="HOST[:PORT]", help="전화기가 접속할 서버 주소 / Address phones connect to, if not as set")
]
Qr = Annotated[bool, typer.Option("--qr", help="Grandstream Wave용 QR 코드 / QR code for Grandstream Wave")]
Linphone = Annotated[
    Path | None,
    typer.Option("--linphone", metavar="FILE", help="Linphone 원격 설정 파일로 저장 / Save a Linphone remote provisioning file"),
]

_HUMAN = {"off": "로그아웃 / signed out", "ready": "대기 / ready", "break": "휴식 / break"}
_SYSTEM = {"idle": "-", "offered": "호출 중 / ringing", "talking": "통화 중 / talking", "wrapup": "정리 중 / wrap-up"}
_REASON = {"meal": "식사 / meal", "rest": "휴식 / rest", "training": "교육 / training", "other": "기타 / other"}

_CODES = """전화기에서 / On the phone:  *11 로그인(PIN) / sign in   *12 대기 / ready   *13 휴식 / break
                            *14 로그아웃 / sign out   *15 정리 끝 / end wrap-up"""

_NOT_PREPARED = (
    "데이터베이스가 이 버전에 맞지 않습니다: annyeong120 up 을 먼저 실행하세요. / "
    "The database is not prepared for this version: run `annyeong120 up` once."
)

counsellor = typer.Typer(no_args_is_help=True, help="상담사와 전화기 계정 / Counsellors and their phones")
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add `counsellor` to the command line."""
    app.add_typer(counsellor, name="counsellor")


@counsellor.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="이름 / Name")],
    extension: Annotated[str | None, typer.Option("--extension", "-e", metavar="EXT", help="내선번호 3~5자리; 없으면 다음 빈 번호")] = None,
    pin: Pin = GENERATED,
    language: Languages = None,
    skill: Skills = None,
    server: Server = None,
    qr: Qr = False,
    linphone: Linphone = None,
    as_json: AsJson = False,
) -> None:
    """상담사를 등록하고 전화기 계정을 만듭니다. / Register a counsellor and make their phone's account."""
    settings = settings_file.load()
    address = _server(settings, server)
    chosen = _pin(pin, extension or "")
    able = {"languages": language or abilities.DEFAULT_LANGUAGES, "skills": skill or ()}
    account, secret = _run(settings, lambda accounts: accounts.add(name, extension=extension, pin=chosen, **able))
    phone = _phone(address, account, secret)
    if as_json:
        _print_json({**_record(account), "pin": chosen if pin == GENERATED else None, **_phone_record(phone)})
    else:
        _out.print(f"[bold]상담사를 등록했습니다 / Counsellor registered[/]: {_safe(account.name)} ({account.extension})")
        if pin == GENERATED:
            _out.print(f"PIN: [bold]{chosen}[/]   (지금 한 번만 표시됩니다 / shown only this once)")
        _out.print(_CODES)
        _show_phone(phone, qr=qr)
    _save_linphone(phone, linphone)


@counsellor.command()
def edit(
    extension: Extension,
    language: Languages = None,
    skill: Skills = None,
    no_skills: Annotated[bool, typer.Option("--no-skills", help="전문 분야를 모두 지움 / Take all skills away")] = False,
    as_json: AsJson = False,
) -> None:
    """언어와 전문 분야를 바꿉니다. 다음 전화부터 적용됩니다. / Change what somebody speaks and is asked for, from the next call on."""
    if no_skills and skill:
        _fail("--skill 과 --no-skills 는 함께 쓸 수 없습니다. / Either --skill or --no-skills.")
    if not (language or skill or no_skills):
        _fail("무엇을 바꿀까요? / What is to be changed? --language, --skill, --no-skills")

    async def change(accounts: PhoneAccounts) -> Account:
        await accounts.set_abilities(extension, languages=language or None, skills=[] if no_skills else skill or None)
        return await accounts.get(extension)

    account = _run(settings_file.load(), change)
    if as_json:
        _print_json(_record(account))
    else:
        _out.print(f"{extension} {_safe(account.name)}: {_able(account)}")


@counsellor.command("list")
def list_(
    everybody: Annotated[bool, typer.Option("--all", help="사용 중지된 사람도 / Also those who left")] = False, as_json: AsJson = False
) -> None:
    """상담사 목록 / Who works here, and whether they can be rung now."""
    found = _run(settings_file.load(), lambda accounts: accounts.list(everybody=everybody))
    if as_json:
        _print_json([_record(account) for account in found])
        return
    if not found:
        _out.print("등록된 상담사가 없습니다. / Nobody yet: annyeong120 counsellor add NAME")
        return
    table = Table("내선 / Ext", "이름 / Name", "상태 / Status", "통화 / Call", "전화기 / Phone", "언어 / Languages", "비고 / Note")
    for account in found:
        status = _HUMAN[account.human] + (f" ({_REASON.get(account.break_reason, account.break_reason)})" if account.break_reason else "")
        phone = "연결됨 / reachable" if account.reachable else "연결 안 됨 / unreachable"
        table.add_row(account.extension, _safe(account.name), status, _SYSTEM[account.system], phone, _able(account), _note(account))
    _out.print(table)


@counsellor.command("set-pin")
def set_pin(extension: Extension, pin: Pin = PROMPT) -> None:
    """PIN을 바꾸고 잠금을 풉니다. / Give somebody a new PIN; also ends a lock."""
    chosen = _pin(pin, extension)
    _run(settings_file.load(), lambda accounts: accounts.set_pin(extension, chosen))
    _out.print(f"{extension}: PIN을 바꾸었습니다. / PIN changed.")
    if pin == GENERATED:
        _out.print(f"PIN: [bold]{chosen}[/]   (지금 한 번만 표시됩니다 / shown only this once)")


@counsellor.command()
def disable(extension: Extension) -> None:
    """사용을 중지합니다(기록은 남습니다). / Close an account; its history stays."""
    changed = _run(settings_file.load(), lambda accounts: accounts.disable(extension))
    _out.print(f"{extension}: " + ("사용을 중지했습니다. / disabled." if changed else "이미 중지되어 있습니다. / was disabled already."))


@counsellor.command()
def enable(extension: Extension) -> None:
    """다시 사용합니다(같은 PIN과 전화기). / Open it again, with the same PIN and phone."""
    changed = _run(settings_file.load(), lambda accounts: accounts.enable(extension))
    _out.print(f"{extension}: " + ("다시 사용합니다. / enabled." if changed else "이미 사용 중입니다. / was enabled already."))


@counsellor.command()
def phone(
    extension: Extension,
    qr: Qr = False,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="새 비밀번호 생성(옛것은 못 씀) / New secret; the old one stops working")
    ] = False,
    linphone: Linphone = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """전화기 설정을 보여 줍니다. / Show how to set a phone up."""
    if (qr or linphone) and not new_secret:
        _fail(
            "비밀번호는 저장되어 있지 않아 QR 코드나 설정 파일에 넣을 수 없습니다. --new-secret 을 함께 쓰세요. / "
            "The secret is not stored, so it can't be put into a QR code or file: add --new-secret."
        )
    settings = settings_file.load()
    address = _server(settings, server)

    async def look(accounts: PhoneAccounts) -> tuple[Account, str | None]:
        account = await accounts.get(extension)
        return account, await accounts.renew_secret(extension) if new_secret else None

    account, secret = _run(settings, look)
    found = _phone(address, account, secret)
    if as_json:
        _print_json({**_record(account), **_phone_record(found)})
    else:
        _show_phone(found, qr=qr)
    _save_linphone(found, linphone)


# --- how -------------------------------------------------------------------------------------------------------------


def _run(settings: Settings, work: Callable[[PhoneAccounts], Awaitable[T]]) -> T:
    async def inside() -> T:
        db = Database(database_url(settings), pool_size=2, statement_timeout_s=settings.database.statement_timeout_s)
        try:
            return await work(PhoneAccounts(db))
        finally:
            await db.close()

    # What goes wrong is said below, in words; standard output may be somebody's JSON.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return asyncio.run(inside())
    except (AccountError, abilities.AbilityError, pin_rules.WeakPin) as error:
        _fail(str(error))
    except DatabaseUnavailable as error:
        where = "annyeong120 up 이 실행 중인지" if settings.embedded_database else "database.url 과 PostgreSQL 서버를"
        here = "is `annyeong120 up` running?" if settings.embedded_database else "check database.url and the PostgreSQL server."
        _fail(f"데이터베이스에 연결할 수 없습니다. {where} 확인하세요. / The database can't be reached: {here}\n({error})")
    except DatabaseError as error:
        if "UndefinedTable" in str(error) or "UndefinedColumn" in str(error):
            _fail(f"{_NOT_PREPARED}\n({error})")
        _fail(f"데이터베이스 오류 / The database refused:\n({error})")


def _fail(message: str) -> NoReturn:
    _err.print(message, style="red", markup=False)
    raise typer.Exit(1)


def _pin(given: str, extension: str) -> str:
    if given == GENERATED:
        return pins.generate(extension)
    pin: str = typer.prompt("PIN", hide_input=True, confirmation_prompt=True) if given == PROMPT else given
    try:
        # Said before anything is asked of the database; checked there again with the extension that was chosen.
        pin_rules.check(pin, extension=extension)
    except pin_rules.WeakPin as error:
        _fail(str(error))
    return pin


def _phone(address: tuple[str, int], account: Account, secret: str | None) -> PhoneSettings:
    return PhoneSettings(host=address[0], port=address[1], extension=account.extension, display_name=account.name, secret=secret)


def _server(settings: Settings, given: str | None) -> tuple[str, int]:
    """Where phones connect to: as given, else as set, else the address this machine has towards others."""
    asterisk = settings.asterisk
    if given:
        parts = urlsplit(f"//{given}")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if not parts.hostname or port == 0:
            _fail(f"--server {given}: HOST 또는 HOST:PORT / HOST or HOST:PORT")
        return parts.hostname, port or (asterisk.sip_port if settings.embedded_asterisk else DEFAULT_SIP_PORT)
    if not settings.embedded_asterisk:
        return urlsplit(asterisk.nodes[0].url).hostname or "?", DEFAULT_SIP_PORT
    if asterisk.external_address:
        return asterisk.external_address, asterisk.sip_port
    if asterisk.sip_bind in ("0.0.0.0", "::"):  # noqa: S104  (read, not bound)
        return _own_address(), asterisk.sip_port
    return asterisk.sip_bind, asterisk.sip_port


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: a UDP socket only asks the routing table. 192.0.2.1 is nobody's (RFC 5737).
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _show_phone(phone: PhoneSettings, *, qr: bool) -> None:
    table = Table(title="전화기 설정 / Phone settings", title_justify="left", show_header=False)
    for label, value in phone.rows():
        table.add_row(label, _safe(value))
    _out.print(table)
    if phone.host.startswith("127.") or phone.host == "::1":
        _out.print(
            "이 주소는 이 컴퓨터 안에서만 됩니다. 다른 기기의 전화기는 asterisk.sip_bind 를 설정하세요. / "
            "This address works on this machine only; for other phones set asterisk.sip_bind."
        )
    if phone.secret is None:
        return
    _out.print(f"baresip (~/.baresip/accounts):\n{phone.baresip_line()}", markup=False, soft_wrap=True)
    if qr:
        _out.print("Grandstream Wave: QR 코드를 찍으세요 / scan this QR code")
        # Written as it is: rich would fold it on a narrow terminal.
        print(phone.qr())


def _save_linphone(phone: PhoneSettings, path: Path | None) -> None:
    if path is None:
        return
    try:
        # It holds the password, and must not exist open to others for even a moment.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(phone.linphone_xml())
    except OSError as error:
        _fail(f"{path}: {error.strerror}")
    _err.print(f"Linphone 설정 파일 / remote provisioning file: {path} (0600)", markup=False)


def _record(account: Account) -> dict[str, object]:
    return {
        "id": str(account.id),
        "extension": account.extension,
        "name": account.name,
        "human": str(account.human),
        "break_reason": account.break_reason,
        "system": str(account.system),
        "reachable": account.reachable,
        "on_shift": account.on_shift,
        "paused_until": account.paused_until.isoformat() if account.paused_until else None,
        "languages": list(account.languages),
        "skills": list(account.skills),
        "locked": account.locked_until is not None,
        "disabled": account.disabled_at is not None,
    }


def _phone_record(phone: PhoneSettings) -> dict[str, object]:
    return {"server": phone.host, "port": phone.port, "username": phone.extension, "secret": phone.secret}


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _note(account: Account) -> str:
    if account.disabled_at is not None:
        return f"사용 중지 / disabled {seoul(account.disabled_at):%Y-%m-%d}"
    if account.locked_until is not None:
        return f"PIN 잠김 / PIN locked {seoul(account.locked_until):%H:%M}"
    if account.paused_until is not None and account.paused_until > SystemClock().now():
        return f"잠시 멈춤(응답 없음) / paused, calls rang out, until {seoul(account.paused_until):%H:%M}"
    return "" if account.on_shift else "근무 아님 / off shift"


def _able(account: Account) -> str:
    return " ".join(account.languages) + (f" ({_safe(' '.join(account.skills))})" if account.skills else "")


def _safe(value: str) -> str:
    return value.replace("[", r"\[")
