"""Words of the line: where a contact is, how it ended, what came of an offer. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

#: Two clocks agree as long as they differ by no more than this.
CLOCKS_AGREE = timedelta(seconds=0.25)


class ContactState(StrEnum):
    """Where a live contact is."""

    MENU = "menu"
    #: Being connected to, or talking with, another desk of the Dasan centre.
    TRANSFER = "transfer"
    WAITING = "waiting"
    TALKING = "talking"
    #: Talking with somebody of the standby list or with the partner line.
    OVERFLOW = "overflow"
    #: A call-back before the person has been reached.
    CALLING_BACK = "calling_back"
    #: Handed to the dialplan, which rings counsellors without this program.
    SAFETY_NET = "safety_net"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a contact ended; every contact has exactly one."""

    #: A human of the line talked with the caller.
    TALKED = "talked"
    #: Talked, lost the counsellor through a dead phone, and left before reaching a human again.
    DROPPED = "dropped"
    #: Taken by another desk of the Dasan centre.
    TRANSFERRED = "transferred"
    #: Left inside the menu, or while a transfer was being dialled.
    ABANDONED_IN_MENU = "abandoned_in_menu"
    #: Left while waiting for a counsellor.
    ABANDONED_WAITING = "abandoned_waiting"
    #: Talked with a counsellor whom the dialplan rang without this program.
    TALKED_SAFETY_NET = "talked_safety_net"
    #: Left while the dialplan was ringing counsellors.
    ABANDONED_SAFETY_NET = "abandoned_safety_net"
    #: Ended by a failure of ours (the telephone server died): this person must be called back.
    CUT_OFF = "cut_off"
    #: Asked to be called back, keeps the place, and left.
    CALLBACK_ARRANGED = "callback_arranged"
    #: Talked with somebody of the standby list or with the partner line.
    TALKED_OVERFLOW = "talked_overflow"
    #: A call-back: nobody answered, or only a machine did.
    CALLBACK_NO_ANSWER = "callback_no_answer"
    #: A call-back: the person did not want to talk.
    CALLBACK_DECLINED = "callback_declined"
    #: A call-back: somebody else answered.
    CALLBACK_WRONG_PERSON = "callback_wrong_person"
    #: A call-back: the number could not be reached.
    CALLBACK_UNREACHABLE = "callback_unreachable"
    #: A call-back: nobody was called, or we failed; it is tried again without counting.
    CALLBACK_INTERRUPTED = "callback_interrupted"
    #: No call at all: something that a crisis belongs to which was raised with nobody on the phone.
    NO_CALL = "no_call"


class OfferResult(StrEnum):
    """What came of ringing one counsellor for one contact."""

    ANSWERED = "answered"
    RANG_OUT = "rang_out"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    #: The caller left, or somebody else took the call, while it rang.
    WITHDRAWN = "withdrawn"
    #: The system could not ring, or lost track and reclaimed the reservation.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A reservation of one counsellor for one contact. `epoch` fences it: a write naming an older one changes nothing."""

    id: UUID
    contact_id: UUID
    counsellor_id: UUID
    epoch: int
    extension: str
    leg_id: str


class Lane(StrEnum):
    """Who is served before whom; each lane's head start is a number of seconds of the policy, so that no lane starves."""

    CRISIS = "crisis"
    #: Lost its counsellor in a talk through no fault of its own.
    DROPPED = "dropped"
    #: Neither spoke nor pressed a key: cannot ask for anything.
    SILENT = "silent"
    NORMAL = "normal"


class Kind(StrEnum):
    """What kind of contact waits. The line treats all alike."""

    PHONE = "phone"
    CALLBACK = "callback"
    #: A call of the centre or of a companion that became a crisis. In the line only when its person is left with nobody.
    LINKED = "linked"


class OverflowReason(StrEnum):
    """Why somebody outside the counsellors in the line is tried."""

    NOBODY_ON_SHIFT = "nobody_on_shift"
    EVERYBODY_UNREACHABLE = "everybody_unreachable"
    LONG_WAIT = "long_wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A contact in the line."""

    contact_id: UUID
    #: The place in line is by this instant (virtual_start): whoever comes back keeps their original one.
    since: datetime
    lane: Lane = Lane.NORMAL
    kind: Kind = Kind.PHONE
    language: str = "ko"
    skills: frozenset[str] = frozenset()
    #: Who is to take it if they can; yields after the policy's `named_yield_s`.
    named: UUID | None = None
    #: Since when this stretch of waiting lasts: what yields and overflows counts from here. None: `since`.
    joined: datetime | None = None
    #: When standby and partner were last tried for it in vain, before this program took it over. None: not yet.
    overflowed: datetime | None = None
    #: The worker that has the call; "" for our own.
    worker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A counsellor at work, as the database has it. A higher epoch is newer; of equal ones the one changed later."""

    counsellor_id: UUID
    extension: str
    epoch: int = 0
    #: routing.presence_model.Human and System, as words.
    human: str = "off"
    system: str = "idle"
    reachable: bool = False
    disabled: bool = False
    on_shift: bool = True
    #: The shift's end; no new contact in the policy's last minutes before it. None: open-ended.
    shift_until: datetime | None = None
    idle_since: datetime | None = None
    #: Resting after a heavy call until then.
    rest_until: datetime | None = None
    #: Left alone after calls that rang out until then.
    paused_until: datetime | None = None
    heavy_run: int = 0
    languages: frozenset[str] = frozenset({"ko"})
    skills: frozenset[str] = frozenset()
    changed_at: datetime | None = None
    #: The database's own time when it was read. None: it is ours.
    read_at: datetime | None = field(default=None, compare=False)

    def dated_by(self, now: datetime) -> Seat:
        """The same by a clock that shows `now`: the database's may be another machine's, or have been set while ours goes on steadily."""
        ahead = timedelta() if self.read_at is None else self.read_at - now
        if abs(ahead) <= CLOCKS_AGREE:
            return self
        dates = {name: getattr(self, name) for name in ("shift_until", "rest_until", "paused_until")}
        return replace(self, **{name: date - ahead for name, date in dates.items() if date is not None})

    @property
    def signed_in(self) -> bool:
        """At work by the roster and by their own word, a break included."""
        return self.on_shift and not self.disabled and self.human != "off"

    @property
    def willing(self) -> bool:
        """Would take a call now if nothing but the clock spoke against it."""
        return self.signed_in and self.human == "ready" and self.system == "idle" and self.reachable
