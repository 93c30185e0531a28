"""kill -9 and SIGSTOP of every part, with callers in every state (what a caller experiences)."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.kit.system import Counsellor, System
from tests.kit.until import until

Rows = list[dict[str, Any]]


@asynccontextmanager
async def on_duty(system: System, person: Counsellor, *, answers: int = 200) -> AsyncIterator[Softphone]:
    """A counsellor's phone, registered and ready, that says its tone."""
    async with system.phone(person) as phone:
        await phone.on_call(answers)
        await phone.play_tone(COUNSELLOR_TONE)
        await phone.register()
        await system.ready(person)
        yield phone


async def both_hear(phone: Softphone, caller: Softphone) -> None:
    """New tones pass in both directions from now on."""
    for speaker, listener, tone in ((caller, phone, CALLER_TONE), (phone, caller, COUNSELLOR_TONE)):
        # Silence, and then the tone: what is heard now was said now.
        await speaker.play_tone(None)
        await until(lambda listener=listener: _hears_nothing(listener), 15, "silence on the line")  # type: ignore[misc]
        listener.forget_events()
        await speaker.play_tone(tone)
        await listener.heard_tone(tone, 15)


async def _hears_nothing(listener: Softphone) -> bool:
    return not (await listener.hearing())["sounding"]


async def has(system: System, before: Rows, kind: str, within_s: float = 15.0) -> object:
    """Wait until the one new contact's timeline has this; the contact's id."""

    async def found() -> object:
        rows = await system.new_contacts(before)
        return rows[0]["id"] if rows and kind in await system.timeline(rows[0]["id"]) else None

    return await until(found, within_s, f"{kind} in the timeline", every_s=0.05, ignore=(OSError, Exception))


async def talking(system: System, caller: Softphone, before: Rows, number: str = "0212000") -> PhoneCall:
    """A caller who talks with a counsellor."""
    call = await caller.call(number)
    await has(system, before, "bridged")
    return call


async def test_a_killed_program_interrupts_no_talk_and_the_contact_ends_once(system: System, kim: Counsellor) -> None:
    """Caller and counsellor keep talking while it is dead and after it is back."""
    before = await system.contact_rows()
    async with on_duty(system, kim) as phone, system.caller() as caller:
        call = await talking(system, caller, before)
        await system.kill("program")
        await both_hear(phone, caller)
        await system.wait_ready()
        await has(system, before, "adopted")
        await both_hear(phone, caller)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "talked"
    assert (await system.timeline(contact["id"])).count("outcome") == 1


async def test_a_talk_that_ends_while_the_program_is_dead_has_one_outcome(system: System, kim: Counsellor) -> None:
    """Nobody watched; the comparison finds it, and the counsellor is free."""
    before = await system.contact_rows()
    async with on_duty(system, kim) as phone, system.caller() as caller:
        call = await talking(system, caller, before)
        incoming = await phone.incoming(5)
        await system.kill("program")
        await call.hangup()
        await system.wait_ready()
        contact = await system.ended_contact(before, 15)
        assert contact["outcome"] == "talked"
        await incoming.ended(15)
        await caller.play_tone(CALLER_TONE)
        again = await caller.call("0212000")
        await caller.heard_tone(COUNSELLOR_TONE, 20)
        await again.hangup()


async def test_a_killed_program_keeps_the_waiting_caller_in_place(system: System, kim: Counsellor) -> None:
    """Music goes on; after the restart the same contact reaches a counsellor."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("0212000")
        await has(system, before, "waiting")
        await system.kill("program")
        await system.wait_ready()
        await has(system, before, "adopted")
        async with on_duty(system, kim):
            await caller.heard_tone(COUNSELLOR_TONE, 20)
            await call.hangup()
            contact = await system.ended_contact(before)
    assert contact["outcome"] == "talked"


async def test_a_killed_program_leads_a_caller_in_the_menu_on(system: System) -> None:
    """The menu starts again and key 5 works."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await has(system, before, "menu_started")
        await system.kill("program")
        await system.wait_ready()
        await has(system, before, "adopted")
        await call.send_dtmf("5")
        await has(system, before, "key_5")
        await call.hangup()
        assert (await system.ended_contact(before))["outcome"] == "abandoned_waiting"


async def test_a_killed_program_while_a_phone_rings_still_connects(system: System, kim: Counsellor) -> None:
    """The counsellor answers after the restart, or is rung again."""
    before = await system.contact_rows()
    async with on_duty(system, kim, answers=180) as phone, system.caller() as caller:
        call = await caller.call("0212000")
        await phone.incoming(10)
        await phone.on_call(200)
        await system.kill("program")
        await system.wait_ready()
        await caller.heard_tone(COUNSELLOR_TONE, 30)
        await call.hangup()
        assert (await system.ended_contact(before))["outcome"] == "talked"


async def test_a_frozen_program_loses_no_new_call(system: System, kim: Counsellor) -> None:
    """It does not claim: the dialplan rings the counsellor, and the books have the call afterwards."""
    before = await system.contact_rows()
    async with on_duty(system, kim) as phone, system.caller() as caller:
        system.send("program", signal.SIGSTOP)
        try:
            call = await caller.call("120")
            await caller.heard_tone(COUNSELLOR_TONE, 30)
            await caller.play_tone(CALLER_TONE)
            await phone.heard_tone(CALLER_TONE, 5)
            await call.hangup()
        finally:
            # A frozen one may have been replaced meanwhile.
            if "program" in system.pids:
                system.send("program", signal.SIGCONT)
        await system.wait_ready()
        contact = await system.ended_contact(before, 20)
    assert contact["outcome"] == "talked_safety_net"
    assert contact["counsellor_id"] is not None


async def test_a_frozen_database_drops_no_talk_and_loses_no_new_call(system: System, kim: Counsellor, lee: Counsellor) -> None:
    """The talk goes on; a new caller reaches a counsellor through the dialplan; both are in the books afterwards."""
    before = await system.contact_rows()
    async with on_duty(system, kim) as phone, system.caller() as caller:
        call = await talking(system, caller, before)
        async with on_duty(system, lee), system.caller("0215880000") as second:
            system.send("postgres", signal.SIGSTOP)
            try:
                await system.wait_not_ready()
                await both_hear(phone, caller)
                other = await second.call("120")
                await second.heard_tone(COUNSELLOR_TONE, 60)
                await other.hangup()
                await call.hangup()
                await call.ended(5)
            finally:
                if "postgres" in system.pids:
                    system.send("postgres", signal.SIGCONT)
            await system.wait_ready()

            async def both() -> Rows:
                rows = await system.new_contacts(before)
                return rows if len(rows) == 2 and all(row["outcome"] for row in rows) else []

            rows = await until(both, 20, "both contacts with an outcome")
    assert sorted(row["outcome"] for row in rows) == ["talked", "talked_safety_net"]


async def test_a_killed_database_drops_no_talk(system: System, kim: Counsellor) -> None:
    """PostgreSQL dies and comes back; what happened meanwhile is written then."""
    before = await system.contact_rows()
    async with on_duty(system, kim) as phone, system.caller() as caller:
        call = await talking(system, caller, before)
        await system.kill("postgres")
        await both_hear(phone, caller)
        await call.hangup()
        await call.ended(5)
        await system.wait_ready()

        async def ended() -> Rows:
            rows = await system.new_contacts(before)
            return rows if rows and rows[0]["outcome"] else []

        rows = await until(ended, 20, "the outcome", ignore=(Exception,))
    assert [row["outcome"] for row in rows] == ["talked"]


async def test_a_killed_asterisk_closes_its_calls_and_the_next_one_works(system: System, kim: Counsellor) -> None:
    """A waiting caller is marked for a call-back, a talk as talked; the next call goes through."""
    before = await system.contact_rows()
    async with on_duty(system, kim) as phone, system.caller() as caller, system.caller("0311112222") as second:
        await talking(system, caller, before)
        talk = await system.new_contacts(before)
        await second.call("0212000")
        await has(system, [*before, *talk], "waiting")
        await system.kill("asterisk")
        await system.wait_not_ready()
        await system.wait_ready(40)

        async def closed() -> Rows:
            rows = await system.new_contacts(before)
            return rows if all(row["outcome"] for row in rows) else []

        rows = await until(closed, 20, "both rows to be closed")
        assert sorted(row["outcome"] for row in rows) == ["cut_off", "talked"]
        await phone.register(15)
        await system.ready(kim)
        async with system.caller() as third:
            known = await system.contact_rows()
            call = await third.call("0212000")
            await third.heard_tone(COUNSELLOR_TONE, 20)
            await call.hangup()
            assert (await system.ended_contact(known))["outcome"] == "talked"
