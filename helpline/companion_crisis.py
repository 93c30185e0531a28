"""A crisis in a call that is no contact of the line: a companion's, or one of the centre."""

from __future__ import annotations

from uuid import UUID

from care.proposals import Danger, Proposal, Proposals


class CompanionCrisis:
    """A companion's crisis button: a person must look at it now. A companion's call is no contact of the line, so it is an alarm."""

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    async def propose(self, *, referral_id: UUID, support_id: UUID, call_id: UUID | None, by: UUID | None) -> UUID | None:
        """See `escalation.companions.way_back.Crisis`."""
        about = call_id or support_id
        await self._proposals.propose(Proposal(danger=Danger.OTHER, source="companion", about=about, contact_id=None, by=by))
        return None
