"""`annyeong120 alarms` shows, tries and repeats deliveries; the doctor looks at channels and at the desk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from core.alarms import AlarmKind
from core.settings import Settings
from helpline import doctor
from helpline.commands.alarms import alarms
from helpline.doctor import Finding, Verdict
from tests.integration.alarm_delivery.conftest import SECRET, Office, drain
from tests.integration.alarm_delivery.servers import Hooks, hooks

DANGER = AlarmKind.DANGER_KEY


@pytest.fixture
def settings_file(office: Office, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation that commands work on."""
    path = tmp_path / "annyeong120.toml"
    path.write_text(f'[alarms.webhooks.chat]\nurl = "{office.web.url}"\nallow_http = true\nsecret = "{SECRET}"\n')
    monkeypatch.setenv("ANNYEONG120_SETTINGS", str(path))
    monkeypatch.setenv("ANNYEONG120_DATABASE__URL", database_url)
    monkeypatch.setenv("ANNYEONG120_DATA_DIR", str(tmp_path / "v"))
    monkeypatch.setenv("COLUMNS", "250")
    return path


async def command(*words: str) -> tuple[int, str]:
    """In a thread: it makes an event loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, alarms, list(words))
    return result.exit_code, result.output


async def test_the_list_says_what_became_of_each_delivery(office: Office, settings_file: Path) -> None:
    """Sent, waiting or given up, by channel."""
    office.web.answers = [500] * 10
    await office.raise_(DANGER)
    await drain(office.delivery(office.settings(chat={"attempts": 1})))
    code, said = await command("--json")
    assert code == 0
    listed = {one["kind"]: {two["channel"]: two["state"] for two in one["deliveries"]} for one in json.loads(said.splitlines()[-1])}
    assert listed[DANGER] == {"desk": "sent", "webhook.chat": "dead", "mail.team": "sent"}
    code, said = await command()
    assert "✘ webhook.chat" in said
    assert "answers 500" in said
    assert "다시 보냄: 1 /" in (await command("again"))[1]


async def test_the_test_goes_out_by_every_channel_and_says_how(office: Office, settings_file: Path) -> None:
    """Without a row; a channel that fails fails the command."""
    code, said = await command("test", "--json")
    assert code == 0
    assert {one["channel"]: one["sent"] for one in json.loads(said.splitlines()[-1])} == {"desk": True, "webhook.chat": True}
    assert json.loads(office.web.posted[0].body)["kind"] == "test"
    assert not await office.db.execute(text("SELECT FROM alarms"))
    office.web.answers = [403]
    code, said = await command("test")
    assert code != 0
    assert "✘ webhook.chat: 못 보냄 / not sent answers 403" in said


async def test_the_doctor_looks_at_the_channels(office: Office, settings_file: Path) -> None:
    """Each one a line, and what nobody sends or what was given up; nothing is sent by asking."""
    found = {one.topic: one for one in await doctor._alarms(Settings(alarms=office.settings()))}
    assert {topic: one.verdict for topic, one in found.items()} == dict.fromkeys(
        ("alarms by webhook.chat", "alarms by mail.team"), Verdict.FINE
    )
    assert not office.web.posted
    assert not office.post.received
    office.post.password = "another"
    await office.raise_(DANGER)
    found = {one.topic: one for one in await doctor._alarms(Settings(alarms=office.settings()))}
    assert found["alarms by mail.team"].text == "the server refuses user or password"
    assert "nobody sends" in found["alarms"].text


async def test_the_doctor_says_that_nobody_is_reached(settings_file: Path) -> None:
    """Without a channel alarms are pages that somebody has open."""
    found = await doctor._alarms(Settings())
    assert [(one.topic, one.verdict) for one in found] == [("alarms", Verdict.REMARK)]


async def test_the_doctor_looks_at_the_desk(settings_file: Path) -> None:
    """Not running, or something else on its port."""

    async def desk(web: Hooks | None) -> Finding:
        port = int(web.url.split(":")[2].partition("/")[0]) if web else 9
        return (await doctor._desk(Settings.model_validate({"desk": {"http_port": port}})))[0]

    assert (await desk(None)).verdict is Verdict.REMARK
    async with hooks() as stranger:
        assert (await desk(stranger)).verdict is not Verdict.FINE
    off = await doctor._desk(Settings.model_validate({"desk": {"enabled": False}}))
    assert off[0].verdict is Verdict.REMARK
