"""The main job on real parts: a SIP call, key 5, a SIP phone, both hear each other, the database tells the story."""

from __future__ import annotations

import pytest

from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.kit.system import Counsellor, System
from tests.kit.until import until


async def test_a_caller_presses_5_and_both_hear_each_other(system: System, kim: Counsellor) -> None:
    """The whole way, with the counsellor signing in by phone codes, and the timeline in order."""
    before = await system.contact_rows()
    async with system.phone(kim) as phone, system.caller() as caller:
        await system.sign_in(phone, kim)
        await phone.on_call(200, after_ms=200)
        await phone.play_tone(COUNSELLOR_TONE)
        await caller.play_tone(CALLER_TONE)
        call = await caller.call("120")
        await call.answered()
        await call.send_dtmf("5")
        await caller.heard_tone(COUNSELLOR_TONE, 15)
        await phone.heard_tone(CALLER_TONE, 5)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "talked"
    assert contact["answered_at"] is not None
    assert await system.timeline(contact["id"]) == [
        "invite", "menu_started", "joined", "key_5", "offered", "answered", "bridged", "hangup", "outcome",
    ]  # fmt: skip
    _, metrics = system.get("/metrics")
    seen = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert float(seen['annyeong120_keys_total{what="five"}']) >= 1
    assert float(seen["annyeong120_wait_seconds_count"]) >= 1
    legs = await system.query("SELECT kind, answered_at, ended_at FROM legs WHERE contact_id = %s ORDER BY created_at", contact["id"])
    assert [leg["kind"] for leg in legs] == ["caller", "counsellor"]
    assert all(leg["answered_at"] for leg in legs)

    async def legs_ended() -> bool:
        return not await system.query("SELECT 1 FROM legs WHERE contact_id = %s AND ended_at IS NULL", contact["id"])

    await until(legs_ended, 5, "both legs to be ended in the books")


async def test_a_direct_number_needs_no_key(system: System, kim: Counsellor) -> None:
    """Entering at the notices."""
    before = await system.contact_rows()
    async with system.phone(kim) as phone, system.caller() as caller:
        await phone.register()
        await system.ready(kim)
        await phone.on_call(200)
        await phone.play_tone(COUNSELLOR_TONE)
        call = await caller.call("0212000")
        await caller.heard_tone(COUNSELLOR_TONE, 15)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "talked"
    assert contact["entry"] == "direct"
    assert "menu_started" not in await system.timeline(contact["id"])


async def test_the_counsellor_hangs_up_and_the_caller_hears_goodbye(system: System, kim: Counsellor) -> None:
    """A normal end from the other side; the counsellor is free again."""
    before = await system.contact_rows()
    async with system.phone(kim) as phone, system.caller() as caller:
        await phone.register()
        await system.ready(kim)
        await phone.on_call(200)
        await caller.play_tone(CALLER_TONE)
        call = await caller.call("0212000")
        incoming = await phone.incoming(10)
        await phone.heard_tone(CALLER_TONE, 10)
        # Longer than a phone that dies in the moment it answered.
        await until(lambda: _talked_for(system, before, 2.2), 10, "a talk of two seconds")
        await incoming.hangup()
        await call.ended(15)
        contact = await system.ended_contact(before)
        assert contact["outcome"] == "talked"
        rows = await system.query("SELECT system FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE extension = '101'")
        assert rows == [{"system": "idle"}]


async def _talked_for(system: System, before: list[dict[str, object]], seconds: float) -> bool:
    rows = await system.new_contacts(before)
    if not rows or rows[0]["answered_at"] is None:
        return False
    passed = await system.query("SELECT extract(epoch FROM now() - %s::timestamptz) AS s", rows[0]["answered_at"])
    return float(passed[0]["s"]) > seconds


async def test_the_counsellor_idle_longest_is_rung(system: System, kim: Counsellor, lee: Counsellor) -> None:
    """Fair among counsellors."""
    async with system.phone(kim) as first, system.phone(lee) as second, system.caller() as caller:
        for phone, person in ((first, kim), (second, lee)):
            await phone.register()
            await system.ready(person)
            await phone.on_call(200)
        for phone in (first, second, first):
            before = await system.contact_rows()
            call = await caller.call("0212000")
            incoming = await phone.incoming(10)
            await until(lambda before=before: _talked_for(system, before, 0.0), 10, "the talk")  # type: ignore[misc]
            await call.hangup()
            await incoming.ended(5)
            await system.ended_contact(before)


@pytest.mark.parametrize(("code", "result"), [(486, "busy"), (603, "rejected"), (180, "rang_out"), (480, None), (503, "unreachable")])
async def test_who_does_not_take_the_call_is_followed_by_the_next(
    system: System, kim: Counsellor, lee: Counsellor, code: int, result: str | None
) -> None:
    """Busy, rejected, no answer, unreachable: the caller stays and the next counsellor's phone rings."""
    before = await system.contact_rows()
    async with system.phone(kim) as first, system.phone(lee) as second, system.caller() as caller:
        for phone, person in ((first, kim), (second, lee)):
            await phone.register()
            await system.ready(person)
        await first.on_call(code)
        await second.on_call(200)
        await second.play_tone(COUNSELLOR_TONE)
        call = await caller.call("0212000")
        await first.incoming(10)
        await caller.heard_tone(COUNSELLOR_TONE, 20)
        await call.hangup()
        contact = await system.ended_contact(before)
    offers = await system.query("SELECT result FROM offers WHERE contact_id = %s ORDER BY offered_at", contact["id"])
    assert [offer["result"] for offer in offers][-1] == "answered"
    assert len(offers) == 2
    assert result is None or offers[0]["result"] == result
    assert contact["outcome"] == "talked"


async def test_a_phone_that_is_gone_without_a_word_is_followed_by_the_next(system: System, kim: Counsellor, lee: Counsellor) -> None:
    """A killed phone is still registered; nobody answers there."""
    async with system.phone(kim) as first, system.phone(lee) as second, system.caller() as caller:
        for phone, person in ((first, kim), (second, lee)):
            await phone.register()
            await system.ready(person)
        await first.kill()
        await second.on_call(200)
        await second.play_tone(COUNSELLOR_TONE)
        before = await system.contact_rows()
        call = await caller.call("0212000")
        await caller.heard_tone(COUNSELLOR_TONE, 20)
        await call.hangup()
        assert (await system.ended_contact(before))["outcome"] == "talked"


async def test_a_phone_that_dies_in_the_talk_does_not_drop_the_caller(system: System, kim: Counsellor, lee: Counsellor) -> None:
    """The leg ends in the instant it answered: the caller keeps the line and reaches the next counsellor."""
    before = await system.contact_rows()
    async with system.phone(kim) as first, system.phone(lee) as second, system.caller() as caller:
        await first.register()
        await system.ready(kim)
        await first.on_call(200)
        call = await caller.call("0212000")
        incoming = await first.incoming(10)
        await incoming.answered(5)
        await second.register()
        await system.ready(lee)
        await second.on_call(200)
        await second.play_tone(COUNSELLOR_TONE)
        await first.on_call(486)
        await until(lambda: _talked_for(system, before, 0.0), 10, "the talk")
        await incoming.hangup()
        await caller.heard_tone(COUNSELLOR_TONE, 20)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "talked"
    assert "rescued" in await system.timeline(contact["id"])
