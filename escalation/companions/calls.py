"""The machine of one planned call: `advance(call, happened, rules) -> call`. Pure.

The companion is rung first, the person only when the companion is there: nobody is rung to be left with silence. The person is never rung
without their permission, asked for again at each attempt. Every call ends as talked, given up or skipped with a reason; none just stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import AnnyeongError
from escalation.companions.model import FINAL, Call, CallState, Skip


class IllegalCall(AnnyeongError):
    """This can't happen to a planned call in that state."""

    code = "illegal_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
    """How often and for how long a planned call is tried."""

    attempts: int = 3
    spacing: timedelta = timedelta(minutes=20)
    #: An attempt under way is given up for lost after this.
    lease: timedelta = timedelta(hours=2)
    #: Later than this after its time it is not dialled any more.
    stale: timedelta = timedelta(hours=2)


class Ended(StrEnum):
    """How an attempt ended."""

    TALKED = "talked"
    #: The companion did not answer: the person was not rung.
    COMPANION_ABSENT = "companion_absent"
    PERSON_ABSENT = "person_absent"
    #: The person does not want to be called any more.
    DECLINED = "declined"
    #: We failed. Does not count.
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened to a call."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(Happened):
    """The companion's phone is rung. `barrier`: why it must not be (`barrier_of`), asked at this instant."""

    barrier: Skip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionThere(Happened):
    """The companion answered; the person is rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonThere(Happened):
    """They talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(Happened):
    """The attempt is over."""

    how: Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped(Happened):
    """It is not to be made."""

    why: Skip


_WAITING = frozenset({CallState.DUE, CallState.MISSED})
_RINGING = frozenset({CallState.COMPANION_RUNG, CallState.PERSON_RUNG})


def advance(call: Call, happened: Happened, rules: CallRules) -> Call:
    """What a call becomes. What comes late changes nothing. Raises IllegalCall for what can't be."""
    if call.state in FINAL or call.ended:
        return call
    match happened:
        case Dialled() if call.state in _WAITING:
            if happened.barrier is not None:
                return replace(call, state=CallState.SKIPPED, skip=happened.barrier, next_at=None)
            if happened.at > call.due_at + rules.stale:
                # The machine was away for long: a call at the wrong hour is worse than one that somebody makes by hand.
                return replace(call, state=CallState.GIVEN_UP, next_at=None)
            return replace(call, state=CallState.COMPANION_RUNG, next_at=None, attempts=call.attempts + 1)
        case CompanionThere() if call.state is CallState.COMPANION_RUNG:
            return replace(call, state=CallState.PERSON_RUNG)
        case PersonThere() if call.state in _RINGING:
            return replace(call, state=CallState.TALKED)
        case AttemptEnded() if call.state in _RINGING or call.state is CallState.TALKED:
            return _ended(call, happened, rules)
        case Skipped() if call.state in _WAITING:
            return replace(call, state=CallState.SKIPPED, skip=happened.why, next_at=None)
        case CompanionThere() | PersonThere() | AttemptEnded() | Skipped():
            return call
        case _:
            raise IllegalCall(f"{type(happened).__name__} can't happen to a call that is {call.state}")


def _ended(call: Call, happened: AttemptEnded, rules: CallRules) -> Call:
    if happened.how is Ended.TALKED or call.state is CallState.TALKED:
        # However it ended: they had talked.
        return replace(call, state=CallState.TALKED, ended=True)
    if happened.how is Ended.DECLINED:
        return replace(call, state=CallState.GIVEN_UP)
    attempts = call.attempts - (happened.how is Ended.INTERRUPTED)
    again = happened.at + rules.spacing
    if attempts >= rules.attempts or again > call.due_at + rules.stale:
        return replace(call, state=CallState.GIVEN_UP, attempts=attempts)
    return replace(call, state=CallState.MISSED, attempts=attempts, next_at=again)
