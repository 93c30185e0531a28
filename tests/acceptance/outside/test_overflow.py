"""Standby list and partner line on real SIP, with what fails there: a phone that dies while it rings, a program that dies in the talk."""

from __future__ import annotations

from typing import Any

import pytest

from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.acceptance.outside.people import CALLER, DIRECT, PARTNER, STANDBY, dialled, noted
from tests.acceptance.test_crashes import both_hear, has
from tests.kit.system import Counsellor, System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_with_nobody_on_shift_a_standby_person_presses_1_and_both_talk(system: System) -> None:
    """The caller is told, keeps the line, and talks with somebody outside; a supervisor knows within 30 s."""
    before = await system.contact_rows()
    async with system.outside() as standby, system.caller(CALLER) as caller:
        await system.outside_reachable()
        await standby.on_call(200)
        await standby.play_tone(COUNSELLOR_TONE)
        await caller.play_tone(CALLER_TONE)
        call = await caller.call(DIRECT)
        incoming = await standby.incoming(25)
        assert dialled(incoming) == STANDBY[0]
        contact_id = await noted(system, before, "outside_answered")
        await incoming.send_dtmf("1")
        await caller.heard_tone(COUNSELLOR_TONE, 15)
        await standby.heard_tone(CALLER_TONE, 10)
        state = await system.query("SELECT state FROM contacts WHERE id = %s", contact_id)
        assert state == [{"state": "overflow"}]
        await call.hangup()
        await incoming.ended(10)
        contact = await system.ended_contact(before, 15)
    assert (contact["outcome"], contact["counsellor_id"]) == ("talked_overflow", None)
    assert contact["answered_at"] is not None
    alarms = await system.query("SELECT at FROM alarms WHERE kind = 'nobody_on_shift'")
    assert alarms
    assert (alarms[-1]["at"] - contact["queued_at"]).total_seconds() < 30
    legs = await system.query("SELECT kind FROM legs WHERE contact_id = %s ORDER BY created_at", contact["id"])
    assert [leg["kind"] for leg in legs] == ["caller", "standby"]


async def test_who_does_not_press_the_key_is_followed_by_the_next_and_a_counsellor_wins(system: System, kim: Counsellor) -> None:
    """A machine that answers swallows nobody; a free counsellor ends the search, and the phone that rings outside is told so."""
    before = await system.contact_rows()
    async with system.outside() as standby, system.caller(CALLER) as caller, system.phone(kim) as phone:
        await system.outside_reachable()
        await phone.register()
        await phone.on_call(200)
        await phone.play_tone(COUNSELLOR_TONE)
        await standby.on_call(200)
        call = await caller.call(DIRECT)
        machine = await standby.incoming(25)
        await standby.on_call(180)
        first = dialled(machine)
        await machine.ended(15)
        following = await standby.incoming(15)
        assert dialled(following) == STANDBY[STANDBY.index(first) + 1]
        await system.ready(kim)
        await caller.heard_tone(COUNSELLOR_TONE, 20)
        ended = await following.ended(10)
        assert "26" in ended.text("reason_header") or ended.code == 487
        await call.hangup()
        contact = await system.ended_contact(before, 15)
    assert contact["outcome"] == "talked"


async def place_of(system: System, before: list[dict[str, Any]]) -> object:
    """What the place in line of the one new caller is by, as long as they wait."""
    (contact,) = await system.new_contacts(before)
    return contact["virtual_start"] if contact["state"] == "waiting" else None


async def test_a_phone_that_dies_while_it_rings_is_followed_by_the_next(system: System) -> None:
    """No word comes from the first: the caller keeps music and place and talks with the second."""
    before = await system.contact_rows()
    async with system.caller(CALLER) as caller:
        await caller.play_tone(CALLER_TONE)
        async with system.outside() as dying:
            await system.outside_reachable()
            call = await caller.call(DIRECT)
            first = dialled(await dying.incoming(25))
            place = await until(lambda: place_of(system, before), 5, "the place to be written")
            await dying.kill()
        async with system.outside() as standby:
            await standby.play_tone(COUNSELLOR_TONE)
            await system.outside_reachable()
            heard = int(str((await caller.hearing())["heard_ms"]))
            answering = await standby.incoming(25)
            assert STANDBY.index(dialled(answering)) == STANDBY.index(first) + 1
            # The line was never silent for long: most of that time there was something to be heard.
            assert int(str((await caller.hearing())["heard_ms"])) > heard + 1000
            assert await place_of(system, before) == place
            await answering.answer(200)
            await noted(system, before, "outside_answered")
            await answering.send_dtmf("1")
            await caller.heard_tone(COUNSELLOR_TONE, 15)
            await standby.heard_tone(CALLER_TONE, 10)
            await call.hangup()
            await answering.ended(10)
            contact = await system.ended_contact(before, 15)
    assert contact["outcome"] == "talked_overflow"
    assert "unattended" not in await system.timeline(contact["id"])


async def test_a_killed_program_interrupts_no_talk_with_somebody_outside(system: System) -> None:
    """They talk on while it is dead; the next program adopts the talk and ends it in the books, once."""
    before = await system.contact_rows()
    async with system.outside() as standby, system.caller(CALLER) as caller:
        await system.outside_reachable()
        await standby.on_call(200)
        call = await caller.call(DIRECT)
        incoming = await standby.incoming(25)
        await noted(system, before, "outside_answered")
        await incoming.send_dtmf("1")
        contact_id = await noted(system, before, "bridged_outside")
        await system.kill("program")
        await both_hear(standby, caller)
        await system.wait_ready()
        await has(system, before, "adopted")
        await both_hear(standby, caller)
        await call.hangup()
        await incoming.ended(15)
        contact = await system.ended_contact(before, 15)
    assert contact["outcome"] == "talked_overflow"
    assert (await system.timeline(contact_id)).count("outcome") == 1


async def test_when_the_whole_list_refuses_the_partner_line_has_the_caller_without_a_key(system: System) -> None:
    """It is last, it is a house that answers, and what it answers is connected at once."""
    before = await system.contact_rows()
    async with system.outside() as everybody, system.caller(CALLER) as caller:
        await system.outside_reachable()
        await everybody.play_tone(COUNSELLOR_TONE)
        await caller.play_tone(CALLER_TONE)
        call = await caller.call(DIRECT)
        incoming = await everybody.incoming(25)
        while (number := dialled(incoming)) != PARTNER:
            assert number in STANDBY
            await incoming.answer(486)
            incoming = await everybody.incoming(15)
        await incoming.answer(200)
        await caller.heard_tone(COUNSELLOR_TONE, 15)
        await everybody.heard_tone(CALLER_TONE, 10)
        await call.hangup()
        await incoming.ended(10)
        contact = await system.ended_contact(before, 15)
    assert (contact["outcome"], contact["counsellor_id"]) == ("talked_overflow", None)
    legs = await system.query("SELECT kind FROM legs WHERE contact_id = %s ORDER BY created_at", contact["id"])
    assert legs[-1]["kind"] == "partner"
    assert "outside_answered" not in await system.timeline(contact["id"])
