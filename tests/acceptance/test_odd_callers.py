"""Calls as carriers really send them: no SDP, strange names, withheld and foreign numbers, strangers. Nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import phone as numbers
from core.secrets import load_cipher
from core.settings import Settings
from helpline.demo.softphone import PhoneTimeout, Softphone
from tests.kit import sipp_scenario as scenario
from tests.kit.sipp import run_sipp
from tests.kit.system import STRANGER_ADDRESS, TRUNK_ADDRESS, System
from tests.kit.until import until

pytestmark = pytest.mark.asyncio

WITHHELD = [
    pytest.param({"from_header": '"Anonymous" <sip:anonymous@anonymous.invalid>'}, id="anonymous"),
    pytest.param(
        {
            "from_header": '"Anonymous" <sip:anonymous@anonymous.invalid>',
            "headers": (f"P-Asserted-Identity: <sip:01012345678@{TRUNK_ADDRESS}>", "Privacy: id"),
        },
        id="known to the carrier but private",
    ),
    pytest.param({"number": "unavailable"}, id="unavailable"),
    pytest.param({"number": "Restricted"}, id="restricted"),
    pytest.param({"from_header": f"<sip:{TRUNK_ADDRESS}>"}, id="no user at all"),
]
NAMES = [
    "",
    '""',
    '"홍길동 \\"길\\""',
    '"' + "긴이름" * 100 + '"',
    "plain words",
    '"<script>alert(1)</script>"',
    '"\'; DROP TABLE contacts; --"',
]
SPELLINGS = {
    "01012345678": "+821012345678",
    "+821012345678": "+821012345678",
    "00821012345678": "+821012345678",
    "821012345678": "+821012345678",
    "0212345678": "+82212345678",
    "+12025550143": "+12025550143",
    "00442079460958": "+442079460958",
    "05012345678": "+825012345678",
}


async def call(system: System, folder: Path, **options: object) -> None:
    """A caller who listens for a moment and hangs up; SIPp insists that everything goes as it should."""
    text = scenario.caller([scenario.hang_up(after_ms=300)], **options)  # type: ignore[arg-type]
    await run_sipp(text, folder=folder, target=f"127.0.0.1:{system.sip_port}")


async def test_an_invite_without_sdp_is_a_call_like_any_other(system: System, tmp_path: Path) -> None:
    """A late offer: the caller's media address comes with the ACK."""
    before = await system.contact_rows()
    await call(system, tmp_path, late_offer=True)
    assert (await system.ended_contact(before))["outcome"] == "abandoned_in_menu"


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_any_name_makes_a_call(system: System, tmp_path: Path, name: str) -> None:
    """Names with quotes, hangul, 300 letters or program text change nothing."""
    before = await system.contact_rows()
    await call(system, tmp_path, name=name)
    contact = await system.ended_contact(before)
    assert contact["outcome"] == "abandoned_in_menu"
    assert not contact["withheld"]


@pytest.mark.parametrize("options", WITHHELD)
async def test_a_withheld_number_is_never_kept(system: System, tmp_path: Path, options: dict[str, object]) -> None:
    """Whoever withholds the number shares nothing: no number, no index that would match two such calls."""
    before = await system.contact_rows()
    await call(system, tmp_path, **options)
    contact = await system.ended_contact(before)
    assert contact["withheld"]
    assert contact["number_cipher"] is None
    assert contact["number_index"] is None


@pytest.mark.parametrize(("spelling", "e164"), SPELLINGS.items())
async def test_a_number_is_the_same_in_every_spelling(system: System, tmp_path: Path, spelling: str, e164: str) -> None:
    """The row holds the E.164 form, encrypted, and the index of that form."""
    before = await system.contact_rows()
    await call(system, tmp_path, number=spelling)
    contact = await system.ended_contact(before)
    cipher = load_cipher(Settings(data_dir=system.folders.root))
    assert cipher.decrypt(bytes(contact["number_cipher"])) == e164
    assert bytes(contact["number_index"]) == cipher.index(e164)
    assert numbers.normalise(spelling).e164 == e164


async def test_a_stranger_gets_no_answer_at_all(system: System) -> None:
    """Neither a trunk nor a phone's network: not even a refusal, and no contact."""
    before = await system.contact_rows()
    async with Softphone("stranger", port=system.sip_port, address=STRANGER_ADDRESS) as stranger:
        outgoing = await stranger.call("120")
        with pytest.raises(PhoneTimeout):
            await outgoing.expect("ended", 0.7)
        assert [event.name for event in stranger.events if event.call == outgoing.number] == ["inviting"]
    assert await system.new_contacts(before) == []


async def test_twenty_callers_at_once_are_twenty_contacts(system: System, tmp_path: Path) -> None:
    """Each has its own row and exactly one outcome."""
    before = await system.contact_rows()
    text = scenario.caller([scenario.hang_up(after_ms=1500)])
    await run_sipp(text, folder=tmp_path, target=f"127.0.0.1:{system.sip_port}", calls=20, rate=20, limit=20)

    async def all_ended() -> list[str]:
        outcomes = [row["outcome"] for row in await system.new_contacts(before)]
        return outcomes if len(outcomes) >= 20 and all(outcomes) else []

    assert await until(all_ended, 10) == ["abandoned_in_menu"] * 20
