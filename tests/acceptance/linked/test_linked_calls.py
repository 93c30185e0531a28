"""Calls between the centre or a companion and a person, on real SIP: who is rung first, who hears whom, and what nobody gets to see."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.database import Database
from helpline.alarm_delivery.phone import PROMPTS, Heard
from helpline.alarm_delivery.phone_orders import OrderedCaller
from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from helpline.embedded.addresses import postgres_url
from tests.acceptance.linked.house import COMPANION, PERSON, House, messages
from tests.acceptance.outside.people import dialled
from tests.kit.system import System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

Phones = tuple[Softphone, Softphone]


async def sounding(phone: Softphone) -> None:
    """Something is to be heard there: a voice, or music."""

    async def heard() -> bool:
        return bool((await phone.hearing())["sounding"])

    await until(heard, 15, "word or music")


async def hear_each_other(desk: Softphone, outside: Softphone) -> None:
    """Both say something, and both hear it."""
    for speaker, tone, listener in ((desk, COUNSELLOR_TONE, outside), (outside, CALLER_TONE, desk)):
        listener.forget_events()
        await speaker.play_tone(tone)
        await listener.heard_tone(tone, 15)
        await speaker.play_tone(None)


async def put_through(house: House, desk: Softphone, outside: Softphone) -> tuple[UUID, PhoneCall, PhoneCall]:
    """A call-back of the centre until both talk."""
    call_id = await house.call_back()
    first = await desk.incoming(20)
    await first.answer()
    person = await outside.incoming(20)
    assert dialled(person) == PERSON
    # Whoever waits is not left in silence.
    await sounding(desk)
    await person.answer()
    await sounding(outside)
    await person.send_dtmf("1")
    await house.talking(call_id)
    return call_id, first, person


async def test_a_call_back_reaches_the_person_and_neither_phone_learns_the_others_number(
    house: House, phones: Phones, tmp_path: Path
) -> None:
    """The desk first, then the person, who says by a key that it is them; whoever hangs up ends it for both."""
    desk, outside = phones
    call_id, first, person = await put_through(house, desk, outside)
    await hear_each_other(desk, outside)
    await person.hangup()
    await first.ended(10)
    assert (await house.ended(call_id))["result"] == "talked"
    assert "<sip:120@" in first.invite.text("message")
    assert "120@" in person.invite.text("message")
    seen = messages(tmp_path / "desk.log")[first.invite.text("sip_call_id")]
    assert len(seen) > 4
    assert not any(PERSON[1:] in message for message in seen)
    seen = messages(tmp_path / "outside.log")[person.invite.text("sip_call_id")]
    assert len(seen) > 4
    assert not any("101@" in message or "sip:101" in message for message in seen)


async def test_who_is_busy_or_says_no_or_does_not_answer_is_written_down(house: House, phones: Phones) -> None:
    """Whoever waited is told and hung up, each time; a desk that does not answer has nobody rung."""
    desk, outside = phones
    for what, result in (("busy", "busy"), ("no", "declined"), ("nothing", "no_answer"), ("no desk", "staff_absent")):
        call_id = await house.call_back()
        first = await desk.incoming(20)
        if what == "no desk":
            await first.hangup(603)
        else:
            await first.answer()
            person = await outside.incoming(20)
            if what == "busy":
                await person.answer(486)
            elif what == "no":
                await person.answer()
                await sounding(outside)
                await person.send_dtmf("2")
                await person.ended(20)
        assert (await house.ended(call_id))["result"] == result
        await first.ended(20)
        await until(lambda: no_channels(house.system), 15, "no channel left")


async def test_a_companion_is_rung_first_and_one_key_brings_the_centre(house: House, phones: Phones, tmp_path: Path) -> None:
    """Both are outside; the person is rung only when the companion has pressed 1, and no SIP message to one carries the other's number."""
    _, outside = phones
    call_id = await house.companion_call()
    companion = await outside.incoming(20)
    assert dialled(companion) == COMPANION
    await companion.answer()
    await sounding(outside)
    await companion.send_dtmf("1")
    person = await outside.incoming(20)
    assert dialled(person) == PERSON
    await person.answer()
    await person.answered()
    # Whoever presses before they were asked presses again.
    await until(lambda: pressed(person, house, call_id), 20, "the two to talk", every_s=1.0)
    await companion.send_dtmf("*0")
    told = "SELECT e.id FROM referral_events e WHERE e.kind = 'companion_wants_centre'"
    await until(lambda: house.system.query(told), 15, "the centre to be wanted")
    await companion.hangup()
    await person.ended(10)
    assert (await house.ended(call_id))["result"] == "talked"
    seen = messages(tmp_path / "outside.log")
    for call, number in ((companion, PERSON), (person, COMPANION)):
        mine = seen[call.invite.text("sip_call_id")]
        assert len(mine) > 4
        assert not any(number[1:] in message for message in mine)
        assert "120@" in mine[0]


async def test_a_talk_survives_the_program_and_its_result_is_written(house: House, phones: Phones) -> None:
    """Killed while the two talk: they hear each other, all along; killed while the person's phone rings: nobody is left in a call."""
    desk, outside = phones
    call_id, first, person = await put_through(house, desk, outside)
    await house.system.kill("program")
    await hear_each_other(desk, outside)
    await house.system.wait_ready()
    await hear_each_other(desk, outside)
    await first.hangup()
    await person.ended(15)
    assert (await house.ended(call_id))["result"] == "talked"
    call_id = await house.call_back()
    first = await desk.incoming(20)
    await first.answer()
    person = await outside.incoming(20)
    await house.system.kill("program")
    await first.ended(40)
    await person.ended(20)
    assert (await house.ended(call_id))["result"] == "interrupted"


async def test_an_alarm_rings_a_supervisor_until_they_press_one(system: System, phones: Phones) -> None:
    """Ordered by one process and rung by another; who hangs up without the key has not confirmed. Nothing beside the line has failed so far."""
    desk, _ = phones
    db = Database(postgres_url(system.folders), pool_size=2, statement_timeout_s=5)
    try:
        caller = OrderedCaller(db, SystemClock())
        ringing = asyncio.create_task(caller.ring("101", PROMPTS, ring_s=15))
        call = await desk.incoming(20)
        await call.answer()
        await sounding(desk)
        await call.send_dtmf("1")
        assert await asyncio.wait_for(ringing, 30) is Heard.CONFIRMED
        await call.ended(15)
        ringing = asyncio.create_task(caller.ring("101", PROMPTS, ring_s=15))
        call = await desk.incoming(20)
        await call.answer()
        await call.hangup()
        assert await asyncio.wait_for(ringing, 30) is Heard.ANSWERED
        ringing = asyncio.create_task(caller.ring("101", PROMPTS, ring_s=15))
        call = await desk.incoming(20)
        ringing.cancel()
        await call.ended(15)
        assert "work_failed" not in (system.folders.log / "program.log").read_text(errors="replace")
    finally:
        await db.close()


async def pressed(person: PhoneCall, house: House, call_id: UUID) -> bool:
    """Press 1, if they do not talk yet."""
    talks = await house.system.query("SELECT talked_at FROM companion_calls WHERE id = %s AND talked_at IS NOT NULL", call_id)
    if not talks:
        await person.send_dtmf("1")
    return bool(talks)


async def no_channels(system: System) -> bool:
    """Asterisk has nothing left of it."""
    return "0 active channels" in system.console("core show channels count")
