"""From a companion back to the centre, or to crisis: one key in the call, one button on the page.

The work item at the centre is committed first, whatever becomes of the rest: a crisis that could not be proposed is on the worklist all the same,
as the most urgent thing there is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import Clock
from core.database import Database
from core.errors import AnnyeongError
from escalation.centre import repository
from escalation.centre.case import FollowUpKind
from escalation.centre.casework import Casework
from escalation.centre.model import FREE, HELD, State, Urgency
from escalation.centre.referral import MoreUrgent, Reopened
from escalation.centre.referrals import change
from escalation.centre.rules import Rules
from escalation.companions.supports import Supports

log = structlog.get_logger()


class Help(StrEnum):
    """What is wanted."""

    CENTRE = "centre"
    CRISIS = "crisis"


class Crisis(Protocol):
    """Where a crisis goes: the incidents."""

    async def propose(self, *, referral_id: UUID, support_id: UUID, call_id: UUID | None, by: UUID | None) -> UUID | None:
        """Propose an incident at once; its id. The same call twice is one incident."""
        ...


class WayBack:
    """See the module."""

    def __init__(self, db: Database, clock: Clock, rules: Rules, supports: Supports, casework: Casework, crisis: Crisis) -> None:
        self._db = db
        self._clock = clock
        self._rules = rules
        self._supports = supports
        self._casework = casework
        self._crisis = crisis

    async def wanted(self, support_id: UUID, what: Help, words: str = "", *, by: UUID | None, call_id: UUID | None = None) -> UUID | None:
        """Somebody in an accompaniment wants the centre, or is in danger. Returns the incident that was proposed, if one was.

        Raises UnknownSupport, TextTooLong, DatabaseUnavailable.
        """
        support = await self._supports.support(support_id)
        urgency = Urgency.IMMEDIATE if what is Help.CRISIS else Urgency.TODAY
        now = self._clock.now()
        async with self._db.begin() as session:
            case, _ = await repository.locked(session, support.referral_id)
            kept = case.state not in (State.WITHDRAWN, State.REFUSED) and not (case.state is State.CLOSED and case.basis is None)
            if kept and case.state is State.CLOSED:
                await change(session, self._rules, case.id, Reopened(at=now, by=by, urgency=urgency), {"support": str(support_id)})
            if case.state in FREE | HELD and what is Help.CRISIS:
                await change(session, self._rules, case.id, MoreUrgent(at=now, by=by, urgency=urgency))
            if kept:
                kind, due = FollowUpKind.COMPANION, now if what is Help.CRISIS else self._rules.due(urgency, now)
                await self._casework.add_follow_up(session, case.id, kind, due, words, by=by)
            await repository.tell(session, case, f"companion_wants_{what}", now, by, {"support": str(support_id)})
        if what is not Help.CRISIS:
            return None
        try:
            return await self._crisis.propose(referral_id=support.referral_id, support_id=support_id, call_id=call_id, by=by)
        except AnnyeongError as error:
            log.error("companion_crisis_not_proposed", support_id=str(support_id), reason=type(error).__name__)
            if not kept:
                # Nothing else would remember it: whoever asked must know.
                raise
            return None
