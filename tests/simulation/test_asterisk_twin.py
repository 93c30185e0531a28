"""The simulated Asterisk and the real one: one script on both gives the same events for every channel, and the same answers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Iterator
from pathlib import Path
from random import Random

import pytest

from helpline.simulation.asterisk import Asterisk
from helpline.simulation.dialplan import BUSY
from helpline.simulation.line import SimulatedConnection, Wire, client
from helpline.simulation.loop import Universe, process
from helpline.simulation.switch import Bridge, Channel
from ivr.ari import (
    Ari,
    AriError,
    CallBroadcast,
    ChannelDestroyed,
    Dial,
    EnteredBridge,
    Event,
    HangupRequest,
    LeftBridge,
    Mailbox,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
    Switchboard,
)
from tests.integration.ari.server import AriAsterisk
from tests.kit.ari_client import connect
from tests.kit.bare_asterisk import asterisk_tree

pytestmark = pytest.mark.simulation

APP = "annyeong120-twin"
Heard = dict[str, list[str]]
#: What both are asked for: id of the channel, bridge or playback -> what was heard of it, in order.
_KINDS = (ChannelDestroyed, Dial, EnteredBridge, HangupRequest, LeftBridge, PlaybackFinished, StasisEnd, StasisStart)


class Script:
    """A call is claimed, hears a prompt, waits, is connected, loses the counsellor; others are busy or do not answer."""

    def __init__(self, ari: Ari, switchboard: Switchboard) -> None:
        self.ari = ari
        self.switchboard = switchboard
        self.heard: Heard = {}
        self.answers: list[str] = []

    async def run(self, caller: str, mailbox: Mailbox[Event]) -> None:
        ari = self.ari
        await self.until(mailbox, caller, "CallBroadcast")
        self.answers.append(str(await ari.claim(caller)))
        self.answers.append(str(await ari.claim(caller)))
        await self.until(mailbox, caller, "StasisStart call,menu")
        await ari.answer(caller)
        playing = self.mailbox("twin-p")
        await ari.play_on_channel(caller, ["sound:vm-goodbye"], "twin-p", "en_US_f_Allison")
        self.answers.append(str(await ari.stop_playback("twin-p")))
        await self.until(playing, "twin-p", "PlaybackFinished")
        await ari.create_bridge("twin-hold", "holding", APP)
        await ari.add_to_bridge("twin-hold", caller)
        await self.until(mailbox, caller, "EnteredBridge twin-hold")
        for far, end in (("busy", "ChannelDestroyed busy"), ("ring", "ChannelDestroyed 19")):
            leg = self.mailbox(f"twin-{far}")
            await ari.originate(endpoint=f"Local/{far}@caller/n", channel_id=f"twin-{far}", app_args="leg,x", timeout_s=2)
            await self.until(leg, f"twin-{far}", end)
        leg = self.mailbox("twin-quiet")
        await ari.originate(endpoint="Local/quiet@caller/n", channel_id="twin-quiet", app_args="leg,x", timeout_s=5, originator=caller)
        await self.until(leg, "twin-quiet", "StasisStart leg,x")
        await self.refused(ari.originate(endpoint="Local/quiet@caller/n", channel_id="twin-quiet", app_args="leg,x", timeout_s=5))
        await self.refused(ari.originate(endpoint="Local/quiet@caller/n", channel_id="twin-o", app_args="x", timeout_s=5, originator="no"))
        await self.refused(ari.create_bridge("twin-hold", "holding"))
        await ari.create_bridge("twin-talk", "mixing", APP)
        await ari.add_to_bridge("twin-talk", "twin-quiet")
        await ari.add_to_bridge("twin-talk", caller)
        await self.until(mailbox, caller, "EnteredBridge twin-talk")
        whisper = self.mailbox("twin-whisper")
        self.answers.append(str(await ari.whisper("twin-quiet", "twin-whisper")))
        await self.until(whisper, "twin-whisper", "StasisStart ")
        self.answers.append(str(await ari.whisper("twin-quiet", "twin-whisper")))
        await self.refused(ari.whisper("twin-none", "twin-no-whisper"))
        said = self.mailbox("twin-said")
        await ari.play_on_channel("twin-whisper", ["sound:vm-goodbye"], "twin-said", "en_US_f_Allison")
        bridges = {bridge.id: (bridge.kind, bridge.name, sorted(bridge.channel_ids)) for bridge in await ari.bridges()}
        self.answers += [str(bridges["twin-hold"]), str(bridges["twin-talk"])]
        self.answers.append(str(await ari.hangup("twin-quiet")))
        await self.until(leg, "twin-quiet", "ChannelDestroyed 16")
        # Who is whispered to is gone, and so is whatever was said.
        await self.until(said, "twin-said", "PlaybackFinished")
        await self.until(whisper, "twin-whisper", "StasisEnd")
        self.answers.append(str(await ari.hangup("twin-quiet")))
        await self.refused(ari.add_to_bridge("twin-talk", "twin-quiet"))
        await self.refused(ari.add_to_bridge("twin-none", caller))
        self.answers.append(str(await ari.destroy_bridge("twin-talk")))
        # Asterisk answers before the channel is out: without this the order of what follows is a race.
        await self.until(mailbox, caller, "LeftBridge twin-talk")
        self.answers.append(str(await ari.hangup(caller)))
        await self.until(mailbox, caller, "StasisEnd")

    def mailbox(self, object_id: str) -> Mailbox[Event]:
        mailbox: Mailbox[Event] = Mailbox(object_id)
        self.switchboard.attach(object_id, mailbox)
        return mailbox

    async def refused(self, request: Awaitable[object]) -> None:
        try:
            await request
        except AriError as error:
            self.answers.append(f"{type(error).__name__} {error.status}")
        else:
            self.answers.append("done")

    async def until(self, mailbox: Mailbox[Event], object_id: str, wanted: str) -> None:
        """Note what is heard of an object until this."""
        while True:
            event = await mailbox.get()
            if isinstance(event, (*_KINDS, CallBroadcast)):
                self.heard.setdefault(object_id, []).append(_said(event))
                if _said(event) == wanted:
                    return


def _said(event: Event) -> str:
    match event:
        case StasisStart(args=args):
            return f"StasisStart {','.join(args[:2])}"
        case Dial(status=status):
            return f"Dial {status}".strip()
        case ChannelDestroyed(cause=cause) if cause in (0, BUSY):
            # Of a busy leg the cause may be missing (ASTERISK).
            return "ChannelDestroyed busy"
        case ChannelDestroyed(cause=cause):
            return f"ChannelDestroyed {cause}"
        case EnteredBridge(bridge=bridge) | LeftBridge(bridge=bridge):
            return f"{type(event).__name__} {bridge.id}"
        case _:
            return type(event).__name__


class _Far:
    """The far ends of the real one's dialplan: `quiet` answers, `busy` is busy, `ring` rings."""

    def __init__(self, universe: Universe, name: str) -> None:
        self.universe = universe
        self.name = name
        self.asterisk: Asterisk

    def invited(self, channel: Channel) -> None:
        """See `Callee.invited`."""
        if self.name == "quiet":
            self.universe.after(0.01, self.asterisk.leg_answered, channel)
        elif self.name == "busy":
            self.universe.after(0.01, self.asterisk.leg_refused, channel, BUSY)
        else:
            self.universe.after(0.01, self.asterisk.leg_ringing, channel)

    def heard(self, channel: Channel, prompt: str) -> None:
        """Nobody listens."""

    def ended(self, channel: Channel) -> None:
        """Nothing."""


class _Nobody:
    def leg_invited(self, leg: Channel) -> None:
        """Nothing."""

    def leg_up(self, leg: Channel) -> None:
        """Nothing."""

    def joined(self, bridge: Bridge, channel: Channel) -> None:
        """Nothing."""

    def net_connected(self, caller: Channel, leg: Channel) -> None:
        """Nothing."""

    def ended(self, channel: Channel) -> None:
        """Nothing."""


class _NoTrouble:
    def request(self, operation: str) -> str:
        """Nothing goes wrong."""
        return ""

    def event(self, kind: str) -> str:
        """Nothing goes wrong."""
        return ""


def _simulated() -> tuple[list[str], Heard]:
    universe = Universe()
    found = _act(universe)
    universe.dispose()
    return found


def _act(universe: Universe) -> tuple[list[str], Heard]:
    phones: dict[str, _Far] = {}

    def dial(endpoint: str) -> _Far:
        name = endpoint.partition("/")[2].partition("@")[0]
        phones[name] = phone = _Far(universe, name)
        phone.asterisk = asterisk
        return phone

    asterisk = Asterisk(universe, Random(1), dial=dial, members=list, watcher=_Nobody(), note=lambda *_: None)
    program = process(universe, "program")
    wire = Wire(asterisk, program, Random(2), _NoTrouble())
    ari, switchboard = client(wire, APP), Switchboard()
    script = Script(ari, switchboard)

    async def connected() -> None:
        """Nothing to compare."""

    async def main() -> None:
        connection = SimulatedConnection(ari, switchboard, on_connected=connected)
        connection.attach(wire)
        program.create_task(connection.run(), name="connection")

    program.start(main())
    universe.run(1)
    mailbox = script.mailbox("0.1")
    assert asterisk.incoming(_Far(universe, "caller"), number="0212345678", entry="menu") is not None
    done = program.start(script.run("0.1", mailbox))
    universe.run(60)
    assert done.done(), script.heard
    done.result()
    return script.answers, script.heard


@pytest.fixture
def real() -> Iterator[AriAsterisk]:
    """A real Asterisk."""
    tree = asterisk_tree()
    if tree is None:
        pytest.fail("no Asterisk: run `make setup`, or name an unpacked one in ANNYEONG120_ASTERISK_TREE")
    with tempfile.TemporaryDirectory(prefix="ari") as folder, AriAsterisk(tree, Path(folder)) as server:
        yield server


async def test_the_simulated_asterisk_does_what_the_real_one_does(real: AriAsterisk) -> None:
    """The events of each channel in order, and the answer to each request, ordinary errors among them."""
    answers, simulated = _simulated()
    async with connect(real, APP) as program:
        script = Script(program.ari, program.switchboard)
        mailbox = script.mailbox("twin-caller")
        real.call("quiet", f"offer-{APP}", "twin-caller")
        try:
            async with asyncio.timeout(30):
                await script.run("twin-caller", mailbox)
        except TimeoutError:
            pytest.fail(f"{script.heard}\n{simulated}")
    assert _renamed(script.answers) == answers
    heard = {("0.1" if key == "twin-caller" else key): value for key, value in script.heard.items()}
    assert heard == simulated


def _renamed(answers: list[str]) -> list[str]:
    return [answer.replace("twin-caller", "0.1") for answer in answers]
