"""A simulated Asterisk: its dialplan, channels, bridges and events, as far as this program uses and has measured them.

`tests/simulation/test_asterisk_twin.py` holds it against the real one. Requests come through `helpline.simulation.rest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Protocol

from helpline.simulation.loop import Universe
from helpline.simulation.switch import Application, Bridge, Callee, Channel, Far, Json, Playback, prompt_name, seconds, stamp

#: `StasisBroadcast` waits for a claim so long (AsteriskSettings.claim_timeout_ms).
CLAIM_S = 0.5
#: Queue and round of the safety net (deploy/asterisk).
NET_RING_S = 15.0
NET_MUSIC_S = 5.0
DEAD_LEG_S = 2.0
NORMAL, BUSY, NO_ANSWER, REJECTED, ELSEWHERE, FAILURE, INTERWORKING = 16, 17, 19, 21, 26, 38, 127
OUR_REQUEST = 32
_REASONS = {"normal": NORMAL, "busy": BUSY, "no_answer": NO_ANSWER, "rejected": REJECTED, "answered_elsewhere": ELSEWHERE,
            "congestion": 34, "failure": FAILURE}  # fmt: skip


class Watcher(Protocol):
    """Who is told of everything that matters: the oracle."""

    def leg_invited(self, leg: Channel) -> None: ...
    def leg_up(self, leg: Channel) -> None: ...
    def joined(self, bridge: Bridge, channel: Channel) -> None: ...
    def net_connected(self, caller: Channel, leg: Channel) -> None: ...
    def ended(self, channel: Channel) -> None: ...


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
        self._rng = rng
        self._dial = dial
        self._members = members
        self._watcher = watcher
        self._note = note
        self._numbers = 0

    # --- from the far ends -----------------------------------------------------------------------------------------------------------

    def incoming(self, far: Far, *, number: str, entry: str, presentation: str = "allowed") -> Channel | None:
        """A call arrives on the trunk; None: Asterisk is down."""
        if not self.up:
            return None
        self._numbers += 1
        channel = Channel(
            f"{int(self.started)}.{self._numbers}", far, "PJSIP/trunk", number=number, created=self.universe.now, entry=entry,
            presentation=presentation, extension="120",
        )  # fmt: skip
        self.channels[channel.id] = channel
        self._note("invite", channel.id, entry)
        channel.ringback = True
        self._broadcast(channel, entry)
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
            self._net_answered(leg.net_for, leg)
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
            self._device(extension)

    def lose(self, app: Application) -> None:
        """Forget the socket of an application."""
        app.send = None
        app.devices = False

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

    def _device(self, extension: str) -> None:
        for app in self.applications.values():
            if app.devices:
                state = {"name": f"PJSIP/{extension}", "state": "NOT_INUSE" if self.phones.get(extension) else "UNAVAILABLE"}
                self.emit(app.name, "DeviceStateChanged", device_state=state)

    # --- channels --------------------------------------------------------------------------------------------------------------------

    def end(self, channel: Channel, cause: int, *, by: str) -> None:
        """A channel ends; whoever is concerned is told in Asterisk's order."""
        if channel.gone:
            return
        channel.gone, channel.cause, channel.ended_by = True, cause, by
        app = channel.app
        if app:
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
            self._net_leg_ended(channel.net_for, channel)
        elif channel.net_recorded:
            self._record(channel, "ended")
        for leg in list(channel.net_legs):
            self.end(leg, ELSEWHERE, by="dialplan")
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

    # --- the dialplan ----------------------------------------------------------------------------------------------------------------

    def claim(self, channel: Channel, app: str) -> bool:
        """A program takes a broadcast call."""
        if channel.dialplan != "broadcast":
            return False
        channel.dialplan = ""
        if channel.net_step:
            channel.net_step.cancel()
            channel.net_step = None
        channel.app, channel.in_stasis = app, True
        for name in self.applications:
            if name != app:
                self.emit(name, "CallClaimed", channel=channel.wire(), winner_app=app)
        self.emit(app, "StasisStart", channel=channel.wire(), args=list(channel.arguments))
        return True

    def into_dialplan(self, channel: Channel) -> None:
        """`continue`: the caller leaves the program for the safety net."""
        self.leave_bridge(channel)
        for playback in list(channel.playbacks):
            self.finish(playback, "done")
        self.emit(channel.app, "StasisEnd", channel=channel.wire())
        channel.in_stasis, channel.app = False, ""
        self._note("safety net", channel.id)
        self._safety_net(channel)

    def _broadcast(self, channel: Channel, entry: str) -> None:
        channel.arguments = ("call", entry, "120", channel.presentation)
        channel.dialplan = "broadcast"
        for app in list(self.applications.values()):
            if app.name.startswith("annyeong120-"):
                self.emit(app.name, "CallBroadcast", channel=channel.wire(), caller="", called="")
        channel.net_step = self.universe.after(CLAIM_S, self._unclaimed, channel)

    def _unclaimed(self, channel: Channel) -> None:
        if not channel.gone:
            if channel.net_recorded:
                self._net_round(channel)
            else:
                self._note("safety net", channel.id)
                self._safety_net(channel)

    def _safety_net(self, channel: Channel) -> None:
        channel.state, channel.context, channel.dialplan = "Up", "safety-net", "prompt"
        if channel.net_recorded:
            self._net_round(channel)
            return
        channel.net_recorded = True
        self._record(channel, "entered", channel.number if channel.presentation == "allowed" else "", "120")
        channel.net_step = self.universe.after(seconds(["safety_net_hold"]), self._net_round, channel)

    def _net_round(self, channel: Channel) -> None:
        if channel.gone:
            return
        channel.dialplan, channel.net_talk_since = "music", None
        for extension in self._members():
            callee = self._dial(f"PJSIP/{extension}")
            if callee is not None and not any(c.endpoint == f"PJSIP/{extension}" for c in self.channels.values()):
                self._numbers += 1
                leg = Channel(
                    f"net-{self._numbers}", callee, f"PJSIP/{extension}", created=self.universe.now, state="Down", net_for=channel
                )
                self.channels[leg.id] = leg
                channel.net_legs.append(leg)
                self._note("net rings", channel.id, extension)
                self._watcher.leg_invited(leg)
        if channel.net_legs:
            channel.net_step = self.universe.after(NET_RING_S, self._net_over, channel)
            for leg in list(channel.net_legs):
                if not leg.gone and isinstance(leg.far, object):
                    leg.far.invited(leg)  # type: ignore[attr-defined]
        else:
            channel.net_step = self.universe.after(NET_MUSIC_S, self._net_again, channel)

    def _net_over(self, channel: Channel) -> None:
        for leg in list(channel.net_legs):
            self.end(leg, NO_ANSWER, by="dialplan")
        self._net_again(channel)

    def _net_again(self, channel: Channel) -> None:
        if not channel.gone:
            self._broadcast(channel, "returned")

    def _net_answered(self, channel: Channel, leg: Channel) -> None:
        if channel.net_step:
            channel.net_step.cancel()
        channel.dialplan, channel.net_talk_since = "talk", self.universe.now
        self._record(channel, "answered", "", "", leg.endpoint.partition("/")[2])
        for other in list(channel.net_legs):
            if other is not leg:
                self.end(other, ELSEWHERE, by="dialplan")
        self._watcher.net_connected(channel, leg)

    def _net_leg_ended(self, channel: Channel, leg: Channel) -> None:
        if leg in channel.net_legs:
            channel.net_legs.remove(leg)
        if channel.gone:
            return
        if channel.net_talk_since is not None and leg.state == "Up":
            spoken = self.universe.now - channel.net_talk_since >= DEAD_LEG_S and leg.cause == NORMAL
            channel.net_talk_since = None
            channel.dialplan = "music"
            if spoken:
                self.end(channel, NORMAL, by="dialplan")
            else:
                self._net_again(channel)
        elif not channel.net_legs and channel.net_talk_since is None and channel.dialplan == "music":
            if channel.net_step:
                channel.net_step.cancel()
            channel.net_step = self.universe.after(1.0, self._net_again, channel)

    def _record(self, channel: Channel, what: str, number: str = "", dialled: str = "", extension: str = "") -> None:
        self.records.append((channel.id, what, stamp(self.universe.now), number, dialled, extension))


def _playback(playback: Playback) -> Json:
    return {"id": playback.id, "media_uri": playback.media[0] if playback.media else "", "target_uri": playback.target,
            "language": "ko", "state": playback.state}  # fmt: skip
