"""Rosters as files: in with a look before anything is written, out as a sheet that prints on one page."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from core.clock import seoul
from desk.access.model import Permission
from desk.errors import Problem, ProblemKind
from desk.roster import problems, views
from desk.roster.api import RosterApi, first_of, roster_audit
from desk.roster.imports import Imports
from desk.roster.models import Base, ChangeOut, EditedOut, Month
from desk.roster.problems import Words, told
from desk.roster.request_models import FileProblem, Preview
from desk.roster.store import Store, as_cells
from desk.routes import Call, File, Route, Upload
from shifts.edits import Wanted
from shifts.model import Roster
from shifts.rosters import Draft, Rosters
from shifts.spreadsheet import preview, xlsx
from shifts.spreadsheet.grid import MOST_BYTES

IMPORT_GONE = ProblemKind(
    404,
    "import_gone",
    "불러온 파일이 남아 있지 않습니다(30분이 지났거나 다시 로그인했습니다). 파일을 다시 여세요.",
    "What was read from the file is not kept any more (half an hour has passed, or you signed in anew). Open the file again.",
)
IMPORT_FAULTY = ProblemKind(
    409, "import_faulty", "파일에 고쳐야 할 칸이 있어 적용하지 않았습니다.", "Cells of the file must be mended first; nothing was written."
)
#: A little more than the reader takes: it says itself, and better, that a file is too large.
_LIMIT = MOST_BYTES + 256 * 1024
#: Files that are read at one time; each takes a processor for a second.
_AT_ONCE = 2
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PATH = "/api/rosters/{month}"
Token = Annotated[str, Field(min_length=1, max_length=100)]


class FilesApi:
    """Its routes."""

    def __init__(self, rosters: Rosters, store: Store, imports: Imports, roster: RosterApi, words: Words) -> None:
        self._rosters = rosters
        self._store = store
        self._imports = imports
        self._roster = roster
        self._reading = asyncio.Semaphore(_AT_ONCE)
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        edit = Permission.ROSTER_EDIT
        return [
            Route(method="POST", path=f"{_PATH}/import", handler=self.load, permission=edit, body_limit=_LIMIT,
                  audit=roster_audit("roster_file_read")),
            Route(method="POST", path=f"{_PATH}/import/{{token}}/apply", handler=self.apply, permission=edit,
                  problems=(IMPORT_GONE, IMPORT_FAULTY, *problems.OF_EDITS), audit=roster_audit("roster_imported", "base_version", "reason")),
            Route(method="GET", path=f"{_PATH}/export.xlsx", handler=self.save, permission=Permission.ROSTER_READ,
                  audit=roster_audit("roster_exported")),
        ]  # fmt: skip

    @told
    async def load(self, call: Call, month: Month, upload: Upload) -> Preview:
        """Read a spreadsheet (xlsx or CSV): what it would change, and what is wrong with it, cell by cell. Nothing is written."""
        first = first_of(month)
        draft = await self._rosters.draft(first)
        async with self._reading:
            found = await asyncio.to_thread(preview, draft.setting, draft.roster, upload.data)
        language = call.actor.language
        said = [
            FileProblem(cell=one.cell, text=one.text(language), level="error" if one.blocking else "warning") for one in found.problems
        ]  # fmt: skip
        if found.more:
            more = f"다른 문제 {found.more}개가 더 있습니다." if language != "en" else f"{found.more} more problems."
            said.append(FileProblem(cell="", text=more, level="error" if found.blocked else "warning"))
        token = self._imports.keep(first, call.actor.session_id, found)
        return Preview(token=token, changes=[_change(draft, one) for one in found.changes], problems=said)

    @told
    async def apply(self, call: Call, month: Month, token: Token, body: Base) -> EditedOut:
        """Write what a file changes, as one edit: if the draft has the version given, and nobody has changed one of its cells meanwhile."""
        found = self._imports.find(token, first_of(month), call.actor.session_id)
        if found is None:
            raise Problem(IMPORT_GONE)
        if found.blocked:
            raise Problem(IMPORT_FAULTY)
        done = await self._rosters.edit(
            first_of(month), found.changes, by=call.actor.user_id, kind="import", base=body.base_version, reason=body.reason
        )
        self._imports.forget(token)
        return await self._roster.answered(done, call.actor)

    @told
    async def save(self, call: Call, month: Month) -> File:
        """The month as an Excel sheet: the draft, or what is in force for who sees no drafts. Why somebody is away is not in it."""
        first = first_of(month)
        draft = await self._rosters.draft(first)
        roster, about = draft.roster, f"v{draft.head.version}"
        setting = draft.setting
        if Permission.ROSTER_DRAFT not in call.actor.permissions:
            force = await self._store.in_force(first)
            times = await self._store.published(draft.head.period)
            roster = Roster(period=draft.head.period, assignments=frozenset(as_cells(times)))
            about = f"{seoul(force.at):%Y-%m-%d %H:%M}" if force.at is not None else ""
        data = await asyncio.to_thread(xlsx, setting, roster, about=about)
        return File(name=f"근무표-{month}.xlsx", content_type=_XLSX, data=data)


def _change(draft: Draft, wanted: Wanted) -> ChangeOut:
    held = [one for one in draft.roster.assignments if (one.person_id, one.day) == (wanted.person_id, wanted.day)]
    pinned = bool(wanted.entries) and all(entry.pinned for entry in wanted.entries)
    return ChangeOut(
        person=wanted.person_id,
        day=wanted.day,
        before=views.codes(held),
        after=sorted(entry.code for entry in wanted.entries),
        pinned=pinned,
    )
