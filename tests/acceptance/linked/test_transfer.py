"""A caller is put through to the centre in the same call, on real SIP: who hears whom, who leaves when, and what becomes of the case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import time
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from core.clock import SystemClock
from core.database import Database
from escalation.centre.model import Urgency
from escalation.centre.referrals import Person
from escalation.centre.staff import Duty, Human
from escalation.centre.transfers import TransferDesk
from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from helpline.embedded.addresses import postgres_url
from tests.acceptance.crisis.people import PARTNER_TONE, TONES, Everybody, counsellor, hears
from tests.acceptance.linked.house import House
from tests.kit.system import System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

#: The centre's staff is at this telephone, and in one test somebody else at the other.
EXTENSION = "103"
ANOTHER = "104"


@dataclass(frozen=True)
class Centre:
    """Caller and counsellor who talk, and somebody of the centre whose phone is there."""

    e: Everybody
    house: House
    desk: TransferDesk
    staff: Softphone
    staff_id: UUID

    async def put_through(self) -> UUID:
        """The counsellor's referral, with the caller's consent, and the button; the referral."""
        case = await self.house.referrals.propose(
            Person(name="김하늘"), reason="식사를 거르심", urgency=Urgency.SOON, by=uuid4(), contact_id=self.e.contact_id
        )
        await self.house.consented(case.id)
        await self.house.referrals.send_live(case.id, self.staff_id, by=uuid4())
        await self.desk.begin(referral_id=case.id, contact_id=self.e.contact_id, staff_id=self.staff_id)
        return case.id

    async def rung(self) -> PhoneCall:
        """Their phone rings."""
        return await self.staff.incoming(25)

    async def ended(self, referral_id: UUID, state: str, *results: str) -> None:
        """Wait until the order has ended (so, or so), the case stands so, and the member of staff is free."""
        statement = (
            "SELECT o.result, r.state, r.due_at IS NOT NULL AS due, s.busy_with FROM centre_transfers o "
            "JOIN referrals r ON r.id = o.referral_id JOIN centre_staff s ON s.id = o.staff_id WHERE r.id = %s"
        )

        async def there() -> bool:
            (row,) = await self.e.system.query(statement, referral_id)
            return row.pop("result") in results and row == {"state": state, "due": True, "busy_with": None}

        await until(there, 20, f"the transfer to be {results}")

    async def three_hear(self) -> None:
        """Everybody hears everybody."""
        await hears(self.e.caller, CALLER_TONE, self.e.counsellor, self.staff)
        await hears(self.e.counsellor, COUNSELLOR_TONE, self.e.caller, self.staff)
        await hears(self.staff, PARTNER_TONE, self.e.caller, self.e.counsellor)

    async def caller_and_centre_hear(self) -> None:
        """The two who are left."""
        await hears(self.e.caller, CALLER_TONE, self.staff)
        await hears(self.staff, PARTNER_TONE, self.e.caller)


@pytest_asyncio.fixture
async def centre(system: System, house: House) -> AsyncIterator[Centre]:
    """Caller and counsellor hear each other; the centre's phone rings when it is called."""
    async with AsyncExitStack() as stack:
        everybody = await Everybody.talking(system, stack)
        phone = await stack.enter_async_context(system.phone(await counsellor(system, EXTENSION), listen_for=TONES))
        await phone.register()
        await phone.on_call(180)
        db = Database(postgres_url(system.folders), pool_size=2, statement_timeout_s=5)
        stack.push_async_callback(db.close)
        rows = await system.query("SELECT id FROM centre_staff WHERE extension = %s", EXTENSION)
        staff_id = rows[0]["id"] if rows else await house.staff.add("안나", extension=EXTENSION, user_id=uuid4())
        await house.staff.say(staff_id, Human.READY)
        yield Centre(everybody, house, TransferDesk(db, SystemClock()), phone, staff_id)


async def test_three_together_then_the_counsellor_leaves_and_the_two_go_on(centre: Centre) -> None:
    """The talk goes on while the centre is rung and briefed; the two survive the program; whom the centre leaves last is not alone."""
    e = centre.e
    referral = await centre.put_through()
    ringing = await centre.rung()
    assert "<sip:120@" in ringing.invite.text("message")
    await e.two_hear()
    await ringing.answer(200)
    await e.noted("centre_joined")
    await centre.three_hear()
    statement = "SELECT r.state, s.busy_with FROM referrals r JOIN centre_staff s ON s.id = r.owner_id WHERE r.id = %s"
    await until(lambda: e.system.query(f"{statement} AND r.state = 'in_contact'", referral), 15, "the case to be the centre's")
    assert await e.system.query(statement, referral) == [{"state": "in_contact", "busy_with": referral}]
    await e.press("*3")
    await e.talk.ended(15)
    await e.noted("counsellor_left")
    await centre.caller_and_centre_hear()
    await e.system.kill("program")
    await centre.caller_and_centre_hear()
    await e.system.wait_ready()
    await e.noted("adopted")
    await centre.caller_and_centre_hear()
    presence = "SELECT p.system FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE c.extension = '101'"
    assert (await e.system.query(presence))[0]["system"] != "talking"
    await ringing.hangup()
    await e.noted("rescued")
    # The counsellor, who has wrapped up by now on a slow machine, may have them again.
    statement = "SELECT 1 FROM contacts WHERE id = %s AND state IN ('waiting', 'talking')"
    await until(lambda: e.system.query(statement, e.contact_id), 15, "back in the line")
    assert await until(e.caller_hears_something, 15, "word or music")
    await centre.ended(referral, "in_contact", "taken")
    await e.call.hangup()
    await e.system.ended_contact(e.before, 20)
    assert "unattended" not in await e.system.timeline(e.contact_id)


async def test_busy_and_hung_up_too_soon_leave_the_two_and_a_work_item(centre: Centre) -> None:
    """Then the counsellor hangs up while the centre's phone rings: the caller waits with music, and talks with the centre."""
    e = centre.e
    referral = await centre.put_through()
    await (await centre.rung()).answer(486)
    await centre.ended(referral, "waiting", "busy")
    await e.two_hear()
    referral = await centre.put_through()
    ringing = await centre.rung()
    await ringing.answer(200)
    await e.noted("centre_answered")
    await ringing.hangup()
    # The end of the briefing may be heard of before that of the leg.
    await centre.ended(referral, "waiting", "rejected", "failed")
    await e.two_hear()
    referral = await centre.put_through()
    ringing = await centre.rung()
    await e.talk.hangup()
    await e.noted("rescued")
    await ringing.answer(200)
    await e.noted("centre_joined")
    await centre.caller_and_centre_hear()
    await e.call.hangup()
    await ringing.ended(15)
    await centre.ended(referral, "in_contact", "taken")
    assert (await e.system.ended_contact(e.before, 20))["outcome"] == "talked"


async def test_who_is_busy_is_followed_by_whoever_else_is_free(centre: Centre) -> None:
    """The talk goes on meanwhile; the case is with the one who answered."""
    e, house = centre.e, centre.house
    async with e.system.phone(await counsellor(e.system, ANOTHER), listen_for=TONES) as phone:
        await phone.register()
        await phone.on_call(180)
        other = await house.staff.add("베라", extension=ANOTHER, user_id=uuid4())
        await house.staff.set_duties(other, [Duty(staff_id=other, weekday=day, starts=time(0), ends=time(0)) for day in range(7)])
        await house.staff.say(other, Human.READY)
        referral = await centre.put_through()
        await (await centre.rung()).answer(486)
        ringing = await phone.incoming(25)
        await e.two_hear()
        await ringing.answer(200)
        await e.noted("centre_joined")
        await hears(phone, PARTNER_TONE, e.caller, e.counsellor)
        await e.call.hangup()
        await ringing.ended(15)
        assert (await e.system.ended_contact(e.before, 20))["outcome"] == "talked"
        await house.staff.leave(other)
    rows = await e.system.query("SELECT owner_id, state FROM referrals WHERE id = %s", referral)
    assert rows == [{"owner_id": other, "state": "in_contact"}]
    orders = await e.system.query("SELECT result FROM centre_transfers WHERE referral_id = %s ORDER BY id", referral)
    assert [order["result"] for order in orders][:1] == ["busy"]
    assert len(orders) == 2


async def test_a_killed_program_rings_nobody_twice_and_a_crisis_comes_first(centre: Centre) -> None:
    """Killed while the phone rings: it rings on, and the three come together; in a crisis the centre is let go and 112 is called."""
    e = centre.e
    referral = await centre.put_through()
    ringing = await centre.rung()
    await e.system.kill("program")
    await e.two_hear()
    await e.system.wait_ready()
    await e.noted("adopted")
    await ringing.answer(200)
    await e.noted("centre_joined")
    await centre.three_hear()
    await e.press("*9")
    await ringing.ended(15)
    await e.noted("partner_rung")
    await e.two_hear()
    await centre.ended(referral, "in_contact", "taken")
    await e.press("*0")
    await e.told("called_off")
    await e.call.hangup()
    await e.talk.ended(15)
    assert (await e.system.ended_contact(e.before, 20))["outcome"] == "talked"
    assert [event.name for event in centre.staff.events].count("incoming") == 1
