"""Makes the line obey the published roster: at every change of shift, and within a moment of a publication.

Sleeps until the roster says that something changes; a published roster is heard of by NOTIFY. Every worker does this: what they write is the
same, so it does not matter who is first. While the database is away nothing changes: whoever was on shift stays so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog

from core.alarms import AlarmKind, Alarms
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from routing.counsellors import Counsellors
from shifts import in_force
from shifts.in_force import AHEAD, InForce, Seat

log = structlog.get_logger()

#: The longest sleep: whatever was missed, a changed clock too, is mended by then.
LOOK_EVERY_S = 20.0
#: Pause while the database is away.
AWAY_RETRY_S = 1.0
#: Rosters are read anew after this, published or not: a hint may have been lost.
READ_EVERY_S = 300.0


class RosterWatch:
    """Run `run()` as a task, and call `published` for each NOTIFY on `in_force.ROSTER_PUBLISHED`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        counsellors: Counsellors,
        alarms: Alarms,
        *,
        late_after: timedelta = timedelta(minutes=10),
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`late_after`: so long after the start of a shift a missing sign-in is an alarm. `on_change`: somebody's shift began or ended."""
        self._db = db
        self._clock = clock
        self._counsellors = counsellors
        self._alarms = alarms
        self._late_after = late_after
        self._on_change = on_change
        self._news = asyncio.Event()
        self._roster: InForce | None = None
        self._read_at = 0.0
        self._thin: list[Seat] = []
        #: Alarms that were raised, by what they are about; each once.
        self._told: set[UUID] = set()

    def published(self) -> None:
        """A roster was published, or may have been."""
        self._roster = None
        self._news.set()

    async def run(self) -> None:
        """Obey until cancelled."""
        while True:
            self._news.clear()
            try:
                sleep_s = await self.obey()
            except DatabaseError as error:
                log.info("roster_not_read", reason=type(error).__name__)
                sleep_s = AWAY_RETRY_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(sleep_s):
                    await self._news.wait()

    async def obey(self) -> float:
        """Write down who is on shift now; how long until that may change, in seconds. Raises `DatabaseError`."""
        now = self._clock.now()
        roster = self._roster
        news = roster is None
        if roster is None or self._clock.monotonic() - self._read_at >= READ_EVERY_S:
            roster = self._roster = await in_force.read(self._db, now)
            self._read_at = self._clock.monotonic()
            # From a fixed moment on, so that a stretch under way keeps the start that it is known by.
            self._thin = roster.thin(now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1), now + timedelta(days=35))
        line = roster.at(now)
        if await self._counsellors.set_shifts(line.until if line.planned else None):
            self._on_change()
        if not line.planned:
            # Once an hour: whoever plans without rosters is not to miss other alarms among these.
            self._once(AlarmKind.NO_ROSTER, uuid5(NAMESPACE_URL, f"no roster/{now:%Y-%m-%d %H}"), {})
        self._warn_ahead(now, news=news)
        await self._warn_of_late(roster, now)
        until_change = (line.changes_at - now).total_seconds() if line.changes_at is not None else LOOK_EVERY_S
        return min(max(until_change, 0.0), LOOK_EVERY_S)

    def _warn_ahead(self, now: datetime, *, news: bool) -> None:
        """Of each stretch with too few: once a day, two hours and a quarter of an hour before it; and of all that are known in a new roster."""
        for seat in self._thin:
            stages = [ahead for ahead in AHEAD if seat.span.start - now <= ahead]
            if stages and now < seat.span.end:
                self._warn(seat, str(stages[-1]))
        coming = [seat for seat in self._thin if now < seat.span.end]
        if news and coming:
            self._warn(coming[0], f"published/{len(coming)}", seats=len(coming))

    def _warn(self, seat: Seat, when: str, **more: int) -> None:
        detail = {"from": seat.span.start.isoformat(), "until": seat.span.end.isoformat(), "have": seat.have, "least": seat.least}
        about = uuid5(NAMESPACE_URL, f"seat/{seat.span.start.isoformat()}/{seat.have}/{when}")
        self._once(AlarmKind.THIN_SEAT, about, {**detail, **more})

    async def _warn_of_late(self, roster: InForce, now: datetime) -> None:
        due = roster.late(now, self._late_after)
        if not due:
            return
        for counsellor_id in await self._counsellors.signed_out(due.keys()):
            known = uuid5(NAMESPACE_URL, f"late/{counsellor_id}/{due[counsellor_id].isoformat()}")
            self._once(AlarmKind.NOT_SIGNED_IN, known, {"since": due[counsellor_id].isoformat()}, about=counsellor_id)

    def _once(self, kind: AlarmKind, known: UUID, detail: dict[str, object], *, about: UUID | None = None) -> None:
        if known not in self._told:
            self._told.add(known)
            self._alarms.raise_(kind, about=about or known, detail=detail)
