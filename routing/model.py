"""Words of the line: where a contact is, how it ended, what came of an offer. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ContactState(StrEnum):
    """Where a live contact is."""

    MENU = "menu"
    #: Being connected to, or talking with, another desk of the Dasan centre.
    TRANSFER = "transfer"
    WAITING = "waiting"
    TALKING = "talking"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A contact in the line."""

    contact_id: UUID
    #: Position is by this instant; a contact that comes back keeps its original one.
    since: datetime
    #: Lost its counsellor through no fault of its own: served before those who never talked.
    dropped: bool = False
