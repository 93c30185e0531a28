"""From the counsellor's `*9` to the emergency partner's INVITE; beside it, in the same run and at the same telephones, a bare ARI script that dials
the same number for the same key, and the line's own key 5 to the counsellor's INVITE.

Real Asterisk, PostgreSQL and softphones. Keys go as SIP INFO, so that the length of a tone is no part of the figure. Before each INVITE to a
partner the attempt is committed, at the first press of a call the incident, too; before one to a counsellor the reservation. The partner is busy
each time, and the counsellor presses again once everybody was tried.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from helpline.demo.softphone import PhoneCall, Softphone
from helpline.embedded.addresses import ari_password
from ivr.asterisk_config import ARI_USER
from tests.bench.stats import Summary
from tests.kit.system import System
from tests.kit.until import until

_FLOW = Path(__file__).parents[1] / "acceptance" / "flow.toml"
_SETTINGS = {
    "ANNYEONG120_FLOW_FILE": str(_FLOW),
    "ANNYEONG120_ESCALATION__TRUNK": "outside",
}
_COUNSELLOR, _PARTNER, _APP = "PJSIP/101", "PJSIP/112@outside", "floor"
_WITHIN_S = 30.0
#: Between the two keys of a code, as hands press them: Asterisk makes a tone of the first one and takes the next one after that.
_BETWEEN_S = 0.4


@dataclass(slots=True, kw_only=True)
class Measured:
    """Milliseconds from the key to the INVITE."""

    #: The press that raises a crisis.
    raised: list[float] = field(default_factory=list)
    #: Every later one of the same call.
    again: list[float] = field(default_factory=list)
    #: The bare script.
    floor: list[float] = field(default_factory=list)
    key_5: list[float] = field(default_factory=list)


class _Floor:
    """The least that a key can lead to: no incident, no database, nobody asked."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def ring(self, endpoint: str) -> None:
        """Dial somebody."""
        async with self._http.post("/ari/channels", params={"endpoint": endpoint, "app": _APP}) as answer:
            answer.raise_for_status()

    async def run(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Until cancelled."""
        async for message in socket:
            event = json.loads(message.data)
            if event["type"] == "ChannelDtmfReceived" and event["digit"] == "9":
                await self.ring(_PARTNER)


@asynccontextmanager
async def _floor(system: System) -> AsyncIterator[_Floor]:
    headers = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, ari_password(system.folders))}
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{system.http_port}", headers=headers) as http,
        http.ws_connect(f"/ari/events?app={_APP}") as socket,
    ):
        floor = _Floor(http)
        task = asyncio.create_task(floor.run(socket), name="floor")
        try:
            yield floor
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def measure(folder: Path, *, calls: int, presses: int, say: Callable[[str], None]) -> Measured:
    """So many calls of ours and of the floor in turn, with so many presses in each."""
    measured = Measured()
    with System(folder, environment=_SETTINGS) as system:
        who = await system.add_counsellor(extension="101")
        async with AsyncExitStack() as stack:
            counsellor = await stack.enter_async_context(system.phone(who))
            await counsellor.register()
            partner = await stack.enter_async_context(system.outside())
            await partner.on_call(486)
            floor = await stack.enter_async_context(_floor(system))
            for number in range(calls):
                # After a crisis nobody has to take the next call at once.
                await system.ready(who)
                await _ours(system, counsellor, partner, presses, measured)
                await _bare(system, floor, counsellor, partner, presses, measured)
                say(f"crisis: call {number + 1} of {calls}")
    return measured


async def _ours(system: System, counsellor: Softphone, partner: Softphone, presses: int, measured: Measured) -> None:
    before = await system.contact_rows()
    async with system.caller() as caller:
        call = await caller.call("120")
        await call.answered()
        await caller.expect("sound", _WITHIN_S)
        at = time.monotonic_ns()
        await call.send_dtmf("5", method="info")
        talk = await counsellor.incoming(_WITHIN_S)
        measured.key_5.append((talk.invite.mono_ns - at) / 1e6)
        await talk.answer()
        rows = await until(lambda: system.new_contacts(before), _WITHIN_S, "the contact")
        contact = rows[0]["id"]

        async def noted(kind: str, times: int) -> bool:
            return (await system.timeline(contact)).count(kind) >= times

        await until(lambda: noted("bridged", 1), _WITHIN_S, "the talk")
        # Here, not at the beginning: what Asterisk asked the trunk before anybody was there comes back as a failure seconds later.
        await system.outside_reachable()
        for press in range(1, presses + 1):
            took = await _pressed(talk, partner)
            (measured.raised if press == 1 else measured.again).append(took)
            await until(lambda press=press: noted("partners_unreached", press), 60, "everybody tried")  # type: ignore[misc]
        await call.hangup()
        await talk.ended(_WITHIN_S)
        await system.ended_contact(before)
    # The next call is from the same number, and not to be in this crisis.
    await system.quiet()


async def _bare(system: System, floor: _Floor, counsellor: Softphone, partner: Softphone, presses: int, measured: Measured) -> None:
    await floor.ring(_COUNSELLOR)
    talk = await counsellor.incoming(_WITHIN_S)
    await talk.answer()
    await talk.answered(_WITHIN_S)
    await until(lambda: "101" in system.console("core show channels concise"), _WITHIN_S, "the talk")
    for _ in range(presses):
        measured.floor.append(await _pressed(talk, partner))
    await talk.hangup()
    await talk.ended(_WITHIN_S)


async def _pressed(talk: PhoneCall, partner: Softphone) -> float:
    """`*9`; milliseconds from the 9 until the partner's phone has the INVITE."""
    partner.forget_events()
    await talk.send_dtmf("*", method="info")
    await asyncio.sleep(_BETWEEN_S)
    at = time.monotonic_ns()
    await talk.send_dtmf("9", method="info")
    rung = await partner.incoming(_WITHIN_S)
    return (rung.invite.mono_ns - at) / 1e6


_NAMES = {
    "raised": ("crisis_to_invite_ms", "*9 raises a crisis: to the partner's INVITE"),
    "again": ("crisis_again_to_invite_ms", "*9 again in the same call: to the partner's INVITE"),
    "floor": ("crisis_floor_to_invite_ms", "  a bare ARI script, the same key: to the partner's INVITE"),
    "key_5": ("crisis_beside_key5_to_invite_ms", "  key 5 of the same calls: to the counsellor's INVITE"),
}


def _summaries(measured: Measured) -> dict[str, Summary]:
    return {name: Summary.of(getattr(measured, name)) for name in _NAMES}


def lines(measured: Measured) -> list[str]:
    """For the table."""
    return [
        f"{_NAMES[name][1]:60} p50 {found.p50:.1f} ms, p99 {found.p99:.1f} ms, largest {found.largest:.1f} ms of {found.n}"
        for name, found in _summaries(measured).items()
    ]


def figures(measured: Measured) -> dict[str, object]:
    """For the result line."""
    return {_NAMES[name][0]: found.figures() for name, found in _summaries(measured).items()}
