"""Keys in the menu, in every way a telephone sends them."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest

from helpline.demo.softphone import Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from ivr import flow as flows
from tests.kit.sipp import Sipp
from tests.kit.sipp_scenario import caller as sipp_caller
from tests.kit.sipp_scenario import hang_up, press
from tests.kit.system import Counsellor, System
from tests.kit.until import until


async def _expect_waiting(system: System, before: list[dict[str, object]], within_s: float = 15.0) -> object:
    """The one new contact has joined the line; its id."""

    async def queued() -> list[dict[str, object]]:
        return [row for row in await system.new_contacts(before) if row["queued_at"]]

    rows = await until(queued, within_s, "the caller to join the line")
    assert len(rows) == 1
    return rows[0]["id"]


async def test_no_key_at_all_leads_to_a_person(system: System) -> None:
    """Silence: one repeat, then a person."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        contact_id = await _expect_waiting(system, before, 25)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "abandoned_waiting"
    assert (await system.timeline(contact_id)).count("silence") == 2


async def test_wrong_keys_lead_to_a_person_after_one_repeat(system: System) -> None:
    """The second wrong try reaches a human."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        await call.send_dtmf("8")

        async def one_try() -> bool:
            rows = await system.new_contacts(before)
            return bool(rows) and (await system.timeline(rows[0]["id"])).count("wrong_key") == 1

        await until(one_try, 10, "the first wrong key")

        # Again and again until the pause that belongs to the first try is over.
        async def second_try() -> bool:
            await call.send_dtmf("#")
            rows = await system.new_contacts(before)
            return bool(rows[0]["queued_at"])

        await until(second_try, 15, "a person", every_s=2.0)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "abandoned_waiting"


async def test_a_hand_on_the_keypad_and_then_5_counts_once(system: System) -> None:
    """Too many keys are one wrong try; 5 counts at any moment."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        await call.send_dtmf("777955")
        contact_id = await _expect_waiting(system, before)
        await call.hangup()
        await system.ended_contact(before)
    tries = await system.query("SELECT at FROM events WHERE contact_id = %s AND kind = 'wrong_key' ORDER BY at", contact_id)
    assert tries
    # A machine that stands still between two keys makes two tries of them, and the second leads to a person as well.
    times = [cast("datetime", row["at"]) for row in tries]
    assert all((later - earlier).total_seconds() > 0.9 * flows.load().menu.settle_s for earlier, later in pairwise(times))
    assert (await system.timeline(contact_id)).count("key_5") == (1 if len(tries) == 1 else 0)


@pytest.mark.parametrize("method", ["rfc4733", "info"])
async def test_key_5_arrives_by_either_method_during_the_greeting(system: System, method: str) -> None:
    """RFC 4733 and SIP INFO; pressed twice, counted once."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        await call.send_dtmf("55", method=method)  # type: ignore[arg-type]
        contact_id = await _expect_waiting(system, before, 5)
        await call.hangup()
        await system.ended_contact(before)
    assert (await system.timeline(contact_id)).count("key_5") == 1


@pytest.mark.parametrize("method", ["pcap", "info"])
async def test_key_5_from_another_stack(system: System, tmp_path: Path, method: str) -> None:
    """SIPp's packets instead of the softphone library's."""
    before = await system.contact_rows()
    steps = [press("5", after_ms=500, method=method), hang_up(after_ms=1500)]  # type: ignore[arg-type]
    async with Sipp(sipp_caller(steps), folder=tmp_path, target=f"127.0.0.1:{system.sip_port}") as sipp:
        contact_id = await _expect_waiting(system, before, 10)
        await sipp.finished()
    assert (await system.ended_contact(before))["outcome"] == "abandoned_waiting"
    assert (await system.timeline(contact_id)).count("key_5") == 1


async def test_another_desk_of_the_dasan_centre_takes_the_call(system: System, dasan: Counsellor) -> None:
    """Key 1: both hear each other; the outcome says so."""
    before = await system.contact_rows()
    async with system.phone(dasan) as desk, system.caller() as caller:
        await desk.register()
        await desk.on_call(200)
        await desk.play_tone(COUNSELLOR_TONE)
        await caller.play_tone(CALLER_TONE)
        call = await caller.call("120")
        await call.answered()
        await call.send_dtmf("1")
        await caller.heard_tone(COUNSELLOR_TONE, 15)
        await desk.heard_tone(CALLER_TONE, 5)
        await call.hangup()
        contact = await system.ended_contact(before)
    assert contact["outcome"] == "transferred"


async def test_a_desk_that_nobody_answers_is_said_and_5_still_works(system: System) -> None:
    """Unreachable: the caller hears so and presses 5."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        contact_id = await _press_2_then_5(system, caller, before)
        await system.ended_contact(before)
    timeline = await system.timeline(contact_id)
    assert "transfer_failed" in timeline
    assert timeline.count("key_5") == 1


async def _press_2_then_5(system: System, caller: Softphone, before: list[dict[str, object]]) -> object:
    call = await caller.call("120")
    await call.answered()
    await call.send_dtmf("2")

    async def failed() -> bool:
        rows = await system.new_contacts(before)
        return bool(rows) and "transfer_failed" in await system.timeline(rows[0]["id"])

    await until(failed, 10, "the transfer to fail")
    await call.send_dtmf("5")
    contact_id = await _expect_waiting(system, before)
    await call.hangup()
    return contact_id
