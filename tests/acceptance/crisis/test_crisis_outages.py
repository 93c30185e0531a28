"""A crisis with parts of the installation dead or frozen: nobody is forgotten, nobody is called twice."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.crisis.people import Everybody
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


@pytest.mark.soak
async def test_with_the_database_frozen_the_partner_is_rung_all_the_same(everybody: Everybody) -> None:
    """The first of them, once: Asterisk does not wait for the database either. What happened is written when that is back."""
    e = everybody
    e.system.send("postgres", signal.SIGSTOP)
    try:
        await e.press("*9")
        ringing = await e.rung("112")
        await ringing.answer(200)
    finally:
        # Unless it was replaced for being frozen.
        if "postgres" in e.system.pids:
            e.system.send("postgres", signal.SIGCONT)
    await e.system.wait_ready()
    await e.noted("partner_joined", 40)
    await e.all_three_hear()
    await e.written(("police", None))
    assert (await e.incident())["state"] == "joined"
    assert not [event for event in e.partner.events if event.name == "incoming"][1:]
    await e.press("*0")
    await e.told("called_off")
    await e.talk.hangup()
    await e.call.ended(20)


async def test_killed_between_the_attempts_row_and_its_invite(everybody: Everybody) -> None:
    """Asterisk is frozen, so that the row is there and the INVITE is not: the next program has one partner ring."""
    e = everybody
    orders = e.orders()
    e.system.send("asterisk", signal.SIGSTOP)
    try:
        await orders.raise_(e.contact_id)
        await until(e.attempts, 10, "the attempt's row")
        await e.system.kill("program")
    finally:
        e.system.send("asterisk", signal.SIGCONT)
    await e.system.wait_ready()
    await e.noted("adopted")
    ringing = await e.partner.incoming(30)
    await ringing.answer(200)
    await e.noted("partner_joined")
    await e.all_three_hear()
    assert [result for _, result in await e.attempts()].count(None) == 1
    assert not [event for event in e.partner.events if event.name == "incoming"][1:]
    await e.press("*0")
    await ringing.ended(10)
    await e.talk.hangup()
    await e.call.ended(20)


async def test_killed_while_the_briefing_plays(everybody: Everybody) -> None:
    """It is said again, and then all three hear each other. What was called off stays so over another restart."""
    e = everybody
    await e.press("*9")
    ringing = await e.rung("112")
    await ringing.answer(200)
    await e.told("answered")
    await e.system.kill("program")
    await e.system.wait_ready()
    await e.noted("partner_joined", 40)
    await e.all_three_hear()
    await e.press("*0")
    await e.told("called_off")
    await ringing.ended(10)
    await e.written(("police", "left"))
    await e.system.kill("program")
    await e.system.wait_ready()
    await e.noted("adopted", times=2)
    await e.two_hear()
    # An ordinary talk again: it ends with the counsellor.
    await e.talk.hangup()
    await e.call.ended(20)
    assert await e.attempts() == [("police", "left")]
