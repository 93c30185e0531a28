"""The line as it is now, read from the database: who waits, who works, what needs attention. No caller's number is read.

It is what every worker of the installation has written, so it may be looked at from anywhere, and also while the program is dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from core.clock import Clock
from core.database import Database
from routing.callback_model import CallHours
from routing.measures import EVERY, Measures, floor, measure
from routing.model import Lane
from routing.policy import Policy
from routing.policy_store import PolicyStore

#: At most so many rows of a kind; how many there are is said beside it.
MOST = 200
#: A worker that has not been seen for so long counts as dead.
WORKER_LEASE_S = 10.0
#: Today's figures are counted anew after this long: nobody reads them by the second.
FIGURES_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody in the line; `place` is 1 for who is next."""

    contact_id: UUID
    place: int
    lane: str
    since: datetime
    state: str
    language: str
    kind: str
    silent: bool
    #: The counsellor whose phone rings for them, and whom they are waiting for by name.
    offered_to: str | None
    named: str | None
    promised_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A counsellor."""

    extension: str
    name: str
    human: str
    break_reason: str | None
    system: str
    since: datetime | None
    contact_id: UUID | None
    reachable: bool
    on_shift: bool
    shift_until: datetime | None
    rest_until: datetime | None
    paused_until: datetime | None
    missed: int
    heavy_run: int
    #: May be offered a contact now, as far as the row says.
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlarm:
    """What nobody has seen to yet."""

    id: UUID
    kind: str
    at: datetime
    about: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackCounts:
    """Requests that are not over. `due`: may be dialled now; `to_decide`: without permission to call, for a person to decide."""

    open: int
    due: int
    calling: int
    to_decide: int
    oldest: datetime | None
    next_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSnapshot:
    """Everything at one instant; lists are cut at `MOST`, counts are not."""

    at: datetime
    callers: list[Caller]
    waiting: int
    counsellors: list[AtWork]
    alarms: list[OpenAlarm]
    open_alarms: int
    callbacks: CallbackCounts
    #: Live calls by `routing.model.ContactState`.
    calls: dict[str, int]
    #: Programs that serve the line: name -> when they were seen last.
    programs: dict[str, datetime]
    today: Measures


_LINE = text(
    """
    WITH bonus AS (SELECT CAST(:crisis AS float8) AS crisis, CAST(:dropped AS float8) AS dropped, CAST(:silent AS float8) AS silent)
    SELECT c.id, c.lane, coalesce(c.virtual_start, c.queued_at, c.entered_at) AS since, c.state, c.language, c.kind, c.silent,
           c.promised_until, k.extension AS offered_to, n.extension AS named, count(*) OVER () AS waiting
    FROM contacts c CROSS JOIN bonus
    LEFT JOIN offers o ON o.contact_id = c.id AND o.result IS NULL
    LEFT JOIN counsellors k ON k.id = o.counsellor_id
    LEFT JOIN counsellors n ON n.id = c.named_id
    WHERE c.outcome IS NULL AND c.state IN ('waiting', 'calling_back', 'safety_net')
    ORDER BY coalesce(c.virtual_start, c.queued_at, c.entered_at) - make_interval(secs => CASE c.lane
                 WHEN 'crisis' THEN bonus.crisis WHEN 'dropped' THEN bonus.dropped WHEN 'silent' THEN bonus.silent ELSE 0 END), c.id
    LIMIT :most
    """
)

_SEATS = text(
    """
    SELECT c.extension, c.name, p.human, p.break_reason, p.system, p.contact_id, p.reachable, p.on_shift, p.shift_until, p.rest_until,
           p.paused_until, p.missed, p.heavy_run,
           CASE WHEN p.system = 'talking' THEN coalesce(o.ended_at, p.changed_at) WHEN p.system = 'offered' THEN coalesce(o.offered_at, p.changed_at)
                WHEN p.system = 'wrapup' THEN p.changed_at WHEN p.human = 'ready' THEN p.idle_since ELSE (
                    SELECT max(e.at) FROM presence_events e
                    WHERE e.counsellor_id = c.id AND e.kind IN ('signed_in', 'ready', 'break', 'signed_out')
                ) END AS since,
           p.human = 'ready' AND p.system = 'idle' AND p.reachable AND p.on_shift AND coalesce(p.rest_until <= now(), true)
               AND coalesce(p.paused_until <= now(), true)
               AND coalesce(p.shift_until > now() + make_interval(secs => :drain), true) AS available
    FROM counsellors c JOIN presence p ON p.counsellor_id = c.id
    LEFT JOIN offers o ON o.counsellor_id = c.id AND o.epoch = p.epoch
    WHERE c.disabled_at IS NULL
    ORDER BY p.human = 'off' AND p.system = 'idle', c.extension
    """
)

_ALARMS = text("SELECT id, kind, at, about, count(*) OVER () AS open FROM alarms WHERE seen_at IS NULL ORDER BY at DESC LIMIT :most")

_CALLBACKS = text(
    """
    SELECT hours, count(*) FILTER (WHERE state = 'open') AS open,
           count(*) FILTER (WHERE state = 'open' AND coalesce(may_call, false) AND due_at <= now()) AS due,
           count(*) FILTER (WHERE state = 'calling') AS calling,
           count(*) FILTER (WHERE state = 'open' AND NOT coalesce(may_call, false)) AS to_decide,
           min(created_at) AS oldest,
           min(due_at) FILTER (WHERE state = 'open' AND coalesce(may_call, false)) AS next_due
    FROM callbacks WHERE outcome IS NULL GROUP BY hours
    """
)

_CALLS = text("SELECT state, count(*) AS number FROM contacts WHERE outcome IS NULL AND kind <> 'linked' GROUP BY state ORDER BY state")
_PROGRAMS = text("SELECT name, seen_at FROM workers ORDER BY name")


class SnapshotReader:
    """Reads snapshots, one after the other."""

    def __init__(self, db: Database, clock: Clock, *, wrapup_s: float) -> None:
        self._db = db
        self._clock = clock
        self._wrapup_s = wrapup_s
        self._policies = PolicyStore(db, clock)
        self._today: tuple[float, Measures] | None = None

    async def read(self) -> LineSnapshot:
        """The line now. Raises `DatabaseUnavailable`, `DatabaseError`."""
        policy = await self._policies.read()
        line = await self._ask(_LINE, _bonuses(policy))
        seats = await self._ask(_SEATS, {"drain": policy.drain_s})
        alarms = await self._ask(_ALARMS, {"most": MOST})
        now = self._clock.now()
        callbacks = await self._ask(_CALLBACKS)
        return LineSnapshot(
            at=now,
            callers=[_caller(place, row) for place, row in enumerate(line, start=1)],
            waiting=line[0].waiting if line else 0,
            counsellors=[AtWork(**row._asdict()) for row in seats],
            alarms=[OpenAlarm(id=row.id, kind=row.kind, at=row.at, about=row.about) for row in alarms],
            open_alarms=alarms[0].open if alarms else 0,
            callbacks=_counts(callbacks, now),
            calls={row.state: row.number for row in await self._ask(_CALLS)},
            programs={row.name: row.seen_at for row in await self._ask(_PROGRAMS)},
            today=await self._figures(),
        )

    async def _figures(self) -> Measures:
        now = self._clock.now()
        if self._today is None or self._clock.monotonic() - self._today[0] >= FIGURES_EVERY_S or now >= self._today[1].end:
            day = EVERY["day"]
            start = floor(now, day)
            _, total = await measure(self._db, start, start + day, every=day, wrapup_s=self._wrapup_s)
            self._today = self._clock.monotonic(), total
        return self._today[1]

    async def _ask(self, statement: TextClause, parameters: dict[str, object] | None = None) -> list[Row[Any]]:
        return await self._db.execute(statement, parameters, retry=True)


def alive(seen_at: datetime, now: datetime) -> bool:
    """Whether a program that was seen last at that instant still counts as serving."""
    return now - seen_at <= timedelta(seconds=WORKER_LEASE_S)


def _bonuses(policy: Policy) -> dict[str, object]:
    return {**{str(lane): policy.bonus(lane) for lane in (Lane.CRISIS, Lane.DROPPED, Lane.SILENT)}, "most": MOST}


def _counts(rows: Sequence[Row[Any]], now: datetime) -> CallbackCounts:
    """Of all hours; due are only those whose hours are now."""
    return CallbackCounts(
        open=sum(row.open for row in rows),
        due=sum(row.due for row in rows if CallHours(row.hours).hold(now)),
        calling=sum(row.calling for row in rows),
        to_decide=sum(row.to_decide for row in rows),
        oldest=min((row.oldest for row in rows), default=None),
        next_due=min((CallHours(row.hours).earliest(row.next_due, now) for row in rows if row.next_due), default=None),
    )


def _caller(place: int, row: Row[Any]) -> Caller:
    return Caller(
        contact_id=row.id,
        place=place,
        lane=row.lane,
        since=row.since,
        state=row.state,
        language=row.language,
        kind=row.kind,
        silent=row.silent,
        offered_to=row.offered_to,
        named=row.named,
        promised_until=row.promised_until,
    )
