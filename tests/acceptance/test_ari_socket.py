"""The connection to Asterisk is cut, swallowed or refused while calls are up (FAILURES 6, 7): a proxy between the program and ARI."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.acceptance.conftest import ENVIRONMENT
from tests.kit.proxy import TcpProxy
from tests.kit.system import Counsellor, System
from tests.kit.until import until

#: A talk that waits for the program would be silent for seconds; less is this machine's own doing.
SILENCE_MS = 1000

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def parts() -> Iterator[System]:
    """PostgreSQL and Asterisk; each test starts the program."""
    with tempfile.TemporaryDirectory(prefix="s120-") as folder, System(Path(folder), environment=ENVIRONMENT, program=False) as system:
        yield system


@pytest_asyncio.fixture
async def proxy(parts: System) -> AsyncIterator[TcpProxy]:
    """The way between the program and Asterisk, with the program at its end."""
    async with TcpProxy(parts.http_port) as way:
        parts.start_program({"ANNYEONG120_ASTERISK__HTTP_PORT": str(way.port)}, wait=False)
        try:
            await parts.wait_ready()
            yield way
            way.heal()
            await way.accept()
            await parts.wait_ready()
            await parts.quiet()
        finally:
            # Else the next test's program finds its port taken, and what went wrong here is said of all of them.
            await parts.kill("program")


@pytest_asyncio.fixture
async def kim(parts: System) -> Counsellor:
    """A counsellor."""
    known = [row["extension"] for row in await parts.query("SELECT extension FROM counsellors")]
    return await parts.add_counsellor(extension=str(101 + len(known)))


async def talking(system: System, kim: Counsellor, caller: Softphone, phone: Softphone) -> tuple[PhoneCall, PhoneCall]:
    """A talk that is up, each hearing the other."""
    await phone.register()
    await system.ready(kim)
    await phone.play_tone(COUNSELLOR_TONE)
    await caller.play_tone(CALLER_TONE)
    await phone.on_call(200)
    call = await caller.call("0212000")
    incoming = await phone.incoming()
    await caller.heard_tone(COUNSELLOR_TONE, 20)
    await phone.heard_tone(CALLER_TONE, 20)
    return call, incoming


def lost_since(system: System, since: datetime) -> list[str]:
    """Why the program has lost Asterisk, by its own log."""
    entries = [json.loads(line) for line in (system.folder / "serve.log").read_text().splitlines() if line.startswith("{")]
    lost = [entry for entry in entries if entry["event"] == "asterisk_lost"]
    return [entry["reason"] for entry in lost if datetime.fromisoformat(entry["timestamp"]) >= since]


async def test_a_cut_socket_comes_back_and_the_talk_goes_on(parts: System, proxy: TcpProxy, kim: Counsellor) -> None:
    """Reset and orderly end: the talk is not disturbed, the program is ready again, the call ends with one outcome."""
    before = await parts.contact_rows()
    async with parts.phone(kim) as phone, parts.caller() as caller:
        call, incoming = await talking(parts, kim, caller, phone)
        await caller.hearing()
        for reset in (True, False):
            accepted = proxy.accepted
            proxy.cut(reset=reset)
            await until(lambda accepted=accepted: proxy.accepted > accepted, 15, "the program to connect again")  # type: ignore[misc]
            await parts.wait_ready()
        assert int(str((await caller.hearing())["longest_silence_ms"])) < SILENCE_MS
        await call.hangup()
        await incoming.ended(15)
        assert (await parts.ended_contact(before, 20))["outcome"] == "talked"


async def test_a_hangup_while_the_socket_is_down_is_found_afterwards(parts: System, proxy: TcpProxy, kim: Counsellor) -> None:
    """Nobody told us that the caller left: the comparison at the next connection finds it and lets the counsellor go."""
    before = await parts.contact_rows()
    async with parts.phone(kim) as phone, parts.caller() as caller:
        call, incoming = await talking(parts, kim, caller, phone)
        await proxy.refuse()
        proxy.cut()
        await parts.wait_not_ready()
        await call.hangup()
        await call.ended(15)
        await proxy.accept()
        await parts.wait_ready()
        assert (await parts.ended_contact(before, 20))["outcome"] == "talked"
        await incoming.ended(15)


async def test_a_black_hole_is_noticed_and_new_calls_reach_the_safety_net(parts: System, proxy: TcpProxy, kim: Counsellor) -> None:
    """No FIN, no reset: a ping that goes unanswered tells; a call in between is rung through by the dialplan; healed, all is as before."""
    async with parts.phone(kim) as phone, parts.caller() as caller:
        await phone.register()
        await parts.ready(kim)
        await phone.on_call(200)
        await phone.play_tone(COUNSELLOR_TONE)
        proxy.black_hole()
        began = datetime.now(UTC)
        await parts.wait_not_ready(20)
        reasons = await until(lambda: lost_since(parts, began), 5, parts.said)
        assert reasons[0] == "no answer to a ping"
        call = await caller.call("120")
        await caller.heard_tone(COUNSELLOR_TONE, 30)
        await call.hangup()
        await call.ended(15)
        proxy.heal()
        await parts.wait_ready()


async def test_a_slow_socket_only_makes_it_slower(parts: System, proxy: TcpProxy, kim: Counsellor) -> None:
    """50 ms each way: the call still finds its counsellor and ends with one outcome."""
    before = await parts.contact_rows()
    proxy.delay(0.05)
    async with parts.phone(kim) as phone, parts.caller() as caller:
        call, incoming = await talking(parts, kim, caller, phone)
        await call.hangup()
        await incoming.ended(15)
        assert (await parts.ended_contact(before, 20))["outcome"] == "talked"
