"""The simulated phone against a real Asterisk."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Literal

import pytest

from helpline.demo.softphone import PhoneError, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.kit.bare_asterisk import BareAsterisk
from tests.kit.until import until

TONES = (440, 620, CALLER_TONE, COUNSELLOR_TONE)


def phone(asterisk: BareAsterisk, user: str = "101", **options: object) -> Softphone:
    """A counsellor's phone."""
    return Softphone(user, f"secret{user}", port=asterisk.port, listen_for=TONES, **options)  # type: ignore[arg-type]


def trunk(asterisk: BareAsterisk, **options: object) -> Softphone:
    """A caller from the trunk: never registers."""
    options.setdefault("from_uri", "sip:01012345678@127.0.0.2")
    return Softphone("caller", port=asterisk.port, address="127.0.0.2", listen_for=TONES, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_registers_and_is_called(bare_asterisk: BareAsterisk, transport: Literal["udp", "tcp"]) -> None:
    """Registration over both transports makes the phone reachable, and both ends see the call end."""
    async with phone(bare_asterisk, transport=transport) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        outgoing = await caller.call("101")
        incoming = await counsellor.incoming()
        assert outgoing.invite.mono_ns < incoming.invite.mono_ns
        await incoming.answer()
        await outgoing.answered()
        await outgoing.hangup()
        assert (await incoming.ended()).code == 200


async def test_a_wrong_password_is_refused(bare_asterisk: BareAsterisk) -> None:
    """A refused registration is an error that names the phone."""
    async with Softphone("101", "wrong", port=bare_asterisk.port) as counsellor:
        with pytest.raises(PhoneError, match="101"):
            await counsellor.register()


async def test_both_sides_hear_each_other(bare_asterisk: BareAsterisk) -> None:
    """Each phone hears the other's tone, and not its own."""
    async with phone(bare_asterisk) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        await counsellor.on_call(200)
        await counsellor.play_tone(COUNSELLOR_TONE)
        await caller.play_tone(CALLER_TONE)
        call = await caller.call("101")
        up = await call.answered()
        heard = [await caller.heard_tone(COUNSELLOR_TONE), await counsellor.heard_tone(CALLER_TONE)]
        assert all(up.mono_ns < at for at in heard)
        assert (await caller.hearing())["tones"] == [COUNSELLOR_TONE]
        assert (await counsellor.hearing())["tones"] == [CALLER_TONE]


async def test_a_muted_phone_is_silent(bare_asterisk: BareAsterisk) -> None:
    """Muting ends the tone at the other side; unmuting brings it back."""
    async with phone(bare_asterisk) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        await counsellor.on_call(200)
        await counsellor.play_tone(COUNSELLOR_TONE)
        await caller.call("101")
        await caller.heard_tone(COUNSELLOR_TONE)
        await counsellor.mute(True)
        await caller.expect("tone_stopped")
        await caller.expect("silence")
        await counsellor.mute(False)
        await caller.heard_tone(COUNSELLOR_TONE)


@pytest.mark.parametrize("method", ["rfc4733", "info"])
async def test_keys_arrive(bare_asterisk: BareAsterisk, method: Literal["rfc4733", "info"]) -> None:
    """Digits pressed at the phone arrive in order by either method."""
    keys = "5120" if method == "rfc4733" else "0215"
    async with trunk(bare_asterisk) as caller:
        call = await caller.call("digits")
        await call.answered()
        await call.send_dtmf(keys, method=method)
        await call.ended()
    await until(lambda: f"digits=<{keys}>" in bare_asterisk.log, 2)


@pytest.mark.parametrize(("code", "status"), [(486, "BUSY"), (603, "CHANUNAVAIL"), (480, "NOANSWER")])
async def test_refusals_are_seen_by_the_caller_side(bare_asterisk: BareAsterisk, code: int, status: str) -> None:
    """A phone's refusal reaches Asterisk as what it is."""
    before = bare_asterisk.log.count(f"dial=<{status}>")
    async with phone(bare_asterisk) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        await counsellor.on_call(code)
        call = await caller.call("101")
        assert (await call.ended()).code >= 400
    await until(lambda: bare_asterisk.log.count(f"dial=<{status}>") > before, 2)


async def test_answering_after_a_while(bare_asterisk: BareAsterisk) -> None:
    """The policy rings first and answers when the time has come."""
    async with phone(bare_asterisk) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        await counsellor.on_call(200, after_ms=300)
        call = await caller.call("101")
        ringing = await call.expect("progress")
        answered = await call.answered()
        assert ringing.code == 180
        assert answered.mono_ns - ringing.mono_ns > 200_000_000


async def test_a_cancelled_call_tells_the_phone(bare_asterisk: BareAsterisk) -> None:
    """The caller gives up while it rings: the phone gets a CANCEL and its call ends with 487."""
    async with phone(bare_asterisk) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        outgoing = await caller.call("101")
        incoming = await counsellor.incoming()
        await outgoing.hangup()
        assert (await incoming.expect("told_to_stop")).text("method") == "CANCEL"
        assert (await incoming.ended()).code == 487
        await outgoing.hangup()


async def test_a_killed_phone_says_nothing(bare_asterisk: BareAsterisk) -> None:
    """SIGKILL in a call: no BYE comes, the caller is still connected, and the phone object says so at once."""
    async with phone(bare_asterisk) as counsellor, trunk(bare_asterisk) as caller:
        await counsellor.register()
        await counsellor.on_call(200)
        call = await caller.call("101")
        await call.answered()
        await counsellor.kill()
        with pytest.raises(PhoneError, match="has ended"):
            await counsellor.expect("registered")
        await until(lambda: "PJSIP/101-" in bare_asterisk.command("core show channels concise"), 2)
        assert not [event for event in caller.events if event.name == "ended"]
        await call.hangup()
        await call.ended()


async def test_names_and_withheld_numbers_are_sent_as_given(bare_asterisk: BareAsterisk) -> None:
    """Hangul, quotes and an anonymous caller arrive as the From header says."""
    async with trunk(bare_asterisk, from_uri='"홍\\"길동" <sip:+821012345678@10.9.8.7>') as caller:
        call = await caller.call("102")
        await call.ended()
        call = await caller.call(
            "102",
            from_uri='"Anonymous" <sip:anonymous@anonymous.invalid>',
            headers={"P-Asserted-Identity": "<sip:01011112222@127.0.0.2>", "Privacy": "id"},
        )
        await call.ended()
    await until(
        lambda: 'caller=<+821012345678> name=<홍\\"길동>' in bare_asterisk.log,
        2,
        lambda: [line for line in bare_asterisk.log.splitlines() if "name=<" in line],
    )
    await until(lambda: "caller=<01011112222>" in bare_asterisk.log and "pres=<prohib" in bare_asterisk.log, 2)


async def test_sound_and_silence_are_told_apart(bare_asterisk: BareAsterisk, tmp_path: Path) -> None:
    """A steady sound shows no silence, and the recording holds what was heard."""
    async with trunk(bare_asterisk, record=tmp_path / "heard.wav") as caller:
        call = await caller.call("tone")
        await call.answered()
        await caller.heard_tone(620)
        await caller.hearing()
        await until(lambda: _heard(caller, 1000), 3)
        heard = await caller.hearing()
        assert int(str(heard["longest_silence_ms"])) < int(str(heard["heard_ms"]))
        await call.hangup()
        await call.ended()
    with wave.open(str(tmp_path / "heard.wav")) as recording:
        assert recording.getframerate() == 8000
        assert recording.getnframes() > 8000


async def _heard(caller: Softphone, ms: int) -> bool:
    return int(str((await caller.hearing())["heard_ms"])) > ms
