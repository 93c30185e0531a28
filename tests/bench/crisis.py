"""From the counsellor's `*9` to the emergency partner's INVITE, beside the same line's key 5 to the counsellor's INVITE, in one run.

Real Asterisk, PostgreSQL and softphones. Keys go as SIP INFO, so that the length of a tone is no part of the figure; before each INVITE to a
partner the incident and the attempt are committed, before one to a counsellor the reservation. The partner is busy each time, and the counsellor
presses again once everybody was tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from helpline.demo.softphone import Softphone
from tests.bench.stats import Summary
from tests.kit.system import System
from tests.kit.until import until

_FLOW = Path(__file__).parents[1] / "acceptance" / "flow.toml"
_SETTINGS = {
    "ANNYEONG120_FLOW_FILE": str(_FLOW),
    "ANNYEONG120_ESCALATION__TRUNK": "outside",
}
_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Milliseconds from the key to the INVITE."""

    crisis: Summary
    key_5: Summary


async def measure(folder: Path, *, calls: int, presses: int, say: Callable[[str], None]) -> Measured:
    """So many calls, with so many presses in each."""
    crisis: list[float] = []
    key_5: list[float] = []
    with System(folder, environment=_SETTINGS) as system:
        who = await system.add_counsellor(extension="101")
        async with AsyncExitStack() as stack:
            counsellor = await stack.enter_async_context(system.phone(who))
            await counsellor.register()
            partner = await stack.enter_async_context(system.outside())
            await partner.on_call(486)
            await system.outside_reachable()
            await system.wait_ready()
            await system.ready(who)
            for number in range(calls):
                await _call(system, counsellor, partner, presses, crisis, key_5)
                say(f"crisis: call {number + 1} of {calls}, {len(crisis)} presses")
    return Measured(crisis=Summary.of(crisis), key_5=Summary.of(key_5))


async def _call(system: System, counsellor: Softphone, partner: Softphone, presses: int, crisis: list[float], key_5: list[float]) -> None:
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        await caller.expect("sound", _WITHIN_S)
        at = time.monotonic_ns()
        await call.send_dtmf("5", method="info")
        talk = await counsellor.incoming(_WITHIN_S)
        key_5.append((talk.invite.mono_ns - at) / 1e6)
        await talk.answer()
        rows = await until(lambda: system.new_contacts(before), _WITHIN_S, "the contact")
        contact = rows[0]["id"]

        async def noted(kind: str, times: int) -> bool:
            return (await system.timeline(contact)).count(kind) >= times

        await until(lambda: noted("bridged", 1), _WITHIN_S, "the talk")
        for press in range(1, presses + 1):
            partner.forget_events()
            await talk.send_dtmf("*", method="info")
            at = time.monotonic_ns()
            await talk.send_dtmf("9", method="info")
            rung = await partner.incoming(_WITHIN_S)
            crisis.append((rung.invite.mono_ns - at) / 1e6)
            await until(lambda press=press: noted("partners_unreached", press), 60, "everybody tried")  # type: ignore[misc]
        await call.hangup()
        await talk.ended(_WITHIN_S)
        await system.ended_contact(before)


def lines(measured: Measured) -> list[str]:
    """For the table."""
    return [
        f"{name}: p50 {found.p50:.1f} ms, p99 {found.p99:.1f} ms, largest {found.largest:.1f} ms of {found.n}"
        for name, found in (
            ("*9 to the partner's INVITE", measured.crisis),
            ("key 5 to the counsellor's INVITE, beside it", measured.key_5),
        )
    ]


def figures(measured: Measured) -> dict[str, object]:
    """For the result line."""
    return {"crisis_to_invite_ms": measured.crisis.figures(), "crisis_beside_key5_to_invite_ms": measured.key_5.figures()}
