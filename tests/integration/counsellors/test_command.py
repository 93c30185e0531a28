"""`annyeong120 counsellor` as an operator uses it, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner, Result

from core.database import Database
from core.testing import ManualClock
from helpline.commands import counsellor
from ivr.phone_rows import ha1
from routing.counsellors import Counsellors, SignIn

runner = CliRunner()


@pytest.fixture(autouse=True)
def installation(desk_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that point at the test's database, with nobody in it."""
    settings = tmp_path / "annyeong120.toml"
    settings.write_text(
        f'data_dir = "{tmp_path}"\n[database]\nurl = "{desk_database_url}"\n[asterisk]\nsip_bind = "192.0.2.20"\nsip_port = 5070\n'
    )
    monkeypatch.setenv("ANNYEONG120_SETTINGS", str(settings))
    monkeypatch.setenv("COLUMNS", "200")

    async def empty() -> None:
        db = Database(desk_database_url, pool_size=2)
        async with db.begin() as connection:
            await connection.execute(text("TRUNCATE counsellors, ps_endpoints, ps_auths, ps_aors CASCADE"))
        await db.close()

    asyncio.run(empty())
    return settings


def run(*arguments: str, **options: str) -> Result:
    """Run the command with these arguments."""
    app = typer.Typer()
    counsellor.register(app)
    app.callback()(lambda: None)
    return runner.invoke(app, ["counsellor", *arguments], input=options.get("typed"))


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    """The rows of a statement."""

    async def inside() -> list[tuple[object, ...]]:
        db = Database(url, pool_size=2)
        try:
            return [tuple(row) for row in await db.execute(text(statement))]
        finally:
            await db.close()

    return asyncio.run(inside())


def sign_in(url: str, extension: str, pin: str) -> SignIn:
    """Sign in as the phone would."""

    async def inside() -> SignIn:
        db = Database(url, pool_size=2)
        try:
            return await Counsellors(db, ManualClock()).sign_in(extension, pin)
        finally:
            await db.close()

    return asyncio.run(inside())


def test_adding_shows_everything_a_phone_and_its_owner_need(desk_database_url: str) -> None:
    """Once: the secret and the generated PIN that work, and where to."""
    result = run("add", "김상담", "--json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert (shown["extension"], shown["name"], shown["server"], shown["port"]) == ("101", "김상담", "192.0.2.20", 5070)
    assert ask(desk_database_url, "SELECT md5_cred FROM ps_auths") == [(ha1("101", shown["secret"]),)]
    assert sign_in(desk_database_url, "101", shown["pin"]) is SignIn.OK


def test_adding_speaks_korean_and_english() -> None:
    """Labels, codes, the line for baresip."""
    result = run("add", "김상담", "--extension", "205")
    assert result.exit_code == 0
    for words in ("상담사를 등록했습니다", "PIN:", "*11", "192.0.2.20", "5070", "205", "auth_pass=", "RFC 4733"):
        assert words in result.stdout


def test_a_pin_of_ones_own_is_not_repeated_on_the_screen() -> None:
    """Typed twice, hidden."""
    result = run("add", "김상담", "--pin", "prompt", typed="4829\n4829\n")
    assert result.exit_code == 0, result.output
    assert "4829" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "김상담", "--pin", "1234"), "너무 쉬운 PIN"),
        (("add", "김상담", "--pin", "abc"), "4~8"),
        (("add", "김상담", "--extension", "12"), "3~5"),
        (("add", "김상담", "--extension", "119"), "119"),
        (("add", " "), "1~60"),
        (("set-pin", "999", "--pin", "4829"), "999"),
        (("phone", "999"), "999"),
        (("disable", "999"), "999"),
        (("phone", "999", "--qr"), "--new-secret"),
        (("add", "김상담", "--server", "host:port"), "HOST:PORT"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_sentence(arguments: tuple[str, ...], words: str) -> None:
    """On standard error, with exit code 1 and no traceback."""
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_bad_server_is_noticed_before_anything_is_made(desk_database_url: str) -> None:
    """Otherwise the secret would be lost with the message."""
    run("add", "김상담", "--server", "host:port")
    assert ask(desk_database_url, "SELECT extension FROM counsellors") == []


def test_a_taken_extension_is_said_to_be_taken() -> None:
    """With the way to see by whom."""
    assert run("add", "하나", "-e", "101").exit_code == 0
    result = run("add", "둘", "-e", "101")
    assert result.exit_code == 1
    assert "101번은 이미" in result.stderr


def test_the_list_shows_who_is_there() -> None:
    """And who has left, if asked."""
    run("add", "하나", "-e", "101")
    run("add", "둘 [중]", "-e", "102")
    run("disable", "101")
    assert json.loads(run("list", "--json").stdout)[0]["extension"] == "102"
    shown = run("list", "--all").stdout
    assert "하나" in shown
    assert "둘 [중]" in shown
    assert "사용 중지" in shown


def test_languages_and_skills_are_kept_shown_and_changed(desk_database_url: str) -> None:
    """With the account, later one by one, and taken away again."""
    assert run("add", "하나", "-e", "101", "-l", "ko", "-l", "EN", "-s", "청년").exit_code == 0
    run("add", "둘", "-e", "102")
    shown = run("list").stdout
    assert "ko en (청년)" in shown
    assert ask(desk_database_url, "SELECT languages, skills FROM counsellors WHERE extension = '102'") == [(["ko"], [])]
    changed = json.loads(run("edit", "101", "--skill", "grief", "--skill", "grief", "--json").stdout)
    assert (changed["languages"], changed["skills"]) == (["ko", "en"], ["grief"])
    assert json.loads(run("edit", "101", "--no-skills", "-l", "vi", "--json").stdout)["skills"] == []
    assert ask(desk_database_url, "SELECT languages, skills FROM counsellors WHERE extension = '101'") == [(["vi"], [])]


def test_a_language_that_is_none_is_refused(desk_database_url: str) -> None:
    """So are two words as one skill, nothing to change, and somebody who is not there; nothing has changed then."""
    assert "ko, en" in run("add", "하나", "-e", "101", "--language", "korean").stderr
    assert ask(desk_database_url, "SELECT extension FROM counsellors") == []
    run("add", "하나", "-e", "101")
    for arguments in (["--skill", "two words"], ["--language", "한국"], [], ["--no-skills", "--skill", "x"]):
        result = run("edit", "101", *arguments)
        assert result.exit_code == 1
        assert "Traceback" not in result.output
    assert run("edit", "999", "--skill", "x").exit_code == 1
    assert ask(desk_database_url, "SELECT languages, skills FROM counsellors") == [(["ko"], [])]


def test_who_is_paused_or_off_shift_is_seen_to_be(desk_database_url: str) -> None:
    """Otherwise nobody would know why somebody gets no calls."""
    run("add", "하나", "-e", "101")
    run("add", "둘", "-e", "102")
    ask(
        desk_database_url,
        "UPDATE presence SET paused_until = now() + interval '1 minute' WHERE counsellor_id = (SELECT min(id::text)::uuid FROM counsellors) RETURNING 1",
    )
    ask(desk_database_url, "UPDATE presence SET on_shift = false RETURNING 1")
    shown = run("list").stdout
    assert "paused, calls rang out" in shown
    assert "off shift" in shown


def test_an_empty_list_says_what_to_do() -> None:
    """The first thing an operator sees."""
    assert "counsellor add" in run("list").stdout


def test_a_qr_code_needs_a_new_secret_and_holds_it() -> None:
    """The old one is stored nowhere."""
    run("add", "하나", "-e", "101")
    result = run("phone", "101", "--qr", "--new-secret")
    assert result.exit_code == 0
    assert "▄" in result.stdout
    assert "auth_pass=" in result.stdout
    assert "auth_pass=" not in run("phone", "101").stdout


def test_a_linphone_file_is_for_its_owner_only(desk_database_url: str, tmp_path: Path) -> None:
    """Mode 0600 also where the file was there before; well-formed, with the secret that works."""
    run("add", '하나 "원" <가>', "-e", "101")
    path = tmp_path / "linphone.xml"
    path.write_text("old")
    path.chmod(0o644)
    result = run("phone", "101", "--new-secret", "--linphone", str(path))
    assert result.exit_code == 0, result.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = {entry.get("name"): entry.text for entry in ET.parse(path).iter("{http://www.linphone.org/xsds/lpconfig.xsd}entry")}  # noqa: S314 - our own file
    assert ask(desk_database_url, "SELECT md5_cred FROM ps_auths") == [(ha1("101", str(entries["passwd"])),)]


def test_a_new_pin_works_and_the_old_one_does_not(desk_database_url: str) -> None:
    """As soon as the command returns."""
    run("add", "하나", "-e", "101", "--pin", "4829")
    assert run("set-pin", "101", "--pin", "7351").exit_code == 0
    assert sign_in(desk_database_url, "101", "4829") is SignIn.WRONG_PIN
    assert sign_in(desk_database_url, "101", "7351") is SignIn.OK


def test_without_the_database_it_says_what_to_check(installation: Path) -> None:
    """The embedded one and the operator's own have different remedies."""
    installation.write_text('[database]\nurl = "postgresql://nobody@/none?host=/nonexistent"\n')
    result = run("list")
    assert result.exit_code == 1
    assert "database.url" in result.stderr
    assert "Traceback" not in result.output
    installation.write_text('data_dir = "/nonexistent"\n')
    assert "annyeong120 up" in run("list").stderr


def test_a_database_that_was_never_prepared_is_told_apart(installation: Path, desk_database_url: str) -> None:
    """It answers, but has no tables."""
    installation.write_text(f'[database]\nurl = "{desk_database_url.replace("/annyeong120?", "/postgres?")}"\n')
    result = run("list")
    assert result.exit_code == 1
    assert "annyeong120 up" in result.stderr
