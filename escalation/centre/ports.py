"""What the centre needs of other rooms; the composition root hands it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from escalation.centre.calling import Manner
from escalation.centre.model import Result
from escalation.ledger_model import Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """A call between somebody of ours and a person. Neither may see the other's number: both legs show the helpline's own."""

    #: Names the call's legs, so that what is found after a crash says what it belongs to.
    id: UUID
    #: Who is rung first: an extension of ours, or an E.164 number (a companion at home). Never logged.
    first: str
    first_is_extension: bool
    #: E.164; never logged.
    person: str
    language: str
    manner: Manner


#: Told while the call goes on: the person is being rung, they talk, a key was pressed (its digit).
Progress = Callable[[str], Awaitable[None]]
PERSON_RUNG = "person_rung"
TALKING = "talking"
#: A key that leads on, pressed by either: "key:centre", "key:crisis".
KEY_CENTRE = "key:centre"
KEY_CRISIS = "key:crisis"


class Telephony(Protocol):
    """The telephone."""

    async def call(self, order: CallOrder, progress: Progress) -> Result:
        """Ring the first, then the person, bridge them; return when it is over. The helpline's number is shown on both legs.

        To whoever answers is said what `order.manner` allows, until it is sure that it is the person. The person is rung only after the
        first has answered. A cancelled call is hung up. Ordering the same id twice is one call.
        """
        ...


class Ledger(Protocol):
    """The ledger of disclosures (`escalation.ledger.Ledger`). Asked before anything is passed on: no row, no disclosure."""

    async def record(self, disclosure: Disclosure) -> UUID:
        """Write it down; its id. Raises DatabaseUnavailable."""
        ...


class Crises(Protocol):
    """Where a crisis of a case goes: the incidents."""

    async def of_case(self, referral_id: UUID) -> UUID:
        """Raise one, whatever is open about this case already; its id. A call with the person that goes on calls the emergency partners."""
        ...


class Transfer(Protocol):
    """Puts a caller who talks with a counsellor through to somebody of the centre, warmly: three together, then two."""

    async def begin(self, *, referral_id: UUID, contact_id: UUID, staff_id: UUID) -> None:
        """Begin it; what becomes of it is told by `Referrals.live_taken` or `live_failed`. Raises AnnyeongError if it can't be begun."""
        ...
