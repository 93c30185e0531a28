"""Real softphones against a real Asterisk that reads their accounts from a real PostgreSQL."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from helpline.demo.softphone import PhoneError, Softphone
from helpline.embedded.asterisk import EmbeddedAsterisk
from helpline.embedded.folders import Folders
from ivr.desk_calls import DeskCalls
from ivr.phone_accounts import PhoneAccounts
from routing.counsellors import MAX_FAILURES, Counsellors
from tests.integration.counsellors.conftest import start
from tests.integration.counsellors.program import Program
from tests.kit.ports import free_port, free_range
from tests.kit.until import until

PIN = "4829"
#: A new account's first registration counts when Asterisk has asked the phone: max_initial_qualify_time, and some.
FIRST_TIME_S = 8.0
_names = itertools.count(1)

State = Callable[[], Awaitable[tuple[str, str | None, bool]]]


@pytest.fixture
async def program(desk_settings: Settings, desk_asterisk: EmbeddedAsterisk, db: Database) -> AsyncIterator[Program]:
    """The part of the program under test, connected."""
    async with Program(desk_settings, desk_asterisk, db, f"t{next(_names)}").running() as running:
        yield running


@pytest.fixture
def port(desk_settings: Settings) -> int:
    """Where phones register."""
    return desk_settings.asterisk.sip_port


#: Every test has an extension of its own: Asterisk remembers registrations, and what it last knew of a phone.
_extensions = itertools.count(301)


@pytest.fixture
async def extension(accounts: PhoneAccounts) -> str:
    """An extension no other test has."""
    return str(next(_extensions))


@pytest.fixture
async def secret(accounts: PhoneAccounts, extension: str) -> str:
    """An account made a moment ago."""
    return (await accounts.add("김상담", extension=extension, pin=PIN))[1]


@pytest.fixture
def state(db: Database, extension: str) -> State:
    """Asks for human status, break reason and reachability."""

    async def look() -> tuple[str, str | None, bool]:
        rows = await db.execute(
            text("SELECT p.* FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE c.extension = :e"), {"e": extension}
        )
        return rows[0].human, rows[0].break_reason, rows[0].reachable

    return look


async def reachable(state: State) -> bool:
    """Whether the database has the phone as reachable."""
    return (await state())[2]


async def unreachable(state: State) -> bool:
    """The opposite."""
    return not (await state())[2]


def on_disk(asterisk: Path, extension: str) -> bool:
    """Whether a registration would survive Asterisk's death."""
    with closing(sqlite3.connect(f"file:{next(asterisk.rglob('astdb.sqlite3'))}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT 1 FROM astdb WHERE key LIKE ?", (f"/registrar/contact/{extension}%",)).fetchone()
    return found is not None


async def dial(phone: Softphone, code: str, port: int, digits: str = "", *, method: str = "rfc4733") -> None:
    """Dial a code, press digits once it is answered, and wait until Asterisk hangs up."""
    call = await phone.call(f"sip:{code}@127.0.0.1:{port}")
    await call.answered()
    if digits:
        await call.send_dtmf(digits, "info" if method == "info" else "rfc4733")
    await call.ended(20)


async def test_a_new_phone_can_register_at_once(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """No reload, no restart. Reachable when Asterisk has asked it for the first time, from then on at once."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await until(lambda: reachable(state), FIRST_TIME_S)
        await phone.unregister()
        await until(lambda: unreachable(state), 2)
        await phone.register()
        await until(lambda: reachable(state), 2)


async def test_a_wrong_secret_does_not_register(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """And is not reachable."""
    async with Softphone(extension, "wrong-wrong-wrong", port=port) as phone:
        with pytest.raises(PhoneError):
            await phone.register(2)
    assert not (await state())[2]


async def test_a_phone_that_dies_is_noticed(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """Power cut: nothing is said, Asterisk's question goes unanswered (qualify_frequency 15 s, qualify_timeout 3 s)."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await until(lambda: reachable(state), FIRST_TIME_S)
        await phone.kill()
        await until(lambda: unreachable(state), 40, every_s=0.1)


async def test_a_new_connection_learns_who_is_there(
    desk_settings: Settings, desk_asterisk: EmbeddedAsterisk, db: Database, secret: str, extension: str, port: int, state: State
) -> None:
    """A phone that registered while no program ran counts when one connects; one that left meanwhile does not."""
    async with Softphone(extension, secret, port=port) as phone:
        async with Program(desk_settings, desk_asterisk, db, f"t{next(_names)}").running():
            await phone.register()
            await until(lambda: reachable(state), FIRST_TIME_S)
        await phone.unregister()
        assert (await state())[2]
        async with Program(desk_settings, desk_asterisk, db, f"t{next(_names)}").running():
            await until(lambda: unreachable(state), 2)
        await phone.register()
        assert not (await state())[2]
        async with Program(desk_settings, desk_asterisk, db, f"t{next(_names)}").running():
            # Its second registration: Asterisk asked the phone at once and knows.
            await until(lambda: reachable(state), 20)


async def test_a_phone_restarted_on_another_port_stays_reachable(
    program: Program, secret: str, extension: str, port: int, state: State, db: Database
) -> None:
    """The new registration replaces the old one without a gap in which no call would be offered."""
    async with Softphone(extension, secret, port=port) as first:
        await first.register()
        await until(lambda: reachable(state), FIRST_TIME_S)
        async with Softphone(extension, secret, port=port) as second:
            await second.register()
            await until(lambda: reachable(state), 2)
            rows = await db.execute(text("SELECT count(*) AS n FROM presence_events WHERE kind = 'unreachable'"))
            assert rows[0].n == 0


async def test_a_working_day_on_star_codes(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """Sign in with the PIN in one string, ready, break, ready, out; every code is confirmed and hung up."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await until(lambda: reachable(state), FIRST_TIME_S)
        await dial(phone, f"*11{PIN}", port)
        assert await state() == ("break", None, True)
        await dial(phone, "*12", port)
        assert await state() == ("ready", None, True)
        await dial(phone, "*131", port)
        assert await state() == ("break", "meal", True)
        await dial(phone, "*15", port)
        await dial(phone, "*12", port)
        await dial(phone, "*14", port)
        assert await state() == ("off", None, True)
        await dial(phone, "*12", port)
    assert program.prompts.said == [
        "desk_signed_in",
        "desk_ready",
        "desk_break_meal",
        "desk_wrapup_ended",
        "desk_ready",
        "desk_signed_out",
        "desk_not_signed_in",
    ]
    await until(lambda: program.calls == 0)
    assert len(program.switchboard) == 0


@pytest.mark.parametrize("method", ["rfc4733", "info"])
async def test_the_pin_is_typed_over_the_prompt(
    program: Program, secret: str, extension: str, port: int, state: State, method: str
) -> None:
    """Digits by RFC 4733 and by SIP INFO."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await dial(phone, "*11", port, f"{PIN}#", method=method)
    assert (await state())[0] == "break"
    assert program.prompts.said == ["desk_pin", "desk_signed_in"]


async def test_the_pin_without_a_hash_key_ends_by_itself(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """After the inter-digit time."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await dial(phone, "*11", port, PIN)
    assert (await state())[0] == "break"


async def test_a_reason_is_asked_for_and_typed(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """`*13`, then `3`: training."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await dial(phone, f"*11{PIN}", port)
        await dial(phone, "*13", port, "3")
    assert (await state())[:2] == ("break", "training")


async def test_wrong_pins_are_said_and_lock(program: Program, secret: str, extension: str, port: int, state: State) -> None:
    """Each wrong one is answered; the last says locked, and so does the right one after it."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        for _ in range(MAX_FAILURES - 1):
            call = await phone.call(f"sip:*119998@127.0.0.1:{port}")
            await call.answered()
            await until(lambda: program.prompts.said and program.prompts.said[-2:] == ["desk_pin_wrong", "desk_pin"], 5)
            await call.hangup()
            await call.ended()
            await until(lambda: program.calls == 0)
            program.prompts.said.clear()
        await dial(phone, "*119998", port)
        await dial(phone, f"*11{PIN}", port)
    assert program.prompts.said[-2:] == ["desk_locked", "desk_locked"]
    assert (await state())[0] == "off"


async def test_hanging_up_in_the_middle_leaves_nothing_behind(
    program: Program, secret: str, extension: str, port: int, state: State
) -> None:
    """During the prompt, and between two digits."""
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        for digits in ("", "48"):
            call = await phone.call(f"sip:*11@127.0.0.1:{port}")
            await call.answered()
            if digits:
                await call.send_dtmf(digits)
            await call.hangup()
            await call.ended()
            await until(lambda: program.calls == 0)
    assert len(program.switchboard) == 0
    assert (await state())[0] == "off"
    assert not (await program.ari.channels())


async def test_without_the_database_a_code_is_answered_with_words(program: Program, secret: str, extension: str, port: int) -> None:
    """Nothing is confirmed that was not written."""
    away = Database("postgresql://nobody@/none?host=/nonexistent")
    program.desk = DeskCalls(program.ari, program.switchboard, Counsellors(away, SystemClock()), program.prompts, SystemClock())
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
        await dial(phone, "*12", port)
        await dial(phone, f"*11{PIN}", port)
    assert program.prompts.said == ["system_unavailable"] * 2
    await away.close()


async def test_phones_are_back_after_asterisk_died(
    desk_settings: Settings, desk_database_url: str, db: Database, secret: str, extension: str, state: State
) -> None:
    """Killed and started again: it remembers registrations and asks each phone; nobody has to touch a phone or the program."""
    with tempfile.TemporaryDirectory(prefix="cn") as folder:
        first = free_range(200)
        asterisk_settings = desk_settings.asterisk.model_copy(
            update={"sip_port": free_port(), "http_port": free_port(), "rtp_first_port": first, "rtp_last_port": first + 199}
        )
        settings = desk_settings.model_copy(update={"data_dir": Path(folder), "asterisk": asterisk_settings})
        folders = Folders.of(settings.data_dir)
        folders.make()
        asterisk = EmbeddedAsterisk(settings, folders, database_url=desk_database_url)
        process = await start(asterisk)
        try:
            async with (
                Program(settings, asterisk, db, f"t{next(_names)}").running() as program,
                Softphone(extension, secret, port=settings.asterisk.sip_port, expires_s=300) as phone,
            ):
                await phone.register()
                await until(lambda: reachable(state), FIRST_TIME_S)
                # Asterisk writes registrations to its disk once a second; one made in its last second would be lost with it.
                await until(lambda: on_disk(folders.asterisk, extension))
                registered = len(phone.events)
                process.send(signal.SIGKILL)
                await process.wait()
                await db.execute(text("UPDATE presence SET reachable = false"))
                process = await start(asterisk)
                await until(lambda: program.connection.connected, 15)
                await until(lambda: reachable(state), FIRST_TIME_S)
                assert len(phone.events) == registered
        finally:
            await process.stop(signal.SIGTERM, 10)


async def test_the_code_works_on_the_own_phone_only(
    program: Program, accounts: PhoneAccounts, secret: str, extension: str, port: int, state: State
) -> None:
    """The right PIN on somebody else's phone signs nobody in: the phone says who it is, whatever its From header claims."""
    other = str(next(_extensions))
    _, other_secret = await accounts.add("이상담", extension=other, pin="7351")
    async with Softphone(other, other_secret, port=port) as phone:
        await phone.register()
        call = await phone.call(f"sip:*11{PIN}@127.0.0.1:{port}")
        await call.answered()
        await until(lambda: "desk_pin_wrong" in program.prompts.said, 5)
        await call.hangup()
        await call.ended()
    assert (await state())[0] == "off"


async def test_a_closed_account_cannot_register_any_more(
    program: Program, accounts: PhoneAccounts, secret: str, extension: str, port: int
) -> None:
    """And can again after it is opened, with the secret it had."""
    await accounts.disable(extension)
    async with Softphone(extension, secret, port=port) as phone:
        with pytest.raises(PhoneError):
            await phone.register(2)
    await accounts.enable(extension)
    async with Softphone(extension, secret, port=port) as phone:
        await phone.register()
