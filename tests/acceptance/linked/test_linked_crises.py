"""A crisis in a call of the centre or of a companion, on real SIP: an emergency partner joins, and the person is never alone."""

from __future__ import annotations

from uuid import UUID

import pytest

from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.acceptance.crisis.people import PARTNER_TONE, counsellor, hears
from tests.acceptance.linked.house import House
from tests.acceptance.linked.test_linked_calls import Phones, hear_each_other, pressed, put_through, sounding
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_a_partner_joins_a_call_back_and_stays_with_the_person(house: House, phones: Phones, partner: Softphone) -> None:
    """Pressed twice it is one call; the two talk on while it rings; all three hear each other, also after the program was killed; who called
    leaves after the hand-over; the incident has it all, and the line has counted nothing.
    """
    desk, outside = phones
    call_id, first, person = await put_through(house, desk, outside)
    await first.send_dtmf("*9*9")
    ringing = await partner.incoming(25)
    await hear_each_other(desk, outside)
    await ringing.answer()
    await house.told(call_id, "joined")
    await hears(outside, CALLER_TONE, desk, partner)
    await hears(partner, PARTNER_TONE, desk, outside)
    await house.system.kill("program")
    await hears(desk, COUNSELLOR_TONE, outside, partner)
    await house.system.wait_ready()
    await until(lambda: taken_over(house, call_id, first), 30, "the hand-over", every_s=2.0)
    await first.hangup()
    await house.told(call_id, "counsellor_gone")
    await hears(outside, CALLER_TONE, partner)
    await hears(partner, PARTNER_TONE, outside)
    await person.hangup()
    await ringing.ended(15)
    assert (await house.ended(call_id))["result"] == "talked"
    steps = ("dialled", "answered", "briefed", "joined", "taken_over", "counsellor_gone", "caller_gone")
    assert [kind for kind in await house.told(call_id, "caller_gone") if kind in steps] == list(steps)
    attempts = "SELECT a.result FROM incident_attempts a JOIN incidents i ON i.id = a.incident_id WHERE i.contact_id = %s"
    await until(lambda: over(house, attempts, call_id), 15, "the attempt's result")
    contact = (
        "SELECT kind, outcome, queued_at, number_index = (SELECT number_index FROM referrals LIMIT 1) AS theirs FROM contacts WHERE id = %s"
    )
    assert await house.system.query(contact, call_id) == [{"kind": "linked", "outcome": "talked", "queued_at": None, "theirs": True}]
    assert len(await house.system.query("SELECT 1 FROM alarms a JOIN incidents i ON i.id = a.about WHERE a.kind = 'incident_raised'")) == 1


async def test_a_person_whom_everybody_left_goes_on_in_the_line(house: House, phones: Phones, partner: Softphone) -> None:
    """A companion presses the key, the centre has it first; they hang up, no partner answers: word and music, then a counsellor."""
    desk, outside = phones
    call_id = await house.companion_call()
    companion = await outside.incoming(20)
    await companion.answer()
    await sounding(outside)
    await companion.send_dtmf("1")
    person = await outside.incoming(20)
    await person.answer()
    await person.answered()
    await until(lambda: pressed(person, house, call_id), 20, "the two to talk", every_s=1.0)
    await house.system.ready(await counsellor(house.system, "101"))
    await companion.send_dtmf("*9")
    ringing = await partner.incoming(25)
    first = "SELECT min(e.at) <= min(i.raised_at) AS first FROM referral_events e, incidents i WHERE e.kind = 'companion_wants_crisis'"
    assert (await house.system.query(f"{first} AND i.contact_id = %s", call_id))[0]["first"]
    await companion.hangup()
    await house.told(call_id, "counsellor_gone")
    await sounding(outside)
    for _ in range(3):
        await ringing.answer(486)
        ringing = await partner.incoming(25)
    await ringing.answer(486)
    await house.told(call_id, "nobody_left")
    counselling = await desk.incoming(25)
    await counselling.answer()
    await hear_each_other(desk, outside)
    assert (await house.ended(call_id))["result"] == "talked"
    await person.hangup()
    await counselling.ended(15)


async def taken_over(house: House, call_id: UUID, first: PhoneCall) -> bool:
    """Say so by the key, until it is on record."""
    rows = await house.system.query("SELECT 1 FROM incidents WHERE contact_id = %s AND taken_over_at IS NOT NULL", call_id)
    if not rows:
        await first.send_dtmf("*3")
    return bool(rows)


async def over(house: House, attempts: str, call_id: UUID) -> bool:
    """Whether the one attempt is over, as it was."""
    return await house.system.query(attempts, call_id) == [{"result": "taken_over"}]
