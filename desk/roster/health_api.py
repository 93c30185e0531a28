"""Whom the health check of night workers is to be offered (Occupational Safety and Health Act art. 130), from what was in force."""

from __future__ import annotations

from core.clock import Clock, seoul
from desk.access.model import Permission
from desk.roster.house_models import NightOut, NightsOut, Until
from desk.roster.problems import Words, told
from desk.roster.store import Store, as_cells
from desk.routes import Audit, Call, Route
from shifts.model import Period
from shifts.rosters import Rosters
from shifts.rules.night_health import looked_back, night_loads


class HealthApi:
    """Its route."""

    def __init__(self, rosters: Rosters, store: Store, words: Words, clock: Clock) -> None:
        self._rosters = rosters
        self._store = store
        self._clock = clock
        self.words = words

    def routes(self) -> list[Route]:
        """See it."""
        read = Audit(action="night_health_read", about_kind="roster")
        return [Route(method="GET", path="/api/night-health", handler=self.nights, permission=Permission.LEAVE_DECIDE, audit=read)]

    @told
    async def nights(self, call: Call, query: Until) -> NightsOut:
        """Night work of six months by person, those first to whom the check is to be offered."""
        until = query.until or seoul(self._clock.now()).date()
        draft = await self._rosters.draft(until)
        values = draft.parameters.values["night_health"]
        since = looked_back(until, draft.parameters)
        times = await self._store.published(Period(since, until))
        loads = night_loads(as_cells(times), draft.setting.shift_types, until, draft.parameters)
        names = await self._store.counsellors(loads)
        people = [
            NightOut(person=person, name=names.get(person, ""), stints=load.stints, night_minutes=load.night_minutes, due=load.due)
            for person, load in loads.items()
        ]
        first = min((time.day for time in times), default=None)
        return NightsOut(
            since=since,
            until=until,
            months=values["months"],
            known_from=first if first is not None and first > since else None,
            least_stints=values["stints"] * values["months"],
            least_night_minutes=values["night_minutes"] * values["months"],
            people=sorted(people, key=lambda one: (not one.due, -one.night_minutes, one.name)),
        )
