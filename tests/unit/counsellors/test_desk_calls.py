"""The executor of star codes: events in, ARI requests out, with an Asterisk and a database made of paper."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from core.clock import SystemClock
from core.errors import DatabaseUnavailable
from ivr.ari.client import Ari
from ivr.ari.errors import NotFound, ServerFault
from ivr.ari.events import DtmfReceived, Event, HangupRequest, PlaybackFinished, StasisEnd, StasisStart
from ivr.ari.mailbox import Switchboard
from ivr.ari.model import Channel, Playback
from ivr.desk_calls import DeskCalls
from routing.counsellors import Change, Counsellors, SignIn
from routing.presence_model import BreakReason
from tests.kit.until import until

CHANNEL = Channel(id="1700000000.1")


class PaperAri:
    """Remembers requests; a prompt ends at once unless `long`."""

    def __init__(self, switchboard: Switchboard) -> None:
        self.switchboard = switchboard
        self.asked: list[str] = []
        self.long = False
        self.no_prompts: Exception | None = None
        self.gone = False

    async def answer(self, channel_id: str) -> None:
        self.asked.append("answer")
        if self.gone:
            raise NotFound("answer", status=404)

    async def hangup(self, channel_id: str, reason: str = "normal") -> bool:
        self.asked.append("hangup")
        return True

    async def play_on_channel(self, channel_id: str, media: Sequence[str], playback_id: str, language: str | None = None) -> None:
        if self.no_prompts:
            raise self.no_prompts
        self.asked.append("play " + " ".join(media))
        if not self.long:
            self.end(playback_id)
        self.last = playback_id

    async def stop_playback(self, playback_id: str) -> bool:
        self.asked.append("stop")
        self.end(playback_id)
        return True

    def end(self, playback_id: str) -> None:
        self.switchboard.deliver(PlaybackFinished(playback=Playback(id=playback_id, state="done", target_uri=f"channel:{CHANNEL.id}")))


class PaperCounsellors:
    """One counsellor with the PIN 4829."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.away = False
        self.broken = False

    async def sign_in(self, extension: str, pin: str) -> SignIn:
        self._check()
        self.did.append(f"sign_in {extension}")
        return SignIn.OK if pin == "4829" else SignIn.WRONG_PIN

    async def set_ready(self, extension: str) -> Change:
        self._check()
        self.did.append(f"ready {extension}")
        return Change.DONE

    async def set_break(self, extension: str, reason: BreakReason) -> Change:
        self._check()
        self.did.append(f"break {extension} {reason}")
        return Change.DONE

    def _check(self) -> None:
        if self.away:
            raise DatabaseUnavailable
        if self.broken:
            raise ZeroDivisionError


class Catalogue:
    """Prompt ids as they are."""

    def media(self, prompt_id: str, language: str) -> str:
        return prompt_id


class Rig:
    """A desk call on paper."""

    def __init__(self) -> None:
        self.switchboard = Switchboard()
        self.ari = PaperAri(self.switchboard)
        self.counsellors = PaperCounsellors()
        self.desk = DeskCalls(cast(Ari, self.ari), self.switchboard, cast(Counsellors, self.counsellors), Catalogue(), SystemClock())

    def start(self, *args: str) -> asyncio.Task[None]:
        self.task = asyncio.get_running_loop().create_task(
            self.desk.run_call(StasisStart(channel=CHANNEL, args=("desk", *args))), name="desk call"
        )
        return self.task

    def deliver(self, *events: Event) -> None:
        for event in events:
            self.switchboard.deliver(event)

    def press(self, digits: str) -> None:
        self.deliver(*(DtmfReceived(channel=CHANNEL, digit=digit, duration_ms=80) for digit in digits))


@pytest.fixture
def rig() -> Rig:
    """A desk call on paper."""
    return Rig()


async def test_a_code_is_answered_done_confirmed_and_hung_up(rig: Rig) -> None:
    """In that order."""
    await rig.start("*12", "101")
    assert rig.counsellors.did == ["ready 101"]
    assert rig.ari.asked[:3] == ["answer", "play desk_ready", "hangup"]


async def test_keys_pressed_before_the_task_runs_count(rig: Rig) -> None:
    """The mailbox is attached when the call is handed over, not when the task first runs."""
    task = rig.start("*11", "101")
    rig.press("4829#")
    await task
    assert rig.counsellors.did == ["sign_in 101"]
    assert rig.ari.asked[-2:] != ["stop"]


async def test_a_key_stops_the_prompt(rig: Rig) -> None:
    """And the PIN typed over it is taken."""
    rig.ari.long = True
    task = rig.start("*11", "101")
    await until(lambda: "play desk_pin" in rig.ari.asked)
    rig.press("4829#")
    await until(lambda: "play desk_signed_in" in rig.ari.asked)
    assert "stop" in rig.ari.asked
    rig.ari.end(rig.ari.last)
    await task


@pytest.mark.parametrize("ending", [StasisEnd(channel=CHANNEL), HangupRequest(channel=CHANNEL)])
async def test_hanging_up_ends_the_task_and_its_ownership(rig: Rig, ending: Event) -> None:
    """Nothing stays attached to the switchboard."""
    rig.ari.long = True
    task = rig.start("*11", "101")
    await until(lambda: "play desk_pin" in rig.ari.asked)
    rig.deliver(ending)
    await task
    assert len(rig.switchboard) == 0


async def test_a_channel_gone_before_the_answer_ends_the_task(rig: Rig) -> None:
    """Nothing more is said to nobody."""
    rig.ari.gone = True
    await rig.start("*11", "101")
    assert not [request for request in rig.ari.asked if request.startswith("play")]
    assert len(rig.switchboard) == 0


async def test_without_the_database_it_is_said(rig: Rig) -> None:
    """Never silence, never a false confirmation."""
    rig.counsellors.away = True
    await rig.start("*132", "101")
    assert "play system_unavailable" in rig.ari.asked


async def test_a_prompt_that_cannot_be_played_does_not_hold_the_call(rig: Rig) -> None:
    """What was asked is done, and the call ends."""
    rig.ari.no_prompts = ServerFault("play_on_channel", status=500)
    await rig.start("*12", "101")
    assert rig.counsellors.did == ["ready 101"]
    assert rig.ari.asked[-1] == "hangup"


async def test_a_fault_of_ours_ends_this_call_and_no_other(rig: Rig) -> None:
    """The task never raises into the group that holds every call."""
    rig.counsellors.broken = True
    await rig.start("*12", "101")
    assert rig.ari.asked[-1] == "hangup"
    assert len(rig.switchboard) == 0


@pytest.mark.parametrize("args", [(), ("*12",), ("",), ("nonsense", "101", "more")])
async def test_odd_arguments_still_get_an_answer(rig: Rig, args: tuple[str, ...]) -> None:
    """Whatever the dialplan hands over, the call is answered, told something and ended."""
    await rig.start(*args)
    assert rig.ari.asked[0] == "answer"
    assert any(request.startswith("play") for request in rig.ari.asked)
    assert rig.ari.asked[-1] == "hangup"


async def test_a_stopping_program_hangs_up(rig: Rig) -> None:
    """A cancelled call is not left open in silence."""
    rig.ari.long = True
    task = rig.start("*11", "101")
    await until(lambda: "play desk_pin" in rig.ari.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.ari.asked[-1] == "hangup"
