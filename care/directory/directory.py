"""The directory as it is kept: read by kind, district and need; changed one by one or by a file, each against the version that was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from care.directory.errors import ChangedMeanwhile, KeyTaken, PlaceRefused, UnknownPlace
from care.directory.hours import Holidays, open_at
from care.directory.model import Area, Kind, Opening, Place, Status
from care.directory.refused import wrong_with
from care.directory.stored import place_of, values_of
from care.directory.tables import directory_places as t
from core.clock import Clock, seoul
from core.database import Database
from core.errors import DatabaseConflict

#: In which order a list is read aloud: what is open now first.
_ORDER = (Status.OPEN, Status.UNKNOWN, Status.CLOSED, Status.PLANNED, Status.ENDED)


class Directory:
    """See the module. Raises the errors of `care.directory.errors`, and as `core.database.Database` does."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def everything(self) -> list[Place]:
        """Also what is planned or ended; by kind and name."""
        return [place_of(row) for row in await self._db.execute(select(t).order_by(t.c.kind, t.c.name, t.c.key))]

    async def find(
        self,
        holidays: Holidays,
        *,
        kind: Kind | None = None,
        district: str = "",
        area: Area | None = None,
        open_now: bool = False,
        at: datetime | None = None,
    ) -> list[tuple[Place, Opening]]:
        """Those that fit and have not ended, what is open at that instant (now) first; a district also finds what is for the whole city."""
        statement = select(t).order_by(t.c.name, t.c.key)
        if kind is not None:
            statement = statement.where(t.c.kind == str(kind))
        if district:
            statement = statement.where(t.c.district.in_((district, "")))
        if area is not None:
            statement = statement.where(t.c.areas.contains([str(area)]))
        instant = self._clock.now() if at is None else at
        places = [place_of(row) for row in await self._db.execute(statement)]
        found = [(place, open_at(place, instant, holidays)) for place in places]
        wanted = {Status.OPEN} if open_now else set(Status) - {Status.ENDED}
        return sorted((one for one in found if one[1].status in wanted), key=lambda one: _ORDER.index(one[1].status))

    async def place(self, place_id: UUID) -> Place:
        """One of them. Raises UnknownPlace."""
        rows = await self._db.execute(select(t).where(t.c.id == place_id))
        if not rows:
            raise UnknownPlace
        return place_of(rows[0])

    async def keep(self, place: Place, by: UUID | None) -> Place:
        """Add it (version 0), or change it if it has that version still. Raises PlaceRefused, ChangedMeanwhile, KeyTaken, UnknownPlace."""
        (kept,) = await self.keep_all([place], by)
        return kept

    async def keep_all(self, places: Sequence[Place], by: UUID | None) -> list[Place]:
        """All of them, or none. Raises as `keep`."""
        today = seoul(self._clock.now()).date()
        wrong = {f"{place.key}.{field}": problem for place in places for field, problem in wrong_with(place, today).items()}
        if wrong:
            raise PlaceRefused(wrong)
        try:
            async with self._db.begin() as session:
                for place in places:
                    await self._write(session, place, by)
        except DatabaseConflict as conflict:
            if conflict.constraint == "uq_directory_places_key":
                raise KeyTaken from None
            if conflict.constraint == "pk_directory_places":
                # It was seen as not being there yet.
                raise ChangedMeanwhile(", ".join(place.key for place in places if place.version == 0)) from None
            raise
        return await self._kept(place.id for place in places)

    async def _write(self, session: AsyncConnection, place: Place, by: UUID | None) -> None:
        values = {**values_of(place), "changed_at": self._clock.now(), "changed_by": by}
        if place.version == 0:
            await session.execute(insert(t).values(id=place.id, **values))
            return
        change = update(t).where(t.c.id == place.id, t.c.version == place.version).values(**values, version=t.c.version + 1)
        if not (await session.execute(change)).rowcount:
            if (await session.execute(select(t.c.id).where(t.c.id == place.id))).first() is None:
                raise UnknownPlace
            raise ChangedMeanwhile(place.key)

    async def _kept(self, ids: Iterable[UUID]) -> list[Place]:
        wanted = list(ids)
        rows = {row.id: place_of(row) for row in await self._db.execute(select(t).where(t.c.id.in_(wanted)))}
        return [rows[one] for one in wanted if one in rows]
