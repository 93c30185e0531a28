"""Words of call-backs: consent as data, what is due, how an attempt ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from core.clock import seoul
from core.errors import AnnyeongError
from routing.model import Lane, Outcome


class CallbackError(AnnyeongError):
    """A call-back can't be stored or changed like this; the message says why."""


class UnknownContact(CallbackError):
    """There is no such contact."""


class NoNumber(CallbackError):
    """The number of the call is withheld and no other one was given: nobody can be called back."""


class UnknownCallback(CallbackError):
    """There is no such call-back."""


class CallbackState(StrEnum):
    """Where a request is."""

    OPEN = "open"
    #: A worker has it, until its lease ends.
    CALLING = "calling"
    DONE = "done"
    CANCELLED = "cancelled"
    #: The policy's attempts are used up.
    GIVEN_UP = "given_up"


class Reason(StrEnum):
    """Why somebody is on the list."""

    #: By key.
    ASKED = "asked"
    #: Left before anybody answered.
    DROPPED_OUT = "dropped_out"
    #: Our failure.
    CUT_OFF = "cut_off"


class CallbackResult(StrEnum):
    """How one attempt ended."""

    TALKED = "talked"
    #: Also when only a machine answered.
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    #: The person did not want to talk.
    DECLINED = "declined"
    #: Somebody else answered.
    WRONG_PERSON = "wrong_person"
    #: Nobody was called, or we failed: does not count.
    INTERRUPTED = "interrupted"


#: These end a request.
FINAL: Final = frozenset({CallbackResult.TALKED, CallbackResult.DECLINED, CallbackResult.WRONG_PERSON})
#: What the contact of an attempt tells about it, when the worker that made it is gone. Everything else: interrupted.
RESULT_OF: Final = {
    Outcome.TALKED: CallbackResult.TALKED,
    Outcome.TALKED_SAFETY_NET: CallbackResult.TALKED,
    Outcome.TALKED_OVERFLOW: CallbackResult.TALKED,
    Outcome.CALLBACK_NO_ANSWER: CallbackResult.NO_ANSWER,
    Outcome.CALLBACK_DECLINED: CallbackResult.DECLINED,
    Outcome.CALLBACK_WRONG_PERSON: CallbackResult.WRONG_PERSON,
    Outcome.CALLBACK_UNREACHABLE: CallbackResult.UNREACHABLE,
}


class CallHours(StrEnum):
    """When the person may be called, by the clock in Seoul."""

    ANY = "any"
    DAYTIME = "daytime"
    EVENING = "evening"

    def hold(self, instant: datetime) -> bool:
        """Whether they may be called then."""
        begin, end = _SPANS[self]
        return begin <= seoul(instant).hour < end

    def earliest(self, due_at: datetime, now: datetime) -> datetime:
        """When somebody who is due at `due_at` may be called: then, or when these hours begin next."""
        at = max(due_at, now)
        if self.hold(at):
            return due_at
        local = seoul(at)
        begin = local.replace(hour=_SPANS[self][0], minute=0, second=0, microsecond=0)
        return (begin if begin > local else begin + timedelta(days=1)).astimezone(UTC)

    @classmethod
    def holding(cls, instant: datetime) -> list[str]:
        """All in which people may be called then."""
        return [str(hours) for hours in cls if hours.hold(instant)]


#: O'clock: from the first up to, and without, the second. The prompt `callback_hours` says the same.
_SPANS: Final = {CallHours.ANY: (0, 24), CallHours.DAYTIME: (9, 18), CallHours.EVENING: (18, 22)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the person agreed to. None: not asked or not answered, to be treated like the careful answer."""

    #: None: only a person may decide to call. False: never; also keeps the number off the list when a later call drops out.
    may_call: bool | None = None
    #: May whoever answers be told that this is the helpline?
    may_say_who: bool | None = None
    may_leave_message: bool | None = None
    #: Do others use the telephone? (Careful: yes.)
    shared_phone: bool | None = None
    #: None: what was said of this number last; any time if nothing ever was.
    hours: CallHours | None = None

    def timely(self, instant: datetime) -> bool:
        """Whether these are the hours in which to call."""
        return (self.hours or CallHours.ANY).hold(instant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A call-back that this worker has claimed. Writes that name its epoch after somebody else took it over change nothing."""

    id: UUID
    contact_id: UUID
    #: E.164; never logged.
    number: str
    language: str
    virtual_start: datetime
    lane: Lane
    #: Attempts that counted, before this one.
    attempts: int
    consent: Consent
    epoch: int

    def __repr__(self) -> str:
        # A record that finds its way into a log must not carry the number with it.
        return f"Due({self.id}, attempts={self.attempts}, epoch={self.epoch})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of the list that people see."""

    id: UUID
    contact_id: UUID
    #: As `core.phone.mask` shows it; "?" if it can't be read.
    masked: str
    reason: Reason
    language: str
    created_at: datetime
    virtual_start: datetime
    consent: Consent
    state: CallbackState
    attempts: int
    #: Not called before this; with regard to its hours, unless it has ended.
    due_at: datetime
    outcome: str | None
    ended_at: datetime | None
