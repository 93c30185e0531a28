"""The caller hangs up, in every state: nothing is left, one outcome."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.kit.sipp import Sipp
from tests.kit.sipp_scenario import caller as sipp_caller
from tests.kit.sipp_scenario import cancelling_caller, hang_up
from tests.kit.system import Counsellor, System
from tests.kit.until import until


async def _nothing_left(system: System) -> None:
    """No channel, no bridge, nobody reserved."""

    async def clean() -> bool:
        busy = await system.query("SELECT 1 FROM presence WHERE system IN ('offered', 'talking')")
        return not busy and "0 active channels" in system.console("core show channels count") and not _bridges(system)

    await until(clean, 10, lambda: system.console("core show channels concise") + system.console("bridge show all"), every_s=0.1)


def _bridges(system: System) -> list[str]:
    return [line for line in system.console("bridge show all").splitlines() if line.startswith(("hold-", "talk-"))]


async def test_in_the_menu(system: System) -> None:
    """While the greeting plays."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        await call.hangup()
        assert (await system.ended_contact(before))["outcome"] == "abandoned_in_menu"
    await _nothing_left(system)


async def test_while_waiting(system: System) -> None:
    """In the holding bridge, nobody on duty."""
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("0212000")

        async def music() -> bool:
            rows = await system.new_contacts(before)
            return bool(rows) and "waiting" in await system.timeline(rows[0]["id"])

        await until(music, 10, "the caller to hear music")
        await call.hangup()
        assert (await system.ended_contact(before))["outcome"] == "abandoned_waiting"
    await _nothing_left(system)


async def test_while_a_phone_rings_it_stops_within_100_ms(system: System, kim: Counsellor) -> None:
    """The best of five, from the caller hanging up to the phone being told to stop: no timer is waited for, whatever else the machine does."""
    spans = []
    async with system.phone(kim) as phone, system.caller() as caller:
        await phone.register()
        await system.ready(kim)
        await phone.on_call(180)
        for _ in range(5):
            before = await system.contact_rows()
            call = await caller.call("0212000")
            incoming = await phone.incoming(10)
            await until(lambda: _state(system, "offered"), 5, "the offer")
            sent = time.monotonic_ns()
            await call.hangup()
            stopped = await incoming.expect("told_to_stop", 5)
            spans.append((stopped.mono_ns - sent) / 1e6)
            assert (await system.ended_contact(before))["outcome"] == "abandoned_waiting"
            await system.ready(kim)
    await _nothing_left(system)
    assert min(spans) < 100, spans


async def _state(system: System, state: str) -> bool:
    return bool(await system.query("SELECT 1 FROM presence WHERE system = %s", state))


async def test_while_talking(system: System, kim: Counsellor) -> None:
    """The counsellor's phone is hung up and the counsellor is free."""
    before = await system.contact_rows()
    async with system.phone(kim) as phone, system.caller() as caller:
        await phone.register()
        await system.ready(kim)
        await phone.on_call(200)
        call = await caller.call("0212000")
        incoming = await phone.incoming(10)
        await until(lambda: _state(system, "talking"), 10, "the talk")
        await call.hangup()
        await incoming.ended(5)
        assert (await system.ended_contact(before))["outcome"] in ("talked", "abandoned_waiting")
    await _nothing_left(system)


@pytest.mark.parametrize("after_ms", [0, 5, 20, 60])
async def test_answer_and_hangup_in_the_same_instant(system: System, kim: Counsellor, tmp_path: Path, after_ms: int) -> None:
    """Whatever comes first: one outcome, the counsellor freed."""
    before = await system.contact_rows()
    scenario = sipp_caller([hang_up(after_ms=after_ms)])
    async with system.phone(kim) as phone:
        await phone.register()
        await system.ready(kim)
        await phone.on_call(200)
        async with Sipp(scenario, folder=tmp_path, target=f"127.0.0.1:{system.sip_port}", service="0212000", calls=5, rate=2) as sipp:
            await sipp.finished()

        async def all_ended() -> list[dict[str, object]]:
            rows = await system.new_contacts(before)
            return rows if len(rows) == 5 and all(row["outcome"] for row in rows) else []

        await until(all_ended, 10, "five outcomes")
        await _nothing_left(system)


async def test_before_the_answer(system: System, tmp_path: Path) -> None:
    """CANCEL while it rings: either never entered, or one outcome."""
    async with Sipp(cancelling_caller(after_ms=0), folder=tmp_path, target=f"127.0.0.1:{system.sip_port}", calls=5, rate=5) as sipp:
        # The line answers within milliseconds: SIPp may see 200 before its CANCEL arrives, and calls that a failure.
        await sipp.finished(expect_ok=False)

    async def none_live() -> bool:
        return not await system.query("SELECT 1 FROM contacts WHERE outcome IS NULL")

    await until(none_live, 40, "every contact to have an outcome")
