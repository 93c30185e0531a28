"""Words of the routing core: what can happen to the line, and what it asks for. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from routing.model import Lane, OverflowReason, Seat, Waiting
from routing.policy import Policy

# --- what can happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A contact waits from now on, or its entry is replaced; an offer it had is forgotten."""

    contact: Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A contact waits no more: talking, transferred or gone."""

    contact_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A waiting contact changes its lane."""

    contact_id: UUID
    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSeen:
    """What the database has of a counsellor; an older picture than the one known is ignored."""

    seat: Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatGone:
    """A counsellor's account is no more."""

    counsellor_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A `Reserve` succeeded: the contact is being offered to the counsellor."""

    contact_id: UUID
    counsellor_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveLost:
    """A `Reserve` failed: somebody else was faster, or the counsellor changed. What the row is now comes as `SeatSeen` before it."""

    contact_id: UUID
    counsellor_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The counsellor did not take the contact (rang out, busy, rejected, unreachable): next, for somebody else first."""

    contact_id: UUID
    counsellor_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The offer was taken back for no fault of the counsellor: the contact is next again, for anybody; in a moment if that happens again and again."""

    contact_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowOver:
    """Standby and partner have been tried for this contact, in vain; it goes on waiting."""

    contact_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    """Another policy is in force."""

    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSet:
    """The time is another one: what is known of counsellors has the dates of the old one, and is read again."""


Event = (
    Joined
    | Left
    | Raised
    | SeatSeen
    | SeatGone
    | Granted
    | ReserveLost
    | Refused
    | Returned
    | OverflowOver
    | PolicyChanged
    | Tick
    | ClockSet
)


# --- what the line asks for ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Reserve this counsellor for this contact, if the row still has this epoch. Answered by `Granted` or `ReserveLost`."""

    contact_id: UUID
    counsellor_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """Try standby list and partner for this contact; it stays in the line meanwhile."""

    contact_id: UUID
    reason: OverflowReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Another worker's contact is next: tell that worker to look."""

    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The event changed nothing: late, doubled, or about nobody. To be counted."""

    event: str


Command = Reserve | Overflow | Hint | Ignored
