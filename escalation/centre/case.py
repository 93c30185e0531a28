"""What belongs to a case besides its state: needs, links to services, follow-ups, notes, attempts; and the order of the worklist. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from escalation.centre.model import URGENCIES, Result, State, Urgency


class Area(StrEnum):
    """What kind of need."""

    WELFARE = "welfare"
    MEDICAL = "medical"
    HOUSING = "housing"
    PSYCHOLOGICAL = "psychological"


class NeedState(StrEnum):
    """Whether it is met."""

    OPEN = "open"
    MET = "met"
    #: The person does not want it.
    DECLINED = "declined"


class LinkState(StrEnum):
    """How a hand-over to a service stands."""

    #: Thought of; nothing was passed on.
    PLANNED = "planned"
    #: Told to the person, who goes there themselves; nothing was passed on.
    TOLD = "told"
    #: Passed on; their answer is waited for.
    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: On a waiting list there.
    QUEUED = "queued"
    CANCELLED = "cancelled"


#: Somebody must still look after these.
OPEN_LINKS = frozenset({LinkState.PLANNED, LinkState.HANDED_OVER, LinkState.QUEUED})
#: What may follow what. Passing on is a step of its own, with consent: `Centre.hand_over`.
LINK_STEPS: dict[LinkState, frozenset[LinkState]] = {
    LinkState.PLANNED: frozenset({LinkState.TOLD, LinkState.CANCELLED}),
    LinkState.TOLD: frozenset({LinkState.ACCEPTED, LinkState.REFUSED, LinkState.QUEUED, LinkState.CANCELLED}),
    LinkState.HANDED_OVER: frozenset({LinkState.ACCEPTED, LinkState.REFUSED, LinkState.QUEUED}),
    LinkState.QUEUED: frozenset({LinkState.ACCEPTED, LinkState.REFUSED, LinkState.CANCELLED}),
}


class FollowUpKind(StrEnum):
    """What is to be done."""

    CALL = "call"
    VISIT = "visit"
    ASK_SERVICE = "ask_service"
    #: From an accompanying call: the companion or the person wants the centre.
    COMPANION = "companion"
    OTHER = "other"


class NoteKind(StrEnum):
    """What a text of the case is."""

    #: Why the counsellor refers the person.
    REASON = "reason"
    #: The in-depth counselling record.
    COUNSELLING = "counselling"
    NOTE = "note"
    #: Said at closing or re-opening.
    CLOSING = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text. Corrections are new notes that name the one they replace; nothing is overwritten."""

    id: UUID
    at: datetime
    by: UUID | None
    kind: NoteKind
    text: str
    replaces: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something the person needs."""

    id: UUID
    area: Area
    state: NeedState
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A service that may help."""

    id: UUID
    need_id: UUID
    #: In the directory; None: one that is not in it.
    service_id: UUID | None
    service: str
    state: LinkState
    result: str
    at: datetime
    handed_over_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Something to be done by a time."""

    id: UUID
    kind: FollowUpKind
    due_at: datetime
    text: str
    done_at: datetime | None = None
    cancelled: bool = False
    result: str = ""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.done_at is None and not self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A call back; `result` None: under way."""

    id: UUID
    staff_id: UUID
    ordered_at: datetime
    talked_at: datetime | None
    ended_at: datetime | None
    result: Result | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of the timeline."""

    at: datetime
    kind: str
    by: UUID | None
    state: State
    detail: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of the worklist."""

    referral_id: UUID
    state: State
    urgency: Urgency
    due_at: datetime
    owner_id: UUID | None
    district: str
    #: Overdue, or a follow-up of it is.
    next_at: datetime


def in_order(items: Iterable[Item], now: datetime) -> list[Item]:
    """By urgency, then by what is due first; whatever is overdue before all that is not, so that no case waits for ever behind urgent ones."""
    return sorted(items, key=lambda one: (one.next_at > now, URGENCIES.index(one.urgency), one.next_at, one.referral_id))
