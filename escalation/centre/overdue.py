"""Nothing is forgotten: what is overdue is an alarm, again and again until somebody does it; warm transfers that nobody ended wait on the worklist.

Deadlines are rows, so a restart forgets none, and the row's own `alarmed_at` keeps two processes from saying the same thing twice in a period.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import DateTime, bindparam, select, text

from core.alarms import AlarmKind, Alarms
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from escalation.centre import tables as t
from escalation.centre.errors import CentreError
from escalation.centre.model import Referral, State
from escalation.centre.referrals import Referrals
from escalation.centre.rules import Rules

log = structlog.get_logger()

#: Seconds between two looks.
LOOK_EVERY_S = 15.0
_NOW, _BEFORE = bindparam("now", type_=DateTime(timezone=True)), bindparam("before", type_=DateTime(timezone=True))
_REFERRALS = text(
    """
    UPDATE referrals SET alarmed_at = :now
    WHERE due_at <= :now AND state <> 'live' AND (alarmed_at IS NULL OR alarmed_at <= :before)
    RETURNING id, state, urgency
    """
).bindparams(_NOW, _BEFORE)
_FOLLOW_UPS = text(
    """
    UPDATE referral_follow_ups SET alarmed_at = :now
    WHERE due_at <= :now AND done_at IS NULL AND NOT cancelled AND (alarmed_at IS NULL OR alarmed_at <= :before)
    RETURNING referral_id, kind
    """
).bindparams(_NOW, _BEFORE)


def overdue(case: Referral, now: datetime) -> bool:
    """Whether a case's next step should have been done. A warm transfer is ended instead."""
    return case.due_at is not None and case.due_at <= now and case.state is not State.LIVE


class Overdue:
    """See the module. `run()` as one task of one or several processes."""

    def __init__(self, db: Database, clock: Clock, alarms: Alarms, rules: Rules, referrals: Referrals) -> None:
        self._db = db
        self._clock = clock
        self._alarms = alarms
        self._rules = rules
        self._referrals = referrals

    async def run(self) -> None:
        """Look every now and then, until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseError as error:
                log.info("centre_overdue_delayed", reason=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> int:
        """Look once; how many alarms were raised. Raises DatabaseUnavailable."""
        now = self._clock.now()
        await self._end_transfers(now)
        times = {"now": now, "before": now - self._rules.alarm_again}
        cases = await self._db.execute(_REFERRALS, times)
        for row in cases:
            self._alarms.remind(AlarmKind.REFERRAL_OVERDUE, about=row.id, detail={"state": row.state, "urgency": row.urgency})
        follow_ups = await self._db.execute(_FOLLOW_UPS, times)
        for row in follow_ups:
            self._alarms.remind(AlarmKind.FOLLOW_UP_OVERDUE, about=row.referral_id, detail={"follow_up": row.kind})
        return len(cases) + len(follow_ups)

    async def _end_transfers(self, now: datetime) -> None:
        r = t.referrals.c
        for row in await self._db.execute(select(r.id).where(r.state == "live", r.due_at <= now)):
            try:
                await self._referrals.live_failed(row.id, why="too_long")
            except CentreError as error:
                log.info("centre_transfer_ended_meanwhile", referral_id=str(row.id), reason=error.code)
