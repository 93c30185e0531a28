"""What the desk orders in a crisis, written as the desk writes it, makes the partner's telephone ring."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from escalation.model import OrderKind, RaisedBy
from helpline.demo.tones import CALLER_TONE
from tests.acceptance.crisis.people import DIRECT, PARTNER_TONE, TONES, Desk, Everybody, hears
from tests.acceptance.outside.people import dialled
from tests.kit.system import System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_orders_in_a_talk(everybody: Everybody) -> None:
    """Raise, another partner in place of this one, both alone, all three, taken over."""
    e, desk = everybody, everybody.orders()
    await desk.raise_(e.contact_id)
    first = await e.rung("112")
    await desk(OrderKind.DIAL, e.contact_id, partner_id="suicide-line")
    await first.ended(10)
    second = await e.rung("109")
    await second.answer(200)
    await e.noted("partner_answered")
    await desk(OrderKind.PRIVATE, e.contact_id)
    await e.told("private")
    await desk(OrderKind.JOIN, e.contact_id)
    await e.noted("partner_joined")
    await e.all_three_hear()
    await desk(OrderKind.TAKEN_OVER, e.contact_id)
    await e.noted("partner_taken_over")
    await e.written(("police", "withdrawn"), ("suicide-line", None))
    await e.call.hangup()
    await second.ended(10)
    await e.talk.ended(10)
    # Off the phone, and to be called again all the same.
    await desk(OrderKind.REDIAL, e.contact_id)
    await until(lambda: e.system.query("SELECT 1 FROM callbacks WHERE lane = 'crisis' AND outcome IS NULL"), 15, "the call-back")


@pytest.mark.parametrize("number", [DIRECT, "120"])
async def test_a_caller_who_waits_or_listens_to_the_menu_is_joined_with_the_partner(system: System, number: str) -> None:
    """Raised by a supervisor; the caller keeps a place in the line until the partner has taken over."""
    async with AsyncExitStack() as stack:
        partner = await stack.enter_async_context(system.outside(listen_for=TONES))
        await partner.on_call(180)
        caller = await stack.enter_async_context(system.caller(listen_for=TONES))
        await system.outside_reachable()
        before, desk = await system.contact_rows(), Desk(system, stack)
        call = await caller.call(number)
        contact = (await until(lambda: system.new_contacts(before), 10, "the contact"))[0]["id"]
        await desk(OrderKind.RAISE, contact, raised_by=RaisedBy.SUPERVISOR)
        ringing = await partner.incoming(25)
        assert dialled(ringing) == "112"
        await ringing.answer(200)
        await hears(caller, CALLER_TONE, partner)
        await hears(partner, PARTNER_TONE, caller)
        assert (await system.query("SELECT lane FROM contacts WHERE id = %s", contact))[0]["lane"] == "crisis"
        await call.hangup()
        await ringing.ended(10)
