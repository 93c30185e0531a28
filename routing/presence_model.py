"""What a counsellor's state is and how it changes: human status x system state. Pure; standard library only.

The SQL of `routing.presence_store` does the same in one statement each; an integration test drives both with the same events.

Rules that hold everywhere:

- What the person says never touches a conversation: signing out or taking a break while a phone rings or a caller talks counts for
  the calls after it.
- Only becoming willing (ready and idle) from not willing sets `idle_since`, so saying "ready" twice, or a blink of the network, costs
  nobody their place.
- Calls that rang out are nobody's fault. They are forgotten, and the pause they led to is over, as soon as the person does anything
  but sign out (who signs in again begins anew), or their phone is back after it was gone.
- The rest after a heavy call is the person's own: only they end it early, by saying "ready".
- A phone belongs to the node that saw it last; another node that does not have it says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Human(StrEnum):
    """What the person says."""

    OFF = "off"
    READY = "ready"
    #: Signed in and not taking calls, for `break_reason`; without one: has just signed in.
    BREAK = "break"


class System(StrEnum):
    """What the line knows."""

    IDLE = "idle"
    #: Reserved for a contact; the phone rings or is about to.
    OFFERED = "offered"
    TALKING = "talking"
    #: Finishing the record of the last talk.
    WRAPUP = "wrapup"


class BreakReason(StrEnum):
    """Why somebody takes no calls; the order is that of the digits behind `*13`."""

    MEAL = "meal"
    REST = "rest"
    TRAINING = "training"
    OTHER = "other"


class PresenceEvent(StrEnum):
    """What the person does, and what becomes of their phone. Offers and talks are changed by `routing.reservations`."""

    SIGN_IN = "sign_in"
    READY = "ready"
    BREAK = "break"
    SIGN_OUT = "sign_out"
    END_WRAPUP = "end_wrapup"
    PHONE_REACHABLE = "phone_reachable"
    PHONE_UNREACHABLE = "phone_unreachable"


class SignIn(StrEnum):
    """What came of a PIN."""

    OK = "ok"
    WRONG_PIN = "wrong_pin"
    #: Too many wrong ones; even the right one is refused until the lock ends.
    LOCKED = "locked"
    #: Nobody has this extension.
    UNKNOWN = "unknown"
    #: The account has been closed.
    DISABLED = "disabled"


class Change(StrEnum):
    """What came of a change of presence."""

    DONE = "done"
    #: It was so already.
    ALREADY = "already"
    NOT_SIGNED_IN = "not_signed_in"
    #: There is nothing to end: a call is under way.
    IN_CALL = "in_call"
    UNKNOWN = "unknown"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One counsellor at one instant."""

    human: Human = Human.OFF
    break_reason: BreakReason | None = None
    system: System = System.IDLE
    reachable: bool = False
    idle_since: datetime | None = None
    #: The Asterisk node that saw the phone last.
    node: str | None = None
    #: Calls in a row that rang out, and until when nothing is offered because of them. Both written by `routing.reservations`.
    missed: int = 0
    paused_until: datetime | None = None
    #: Resting after a heavy call until then. Written by `routing.reservations`.
    rest_until: datetime | None = None

    @property
    def signed_in(self) -> bool:
        """Whether the person is at work."""
        return self.human is not Human.OFF

    @property
    def willing(self) -> bool:
        """Ready and idle: takes the next call if the phone can be reached."""
        return self.human is Human.READY and self.system is System.IDLE

    @property
    def available(self) -> bool:
        """Willing, and the phone can be rung. Shift, rest and pause, which depend on the instant, are judged by the line."""
        return self.willing and self.reachable


def change(
    presence: Presence, event: PresenceEvent, *, at: datetime, reason: BreakReason | None = None, node: str | None = None
) -> Presence:
    """The presence after an event; the same object where the event changes nothing. Total: no state refuses an event.

    `at` is the instant of the event, `reason` that of a break (missing: other), `node` the one that tells of a phone.
    """
    after = _changed(presence, event, reason, node)
    if after == presence:
        return presence
    if after.willing and not presence.willing:
        return replace(after, idle_since=at)
    return after


def _changed(now: Presence, event: PresenceEvent, reason: BreakReason | None, node: str | None) -> Presence:
    match event:
        case PresenceEvent.SIGN_IN if not now.signed_in:
            return replace(_back(now), human=Human.BREAK, break_reason=None)
        case PresenceEvent.SIGN_IN:
            return _back(now)
        case PresenceEvent.READY if now.signed_in:
            # Who says "ready" says so because the work after the last talk is done and they have rested.
            return replace(_back(now), human=Human.READY, break_reason=None, system=_finished(now.system), rest_until=None)
        case PresenceEvent.BREAK if now.signed_in:
            return replace(_back(now), human=Human.BREAK, break_reason=reason or BreakReason.OTHER)
        case PresenceEvent.SIGN_OUT if now.signed_in:
            return replace(now, human=Human.OFF, break_reason=None, system=_finished(now.system))
        case PresenceEvent.END_WRAPUP:
            return replace(_back(now), system=_finished(now.system))
        case PresenceEvent.PHONE_REACHABLE if not now.reachable:
            return replace(_back(now), reachable=True, node=node)
        case PresenceEvent.PHONE_REACHABLE:
            return replace(now, node=node)
        case PresenceEvent.PHONE_UNREACHABLE if now.node is None or now.node == node:
            return replace(now, reachable=False)
        case _:
            return now


def _back(now: Presence) -> Presence:
    return replace(now, missed=0, paused_until=None)


def _finished(system: System) -> System:
    return System.IDLE if system is System.WRAPUP else system
