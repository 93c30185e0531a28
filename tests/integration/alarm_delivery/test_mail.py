"""The mail channel against a real server: encrypted or not at all, and never waited for longer than told."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from uuid import UUID

import pytest

from core.alarms import AlarmKind
from core.settings_alarms import MailSettings
from core.testing import ManualClock
from helpline.alarm_delivery.mail import Mail
from helpline.alarm_delivery.model import Message, NotDelivered, key
from tests.integration.alarm_delivery.servers import MailServer, certificate, mail_server
from tests.kit.until import until

MESSAGE = Message(alarm_id=UUID(int=7), kind=AlarmKind.DANGER_KEY, at=ManualClock().now(), key=key(UUID(int=7), "mail.team", 1))


def channel(server: MailServer, **values: object) -> Mail:
    """To this server."""
    ours = {"host": "127.0.0.1", "port": server.port, "sender": "line@example.org", "recipients": ["a@example.org", "b@example.org"]}
    return Mail("team", MailSettings.model_validate({**ours, **values}))


async def reason(of: Mail) -> str:
    """Why it does not go out."""
    with pytest.raises(NotDelivered) as caught:
        await of.send(MESSAGE)
    return str(caught.value)


async def test_without_starttls_nothing_is_said() -> None:
    """No address, no text, no password goes out in the clear."""
    async with mail_server(MailServer(user="line", password="x")) as server:
        assert "STARTTLS" in await reason(channel(server, user="line", password="x"))
        assert set(server.said) <= {"EHLO", "HELO", "QUIT"}


async def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path) -> None:
    """Whoever stands in between does not get the mail."""
    tls, _ = certificate(tmp_path)
    async with mail_server(MailServer(tls=tls)) as server:
        assert await reason(channel(server)) == "its certificate is not good"
        assert not server.received


async def test_one_refused_recipient_does_not_cost_the_others_their_mail(tmp_path: Path) -> None:
    """Sent, with a remark; not sent twice to those who have it. With nobody left it failed."""
    tls, ca_file = certificate(tmp_path)
    async with mail_server(MailServer(tls=tls, refused=frozenset({"b@example.org"}))) as server:
        note = await channel(server, ca_file=ca_file).send(MESSAGE)
        assert note == "1 of 2 recipients were refused"
        assert server.received[0].recipients == ("a@example.org",)
        assert await reason(channel(server, ca_file=ca_file, recipients=["b@example.org"])) == "the server refuses every recipient"


async def test_in_the_clear_only_nearby() -> None:
    """A relay on the same machine."""
    async with mail_server(MailServer()) as server:
        assert await channel(server, tls="none").send(MESSAGE) == ""
        assert not server.received[0].encrypted


@pytest.mark.parametrize("way", ["silent", "dripping"])
async def test_a_server_that_never_ends_is_cut_off(way: str) -> None:
    """Nothing at all, or a byte now and then: it is over when it has to be, and the thread is free for the next one."""
    here = MailServer(silent=way == "silent", dripping=way == "dripping")
    async with mail_server(here) as server:
        mail = channel(server, tls="none", timeout_s=0.5)
        began = time.monotonic()
        assert "no answer" in await reason(mail)
        assert time.monotonic() - began < 10
        here.silent = here.dripping = False
        again = channel(server, tls="none", timeout_s=30)
        again._threads = mail._threads
        assert await again.send(MESSAGE) == ""


async def test_cancelled_it_lets_go_of_its_connection() -> None:
    """The desk stops while a server says nothing."""
    async with mail_server(MailServer(silent=True)) as server:
        mail = channel(server, tls="none", timeout_s=60)
        task = asyncio.create_task(mail.send(MESSAGE))
        await until(lambda: server.clients == 1, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.clients == 0, 10)


async def test_nobody_there_is_said_without_an_address() -> None:
    """The reason stands in the database and on screens."""
    nobody = MailServer(port=9)
    assert await reason(channel(nobody, tls="none")) == "can't be reached (ConnectionRefusedError)"
