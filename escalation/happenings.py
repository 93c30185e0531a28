"""What happens to an incident. Facts of the telephone are true whenever they arrive; deeds of a person must fit. Pure.

`kind` of each is its name in the timeline (`incident_events.kind`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from escalation.model import CloseReason, Danger, RaisedBy, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Somebody raised it: the first time makes the incident, later times are only noted (or make a proposal real)."""

    kind: ClassVar[str] = "raised"
    incident_id: UUID
    contact_id: UUID
    raised_by: RaisedBy
    counsellor_id: UUID | None = None
    danger: Danger | None = None
    proposed: bool = False
    third_party: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Somebody said more: which danger, whose whereabouts. None leaves it as it is."""

    kind: ClassVar[str] = "described"
    danger: Danger | None = None
    third_party: bool | None = None
    by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A partner is being called. Written by `IncidentBook.next_attempt` itself."""

    kind: ClassVar[str] = "dialled"
    attempt_id: UUID
    partner_id: str
    leg_id: str
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The partner's leg is up."""

    kind: ClassVar[str] = "answered"
    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefed:
    """The partner heard the briefing to its end."""

    kind: ClassVar[str] = "briefed"
    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """Partner and counsellor talk without the caller."""

    kind: ClassVar[str] = "private"
    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Partner, caller and counsellor hear each other."""

    kind: ClassVar[str] = "joined"
    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """The partner has taken the case over, by the counsellor's word. `attempt_id` None: on another phone."""

    kind: ClassVar[str] = "taken_over"
    attempt_id: UUID | None = None
    by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerLeft:
    """A partner who had answered is off the phone."""

    kind: ClassVar[str] = "partner_left"
    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed:
    """A partner was not reached."""

    kind: ClassVar[str] = "attempt_failed"
    attempt_id: UUID
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyLeft:
    """Every partner of the chain was tried. Written by `IncidentBook.next_attempt` itself; once more does no harm."""

    kind: ClassVar[str] = "nobody_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledOff:
    """Nobody is to be called any more, by the counsellor's word; raising it again, or dialling, ends that."""

    kind: ClassVar[str] = "called_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGone:
    """The caller is off the phone."""

    kind: ClassVar[str] = "caller_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redialled:
    """The caller who dropped is being called again."""

    kind: ClassVar[str] = "redialled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerBack:
    """The caller is on the phone again."""

    kind: ClassVar[str] = "caller_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounsellorGone:
    """The counsellor's leg died; the incident goes on."""

    kind: ClassVar[str] = "counsellor_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounsellorBack:
    """A counsellor is with the caller again."""

    kind: ClassVar[str] = "counsellor_back"
    counsellor_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A human says that responders made contact with the person."""

    kind: ClassVar[str] = "confirmed"
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A human ends it without that, and says why."""

    kind: ClassVar[str] = "closed"
    by: UUID
    reason: CloseReason


#: What a person decides; it is refused where it does not fit.
Deed = Confirmed | Closed
#: What `IncidentBook.note` takes from the telephone.
Fact = (
    Described | Answered | Briefed | Private | Joined | TakenOver | PartnerLeft | AttemptFailed | NobodyLeft
    | CalledOff | CallerGone | Redialled | CallerBack | CounsellorGone | CounsellorBack
)  # fmt: skip
Happening = Raised | Dialled | Fact | Deed
