"""What channels send: signatures, letters, and what the settings let through."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from core import settings_file
from core.alarms import AlarmKind
from core.errors import SettingsError
from core.settings_alarms import AlarmSettings, MailSettings
from helpline.alarm_delivery import secret
from helpline.alarm_delivery.mail import letter
from helpline.alarm_delivery.model import Message, NotDelivered, key
from helpline.alarm_delivery.webhook import body, signature

SECRET = "a secret of more than 24 bytes"
WEBHOOK = {"url": "https://hooks.example/room/token", "secret": SECRET}
MAIL = {"host": "mail.example", "sender": "line@example.org", "recipients": ["chief@example.org"]}
MESSAGE = Message(
    alarm_id=UUID(int=7), kind=AlarmKind.DANGER_KEY, at=datetime(2026, 3, 2, 3, tzinfo=UTC), key=key(UUID(int=7), "mail.team", 1)
)


def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """What the operator reads."""
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings_file.load(path)
    return str(caught.value)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example that its authors publish."""
    signing = secret.signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(signing, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_body_is_json_with_kind_time_and_id() -> None:
    """Nothing about whom it is."""
    content = json.loads(body(MESSAGE))
    assert content.keys() == {"type", "id", "kind", "urgent", "at", "round", "title", "text"}
    assert content["at"] == "2026-03-02T12:00:00+09:00"
    assert content["title"] == {"ko": "위험 번호 누름", "en": "danger key"}


def test_the_letter_is_readable_by_any_mail_program() -> None:
    """Korean in subject and text, an id that stays the same."""
    parsed = email.message_from_bytes(bytes(letter(MESSAGE, MailSettings.model_validate(MAIL))), policy=email.policy.default)
    assert parsed["Subject"] == MESSAGE.title
    assert parsed["Message-ID"] == f"<{MESSAGE.key}@example.org>"
    assert parsed.get_content().strip() == MESSAGE.text.strip()
    assert bytes(letter(MESSAGE, MailSettings.model_validate(MAIL))).isascii()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "http://10.0.0.5/x",
        "https://user:word@hooks.example/x",
        "ftp://hooks.example",
        "https:///token",
        "hooks.example",
        "https://hooks.example:0/",
        "https://hooks.example/a b",
        "https://[bad/",
    ],
)
def test_an_unsafe_address_is_refused_without_being_shown(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path may be the key to somebody's chat room."""
    said = refused(tmp_path, monkeypatch, f'[alarms.webhooks.chat]\nurl = "{url}"\nsecret = "{SECRET}"\n')
    assert "url" in said
    assert url not in said
    assert SECRET not in said


def test_http_needs_a_near_address_and_to_be_meant() -> None:
    """Not by name, not to the world."""
    for url, fine in (("http://127.0.0.1:9/x", True), ("http://[fd00::1]/x", True), ("http://box/x", False), ("http://8.8.8.8/x", False)):
        values = {"webhooks": {"chat": {"url": url, "secret": SECRET, "allow_http": True}}}
        if fine:
            AlarmSettings.model_validate(values)
        else:
            with pytest.raises(ValueError, match="https"):
                AlarmSettings.model_validate(values)


@pytest.mark.parametrize("change", [{"secret": ""}, {"secret": "short"}, {"secret_file": "x"}, {"kinds": ["nothing"]}, {"attempts": 0}])
def test_a_webhook_without_a_proper_secret_is_refused(change: dict[str, object]) -> None:
    """Unsigned messages do not go out; nor do kinds that are not there."""
    with pytest.raises(ValueError, match=next(iter(change)).removesuffix("_file")):
        AlarmSettings.model_validate({"webhooks": {"chat": {**WEBHOOK, **change}}})


@pytest.mark.parametrize(
    "change",
    [
        {"tls": "none"},
        {"tls": "none", "host": "127.0.0.1", "user": "u", "password": "p"},
        {"user": "u"},
        {"sender": "nobody"},
        {"recipients": []},
        {"recipients": ["a@b.example\r\nBcc: c@d.example"]},
        {"host": "mail.example\r\n"},
    ],
)
def test_mail_in_the_clear_or_to_nobody_is_refused(change: dict[str, object]) -> None:
    """Encrypted, signed in as agreed, to addresses that are addresses."""
    with pytest.raises(ValueError, match=r"mails\.team"):
        AlarmSettings.model_validate({"mails": {"team": {**MAIL, **change}}})


def test_a_secret_may_come_from_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds the rest of the channel."""
    path = tmp_path / "settings.toml"
    path.write_text('[alarms.webhooks.chat]\nurl = "https://hooks.example/room"\n')
    monkeypatch.setenv("ANNYEONG120_ALARMS__WEBHOOKS__CHAT__SECRET", SECRET)
    chat = settings_file.load(path).alarms.webhooks["chat"]
    assert chat.secret.get_secret_value() == SECRET
    assert SECRET not in repr(chat)
    assert "room" not in repr(chat)


async def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    """Nothing is sent, and the reason names no path."""
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o644)
    nothing = (
        AlarmSettings.model_validate({"webhooks": {"chat": {"url": "https://a.example", "secret_file": path}}}).webhooks["chat"].secret
    )
    with pytest.raises(NotDelivered) as caught:
        await secret.read(nothing, path)
    assert str(tmp_path) not in str(caught.value)
    path.chmod(0o600)
    assert await secret.read(nothing, path) == SECRET
