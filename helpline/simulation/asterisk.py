"""A simulated Asterisk: its dialplan, channels, bridges and events, as far as this program uses and has measured them.

`tests/simulation/test_asterisk_twin.py` holds it against the real one. Requests come through `helpline.simulation.rest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from random import Random

from helpline.simulation.dialplan import BUSY, ELSEWHERE, FAILURE, NO_ANSWER, NORMAL, REJECTED, Dialplan, Watcher
from helpline.simulation.loop import Universe
from helpline.simulation.switch import Application, Bridge, Callee, Channel, Far, Json, Playback, prompt_name, seconds, stamp

OUR_REQUEST = 32
_REASONS = {"normal": NORMAL, "busy": BUSY, "no_answer": NO_ANSWER, "rejected": REJECTED, "answered_elsewhere": ELSEWHERE,
            "congestion": 34, "failure": FAILURE}  # fmt: skip


class Ear:
    """The far end of a snoop channel: the owner of the channel that it whispers to."""

    def __init__(self, to: Channel) -> None:
        self._to = to

    def heard(self, channel: Channel, prompt: str) -> None:
        """See `Far.heard`."""
        self._to.far.heard(self._to, prompt)

    def ended(self, channel: Channel) -> None:
        """Nothing more."""


class Asterisk:
    """One Asterisk node. What the far ends do comes through the methods of the first part."""

    def __init__(
        self,
        universe: Universe,
        rng: Random,
        *,
        dial: Callable[[str], Callee | None],
        members: Callable[[], Iterable[str]],
        watcher: Watcher,
        note: Callable[..., None],
    ) -> None:
        """`dial` finds whose phone an endpoint is (None: unreachable); `members` are the extensions that the safety net rings."""
        self.universe = universe
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.playbacks: dict[str, Playback] = {}
        self.applications: dict[str, Application] = {}
        #: Registered phones.
        self.phones: dict[str, bool] = {}
        self.started = 0.0
        self.up = True
        #: The safety net's record, one line an occurrence (ivr.safety_net_log).
        self.records: list[tuple[str, ...]] = []
        self.numbers: Iterator[int] = count(1)
        self._rng = rng
        self._dial = dial
        self.dialplan = Dialplan(self, dial=dial, members=members, watcher=watcher, note=note)
        self._watcher = watcher
        self._note = note

    # --- from the far ends -----------------------------------------------------------------------------------------------------------

    def incoming(self, far: Far, *, number: str, entry: str, presentation: str = "allowed") -> Channel | None:
        """A call arrives on the trunk; None: Asterisk is down."""
        if not self.up:
            return None
        channel = Channel(
            f"{int(self.started)}.{next(self.numbers)}", far, "PJSIP/trunk", number=number, created=self.universe.now, entry=entry,
            presentation=presentation, extension="120",
        )  # fmt: skip
        self.channels[channel.id] = channel
        self._note("invite", channel.id, entry)
        channel.ringback = True
        self.dialplan.broadcast(channel, entry)
        return channel

    def press(self, channel: Channel, digit: str, duration_ms: int = 120) -> None:
        """A key was pressed and released."""
        if not channel.gone and channel.in_stasis:
            self.emit(channel.app, "ChannelDtmfReceived", channel=channel.wire(), digit=digit, duration_ms=duration_ms)

    def hang_up(self, channel: Channel, cause: int = NORMAL) -> None:
        """The far end hangs up, or dies (`cause` other than normal)."""
        self.end(channel, cause, by="far")

    def leg_ringing(self, leg: Channel) -> None:
        """180."""
        if leg.gone or leg.state == "Up":
            return
        leg.state = "Ringing"
        if leg.app:
            self.emit(leg.app, "ChannelStateChange", channel=leg.wire())
            self.emit(leg.app, "Dial", peer=leg.wire(), dialstatus="RINGING")

    def leg_answered(self, leg: Channel) -> None:
        """200."""
        if leg.gone or leg.state == "Up":
            return
        leg.state = "Up"
        if leg.ring_out:
            leg.ring_out.cancel()
        self._watcher.leg_up(leg)
        if leg.net_for is not None:
            self.dialplan.answered(leg.net_for, leg)
            return
        self.emit(leg.app, "ChannelStateChange", channel=leg.wire())
        self.emit(leg.app, "Dial", peer=leg.wire(), dialstatus="ANSWER")
        leg.in_stasis = True
        self.emit(leg.app, "StasisStart", channel=leg.wire(), args=list(leg.arguments))

    def leg_refused(self, leg: Channel, cause: int) -> None:
        """486, 603, or no answer to the INVITE at all."""
        if leg.gone or leg.state == "Up":
            return
        if leg.app and cause in (BUSY, REJECTED):
            self.emit(leg.app, "Dial", peer=leg.wire(), dialstatus="BUSY" if cause == BUSY else "CONGESTION")
        self.end(leg, cause, by="far")

    def register(self, extension: str, there: bool) -> None:
        """A phone registers or goes away."""
        if self.phones.get(extension) is not there:
            self.phones[extension] = there
            self._note("phone", extension, "there" if there else "away")

    def lose(self, app: Application) -> None:
        """Forget the socket of an application."""
        app.send = None

    def crash(self) -> None:
        """Every call is gone, without a word."""
        self.up = False
        for channel in list(self.channels.values()):
            channel.gone, channel.ended_by, channel.cause = True, "asterisk", FAILURE
            for appointment in (channel.ring_out, channel.net_step, *(playback.end for playback in channel.playbacks)):
                if appointment:
                    appointment.cancel()
        ended = list(self.channels.values())
        for playback in self.playbacks.values():
            if playback.end:
                playback.end.cancel()
        self.channels.clear()
        self.bridges.clear()
        self.playbacks.clear()
        self.applications.clear()
        for channel in ended:
            self._watcher.ended(channel)
            channel.far.ended(channel)

    def boot(self) -> None:
        """Up again."""
        self.up, self.started = True, self.universe.now

    # --- what is heard ---------------------------------------------------------------------------------------------------------------

    def hears(self, channel: Channel) -> str:
        """What the far end hears at this instant; empty: nothing."""
        if channel.dialplan:
            return channel.dialplan
        if channel.playbacks:
            return "prompt"
        bridge = channel.bridge
        if bridge is not None:
            if bridge.kind == "holding" or bridge.music:
                return "music"
            if bridge.playbacks:
                return "prompt"
            if any(other is not channel and other.state == "Up" for other in bridge.channels):
                return "talk"
        if channel.ringback and channel.state != "Up":
            return "ringback"
        return ""

    # --- events ----------------------------------------------------------------------------------------------------------------------

    def emit(self, name: str, kind: str, **fields: object) -> None:
        """Send an event to an application, if it is connected."""
        app = self.applications.get(name)
        if app is not None and app.send is not None:
            app.send({"type": kind, "timestamp": stamp(self.universe.now), "application": name, **fields})

    # --- channels --------------------------------------------------------------------------------------------------------------------

    def end(self, channel: Channel, cause: int, *, by: str) -> None:
        """A channel ends; whoever is concerned is told in Asterisk's order."""
        if channel.gone:
            return
        channel.gone, channel.cause, channel.ended_by = True, cause, by
        app = channel.app
        # A leg that ends before anybody answered says nothing of a hang-up, nor does a whisper that ends with whom it was for.
        if app and (channel.in_stasis or by == "program") and (channel.whispers_to is None or by == "program"):
            self.emit(app, "ChannelHangupRequest", channel=channel.wire(), cause=OUR_REQUEST if by == "program" else cause)
        for appointment in (channel.ring_out, channel.net_step):
            if appointment:
                appointment.cancel()
        for playback in list(channel.playbacks):
            self.finish(playback, "done")
        self.leave_bridge(channel)
        if app and channel.in_stasis:
            self.emit(app, "StasisEnd", channel=channel.wire())
        self.channels.pop(channel.id, None)
        if app and channel.dialled:
            self.emit(app, "ChannelDestroyed", channel=channel.wire(), cause=cause, cause_txt="")
        self._note("end", channel.id, by, cause)
        if channel.net_for is not None:
            self.dialplan.leg_ended(channel.net_for, channel)
        elif channel.net_recorded:
            self.dialplan.record(channel, "ended")
        for leg in list(channel.net_legs):
            self.end(leg, ELSEWHERE, by="dialplan")
        for whisper in list(channel.whispers):
            self.end(whisper, NORMAL, by="asterisk")
        if channel.whispers_to is not None:
            channel.whispers_to.whispers.remove(channel)
        behind, channel.behind = channel.behind, []
        for request in behind:
            request()
        self._watcher.ended(channel)
        channel.far.ended(channel)

    def reason(self, word: str) -> int | None:
        """Q.850 cause of a hang-up reason; None: there is no such reason."""
        return _REASONS.get(word)

    def originate(self, channel_id: str, endpoint: str, app: str, arguments: str, timeout_s: int, number: str) -> Channel | None:
        """Dial; None: the phone cannot be reached."""
        callee = self._dial(endpoint)
        if callee is None:
            return None
        leg = Channel(
            channel_id, callee, endpoint, number=number, state="Down", context="", created=self.universe.now, app=app, dialled=True
        )
        leg.arguments = tuple(arguments.split(",")) if arguments else ()
        self.channels[leg.id] = leg
        self.emit(app, "ChannelCreated", channel=leg.wire())
        self.emit(app, "Dial", peer=leg.wire(), dialstatus="")
        leg.ring_out = self.universe.after(timeout_s, lambda: self.end(leg, NO_ANSWER, by="asterisk"))
        self._note("ring", leg.id, endpoint)
        self._watcher.leg_invited(leg)
        callee.invited(leg)
        return leg

    def whisper(self, to: Channel, channel_id: str, app: str) -> Channel:
        """A snoop channel: what is played to it only the owner of another one hears, over what they hear anyway. It ends with that one."""
        channel = Channel(
            channel_id, Ear(to), f"Snoop/{to.id}", state="Up", context="", created=self.universe.now, app=app, in_stasis=True, whispers_to=to
        )  # fmt: skip
        self.channels[channel.id] = channel
        to.whispers.append(channel)
        self.emit(app, "StasisStart", channel=channel.wire(), args=[])
        return channel

    # --- bridges and prompts -------------------------------------------------------------------------------------------------------

    def join_bridge(self, bridge: Bridge, channel: Channel) -> None:
        """Into the bridge, out of any other."""
        if channel.bridge is bridge:
            return
        self.leave_bridge(channel)
        bridge.channels.append(channel)
        channel.bridge = bridge
        self.emit(channel.app, "ChannelEnteredBridge", channel=channel.wire(), bridge=bridge.wire())
        self._watcher.joined(bridge, channel)

    def leave_bridge(self, channel: Channel) -> None:
        """Out of it."""
        if (bridge := channel.bridge) is not None:
            bridge.channels.remove(channel)
            channel.bridge = None
            self.emit(channel.app, "ChannelLeftBridge", channel=channel.wire(), bridge=bridge.wire())

    def destroy_bridge(self, bridge: Bridge) -> None:
        """The bridge ends; its channels do not."""
        for channel in list(bridge.channels):
            self.leave_bridge(channel)
        for playback in list(bridge.playbacks):
            self.finish(playback, "done")
        self.bridges.pop(bridge.id, None)
        for name in self.applications:
            self.emit(name, "BridgeDestroyed", bridge=bridge.wire())

    def play(self, playback: Playback, onto: Channel | Bridge) -> None:
        """Play prompts after those that are playing already."""
        self.playbacks[playback.id] = playback
        onto.playbacks.append(playback)
        if len(onto.playbacks) == 1:
            self._begin(playback, onto)

    def finish(self, playback: Playback, state: str) -> None:
        """A playback ended or is stopped."""
        if self.playbacks.pop(playback.id, None) is None:
            return
        if playback.end:
            playback.end.cancel()
        kind, _, target = playback.target.partition(":")
        onto = self.channels.get(target) if kind == "channel" else self.bridges.get(target)
        playback.state = state
        self.emit(playback.app, "PlaybackFinished", playback=_playback(playback))
        if onto is None:
            return
        onto.playbacks.remove(playback)
        if onto.playbacks:
            self._begin(onto.playbacks[0], onto)
        elif isinstance(onto, Channel) and not onto.gone:
            behind, onto.behind = onto.behind, []
            for request in behind:
                request()

    def _begin(self, playback: Playback, onto: Channel | Bridge) -> None:
        if playback.state != "queued":
            return
        playback.state = "playing"
        self.emit(playback.app, "PlaybackStarted", playback=_playback(playback))
        playback.end = self.universe.after(seconds(playback.media), self.finish, playback, "done")
        for channel in [onto] if isinstance(onto, Channel) else list(onto.channels):
            for media in playback.media:
                channel.far.heard(channel, prompt_name(media))


def _playback(playback: Playback) -> Json:
    return {"id": playback.id, "media_uri": playback.media[0] if playback.media else "", "target_uri": playback.target,
            "language": "ko", "state": playback.state}  # fmt: skip
