"""The directory over HTTP: what is open, where, for what; kept by hand or by a file that is looked at first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from datetime import date
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from pydantic import Field

from care.directory import errors
from care.directory.directory import Directory
from care.directory.hours import Holidays, open_at
from care.directory.hours_text import HoursUnreadable, parse, written
from care.directory.model import Opening, Place
from care.directory.preview import TEXTS, preview
from care.directory.sheet_file import MOST_BYTES
from care.districts import districts
from core.clock import Clock, seoul
from core.holidays_kr import is_holiday
from desk.access.model import Permission
from desk.directory.imports import PlaceImports
from desk.directory.models import (
    Applied,
    DistrictOut,
    DistrictsOut,
    FileChangeOut,
    FileProblemOut,
    OpeningOut,
    PlaceIn,
    PlaceOut,
    PlacesOut,
    PlacesPreview,
    WantedPlaces,
)
from desk.errors import INVALID, NOT_FOUND, FieldError, Problem, ProblemKind
from desk.routes import Audit, Call, Route, Upload

PLACE_CHANGED = ProblemKind(
    409,
    "place_changed",
    "그사이 다른 사람이 바꾼 항목이 있어 저장하지 않았습니다.",
    "Somebody else changed an entry meanwhile; nothing was saved.",
)
KEY_TAKEN = ProblemKind(409, "key_taken", "이미 쓰는 코드입니다.", "Another entry has this key.")
PLACES_GONE = ProblemKind(
    404,
    "import_gone",
    "불러온 파일이 남아 있지 않습니다. 파일을 다시 여세요.",
    "What was read from the file is not kept any more. Open the file again.",
)
PLACES_FAULTY = ProblemKind(
    409, "import_faulty", "파일에 고쳐야 할 칸이 있어 적용하지 않았습니다.", "Cells of the file must be mended first; nothing was written."
)
#: A little more than the reader takes: it says itself, and better, that a file is too large.
_LIMIT = MOST_BYTES + 256 * 1024
Token = Annotated[str, Field(min_length=1, max_length=100)]
#: Public holidays that no calendar knows yet.
ExtraHolidays = Callable[[], Awaitable[Collection[date]]]

P = ParamSpec("P")
Answer = TypeVar("Answer")


async def no_extra() -> Collection[date]:
    """None."""
    return ()


def _told(
    handler: Callable[Concatenate[DirectoryApi, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[DirectoryApi, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors of the directory reach the page as problems."""

    @wraps(handler)
    async def inside(self: DirectoryApi, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except errors.PlaceRefused as error:
            raise _refused(error.wrong) from error
        except errors.ChangedMeanwhile as error:
            raise Problem(PLACE_CHANGED, key=error.key) from error
        except errors.KeyTaken as error:
            raise Problem(KEY_TAKEN) from error
        except errors.UnknownPlace as error:
            raise Problem(NOT_FOUND) from error

    return inside


class DirectoryApi:
    """Its routes. `extra`: temporary public holidays that supervisors have entered."""

    def __init__(self, directory: Directory, clock: Clock, *, extra: ExtraHolidays = no_extra) -> None:
        self._directory = directory
        self._clock = clock
        self._extra = extra
        self._imports = PlaceImports(clock=clock)
        # Each takes a processor for a moment.
        self._reading = asyncio.Semaphore(1)

    def routes(self) -> list[Route]:
        """See each."""
        read, edit, path = Permission.DIRECTORY_READ, Permission.DIRECTORY_EDIT, "/api/directory"
        made = (PLACE_CHANGED, KEY_TAKEN)

        def audit(name: str, about: str = "") -> Audit:
            return Audit(action=f"directory_{name}", about_kind="place", about=about)

        return [
            Route(method="GET", path=path, handler=self.places, permission=read),
            Route(method="GET", path=f"{path}/districts", handler=self.districts, permission=read),
            Route(method="POST", path=f"{path}/import", handler=self.load, permission=edit, body_limit=_LIMIT, audit=audit("file_read")),
            Route(method="POST", path=f"{path}/import/{{token}}/apply", handler=self.apply, permission=edit,
                  problems=(PLACES_GONE, PLACES_FAULTY, *made), audit=audit("imported")),
            Route(method="GET", path=f"{path}/places/{{place_id}}", handler=self.place, permission=read),
            Route(method="PUT", path=f"{path}/places/{{place_id}}", handler=self.keep, permission=edit, problems=made,
                  audit=audit("changed", "place_id")),
        ]  # fmt: skip

    async def places(self, call: Call, query: WantedPlaces) -> PlacesOut:
        """Entries by kind, district and need, what is open first; what is for the whole city is in every district's list."""
        found = await self._directory.find(
            await self._holidays(), kind=query.kind, district=query.district, area=query.area, open_now=query.open_now, at=query.at
        )
        return PlacesOut(places=[_place(place, opening) for place, opening in found])

    async def districts(self, call: Call) -> DistrictsOut:
        """The districts of Seoul."""
        return DistrictsOut(districts=[DistrictOut(code=one.code, ko=one.ko, en=one.en) for one in districts().values()])

    @_told
    async def place(self, call: Call, place_id: UUID) -> PlaceOut:
        """One entry."""
        return await self._seen(await self._directory.place(place_id))

    @_told
    async def keep(self, call: Call, place_id: UUID, body: PlaceIn) -> PlaceOut:
        """Add an entry, or change one that has the version given."""
        try:
            hours = parse(body.hours)
        except HoursUnreadable:
            raise _refused({"hours": "bad_hours"}) from None
        place = Place(
            id=place_id,
            key=body.key,
            kind=body.kind,
            name=body.name,
            name_en=body.name_en,
            run_by=body.run_by,
            district=body.district,
            address=body.address,
            phone=body.phone,
            url=body.url,
            areas=frozenset(body.areas),
            hours=hours,
            planned=body.planned,
            mobile=body.mobile,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            note=body.note,
            source=body.source,
            source_date=body.source_date,
            version=body.version,
        )
        return await self._seen(await self._directory.keep(place, call.actor.user_id))

    async def load(self, call: Call, upload: Upload) -> PlacesPreview:
        """Read a spreadsheet (xlsx or CSV): what it would add and change, and what is wrong with it, cell by cell. Nothing is written."""
        known, today = await self._directory.everything(), seoul(self._clock.now()).date()
        async with self._reading:
            found = await asyncio.to_thread(preview, known, upload.data, today)
        return PlacesPreview(
            token=self._imports.keep(call.actor.session_id, found),
            changes=[
                FileChangeOut(key=one.after.key, name=one.after.name, new=one.before is None, fields=list(one.fields))
                for one in found.changes
            ],
            same=found.same,
            problems=[
                FileProblemOut(cell=one.cell, text=one.text(call.actor.language), level="error" if one.blocking else "warning")
                for one in found.problems
            ],
        )

    @_told
    async def apply(self, call: Call, token: Token) -> Applied:
        """Write what a file changes: all of it, unless somebody has changed one of its entries since it was looked at."""
        found = self._imports.find(token, call.actor.session_id)
        if found is None:
            raise Problem(PLACES_GONE)
        if found.blocked:
            raise Problem(PLACES_FAULTY)
        kept = await self._directory.keep_all([one.after for one in found.changes], call.actor.user_id)
        self._imports.forget(token)
        return Applied(written=len(kept))

    async def _seen(self, place: Place) -> PlaceOut:
        return _place(place, open_at(place, self._clock.now(), await self._holidays()))

    async def _holidays(self) -> Holidays:
        return is_holiday(await self._extra())


def _place(place: Place, opening: Opening) -> PlaceOut:
    return PlaceOut(
        id=place.id,
        key=place.key,
        kind=str(place.kind),
        name=place.name,
        name_en=place.name_en,
        run_by=place.run_by,
        district=place.district,
        address=place.address,
        phone=place.phone,
        url=place.url,
        areas=sorted(str(area) for area in place.areas),
        hours=written(place.hours),
        planned=place.planned,
        mobile=place.mobile,
        valid_from=place.valid_from,
        valid_to=place.valid_to,
        note=place.note,
        source=place.source,
        source_date=place.source_date,
        version=place.version,
        opening=OpeningOut(status=opening.status.value, until=opening.until, next_at=opening.next_at, where=opening.where),
    )


def _refused(wrong: Mapping[str, str]) -> Problem:
    fields = []
    for field, code in list(wrong.items())[:50]:
        ko, en = TEXTS[code]
        fields.append(
            FieldError(field=field.rpartition(".")[2], code=code, ko=ko.replace(": {value}", "."), en=en.replace(": {value}", "."))
        )
    return Problem(INVALID, fields=fields)
