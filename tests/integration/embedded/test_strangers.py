"""What an unknown source learns from us: nothing. Real Asterisk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from helpline.demo.softphone import PhoneError, Softphone
from tests.kit.installation import TRUNK, Installation
from tests.kit.sip_probe import ask_tcp, ask_udp

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]

STRANGER, PHONE = "127.0.0.3", "127.0.0.1"
METHODS = ("OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "BYE", "CANCEL")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line() -> AsyncIterator[Installation]:
    """Phones may be on 127.0.0.1, the trunk is on 127.0.0.2, everywhere else are strangers."""
    with tempfile.TemporaryDirectory(prefix="s") as folder:
        Path(folder).chmod(0o755)
        async with Installation(Path(folder) / "v") as installation:
            await installation.add_counsellor("101", "secret-101")
            yield installation


@pytest.mark.parametrize("method", METHODS)
async def test_a_stranger_gets_no_answer(line: Installation, method: str) -> None:
    """Neither over UDP nor over TCP, neither for a name that exists nor for one that does not."""
    for user in ("100", "101", "120"):
        assert await asyncio.to_thread(ask_udp, method, here=STRANGER, to_port=line.sip_port, user=user, wait_s=0.3) is None
        assert await asyncio.to_thread(ask_tcp, method, here=STRANGER, to_port=line.sip_port, user=user, wait_s=0.3) is None


async def test_noise_from_a_stranger_gets_no_answer_and_no_line_in_the_log(line: Installation) -> None:
    """A scan is dropped before Asterisk sees it, so it can't fill the disk either."""
    before = line.asterisk_log
    for raw in (b"\r\n\r\n", b"\x00" * 200, b"OPTIONS sip:x SIP/2.0\r\nVia: " + b"A" * 4000 + b"\r\n\r\n"):
        assert await asyncio.to_thread(ask_udp, "OPTIONS", here=STRANGER, to_port=line.sip_port, raw=raw, wait_s=0.2) is None
    assert line.asterisk_log == before


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "SUBSCRIBE", "MESSAGE"])
async def test_a_name_without_a_password_is_asked_for_one_whether_or_not_it_exists(line: Installation, method: str) -> None:
    """Inside the phones' network the answer is the same for a real extension and an invented one."""
    answers = {await asyncio.to_thread(ask_udp, method, here=PHONE, to_port=line.sip_port, user=user) for user in ("101", "777", "carrier")}
    assert answers == {"SIP/2.0 401 Unauthorized"}


async def test_a_wrong_password_does_not_register(line: Installation) -> None:
    """A guessed secret is refused."""
    async with Softphone("101", "wrong", port=line.sip_port) as phone:
        with pytest.raises(PhoneError):
            await phone.register()


async def test_the_trunk_is_known_by_its_address(line: Installation) -> None:
    """The carrier's OPTIONS is answered without a password; a registration from there is not."""
    assert await asyncio.to_thread(ask_udp, "OPTIONS", here=TRUNK, to_port=line.sip_port) == "SIP/2.0 200 OK"
    assert await asyncio.to_thread(ask_udp, "REGISTER", here=TRUNK, to_port=line.sip_port, user="101") == "SIP/2.0 403 Forbidden"


async def test_an_inserted_phone_registers_at_once(line: Installation) -> None:
    """Account rows in the database are an account: no reload, no restart, no wait."""
    await line.add_counsellor("109", "secret-109")
    async with Softphone("109", "secret-109", port=line.sip_port) as phone:
        await phone.register(2)
        await phone.unregister()


async def test_a_phone_over_tcp_registers_too(line: Installation) -> None:
    """Phones choose their transport."""
    async with Softphone("101", "secret-101", port=line.sip_port, transport="tcp") as phone:
        await phone.register(2)
        await phone.unregister()
