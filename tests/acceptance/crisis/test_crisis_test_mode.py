"""Test mode by telephone: whoever would be called, one test telephone rings."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from helpline.demo.tones import COUNSELLOR_TONE
from tests.acceptance.conftest import ENVIRONMENT
from tests.acceptance.crisis.people import DIRECT, TONES, at_work, counsellor, hears
from tests.kit.system import System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_every_call_to_a_partner_rings_at_the_test_telephone_and_says_so() -> None:
    """An extension in the house; the attempt is marked, and it goes on like a real one."""
    environment = {
        **ENVIRONMENT,
        "ANNYEONG120_FLOW_FILE": str(Path(__file__).with_name("flow.toml")),
        "ANNYEONG120_ESCALATION__TEST_TARGET": "PJSIP/190",
    }
    with tempfile.TemporaryDirectory(prefix="a120-") as folder, System(Path(folder), environment=environment) as system:
        async with AsyncExitStack() as stack:
            tester = await stack.enter_async_context(system.phone(await counsellor(system, "190"), listen_for=TONES))
            await tester.register()
            await tester.on_call(180)
            phone = await at_work(system, stack, "101")
            caller = await stack.enter_async_context(system.caller(listen_for=TONES))
            call = await caller.call(DIRECT)
            talk = await phone.incoming(25)
            await until(lambda: system.query("SELECT 1 FROM events WHERE kind = 'bridged'"), 15, "the talk")
            await talk.send_dtmf("*9")
            ringing = await tester.incoming(25)
            await ringing.answer(200)
            await hears(phone, COUNSELLOR_TONE, caller, tester)
            assert await system.query("SELECT partner_id, test FROM incident_attempts") == [{"partner_id": "police", "test": True}]
            await talk.send_dtmf("*0")
            await ringing.ended(15)
            await call.hangup()
