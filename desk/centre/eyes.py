"""Who sees which referral, and what of it. One rule for lists and single reads. Pure.

A counsellor sees how their own referrals stand; the centre sees what was sent to it, and no more once the consent was taken back; supervisors see all,
without the texts, which are for who works on a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from desk import masking
from desk.access.model import Actor, Permission
from escalation.centre.model import Referral, State

#: What the centre has no business with: not sent, or taken back.
_NOT_SENT = frozenset({State.PROPOSED, State.REFUSED, State.CONSENTED, State.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Somebody who looks."""

    user_id: UUID
    everything: bool
    #: Works on cases: reads names and texts.
    works: bool

    def referral(self, case: Referral, made_by: UUID | None) -> bool:
        """Whether they see this referral at all."""
        return self.everything or made_by == self.user_id or (self.works and case.state not in _NOT_SENT)

    def case(self, case: Referral) -> bool:
        """Whether they see it as a case of the centre."""
        return self.everything or (self.works and case.state not in _NOT_SENT)

    def text(self, text: str) -> str | None:
        """A text, if it is theirs to read."""
        return text if self.works else None

    def name(self, name: str) -> str:
        """A name, or its outline."""
        return name if self.works or not name else masking.name(name)


def eyes(actor: Actor) -> Eyes:
    """Of who asks. Who assigns cases sees all of them; who works on them reads them."""
    return Eyes(
        user_id=actor.user_id,
        everything=Permission.CASE_ASSIGN in actor.permissions,
        works=Permission.CASE_WORK in actor.permissions,
    )
