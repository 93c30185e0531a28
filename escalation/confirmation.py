"""The confirmation loop: nobody forgets a crisis. Whoever has to act is reminded until a human confirms or closes it with a reason.

    raised                                          alarm INCIDENT_RAISED, at once
    nobody of the chain was reached                 alarm INCIDENT_UNREACHED, at once, every time the chain ends
    confirm_after_s after the hand-over             alarm INCIDENT_UNCONFIRMED, every nag_every_s: to the counsellor,
      (or after the beginning, without one)         and from supervisor_after_s later on to the supervisor, without end

What was said is kept in the incident's row, written by the statement that writes the alarm: after a restart it goes on where it was, and of
several processes that look only one says it. `due` is pure.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog

from core import metrics
from core.alarms import AlarmKind
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.ids import new_id
from core.settings_escalation import EscalationSettings
from escalation.model import INCIDENT_ORDERS, INCIDENTS_CHANGED, State
from escalation.statements import statement

log = structlog.get_logger()

#: A lost announcement costs at most this; seconds.
LOOK_EVERY_S = 5.0
#: An order that nobody takes for so long is said; seconds.
ORDER_WAITS_S = 10.0


class Level(StrEnum):
    """Whom a reminder is for."""

    COUNSELLOR = "counsellor"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Of an open incident, what the schedule goes by."""

    id: UUID
    contact_id: UUID
    raised_at: datetime
    state: State
    proposed: bool
    taken_over_at: datetime | None
    #: How many attempts there were when the chain was last at its end; None: never.
    exhausted: int | None
    #: What was said already.
    told_at: datetime | None = None
    told_exhausted: int | None = None
    nags: int = 0
    nagged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What is to be said next, and when."""

    kind: AlarmKind
    level: Level
    at: datetime


def due(standing: Standing, settings: EscalationSettings) -> Reminder:
    """The next reminder of an incident that is open: there always is one."""
    if standing.told_at is None:
        level = Level.COUNSELLOR if standing.proposed else Level.SUPERVISOR
        return Reminder(kind=AlarmKind.INCIDENT_RAISED, level=level, at=standing.raised_at)
    if standing.state is State.UNREACHED and standing.told_exhausted != standing.exhausted:
        return Reminder(kind=AlarmKind.INCIDENT_UNREACHED, level=Level.SUPERVISOR, at=standing.raised_at)
    first = (standing.taken_over_at or standing.raised_at) + timedelta(seconds=settings.confirm_after_s)
    at = first if standing.nagged_at is None else max(first, standing.nagged_at + timedelta(seconds=settings.nag_every_s))
    late = at - first >= timedelta(seconds=settings.supervisor_after_s) or standing.state is State.UNREACHED
    return Reminder(kind=AlarmKind.INCIDENT_UNCONFIRMED, level=Level.SUPERVISOR if late else Level.COUNSELLOR, at=at)


_OPEN = statement(
    """
    SELECT id, contact_id, raised_at, state, proposed, taken_over_at, exhausted, told_at, told_exhausted, nags, nagged_at
    FROM incidents WHERE ended_at IS NULL
    """
)


def _said(change: str, unless: str) -> str:
    """Say it and remember that it was said, or neither; nothing if somebody else has said it."""
    return f"""
    WITH said AS (
        UPDATE incidents SET {change} WHERE id = :incident_id AND ended_at IS NULL AND {unless} RETURNING id
    )
    INSERT INTO alarms (id, kind, at, about, detail) SELECT :id, :kind, :at, id, :detail FROM said RETURNING id
    """  # noqa: S608 - put together from the constants below


_SAY = {
    AlarmKind.INCIDENT_RAISED: statement(_said("told_at = :at", "told_at IS NULL")),
    AlarmKind.INCIDENT_UNREACHED: statement(_said("told_exhausted = :exhausted", "told_exhausted IS DISTINCT FROM :exhausted")),
    AlarmKind.INCIDENT_UNCONFIRMED: statement(_said("nags = nags + 1, nagged_at = :at", "nags = :nags")),
}
_ORDERS = statement(
    """
    WITH waiting AS (
        UPDATE incident_orders SET told_at = :at WHERE taken_at IS NULL AND told_at IS NULL AND at <= :before
        RETURNING incident_id, contact_id, kind
    )
    INSERT INTO alarms (id, kind, at, about, detail)
    SELECT gen_random_uuid(), 'incident_order_waits', :at, incident_id, jsonb_build_object('contact', contact_id, 'order', kind) FROM waiting
    RETURNING about
    """
)


class Confirmations:
    """Says what is due. Run `run()` as a task in one process or in several."""

    def __init__(self, db: Database, clock: Clock, settings: EscalationSettings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._look = asyncio.Event()

    async def run(self) -> None:
        """Look whenever an incident changes and whenever something is due, until cancelled. While the database is away nothing is said."""
        async with asyncio.TaskGroup() as tasks:
            for channel in (INCIDENTS_CHANGED, INCIDENT_ORDERS):
                tasks.create_task(self._db.listen(channel, lambda _: self._look.set()), name=f"{channel} heard")
            tasks.create_task(self._follow(), name="incidents confirmed")

    async def _follow(self) -> None:
        while True:
            self._look.clear()
            wait_s = LOOK_EVERY_S
            try:
                at = await self.look()
                if at is not None:
                    wait_s = min(wait_s, max(0.05, (at - self._clock.now()).total_seconds()))
            except DatabaseError as error:
                log.warning("incidents_not_looked_at", reason=type(error).__name__)
            try:
                async with asyncio.timeout(wait_s):
                    await self._look.wait()
            except TimeoutError:
                pass

    async def look(self) -> datetime | None:
        """Say everything that is due now; when the next thing is. None: nothing is open. Raises DatabaseUnavailable."""
        now = self._clock.now()
        await self._say_waiting_orders(now)
        upcoming: list[datetime] = []
        for row in await self._db.execute(_OPEN):
            standing = Standing(**{**row._mapping, "state": State(row.state)})  # noqa: SLF001 - SQLAlchemy's name for a row as a mapping
            # Once each: what was said just now is not read again.
            for _ in range(len(_SAY)):
                reminder = due(standing, self._settings)
                if reminder.at > now:
                    break
                await self._say(standing, reminder, now)
                standing = said(standing, reminder, now)
            upcoming.append(due(standing, self._settings).at)
        return min(upcoming, default=None)

    async def _say(self, standing: Standing, reminder: Reminder, now: datetime) -> None:
        detail: dict[str, object] = {
            "level": str(reminder.level),
            "contact": str(standing.contact_id),
            "state": str(standing.state),
            "proposed": standing.proposed,
            "times": standing.nags + 1 if reminder.kind is AlarmKind.INCIDENT_UNCONFIRMED else 1,
        }
        values = {"id": new_id(), "incident_id": standing.id, "kind": str(reminder.kind), "at": now, "detail": detail}
        match reminder.kind:
            case AlarmKind.INCIDENT_UNREACHED:
                values["exhausted"] = standing.exhausted
            case AlarmKind.INCIDENT_UNCONFIRMED:
                values["nags"] = standing.nags
            case _:
                pass
        if await self._db.execute(_SAY[reminder.kind], values):
            _count(reminder.kind, standing.id, detail)

    async def _say_waiting_orders(self, now: datetime) -> None:
        before = now - timedelta(seconds=ORDER_WAITS_S)
        for row in await self._db.execute(_ORDERS, {"at": now, "before": before}):
            _count(AlarmKind.INCIDENT_ORDER_WAITS, row.about, {})


def said(standing: Standing, reminder: Reminder, at: datetime) -> Standing:
    """The same after a reminder. Pure."""
    match reminder.kind:
        case AlarmKind.INCIDENT_RAISED:
            return replace(standing, told_at=at)
        case AlarmKind.INCIDENT_UNREACHED:
            return replace(standing, told_exhausted=standing.exhausted)
        case _:
            return replace(standing, nags=standing.nags + 1, nagged_at=at)


def _count(kind: AlarmKind, about: UUID, detail: dict[str, object]) -> None:
    metrics.alarms_total.labels(kind=str(kind)).inc()
    log.error("alarm", kind=str(kind), about=str(about), **detail)
