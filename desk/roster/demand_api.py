"""How many are wanted on the line: looked at, set by hand, or taken from the forecast of the load. One demand for all months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from core.database import Database
from desk.access.model import Permission
from desk.errors import INVALID, Problem
from desk.events import Events
from desk.roster.house_models import DemandOut, DemandRow, ForecastOut, MaybeMonth, NewDemand, TakeForecast
from desk.roster.reading import Needs
from desk.routes import Audit, Call, Route
from desk.validation import one
from shifts.demand import demand, replace, with_wanted
from shifts.model import Demand

_PATH = "/api/demand"


class DemandApi:
    """Its routes."""

    def __init__(self, db: Database, needs: Needs, events: Events) -> None:
        self._db = db
        self._needs = needs
        self._events = events

    def routes(self) -> list[Route]:
        """See each."""
        read, change = Permission.ROSTER_DRAFT, Permission.ROSTER_PUBLISH
        return [
            Route(method="GET", path=_PATH, handler=self.everything, permission=read),
            Route(method="PUT", path=_PATH, handler=self.put, permission=change,
                  audit=Audit(action="demand_changed", about_kind="demand", detail=("reason",))),
            Route(method="GET", path=f"{_PATH}/forecast", handler=self.forecast, permission=read),
            Route(method="POST", path=f"{_PATH}/forecast", handler=self.take, permission=change,
                  audit=Audit(action="demand_forecast_taken", about_kind="demand", detail=("month", "reason"))),
        ]  # fmt: skip

    async def everything(self, call: Call) -> DemandOut:
        """How many are wanted when."""
        async with self._db.begin() as session:
            return DemandOut(demand=_rows(await demand(session)))

    async def put(self, call: Call, body: NewDemand) -> DemandOut:
        """Set all of it anew."""
        for number, row in enumerate(body.demand):
            if row.wanted < row.least:
                where = f"demand.{number}.wanted"
                raise Problem(INVALID, fields=one(where, "below_least", "최소 인원보다 적을 수 없습니다.", "It can't be below the least."))
        rows = [_demand(row) for row in body.demand]
        async with self._db.begin() as session:
            await replace(session, rows)
            kept = _rows(await demand(session))
        await self._tell()
        return DemandOut(demand=kept)

    async def forecast(self, call: Call, query: MaybeMonth) -> ForecastOut:
        """What taking the forecast would make of it."""
        need, days = await self._needs.as_demand()
        async with self._db.begin() as session:
            return ForecastOut(demand=_rows(with_wanted(await demand(session), need)), days=days)

    async def take(self, call: Call, body: TakeForecast) -> ForecastOut:
        """Take the forecast as what is wanted. The least numbers stay, and so do those of skills."""
        need, days = await self._needs.as_demand()
        async with self._db.begin() as session:
            await replace(session, with_wanted(await demand(session), need))
            kept = _rows(await demand(session))
        await self._tell()
        return ForecastOut(demand=kept, days=days)

    async def _tell(self) -> None:
        await self._events.publish("demand_changed", {}, permission=Permission.ROSTER_DRAFT)


def _rows(found: Iterable[Demand]) -> list[DemandRow]:
    return [
        DemandRow(
            starts=each.starts.isoformat("minutes"),
            minutes=each.minutes,
            least=each.least,
            wanted=each.wanted,
            weekdays=sorted(each.weekdays),
            skill=each.skill,
        )
        for each in found
    ]


def _demand(row: DemandRow) -> Demand:
    hours, _, minutes = row.starts.partition(":")
    return Demand(
        starts=time(int(hours), int(minutes)),
        minutes=row.minutes,
        least=row.least,
        wanted=row.wanted,
        weekdays=frozenset(row.weekdays),
        skill=row.skill,
    )
