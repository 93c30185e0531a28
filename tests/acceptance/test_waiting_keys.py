"""In the line on real parts: keys, the silent caller, and callers who fall out of the music."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from helpline.demo.softphone import PhoneCall, Softphone
from helpline.embedded.addresses import ari_password
from ivr.ari import Ari
from ivr.asterisk_config import ARI_USER
from tests.kit.system import System
from tests.kit.until import until


@asynccontextmanager
async def _in_line(system: System, number: str = "01012345678") -> AsyncIterator[tuple[Softphone, PhoneCall, dict[str, Any]]]:
    """Somebody who hears music: the phone, the call, the contact as it was."""
    before = await system.contact_rows()
    async with system.caller(number) as caller:
        call = await caller.call("0212000")
        await call.answered()

        async def waits() -> dict[str, Any] | None:
            for row in await system.new_contacts(before):
                if "waiting" in await system.timeline(row["id"]):
                    return row
            return None

        contact = await until(waits, 15, "the caller to hear music")
        assert contact is not None
        yield caller, call, contact
        await call.hangup()
        await system.ended_contact(before)


async def _happens(system: System, contact_id: object, kind: str, times: int = 1, within_s: float = 15.0) -> None:
    """Until the timeline has it."""

    async def there() -> bool:
        return (await system.timeline(contact_id)).count(kind) >= times

    await until(there, within_s, f"{kind} in the timeline")


async def _contact(system: System, contact_id: object) -> dict[str, Any]:
    return (await system.query("SELECT * FROM contacts WHERE id = %s", contact_id))[0]


async def test_key_9_goes_before_everybody_and_a_supervisor_knows(system: System) -> None:
    """Crisis lane, alarm, timeline; then 0 and # do what they say, and the call is still there."""
    async with _in_line(system) as (_, call, contact):
        await call.send_dtmf("9")
        await _happens(system, contact["id"], "danger_key")

        async def alarmed() -> bool:
            rows = await system.query("SELECT 1 FROM alarms WHERE kind = 'danger_key' AND about = %s", contact["id"])
            return bool(rows) and str((await _contact(system, contact["id"]))["lane"]) == "crisis"

        await until(alarmed, 5, "lane and alarm")
        await call.send_dtmf("0")
        await _happens(system, contact["id"], "repeat")
        await call.send_dtmf("#")
        await _happens(system, contact["id"], "language")
        await until(lambda: _speaks(system, contact["id"], "en"), 5, "the language to be written")
        # The place that was said is kept for a restart.
        assert (await _contact(system, contact["id"]))["promised_place"] == 0


async def _speaks(system: System, contact_id: object, language: str) -> bool:
    return str((await _contact(system, contact_id))["language"]) == language


async def test_key_1_arranges_a_call_back_that_keeps_the_place(system: System) -> None:
    """The number of the call, consent by keys; hanging up then is an arranged call-back."""
    async with _in_line(system, "01098765432") as (_, call, contact):
        await call.send_dtmf("1")
        await _happens(system, contact["id"], "dialogue")

        # Yes to the number and to each question of consent; keys stop what is being said.
        async def pressed() -> bool:
            await call.send_dtmf("1")
            return "callback_arranged" in await system.timeline(contact["id"])

        await until(pressed, 20, "a call-back", every_s=0.7)
    ended = await _contact(system, contact["id"])
    assert ended["outcome"] == "callback_arranged"
    rows = await system.query("SELECT * FROM callbacks WHERE contact_id = %s", contact["id"])
    assert [(row["reason"], row["may_call"]) for row in rows] == [("asked", True)]
    assert rows[0]["virtual_start"] == ended["virtual_start"]
    await system.query("UPDATE callbacks SET state = 'cancelled', outcome = 'cancelled', ended_at = now() WHERE outcome IS NULL")


async def test_who_neither_speaks_nor_presses_a_key_is_asked_by_keys_and_goes_first(system: System) -> None:
    """In the line already while being asked, twice; then the lane and the note."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        rows = await until(lambda: system.new_contacts(before), 10, "the contact")
        await _happens(system, rows[0]["id"], "silent", within_s=40)
        timeline = await system.timeline(rows[0]["id"])
        assert timeline.index("no_key") < timeline.index("silent")

        async def marked() -> bool:
            row = await _contact(system, rows[0]["id"])
            return bool(row["silent"]) and str(row["lane"]) == "silent"

        await until(marked, 5, "the mark")
        await call.hangup()
        assert (await system.ended_contact(before))["outcome"] == "abandoned_waiting"


async def test_a_caller_who_fell_out_of_the_music_hears_it_again(system: System) -> None:
    """The holding bridge is destroyed from outside: found, put back, counted and alarmed; the call goes on."""
    async with _in_line(system) as (_, call, contact):
        bridge = f"hold-{contact['id']}"

        def members() -> str:
            return system.console(f"bridge show {bridge}")

        await until(lambda: "PJSIP/" in members(), 5, "the caller in the bridge")
        async with Ari(f"http://127.0.0.1:{system.http_port}/ari", ARI_USER, ari_password(system.folders), "saboteur") as ari:
            await ari.destroy_bridge(bridge)
        await _happens(system, contact["id"], "unattended", within_s=25)
        await until(lambda: "PJSIP/" in members(), 15, "the caller in the bridge again")

        async def alarmed() -> bool:
            return bool(await system.query("SELECT 1 FROM alarms WHERE kind = 'silent_caller_line' AND about = %s", contact["id"]))

        await until(alarmed, 5, "the alarm")
        await call.send_dtmf("0")
        await _happens(system, contact["id"], "repeat")
