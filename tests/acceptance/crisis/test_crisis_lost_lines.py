"""Lines that drop in a crisis, on real SIP: the caller's, with everybody else still there, and the counsellor's phone itself."""

from __future__ import annotations

import pytest

from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.acceptance.crisis.people import DIRECT, PARTNER_TONE, Everybody, at_work, counsellor, hears
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

CALLER = "01012345678"


async def test_counsellor_and_partner_stay_while_the_caller_is_called_again(everybody: Everybody) -> None:
    """They hear each other; the caller refuses once, then presses 1, and is with both again. Nobody was called twice."""
    e = everybody
    ringing = await e.raised_and_joined()
    await e.caller_drops()
    await (await e.rung(CALLER)).answer(486)
    again = await e.rung(CALLER)
    await again.answer(200)
    await e.noted("person_answered")
    await again.send_dtmf("1")
    await e.noted("caller_back")
    await e.noted("partner_joined", times=2)
    story = await e.told("caller_back")
    assert [kind for kind in story if kind in ("caller_gone", "redialled", "caller_back")] == [
        "caller_gone", "redialled", "redialled", "caller_back",
    ]  # fmt: skip
    # Partner and caller answer at the same telephone: once the partner has left, what is heard there is heard by the caller.
    await ringing.hangup()
    await e.told("partner_left")
    await hears(e.counsellor, COUNSELLOR_TONE, e.partner)
    await hears(e.partner, PARTNER_TONE, e.counsellor)
    await e.written(("police", "left"))
    await again.hangup()
    await e.talk.ended(10)
    assert (await e.system.ended_contact(e.before, 15))["outcome"] == "talked"


async def test_who_dials_again_is_with_both_also_after_a_kill(everybody: Everybody) -> None:
    """The same call on another line: no question, no other contact, and a program that died finds them there."""
    e = everybody
    await e.raised_and_joined()
    await e.caller_drops()
    e.call = await e.caller.call(DIRECT)
    await e.noted("caller_dialled_again")
    assert "caller_back" in await e.told("caller_back")
    await e.noted("partner_joined", times=2)
    await e.all_three_hear()
    await e.system.kill("program")
    await e.system.wait_ready()
    await e.noted("adopted")
    await hears(e.caller, CALLER_TONE, e.counsellor, e.partner)
    await e.press("*3")
    await e.told("taken_over")
    await e.call.hangup()
    await e.talk.ended(10)
    assert (await e.system.ended_contact(e.before, 15))["outcome"] == "talked"
    assert len(await e.system.new_contacts(e.before)) == 1


async def test_a_killed_program_finds_counsellor_and_partner_without_their_caller(everybody: Everybody) -> None:
    """Both talk on, the caller is called again, and when the counsellor leaves the call-back machinery goes on; the same counsellor first."""
    e = everybody
    ringing = await e.raised_and_joined()
    await e.caller_drops()
    await e.system.kill("program")
    await hears(e.counsellor, COUNSELLOR_TONE, e.partner)
    await e.system.wait_ready()
    await e.noted("adopted")
    await (await e.rung(CALLER)).answer(486)
    await e.talk.hangup()
    await ringing.ended(10)
    assert (await e.system.ended_contact(e.before, 15))["outcome"] == "talked"
    await e.written(("police", "left"))
    # Now through the line: the counsellor of the crisis, rested, is asked first, then the person.
    await e.system.ready(await counsellor(e.system, "101"))
    e.talk = await e.counsellor.incoming(40)
    again = await e.rung(CALLER)
    await again.answer(200)
    await until(lambda: _answered(e), 15, "the question")
    await again.send_dtmf("1")
    assert "caller_back" in await e.told("caller_back")
    await hears(e.counsellor, COUNSELLOR_TONE, e.partner)
    # It is the same crisis: who was tried is known.
    await e.press("*9")
    await e.rung("119")
    await e.press("*0")
    await until(lambda: _attempts(e, ("police", "left"), ("fire", "withdrawn")), 15, "the attempts")
    await e.talk.hangup()
    await again.ended(20)


async def _answered(e: Everybody) -> bool:
    rows = await e.system.query(
        "SELECT 1 FROM events v JOIN contacts c ON c.id = v.contact_id WHERE c.kind = 'callback' AND v.kind = 'person_answered'"
    )
    return bool(rows)


async def _attempts(e: Everybody, *expected: tuple[str, str | None]) -> bool:
    return await e.attempts() == list(expected)


async def test_a_counsellors_phone_that_dies_leaves_caller_and_partner_together(everybody: Everybody) -> None:
    """The process of the phone is killed: nothing is said by it; the two talk on, and the next counsellor joins them."""
    e = everybody
    ringing = await e.raised_and_joined()
    await e.counsellor.kill()
    e.counsellor = await at_work(e.system, e.stack, "102")
    await hears(e.caller, CALLER_TONE, e.partner)
    await hears(e.partner, PARTNER_TONE, e.caller)
    await e.noted("counsellor_left", 90)
    e.talk = await e.counsellor.incoming(25)
    await e.noted("bridged", times=2)
    await e.all_three_hear()
    await e.press("*3")
    await e.noted("partner_taken_over")
    await ringing.hangup()
    await e.told("partner_left")
    await e.talk.hangup()
    await e.call.ended(20)
    await e.written(("police", "taken_over"))
