"""The never-silent watchdog: every live caller hears something, talks or is being connected, and is owned by a live deadline.

`violation` is the rule, pure. `Watchdog` asks it of every call each second, and `beside_the_bridge` is asked of Asterisk's own picture by
the periodic comparison (`ivr.recovery`). What is found is repaired by the call's own machine (`Unattended`), counted, and alarmed. A caller
is never hung up for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import structlog

from core import metrics
from core.alarms import AlarmKind, Alarms
from core.clock import Clock
from ivr import call_model as m
from ivr.call_model import Call, Phase, Question, Timer
from ivr.conference import Stage

log = structlog.get_logger()

#: How often every call is looked at.
EVERY_S = 1.0
#: What lasts less is a call in the middle of a step.
PATIENCE_S = 2.5
#: A talk that the comparison with Asterisk has not seen for so long has nobody who would notice its end.
UNSEEN_S = 30.0
#: A call whose machine has been busy with one step for so long is stuck.
STUCK_S = 30.0


class What(StrEnum):
    """What is wrong with a call."""

    #: Nothing is heard, or nothing runs that would go on from here.
    UNATTENDED = "unattended"
    #: Talking, and not compared with Asterisk for too long.
    UNSEEN = "unseen"
    #: In the middle of one step for too long.
    STUCK = "stuck"
    #: Believed to hear music, but not in the holding bridge.
    NOT_HELD = "not_held"
    #: Believed to talk, but not both in the talk bridge.
    NOT_BRIDGED = "not_bridged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a call beside its state. Seconds."""

    #: Since the comparison last saw it in Asterisk.
    unseen_s: float = 0.0
    #: Since the step under way began; 0: none.
    busy_s: float = 0.0


def violation(call: Call, timers: Collection[Timer], facts: Facts) -> What | None:
    """What is wrong with a live call, or None. `timers`: those that run."""
    if call.phase in (Phase.ENDED, Phase.SAFETY_NET):
        return None
    if facts.busy_s > STUCK_S:
        return What.STUCK
    if facts.busy_s > 0:
        return None
    if call.conference.waits and Timer.PARTNER not in timers:
        return What.UNATTENDED
    if call.transfer is not None and call.transfer.waits and Timer.TRANSFER not in timers:
        return What.UNATTENDED
    if call.phase is Phase.TALKING and call.conference.stage is Stage.PRIVATE and not _in_private(call, timers):
        return What.UNATTENDED
    if call.phase is Phase.PARTNER and (
        call.conference.stage is not Stage.JOINED or (call.offer is not None and not call.leg_up and Timer.RING not in timers)
    ):
        return What.UNATTENDED
    if call.phase is Phase.LEFT and ((call.again and Timer.REDIAL not in timers) or (call.offer is None and not call.again_up)):
        return What.UNATTENDED
    if call.phase in (Phase.TALKING, Phase.OVERFLOW, Phase.TRANSFERRED, Phase.PARTNER, Phase.LEFT):
        return What.UNSEEN if facts.unseen_s > UNSEEN_S else None
    return None if _attended(call, timers) else What.UNATTENDED


def _in_private(call: Call, timers: Collection[Timer]) -> bool:
    """The caller hears a word and music while counsellor and partner talk."""
    return call.holding and Timer.COMFORT in timers and (not call.playing or Timer.PLAYBACK in timers)


def _attended(call: Call, timers: Collection[Timer]) -> bool:
    if call.playing:
        return Timer.PLAYBACK in timers
    match call.phase:
        case Phase.MENU:
            # Quiet on purpose: a key is awaited.
            return Timer.DIALOGUE in timers if call.dialogue is not None else Timer.SILENCE in timers
        case Phase.DIALLING:
            return Timer.RING in timers and (call.holding or Timer.HOLD in timers)
        case Phase.WAITING:
            asked = call.question in (Question.ASKED, Question.AGAIN)
            return (
                Timer.COMFORT in timers
                and (call.holding or Timer.HOLD in timers)
                and (call.dialogue is None or Timer.DIALOGUE in timers)
                and (not asked or Timer.QUESTION in timers)
                and (call.offer is None or call.leg_up or Timer.RING in timers)
                and (not call.overflow.running or Timer.OVERFLOW in timers)
            )
        case _:
            return False


def beside_the_bridge(call: Call, *, held: bool, together: bool) -> What | None:
    """What Asterisk's picture says of a call that has been like this for some seconds: in its holding bridge, in its talk bridge with whom
    it should be; in a private word `together` is about the two others.
    """
    if call.phase in (Phase.WAITING, Phase.DIALLING) and call.holding and not call.leg_up and not held:
        return What.NOT_HELD
    if call.phase is Phase.TALKING and call.conference.stage is Stage.PRIVATE and not held:
        return What.NOT_HELD
    if call.phase in (Phase.TALKING, Phase.OVERFLOW, Phase.PARTNER) and call.connected and not together:
        return What.NOT_BRIDGED
    if call.phase is Phase.LEFT and call.conference.stage is Stage.JOINED and not together:
        return What.NOT_BRIDGED
    if call.phase is Phase.TRANSFERRED and call.desk_leg and not together:
        return What.NOT_BRIDGED
    return None


class Watched(Protocol):
    """A live call: `ivr.actor.CallActor`."""

    contact_id: UUID

    @property
    def call(self) -> Call:
        """Its state."""

    @property
    def deadlines(self) -> Collection[Timer]:
        """Its running timers."""

    def facts(self) -> Facts:
        """What else is known."""

    def post(self, happening: m.Happening) -> None:
        """Let something happen to it."""


class Watchdog:
    """Looks at every call again and again."""

    def __init__(self, calls: Callable[[], Mapping[UUID, Watched]], alarms: Alarms, clock: Clock) -> None:
        """`calls`: the live ones."""
        self._calls = calls
        self._alarms = alarms
        self._clock = clock
        #: Found wrong, and since when (monotonic); repaired when it lasts.
        self._since: dict[tuple[UUID, What], float] = {}

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.look()

    def look(self) -> None:
        """One look at every call."""
        now = self._clock.monotonic()
        found = {
            (contact_id, what): actor
            for contact_id, actor in self._calls().items()
            if (what := violation(actor.call, actor.deadlines, actor.facts())) is not None
        }
        self._since = {key: self._since.get(key, now) for key in found}
        for key, actor in found.items():
            if now - self._since[key] >= PATIENCE_S:
                # Not again before it has had time to help.
                self._since[key] = now
                self.mend(actor, key[1])

    def mend(self, actor: Watched, what: What) -> None:
        """Count, alarm, and have the call's machine start afresh where that can help."""
        metrics.watchdog_repairs_total.labels(what=str(what)).inc()
        log.error("caller_unattended", call_id=str(actor.contact_id), what=str(what), phase=str(actor.call.phase))
        self._alarms.raise_(
            AlarmKind.SILENT_CALLER_LINE, about=actor.contact_id, detail={"what": str(what), "phase": str(actor.call.phase)}
        )
        if what not in (What.UNSEEN, What.STUCK):
            # An unseen talk is most likely a lost connection to Asterisk: touching it could only end it.
            actor.post(m.Unattended(what=str(what)))
