"""What care proposes becomes an incident that waits for a person: `care.proposals.Proposals`."""

from __future__ import annotations

from uuid import uuid5

import structlog

from care.proposals import Proposal
from core.alarms import JOURNAL_STATEMENTS, AlarmKind
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseConflict
from core.ids import new_id
from escalation import happenings as h
from escalation.model import Danger, RaisedBy
from escalation.raising import raise_alone

log = structlog.get_logger()


class CrisisProposals:
    """Makes proposed incidents; the confirmation loop reminds of them until a person has decided."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def propose(self, proposal: Proposal) -> None:
        """One incident per contact, however often it comes; outside of a contact an alarm, once. Raises DatabaseError."""
        now = self._clock.now()
        if proposal.contact_id is not None:
            happened = h.Raised(
                incident_id=new_id(),
                contact_id=proposal.contact_id,
                raised_by=RaisedBy.CHECKLIST,
                danger=Danger(proposal.danger),
                proposed=True,
            )
            raised = await raise_alone(self._db, happened, now)
            log.info("incident_proposed", contact_id=str(proposal.contact_id), incident_id=str(raised.incident_id), new=raised.new)
            return
        detail = {"proposed": True, "danger": str(proposal.danger), "source": proposal.source, "reasons": list(proposal.reasons)}
        row = {"kind": str(AlarmKind.INCIDENT_RAISED), "at": now, "about": proposal.about, "detail": detail}
        try:
            await self._db.execute(JOURNAL_STATEMENTS["alarm"], {"id": uuid5(proposal.about, "proposal"), **row})
        except DatabaseConflict:
            log.info("proposal_known_already", about=str(proposal.about))
