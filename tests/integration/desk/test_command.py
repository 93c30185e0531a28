"""`annyeong120 desk user …` as the operator of a new installation uses it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from core.database import Database
from core.sealing import load_chain_key
from core.settings_file import load
from core.testing import ManualClock
from helpline.commands import application
from tests.integration.desk.kit import PASSWORD, served
from tests.kit.ports import free_port

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def installation(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Settings that lead to a database of the test's own, with keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNYEONG120_DATABASE__URL", database_url)
    for name, byte, form in (("index_key_file", b"i", "{}"), ("number_keys_file", b"n", "k1:{}\n")):
        path = tmp_path / name
        path.write_text(form.format(base64.b64encode(byte * 32).decode()))
        path.chmod(0o600)
        monkeypatch.setenv(f"ANNYEONG120_SECRETS__{name.upper()}", str(path))
    monkeypatch.setenv("ANNYEONG120_DESK__HTTP_PORT", str(free_port()))
    yield
    structlog.reset_defaults()


def run(*arguments: str, typed: str = "") -> Result:
    """As typed in a terminal."""
    return RUNNER.invoke(application(), ["desk", "user", *arguments], input=typed)


def signs_in(name: str, password: str) -> str:
    """What the desk answers: "" or the problem's code."""

    async def ask() -> str:
        settings = load()
        db = Database(settings.database.url.get_secret_value(), pool_size=2)
        try:
            async with served(db, settings) as here, here.browser() as browser:
                assert here.desk.audit._key == load_chain_key(settings)
                return (await browser.sign_in(name, password)).code
        finally:
            await db.close()

    return asyncio.run(ask())


def test_the_first_account_is_made_with_a_password_from_standard_input() -> None:
    """And signs in at the desk."""
    made = run("add", "김하늘", "--role", "operator", "--sign-in", "haneul", "--json", typed=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["sign_in_name"] == "haneul"
    assert PASSWORD not in made.output
    assert run("list").output.count("김하늘") == 1


def test_an_account_is_used_closed_opened_and_given_a_new_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything an operator needs when nobody can sign in any more; all of it stands in the access log."""
    clock = ManualClock()
    monkeypatch.setattr("helpline.commands.desk.SystemClock", lambda: clock)
    made = run("add", "haneul", "--role", "supervisor", typed=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert signs_in("haneul", PASSWORD) == ""
    assert run("close", "haneul").exit_code == 0
    assert signs_in("haneul", PASSWORD) == "sign_in_refused"
    assert run("open", "haneul").exit_code == 0
    one_time = run("password", "haneul", "--one-time").output.splitlines()[0].rpartition(": ")[2].strip()
    assert signs_in("haneul", PASSWORD) == "sign_in_refused"
    assert signs_in("haneul", one_time) == ""
    assert run("remove-second-factor", "haneul").exit_code == 0
    verified = RUNNER.invoke(application(), ["audit", "verify"])
    assert "whole: 9" in verified.output, verified.output


def test_what_cannot_be_done_is_said_in_a_line() -> None:
    """With exit code 1, in both languages."""
    for arguments, typed, told in (
        (("add", "haneul", "--role", "operator"), "short\n", "10자 이상"),
        (("add", "haneul", "--role", "operator"), "password1234\n", "everybody tries first"),
        (("add", "haneul", "--role", "operator", "--counsellor", "999"), f"{PASSWORD}\n", "no counsellor with this extension"),
        (("close", "nobody"), "", "no such account"),
        (("add", " ", "--role", "operator"), f"{PASSWORD}\n", "1 to 60 characters"),
    ):
        result = run(*arguments, typed=typed)
        assert result.exit_code == 1, arguments
        assert told in result.output, result.output
    assert run("add", "haneul", "--role", "operator", typed=f"{PASSWORD}\n").exit_code == 0
    twice = run("add", "haneul", "--role", "operator", typed=f"{PASSWORD}\n")
    assert twice.exit_code == 1
    assert "--sign-in" in twice.output
