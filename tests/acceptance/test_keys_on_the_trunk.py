"""Every way in which a carrier may pass on a key reaches the program, whatever the call's SDP said about it. Real Asterisk, SIPp."""

from __future__ import annotations

import math
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.kit.installation import Installation
from tests.kit.rtp_packets import PCMA, STEP, Packet, linear_to_alaw, rtp, write_pcap
from tests.kit.sipp import Sipp, can_play_pcap
from tests.kit.sipp_scenario import caller, hang_up, press
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]

_OFFER = " 101\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n"
_NO_OFFER = "\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line() -> AsyncIterator[Installation]:
    """An installation without counsellors and without the program."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        Path(folder).chmod(0o755)
        async with Installation(Path(folder) / "v") as installation:
            yield installation


def tone_of_5(folder: Path) -> Path:
    """Key 5 as the tones 770 + 1336 Hz in the sound, 200 ms, then silence."""
    packets = []
    for number in range(40):
        sounding = 5 <= number < 15
        samples = [
            int(8000 * (math.sin(2 * math.pi * 770 * at / 8000) + math.sin(2 * math.pi * 1336 * at / 8000))) if sounding else 0
            for at in range(number * STEP, (number + 1) * STEP)
        ]
        data = rtp(linear_to_alaw(samples), payload_type=PCMA, sequence=number, timestamp=number * STEP, ssrc=120)
        packets.append(Packet(at_ms=number * 20, data=data))
    return write_pcap(folder / "tone5.pcap", packets)


# Not here: RFC 4733 packets that were not agreed on, which mean nothing, and tones where RFC 4733 was agreed on, to which nobody listens.
@pytest.mark.parametrize(
    ("way", "offered"),
    [("rfc4733", True), ("info_relay", True), ("info_relay", False), ("info_dtmf", True), ("info_dtmf", False), ("tones", False)],
)
async def test_key_5_arrives_once(line: Installation, tmp_path: Path, way: str, *, offered: bool) -> None:
    """RFC 4733 packets, both kinds of SIP INFO, and tones in the sound: one 5, not none and not two."""
    if way in {"rfc4733", "tones"} and not can_play_pcap():
        pytest.skip("SIPp needs a raw socket to play packets: run as root")
    match way:
        case "rfc4733":
            key = press("5", after_ms=600, method="pcap")
        case "tones":
            key = press("5", after_ms=600, method="pcap", pcap=tone_of_5(tmp_path))
        case "info_relay":
            key = press("5", after_ms=600)
        case _:
            key = press("5", after_ms=600).replace("application/dtmf-relay", "application/dtmf").replace("Signal=5\nDuration=160", "5")
    scenario = caller([key, hang_up(after_ms=1500)])
    if not offered:
        scenario = scenario.replace(_OFFER, _NO_OFFER)
        assert "telephone-event" not in scenario
    async with line.ari_app() as app, Sipp(scenario, folder=tmp_path, target=f"127.0.0.1:{line.sip_port}") as sipp:
        await until(lambda: app.digits, 8, lambda: [event["type"] for event in app.events])
        await sipp.finished(20)
        assert app.digits == ["5"]
