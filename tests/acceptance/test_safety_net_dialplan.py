"""The safety net: what a caller meets when the program is dead, and when the database is dead too. Real Asterisk, PostgreSQL, phones."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from helpline.demo.softphone import PhoneCall, PhoneError, Softphone
from tests.kit.installation import TRUNK, Installation
from tests.kit.until import until

#: Tones that tell who is heard.
COUNSELLOR, CALLER = 1000, 800
#: The longest a caller may hear nothing, ms.
SILENCE_MS = 2000
#: Without sound from a phone it counts as dead after so many seconds; shipped are 30.
DEAD_PHONE_S = 8

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line() -> AsyncIterator[Installation]:
    """An installation with three counsellors: 101 ready, 102 on a break, 103 signed out. No program."""
    with tempfile.TemporaryDirectory(prefix="n") as folder:
        Path(folder).chmod(0o755)
        async with Installation(Path(folder) / "v") as installation:
            for extension, human in (("101", "ready"), ("102", "break"), ("103", "off")):
                await installation.add_counsellor(extension, f"secret-{extension}", human=human)
            async with await installation.connect() as connection:
                await connection.execute("UPDATE ps_endpoints SET rtp_timeout = %s", (str(DEAD_PHONE_S),))
            await installation.copied("103")
            yield installation


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def no_calls_left(line: Installation) -> AsyncIterator[None]:
    """A test that fails leaves its call to nobody."""
    yield
    await line.console("channel request hangup all")

    async def quiet() -> bool:
        return "0 active channels" in await line.console("core show channels")

    await until(quiet, 10, every_s=0.2)


@asynccontextmanager
async def counsellor(line: Installation, extension: str) -> AsyncIterator[Softphone]:
    """A registered phone that says its tone."""
    async with Softphone(extension, f"secret-{extension}", port=line.sip_port, listen_for=(CALLER,)) as phone:
        await phone.register()
        await phone.play_tone(COUNSELLOR)
        yield phone
        with suppress(PhoneError):  # a phone that was killed signs off from nothing
            await phone.unregister()


@asynccontextmanager
async def caller(line: Installation, number: str = "01012345678") -> AsyncIterator[Softphone]:
    """Somebody behind the trunk."""
    uri = f"<sip:{number}@{TRUNK}>"
    async with Softphone("", "", port=line.sip_port, address=TRUNK, from_uri=uri, listen_for=(COUNSELLOR,)) as phone:
        await phone.play_tone(CALLER)
        yield phone


async def talk(phone: Softphone, person: Softphone, ring_s: float = 10) -> PhoneCall:
    """The phone rings, answers, and both hear each other."""
    incoming = await phone.incoming(ring_s)
    # A tone of an earlier talk must not count.
    await person.listen_for(COUNSELLOR)
    await phone.listen_for(CALLER)
    await incoming.answer()
    await person.heard_tone(COUNSELLOR)
    await phone.heard_tone(CALLER)
    return incoming


async def never_silent(person: Softphone) -> None:
    """Since the last question the caller has always been hearing something."""
    silence = int(str((await person.hearing())["longest_silence_ms"]))
    assert silence < SILENCE_MS, f"{silence} ms of silence"


async def test_with_the_program_dead_a_ready_counsellor_rings_and_talks(line: Installation) -> None:
    """120 is answered, music plays, the ready counsellor's phone rings, both hear each other, the counsellor's hang-up ends it."""
    async with counsellor(line, "101") as phone, caller(line) as person:
        call = await person.call("120")
        await call.answered(2)
        ringing = await phone.incoming(5)
        await ringing.answer(180)
        await until(lambda: _heard(person, 3000), 10)
        await never_silent(person)
        await ringing.answer()
        await person.heard_tone(COUNSELLOR)
        await phone.heard_tone(CALLER)
        await _talked(line, seconds=2.5)
        await ringing.hangup()
        assert (await call.ended(5)).code == 200
    entered, answered, ended = line.safety_net_lines[-3:]
    assert [row[1] for row in (entered, answered, ended)] == ["entered", "answered", "ended"]
    assert len({row[0] for row in (entered, answered, ended)}) == 1
    assert entered[3:5] == ["01012345678", "120"]
    assert answered[5] == "101"
    assert abs(datetime.fromisoformat(ended[2]).timestamp() - time.time()) < 10


async def test_a_counsellor_who_hangs_up_at_once_does_not_lose_the_caller(line: Installation) -> None:
    """A leg that ends within two seconds counts as a dead phone: the caller keeps the line and is rung for again."""
    async with counsellor(line, "101") as phone, caller(line) as person:
        call = await person.call("120")
        first = await talk(phone, person)
        await first.hangup()
        second = await talk(phone, person)
        await never_silent(person)
        await call.hangup()
        await second.ended(2)


async def test_a_phone_that_dies_does_not_take_the_caller_with_it(line: Installation) -> None:
    """The phone's battery is gone: once its sound has been missing for long the caller is rung for elsewhere, never hung up on."""
    async with caller(line) as person, counsellor(line, "102") as other, counsellor(line, "101") as phone:
        call = await person.call("120")
        await talk(phone, person)
        await phone.kill()
        ringing = await other.incoming(DEAD_PHONE_S + 15)
        await ringing.answer()
        await other.heard_tone(CALLER)
        await call.hangup()
        await ringing.ended(2)


async def test_somebody_on_a_break_rings_only_when_no_one_ready_is_free(line: Installation) -> None:
    """The ready counsellor alone rings; once that phone is busy, the next caller reaches the one on a break."""
    async with counsellor(line, "101") as ready, counsellor(line, "102") as resting, caller(line) as one, caller(line, "0299998888") as two:
        first = await one.call("120")
        await talk(ready, one)
        assert not [event for event in resting.events if event.name == "incoming"]
        second = await two.call("120")
        await talk(resting, two)
        await first.hangup()
        await second.hangup()


async def test_nobody_registered_means_music_not_silence_and_not_a_hang_up(line: Installation) -> None:
    """With no phone there the caller hears music; the first phone that appears rings."""
    async with caller(line) as person:
        call = await person.call("120")
        await call.answered(2)
        await until(lambda: _heard(person, 8000), 15)
        await never_silent(person)
        async with counsellor(line, "101") as phone:
            await talk(phone, person, ring_s=15)
            await call.hangup()


async def test_with_the_database_dead_too_the_static_list_rings(line: Installation) -> None:
    """PostgreSQL is killed as well: the call is answered, whoever has an account rings, and both hear each other."""
    assert line.supervisor.postgres is not None
    async with counsellor(line, "103") as phone, caller(line) as person, line.killed(line.supervisor.postgres):
        call = await person.call("120")
        await call.answered(10)
        await talk(phone, person, ring_s=30)
        await never_silent(person)
        await _talked(line, seconds=2.5)
        await call.hangup()


async def test_with_the_database_dead_a_phone_can_still_register(line: Installation) -> None:
    """Accounts are copied into files: a phone that restarts while the database is away gets its line back."""
    assert line.supervisor.postgres is not None
    async with line.killed(line.supervisor.postgres), counsellor(line, "102"):
        pass


async def test_a_frozen_database_does_not_silence_the_caller(line: Installation) -> None:
    """PostgreSQL stops without dying, so every look-up hangs: the caller goes on hearing music."""
    guard = line.supervisor.postgres
    assert guard is not None
    assert guard.process is not None

    async with caller(line) as person:
        guard.process.send(signal.SIGSTOP)
        try:
            call = await person.call("120")
            await call.answered(3)
            await until(lambda: _heard(person, 5000), 12)
            await never_silent(person)
        finally:
            guard.process.send(signal.SIGCONT)
        await call.hangup()


async def test_the_program_coming_back_takes_the_caller_over(line: Installation) -> None:
    """Between two rounds the caller is offered to the program, as one who came back, with the number dialled."""
    async with caller(line) as person:
        call = await person.call("02120")
        await call.answered(2)
        await until(lambda: _heard(person, 1000), 5)
        async with line.ari_app() as app:
            await until(lambda: app.started, 15)
            assert [arguments[:3] for arguments in app.started] == [["call", "returned", "02120"]]
        await call.hangup()


async def test_a_program_that_does_not_claim_does_not_hold_the_caller_up(line: Installation) -> None:
    """Connected but not taking calls (its database is away): the safety net has the caller within a second."""
    async with line.ari_app(claims=False), counsellor(line, "101") as phone, caller(line) as person:
        call = await person.call("120")
        await call.answered(1.5)
        await talk(phone, person, 3)
        await call.hangup()


async def test_a_counsellors_code_without_the_program_says_so(line: Installation) -> None:
    """*11 with the program dead: a voice or a tone, then a hang-up; never silence."""
    async with Softphone("101", "secret-101", port=line.sip_port) as phone:
        await phone.register()
        call = await phone.call("*11")
        await call.answered(3)
        await until(lambda: _heard(phone, 1000), 5)
        await call.ended(10)
        await phone.unregister()


async def test_the_echo_number_gives_back_what_is_said(line: Installation) -> None:
    """*43 lets a counsellor hear that the headset works."""
    async with Softphone("101", "secret-101", port=line.sip_port, listen_for=(620,)) as phone:
        await phone.register()
        await phone.play_tone(620)
        call = await phone.call("*43")
        await phone.heard_tone(620)
        await call.hangup()
        await phone.unregister()


async def test_a_phone_can_not_dial_out(line: Installation) -> None:
    """A stolen account calls nobody, neither a number nor a colleague: whatever is dialled goes to the program and nowhere else."""
    async with counsellor(line, "102") as colleague, Softphone("101", "secret-101", port=line.sip_port) as phone:
        await phone.register()
        for number in ("01012345678", "00822345678", "120", "102"):
            call = await phone.call(number)
            await call.answered(3)
            channels = await line.console("core show channels concise")
            assert [row.split("!")[0].split("-")[0] for row in channels.splitlines() if "!" in row] == ["PJSIP/101"]
            await call.hangup()
            await call.ended(3)
        assert not [event for event in colleague.events if event.name == "incoming"]
        await phone.unregister()


async def _heard(phone: Softphone, ms: int) -> bool:
    hearing = await phone.hearing()
    return int(str(hearing["heard_ms"])) >= ms


async def _talked(line: Installation, *, seconds: float) -> None:
    """Wait until the answered leg is that old: an earlier end would count as a dead phone's."""
    began = time.monotonic()
    await until(lambda: time.monotonic() - began >= seconds, seconds + 2, every_s=0.1)
    await asyncio.sleep(0)
