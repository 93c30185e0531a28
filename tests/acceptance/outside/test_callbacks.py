"""Call-backs on real SIP: who is rung first, who can not be reached, and the allow-list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.secrets import load_cipher
from core.settings import Settings
from helpline.demo.softphone import Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from helpline.embedded.addresses import postgres_url
from routing.callbacks import Callbacks, Consent
from tests.acceptance.outside.people import CALLER, dialled
from tests.kit.system import Counsellor, System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def asked_for(system: System, number: str = "+821012345678", *, say_who: bool | None = None) -> UUID:
    """Somebody who called with a withheld number, and left, had asked to be called back at this one; the request."""
    contact_id = new_id()
    rows = await system.query(
        "INSERT INTO contacts (id, node, worker, channel_id, entry, withheld, state, entered_at, ended_at, outcome) "
        "VALUES (%s, 'main', 'w1', %s, 'direct', true, 'ended', now(), now(), 'callback_arranged') RETURNING entered_at",
        contact_id, f"earlier-{contact_id}",
    )  # fmt: skip
    db = Database(postgres_url(system.folders), pool_size=2, statement_timeout_s=5)
    try:
        callbacks = Callbacks(db, load_cipher(Settings(data_dir=system.folders.root)), SystemClock())
        consent = Consent(may_call=True, may_say_who=say_who)
        return await callbacks.ask(contact_id, number=number, consent=consent, language="ko", virtual_start=rows[0]["entered_at"])
    finally:
        await db.close()


async def request_row(system: System, request: UUID) -> dict[str, Any]:
    """The request as it is now."""
    rows = await system.query("SELECT * FROM callbacks WHERE id = %s", request)
    return rows[0]


async def attempt_ended(system: System, request: UUID, within_s: float = 40.0) -> dict[str, Any]:
    """Wait for the result of an attempt; its row."""

    async def ended() -> list[dict[str, Any]]:
        return await system.query("SELECT * FROM callback_attempts WHERE callback_id = %s AND result IS NOT NULL", request)

    rows: list[dict[str, Any]] = await until(ended, within_s, "an attempt with a result")
    assert len(rows) == 1
    return rows[0]


async def outcome_of(system: System, contact_id: object) -> str:
    """Wait for a contact's outcome."""

    async def ended() -> list[dict[str, Any]]:
        return await system.query("SELECT outcome FROM contacts WHERE id = %s AND outcome IS NOT NULL", contact_id)

    return str((await until(ended, 15, "an outcome"))[0]["outcome"])


async def ready(system: System, counsellor: Counsellor, phone: Softphone) -> None:
    """Somebody on duty with this phone."""
    await phone.register()
    await system.ready(counsellor)


async def test_a_call_back_rings_the_counsellor_then_the_person_and_both_talk(system: System, kim: Counsellor) -> None:
    """With consent, to the end: one outcome, the request is done, the counsellor is free again."""
    async with system.outside() as person, system.phone(kim) as phone:
        await system.outside_reachable()
        await person.on_call(200)
        await person.play_tone(CALLER_TONE)
        await phone.on_call(200)
        await phone.play_tone(COUNSELLOR_TONE)
        request = await asked_for(system, say_who=True)
        await ready(system, kim, phone)
        at_work = await phone.incoming(20)
        at_home = await person.incoming(20)
        assert at_work.invite.mono_ns < at_home.invite.mono_ns
        assert dialled(at_home) == CALLER
        await at_home.answered(10)
        rows = await system.query("SELECT id FROM contacts WHERE kind = 'callback' AND outcome IS NULL")
        await until(lambda: _asked(system, rows[0]["id"]), 10, "the question")
        await at_home.send_dtmf("1")
        await person.heard_tone(COUNSELLOR_TONE, 15)
        await phone.heard_tone(CALLER_TONE, 10)
        await at_home.hangup()
        await at_work.ended(10)
        attempt = await attempt_ended(system, request)
    assert attempt["result"] == "talked"
    assert await outcome_of(system, attempt["contact_id"]) == "talked"
    row = await request_row(system, request)
    assert (row["state"], row["outcome"]) == ("done", "talked")
    contact = (await system.query("SELECT * FROM contacts WHERE id = %s", attempt["contact_id"]))[0]
    assert (contact["kind"], contact["virtual_start"], contact["callback_id"]) == ("callback", row["virtual_start"], request)


async def _asked(system: System, contact_id: object) -> bool:
    return "person_answered" in await system.timeline(contact_id)


async def test_a_person_who_can_not_be_reached_is_called_again_later(system: System, kim: Counsellor) -> None:
    """Busy: the attempt counts, the next one has a time, and the counsellor is told and free."""
    async with system.outside() as person, system.phone(kim) as phone:
        await system.outside_reachable()
        await person.on_call(486)
        await phone.on_call(200)
        request = await asked_for(system)
        await ready(system, kim, phone)
        at_work = await phone.incoming(20)
        await person.incoming(20)
        attempt = await attempt_ended(system, request)
        await at_work.ended(20)

        async def free() -> bool:
            rows = await system.query("SELECT system FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE extension = '101'")
            return rows == [{"system": "idle"}]

        await until(free, 15, "the counsellor to be free")
    assert attempt["result"] == "busy"
    assert await outcome_of(system, attempt["contact_id"]) == "callback_no_answer"
    row = await request_row(system, request)
    assert (row["state"], row["attempts"]) == ("open", 1)
    assert (row["due_at"] - attempt["at"]).total_seconds() > 60


async def test_with_the_person_first_the_counsellor_rings_once_they_pressed_the_key(system: System, kim: Counsellor) -> None:
    """The other order, without a word about who we are."""
    done = system.command("policy", "set", "callback_person_first=1", "--by", "test")
    assert done.returncode == 0, done.stderr
    try:
        async with system.outside() as person, system.phone(kim) as phone:
            await system.outside_reachable()
            await person.on_call(200)
            await person.play_tone(CALLER_TONE)
            await phone.on_call(200)
            await phone.play_tone(COUNSELLOR_TONE)
            request = await asked_for(system)
            await ready(system, kim, phone)
            at_home = await person.incoming(25)
            await at_home.answered(10)
            rows = await system.query("SELECT id FROM contacts WHERE kind = 'callback' AND outcome IS NULL")
            await until(lambda: _asked(system, rows[0]["id"]), 10, "the question")
            await at_home.send_dtmf("1")
            await person.heard_tone(COUNSELLOR_TONE, 20)
            await phone.heard_tone(CALLER_TONE, 10)
            await at_home.hangup()
            attempt = await attempt_ended(system, request)
        assert attempt["result"] == "talked"
    finally:
        system.command("policy", "set", "callback_person_first=0", "--by", "test")


async def test_a_number_that_is_not_on_the_list_is_never_dialled(system: System, kim: Counsellor) -> None:
    """Whatever somebody entered: a supervisor is told, the request is tried again and given up like any other, nobody's phone rings."""
    async with system.outside() as person, system.phone(kim) as phone:
        await system.outside_reachable()
        await phone.on_call(200)
        request = await asked_for(system, "+12025550123")
        await ready(system, kim, phone)
        attempt = await attempt_ended(system, request)
        assert not [event for event in person.events if event.name == "incoming"]
    assert attempt["result"] == "unreachable"
    await until(lambda: system.query("SELECT 1 FROM alarms WHERE kind = 'number_not_allowed'"), 10, "the alarm")
    assert await outcome_of(system, attempt["contact_id"]) == "callback_unreachable"


async def test_a_killed_program_leaves_nobody_in_a_call_back(system: System, kim: Counsellor) -> None:
    """Killed while the person's phone rings: both phones are let go, and the contact says that it was interrupted."""
    async with system.outside() as person, system.phone(kim) as phone:
        await system.outside_reachable()
        await person.on_call(180)
        await phone.on_call(200)
        request = await asked_for(system)
        await ready(system, kim, phone)
        at_work = await phone.incoming(20)
        at_home = await person.incoming(20)
        await system.kill("program")
        await at_home.ended(30)
        await at_work.ended(30)
        attempt = (await system.query("SELECT * FROM callback_attempts WHERE callback_id = %s", request))[0]
        assert await outcome_of(system, attempt["contact_id"]) == "callback_interrupted"
        # Its lease is over: open again, and not counted.
        await system.query("UPDATE presence SET human = 'off'")
        await system.query("UPDATE callbacks SET lease_until = now() WHERE id = %s", request)

        async def reopened() -> bool:
            row = await request_row(system, request)
            return row["epoch"] >= 2 and row["attempts"] == 0 and row["state"] in ("open", "calling")

        await until(reopened, 20, "the request to be open again")
