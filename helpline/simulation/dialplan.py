"""The dialplan of the simulated Asterisk (deploy/asterisk/extensions.conf.j2): the broadcast, and the safety net behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from helpline.simulation.loop import Universe
from helpline.simulation.switch import Application, Bridge, Callee, Channel, Playback, seconds, stamp

#: `StasisBroadcast` waits for a claim so long (AsteriskSettings.claim_timeout_ms).
CLAIM_S = 0.5
#: Queue and round of the safety net.
NET_RING_S = 15.0
NET_MUSIC_S = 5.0
DEAD_LEG_S = 2.0
#: Where calls from outside arrive.
ENTRY = "from-trunk"
#: Causes, Q.850.
NORMAL, BUSY, NO_ANSWER, REJECTED, ELSEWHERE, FAILURE = 16, 17, 19, 21, 26, 38


class Watcher(Protocol):
    """Who is told of everything that matters: the oracle."""

    def leg_invited(self, leg: Channel) -> None:
        """A phone is going to ring."""

    def leg_up(self, leg: Channel) -> None:
        """It was answered."""

    def joined(self, bridge: Bridge, channel: Channel) -> None:
        """A channel is in a bridge."""

    def net_connected(self, caller: Channel, leg: Channel) -> None:
        """The safety net found somebody."""

    def ended(self, channel: Channel) -> None:
        """A channel is no more."""


class Switch(Protocol):
    """What the dialplan needs of Asterisk."""

    universe: Universe
    channels: dict[str, Channel]
    applications: dict[str, Application]
    records: list[tuple[str, ...]]
    numbers: Iterator[int]

    def emit(self, name: str, kind: str, **fields: object) -> None:
        """Send an event to an application."""

    def end(self, channel: Channel, cause: int, *, by: str) -> None:
        """A channel ends."""

    def finish(self, playback: Playback, state: str) -> None:
        """A playback ends."""

    def leave_bridge(self, channel: Channel) -> None:
        """Out of its bridge."""


class Dialplan:
    """What becomes of a caller whom no program has."""

    def __init__(
        self,
        switch: Switch,
        *,
        dial: Callable[[str], Callee | None],
        members: Callable[[], Iterable[str]],
        watcher: Watcher,
        note: Callable[..., None],
    ) -> None:
        """See `Asterisk`."""
        self._switch = switch
        self._dial = dial
        self._members = members
        self._watcher = watcher
        self._note = note

    def claim(self, channel: Channel, app: str) -> bool:
        """A program takes a broadcast call."""
        if channel.dialplan != "broadcast":
            return False
        channel.dialplan = ""
        if channel.net_step:
            channel.net_step.cancel()
            channel.net_step = None
        channel.app, channel.in_stasis, channel.claimed = app, True, self._switch.universe.now
        for name in self._switch.applications:
            if name != app:
                self._switch.emit(name, "CallClaimed", channel=channel.wire(), winner_app=app)
        self._switch.emit(app, "StasisStart", channel=channel.wire(), args=list(channel.arguments))
        return True

    def take(self, channel: Channel, context: str) -> None:
        """`continue`: the caller leaves the program for the safety net, or (`from-trunk`) is offered to every program like a new call."""
        self._switch.leave_bridge(channel)
        for playback in list(channel.playbacks):
            self._switch.finish(playback, "done")
        self._switch.emit(channel.app, "StasisEnd", channel=channel.wire())
        channel.in_stasis, channel.app = False, ""
        if context == ENTRY:
            self._note("offered again", channel.id)
            self.broadcast(channel, "menu")
        else:
            self._note("safety net", channel.id)
            self._safety_net(channel)

    def broadcast(self, channel: Channel, entry: str) -> None:
        """`StasisBroadcast`: whoever claims it first has it, and if nobody does the dialplan goes on."""
        channel.arguments = ("call", entry, "120", channel.presentation)
        channel.dialplan = "broadcast"
        for app in list(self._switch.applications.values()):
            if app.name.startswith("annyeong120-"):
                self._switch.emit(app.name, "CallBroadcast", channel=channel.wire(), caller="", called="")
        self._then(channel, CLAIM_S, self._unclaimed)

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
        self.record(channel, "entered", channel.number if channel.presentation == "allowed" else "", "120")
        self._then(channel, seconds(["safety_net_hold"]), self._net_round)

    def _net_round(self, channel: Channel) -> None:
        if channel.gone:
            return
        channel.dialplan, channel.net_talk_since = "music", None
        for extension in self._members():
            callee = self._dial(f"PJSIP/{extension}")
            if callee is not None and not any(c.endpoint == f"PJSIP/{extension}" for c in self._switch.channels.values()):
                leg = Channel(
                    f"net-{next(self._switch.numbers)}",
                    callee,
                    f"PJSIP/{extension}",
                    created=self._switch.universe.now,
                    state="Down",
                    net_for=channel,
                )
                self._switch.channels[leg.id] = leg
                channel.net_legs.append(leg)
                self._note("net rings", channel.id, extension)
                self._watcher.leg_invited(leg)
        if channel.net_legs:
            self._then(channel, NET_RING_S, self._net_over)
            for leg in list(channel.net_legs):
                if not leg.gone and (callee := self._dial(leg.endpoint)) is not None:
                    callee.invited(leg)
        else:
            self._then(channel, NET_MUSIC_S, self._net_again)

    def _then(self, channel: Channel, seconds_: float, step: Callable[[Channel], None]) -> None:
        """The dialplan of a channel is in one place: what it waited for before is not waited for any more."""
        if channel.net_step:
            channel.net_step.cancel()
        channel.net_step = self._switch.universe.after(seconds_, step, channel)

    def _net_over(self, channel: Channel) -> None:
        channel.dialplan = "over"
        for leg in list(channel.net_legs):
            self._switch.end(leg, NO_ANSWER, by="dialplan")
        self._net_again(channel)

    def _net_again(self, channel: Channel) -> None:
        if not channel.gone:
            self.broadcast(channel, "returned")

    def answered(self, channel: Channel, leg: Channel) -> None:
        """A counsellor whom the safety net rang took the call."""
        if channel.net_step:
            channel.net_step.cancel()
        channel.dialplan, channel.net_talk_since = "talk", self._switch.universe.now
        self.record(channel, "answered", "", "", leg.endpoint.partition("/")[2])
        for other in list(channel.net_legs):
            if other is not leg:
                self._switch.end(other, ELSEWHERE, by="dialplan")
        self._watcher.net_connected(channel, leg)

    def leg_ended(self, channel: Channel, leg: Channel) -> None:
        """One of the safety net's legs is no more."""
        if leg in channel.net_legs:
            channel.net_legs.remove(leg)
        if channel.gone:
            return
        if channel.net_talk_since is not None and leg.state == "Up":
            spoken = self._switch.universe.now - channel.net_talk_since >= DEAD_LEG_S and leg.cause == NORMAL
            channel.net_talk_since = None
            channel.dialplan = "music"
            if spoken:
                self._switch.end(channel, NORMAL, by="dialplan")
            else:
                self._net_again(channel)
        elif not channel.net_legs and channel.net_talk_since is None and channel.dialplan == "music":
            self._then(channel, 1.0, self._net_again)

    def record(self, channel: Channel, what: str, number: str = "", dialled: str = "", extension: str = "") -> None:
        """A line of the safety net's record."""
        self._switch.records.append((channel.id, what, stamp(self._switch.universe.now), number, dialled, extension))
