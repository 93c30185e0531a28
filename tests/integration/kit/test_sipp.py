"""SIPp and the hand-made media against a real Asterisk."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from helpline.demo.softphone import Softphone
from tests.kit import sipp_scenario as scenario
from tests.kit.bare_asterisk import BareAsterisk
from tests.kit.rtp_mouth import RtpMouth
from tests.kit.rtp_packets import keys, write_pcap
from tests.kit.sipp import Sipp, can_play_pcap, run_sipp
from tests.kit.until import until


def target(asterisk: BareAsterisk) -> str:
    """Where SIPp sends."""
    return f"127.0.0.1:{asterisk.port}"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_caller_hears_and_hangs_up(bare_asterisk: BareAsterisk, tmp_path: Path, transport: Literal["udp", "tcp"]) -> None:
    """The plainest call succeeds over both transports."""
    text = scenario.caller([scenario.hang_up(after_ms=200)])
    await run_sipp(text, folder=tmp_path, target=target(bare_asterisk), service="echo", transport=transport)


async def test_an_invite_without_sdp(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """A late offer is answered in the ACK and the call stands."""
    text = scenario.caller([scenario.hang_up(after_ms=200)], late_offer=True)
    await run_sipp(text, folder=tmp_path, target=target(bare_asterisk), service="echo")


@pytest.mark.parametrize("name", ["", '""', '"홍길동 \\"길\\""', '"' + "긴이름" * 100 + '"', "plain words", '"<script>"'])
async def test_odd_names_are_on_the_wire(bare_asterisk: BareAsterisk, tmp_path: Path, name: str) -> None:
    """Any display name makes a call."""
    text = scenario.caller([scenario.hang_up()], name=name)
    await run_sipp(text, folder=tmp_path, target=target(bare_asterisk), service="echo")
    messages = next(tmp_path.glob("sipp*/messages")).read_text()
    assert f"From: {name} <sip:01012345678@".replace(":  <", ": <") in messages


async def test_keys_by_info(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """SIP INFO digits arrive."""
    text = scenario.caller([scenario.press("7", after_ms=200), scenario.press("3", after_ms=200), scenario.wait_for_bye()])
    await run_sipp(text, folder=tmp_path, target=target(bare_asterisk), service="digits")
    await until(lambda: "digits=<73>" in bare_asterisk.log, 2)


@pytest.mark.skipif(not can_play_pcap(), reason="playing captures needs a raw socket (root)")
async def test_keys_by_capture(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """RFC 4733 digits arrive, also from a capture of our own with two of three end packets missing."""
    own = write_pcap(tmp_path / "own.pcap", keys("9", lost=(-1, -2)))
    text = scenario.caller(
        [
            scenario.press("*", after_ms=300, method="pcap"),
            scenario.press("9", after_ms=500, method="pcap", pcap=own),
            scenario.wait_for_bye(),
        ]
    )
    await run_sipp(text, folder=tmp_path, target=target(bare_asterisk), service="digits")
    await until(lambda: "digits=<*9>" in bare_asterisk.log, 2, lambda: bare_asterisk.log[-500:])


async def test_keys_packet_by_packet(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """The hand-made media loses or doubles the packets it is told to, and hears the other side."""
    async with RtpMouth(listen_for=[440]) as mouth:
        text = scenario.caller([scenario.wait_for_bye()], media_port=mouth.port)
        async with Sipp(text, folder=tmp_path, target=target(bare_asterisk), service="digits") as sipp:
            await mouth.heard_something()
            await until(lambda: 440 in mouth.tones, 3)
            await mouth.press("6", lost=(-1, -2))
            await mouth.press("8", times=2)
            await mouth.press("6", lost=(0, 1, 2))
            await sipp.finished()
    await until(lambda: "digits=<686>" in bare_asterisk.log, 2, lambda: bare_asterisk.log[-500:])


async def test_a_caller_who_gives_up(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """CANCEL while it rings."""
    await run_sipp(scenario.cancelling_caller(after_ms=100), folder=tmp_path, target=target(bare_asterisk), service="ring")


async def test_a_refused_caller(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """A refusal is what the scenario expected."""
    await run_sipp(scenario.refused_caller(486), folder=tmp_path, target=target(bare_asterisk), service="busy")


async def test_a_failed_call_is_an_error_that_says_why(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """An unexpected response ends the run with a failure and SIPp's words."""
    with pytest.raises(AssertionError, match="486"):
        await run_sipp(scenario.caller([]), folder=tmp_path, target=target(bare_asterisk), service="busy")


async def test_many_callers_at_once(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """Forty calls, twenty of them at a time."""
    text = scenario.caller([scenario.hang_up(after_ms=500)])
    await run_sipp(text, folder=tmp_path, target=target(bare_asterisk), service="echo", calls=40, rate=40, limit=20)


@pytest.mark.parametrize(("kind", "code"), [("busy", 486), ("reject", 403), ("answer", 200), ("no_answer", 487)])
async def test_sipp_as_a_phone(
    bare_asterisk: BareAsterisk, tmp_path: Path, kind: Literal["busy", "reject", "answer", "no_answer"], code: int
) -> None:
    """A phone played by SIPp refuses, answers and hangs up, or lets it ring."""
    text = scenario.phone(kind, ring_ms=100, talk_ms=200)
    async with Sipp(text, folder=tmp_path) as sipp, Softphone("caller", port=bare_asterisk.port, address="127.0.0.2") as caller:
        call = await caller.call(f"uas-{sipp.port}")
        if kind == "no_answer":
            await call.expect("progress")
            await call.hangup()
        assert (await call.ended()).code == code
        await asyncio.wait_for(sipp.finished(), 5)
