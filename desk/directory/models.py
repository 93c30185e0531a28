"""What the API of the directory reads and answers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from care.directory.model import Area, Kind
from desk.routes import Loose, Wire

Line = Annotated[str, Field(max_length=500)]
#: Within the years that calendars of holidays know.
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2099, 1, 1, tzinfo=UTC))]
Code = Annotated[str, Field(max_length=60)]


class OpeningOut(Wire):
    """Whether one can go or call there. `until`: open until then (null: always); `next_at`: opens then (null: not in the next weeks)."""

    status: Literal["open", "closed", "unknown", "planned", "ended"]
    until: datetime | None
    next_at: datetime | None
    where: str


class PlaceOut(Wire):
    """An entry. `hours` as they are written in a file; "" not known."""

    id: UUID
    key: str
    kind: str
    name: str
    name_en: str
    run_by: str
    district: str
    address: str
    phone: str
    url: str
    areas: list[str]
    hours: str
    planned: bool
    mobile: bool
    valid_from: date | None
    valid_to: date | None
    note: str
    source: str
    source_date: date
    version: int
    opening: OpeningOut


class PlacesOut(Wire):
    """What is open first."""

    places: list[PlaceOut]


class WantedPlaces(Loose):
    """Which entries; `at`: as of an instant other than now; `open_now`: open at it."""

    kind: Kind | None = None
    district: Code = ""
    area: Area | None = None
    open_now: bool = False
    at: Instant | None = None


class DistrictOut(Wire):
    """A district."""

    code: str
    ko: str
    en: str


class DistrictsOut(Wire):
    """All 25."""

    districts: list[DistrictOut]


class PlaceIn(Wire):
    """An entry as it is to be. `version`: the one that was seen; 0 for a new one."""

    version: Annotated[int, Field(ge=0, lt=2**31)]
    key: Code
    kind: Kind
    name: Line
    name_en: Line = ""
    run_by: Line = ""
    district: Code = ""
    address: Line = ""
    phone: Code = ""
    url: Line = ""
    areas: Annotated[tuple[Area, ...], Field(max_length=len(Area))] = ()
    hours: Annotated[str, Field(max_length=5000)] = ""
    planned: bool = False
    mobile: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    note: Line = ""
    source: Line
    source_date: date


class FileProblemOut(Wire):
    """What is wrong with a cell of a file; "" where it concerns the whole."""

    cell: str
    text: str
    level: Literal["error", "warning"]


class FileChangeOut(Wire):
    """An entry that the file adds or changes, and in which fields."""

    key: str
    name: str
    new: bool
    fields: list[str]


class PlacesPreview(Wire):
    """What a file would do. Nothing is written before `apply`; with an error it can't be."""

    token: str
    changes: list[FileChangeOut]
    same: int
    problems: list[FileProblemOut]


class Applied(Wire):
    """How many entries were written."""

    written: int
