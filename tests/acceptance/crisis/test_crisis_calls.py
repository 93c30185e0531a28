"""A crisis on real SIP: who is called, who hears whom, who hangs up when."""

from __future__ import annotations

import pytest

from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.acceptance.crisis.people import PARTNER_TONE, Everybody, at_work, hears
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_the_partner_is_briefed_joins_takes_over_and_the_counsellor_may_leave(everybody: Everybody) -> None:
    """The press twice is one call; the talk goes on while it rings; after the hand-over caller and partner stay together."""
    e = everybody
    await e.press("*9*9")
    ringing = await e.rung("112")
    await e.two_hear()
    await ringing.answer(200)
    await e.noted("partner_joined")
    await e.all_three_hear()
    story = await e.told("joined")
    assert [kind for kind in story if kind in ("dialled", "answered", "briefed", "joined")] == ["dialled", "answered", "briefed", "joined"]
    await e.press("*3")
    await e.noted("partner_taken_over")
    await e.talk.hangup()
    await e.noted("counsellor_left")
    await hears(e.caller, CALLER_TONE, e.partner)
    await hears(e.partner, PARTNER_TONE, e.caller)
    contact = (await e.system.query("SELECT state, lane FROM contacts WHERE id = %s", e.contact_id))[0]
    assert contact == {"state": "talking", "lane": "crisis"}
    # The partner has done what they could, and nobody else is there: the caller is not hung up.
    await ringing.hangup()
    await e.noted("rescued")
    await until(lambda: e.system.query("SELECT 1 FROM contacts WHERE id = %s AND state = 'waiting'", e.contact_id), 10, "back in the line")
    await e.written(("police", "taken_over"))
    await e.call.hangup()
    contact = await e.system.ended_contact(e.before, 15)
    assert contact["outcome"] in ("talked", "dropped")
    assert (await e.incident())["state"] == "taken_over"


async def test_busy_then_silence_then_a_word_in_private_then_all_three(everybody: Everybody) -> None:
    """Each failure leads to the next partner at once; in private the caller hears music; a partner who leaves leaves the two together."""
    e = everybody
    await e.press("*9")
    await (await e.rung("112")).answer(486)
    silent = await e.rung("119")
    await e.two_hear()
    await silent.ended(20)
    third = await e.rung("109")
    await third.answer(200)
    await e.noted("partner_answered")
    await e.press("*2")
    await e.told("private")
    await hears(e.counsellor, COUNSELLOR_TONE, e.partner, deaf=[e.caller])
    await hears(e.partner, PARTNER_TONE, e.counsellor, deaf=[e.caller])
    # Nobody says anything to the caller, and yet something is to be heard.
    await until(e.caller_hears_something, 10, "word or music")
    await e.press("*1")
    await e.noted("partner_joined")
    await e.all_three_hear()
    await third.hangup()
    await e.told("partner_left")
    await e.two_hear()
    # Everybody was tried: the first press begins the next round.
    await e.press("*9")
    await e.told("nobody_left")
    again = await e.rung("112")
    await e.press("*0")
    await again.ended(10)
    await e.told("called_off")
    await e.two_hear()
    await e.written(("police", "busy"), ("fire", "no_answer"), ("suicide-line", "left"), ("police", "withdrawn"))
    await e.press("*9")
    await (await e.rung("119")).answer(486)
    await (await e.rung("109")).answer(486)
    await e.noted("partners_unreached")
    await e.call.hangup()
    await e.talk.ended(10)
    assert (await e.system.ended_contact(e.before, 15))["outcome"] == "talked"
    await e.told("caller_gone")
    await until(lambda: e.system.query("SELECT 1 FROM callbacks WHERE lane = 'crisis' AND outcome IS NULL"), 10, "the call-back")


async def test_a_counsellor_who_hangs_up_too_early_is_replaced_in_the_same_conversation(everybody: Everybody) -> None:
    """The caller stays with the partner, keeps the front of the line, and another counsellor joins both."""
    e = everybody
    await e.press("*9")
    ringing = await e.rung("112")
    await ringing.answer(200)
    await e.noted("partner_joined")
    await e.talk.hangup()
    await e.noted("counsellor_left")
    await hears(e.caller, CALLER_TONE, e.partner)
    await hears(e.partner, PARTNER_TONE, e.caller)
    e.counsellor = await at_work(e.system, e.stack, "102")
    e.talk = await e.counsellor.incoming(25)
    assert "위급" in e.talk.invite.text("message") or "=?" in e.talk.invite.text("message")
    await e.noted("bridged", times=2)
    await e.all_three_hear()
    assert "counsellor_back" in await e.told("counsellor_back")
    await e.talk.hangup()
    await e.noted("counsellor_left", times=2)
    await e.call.hangup()
    await ringing.ended(10)
    await e.written(("police", "left"))


async def test_a_partner_finds_the_caller_whose_counsellor_is_gone(everybody: Everybody) -> None:
    """The counsellor's phone dies while the partner's rings: the caller waits with music, and talks with the partner once they answer."""
    e = everybody
    await e.press("*9")
    ringing = await e.rung("112")
    await e.talk.hangup()
    await e.noted("rescued")
    await ringing.answer(200)
    await e.noted("partner_joined")
    await hears(e.caller, CALLER_TONE, e.partner)
    await hears(e.partner, PARTNER_TONE, e.caller)
    await e.call.hangup()
    await ringing.ended(10)
    await e.written(("police", "left"))
    assert (await e.system.ended_contact(e.before, 15))["outcome"] == "talked"
    assert "unattended" not in await e.system.timeline(e.contact_id)


async def test_a_killed_program_loses_no_partner_and_calls_nobody_twice(everybody: Everybody) -> None:
    """Killed while the partner's phone rings, and again while all three talk: everything goes on, with one attempt on record."""
    e = everybody
    await e.press("*9")
    ringing = await e.rung("112")
    await e.system.kill("program")
    await e.two_hear()
    await e.system.wait_ready()
    await e.noted("adopted")
    await ringing.answer(200)
    await e.noted("partner_joined")
    await e.all_three_hear()
    await e.system.kill("program")
    await e.all_three_hear()
    await e.system.wait_ready()
    await e.noted("adopted", times=2)
    await e.all_three_hear()
    await e.press("*3")
    await e.noted("partner_taken_over")
    await ringing.hangup()
    await e.told("partner_left")
    await e.two_hear()
    await e.written(("police", "taken_over"))
    await e.talk.hangup()
    await e.call.ended(20)
    assert (await e.system.ended_contact(e.before, 15))["outcome"] == "talked"
    assert not [event for event in e.partner.events if event.name == "incoming"][1:]
