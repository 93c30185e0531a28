"""The solver: begin a search, look how it stands, end it, accept what it found."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from desk.access.model import Permission
from desk.errors import Problem, ProblemKind
from desk.roster import problems, views
from desk.roster.api import RosterApi, first_of, roster_audit
from desk.roster.jobs import Job, Jobs, Running, SolverMissing
from desk.roster.models import Base, EditedOut, Month
from desk.roster.problems import Words, told
from desk.roster.request_models import JobOut, NewSearch, SearchOut
from desk.routes import Call, Route
from shifts.edits import Change, Entry, Wanted
from shifts.rosters import Rosters

if TYPE_CHECKING:
    from shifts.solver.words import Language

SEARCH_RUNNING = ProblemKind(
    409, "search_running", "이미 찾고 있습니다. 끝나거나 멈춘 뒤에 다시 하세요.", "A search is under way. Wait for it, or end it."
)
SEARCH_GONE = ProblemKind(
    404,
    "search_gone",
    "이 찾기는 끝난 지 오래되었거나 프로그램이 다시 시작되어 남아 있지 않습니다. 다시 시작하세요.",
    "This search is not known any more: it is old, or the program was restarted. Begin anew.",
)
NOTHING_FOUND = ProblemKind(
    409, "nothing_found", "받아들일 근무표를 아직 찾지 못했습니다.", "No roster has been found that could be accepted."
)
SOLVER_MISSING = ProblemKind(
    501,
    "solver_missing",
    "자동 편성 기능(annyeong120[solver])이 설치되어 있지 않습니다. 손으로 하는 편성은 그대로 됩니다.",
    "The solver (annyeong120[solver]) is not installed. Everything else works without it.",
)
_FAILED = {"ko": "찾는 프로그램이 답 없이 끝났습니다. 다시 시작하세요.", "en": "The solver ended without an answer. Begin anew."}
_SEARCHING = {"ko": "찾고 있습니다.", "en": "Searching."}
_PATH = "/api/rosters/{month}/solve"


class SearchApi:
    """Its routes."""

    def __init__(self, rosters: Rosters, jobs: Jobs, roster: RosterApi, words: Words) -> None:
        self._rosters = rosters
        self._jobs = jobs
        self._roster = roster
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        edit = Permission.ROSTER_EDIT
        return [
            Route(method="POST", path=_PATH, handler=self.begin, permission=edit, status=202, problems=(SEARCH_RUNNING, SOLVER_MISSING),
                  audit=roster_audit("roster_search_begun", "mode", "seconds")),
            # A page asks every second by itself.
            Route(method="GET", path=f"{_PATH}/{{job}}", handler=self.look, permission=edit, problems=(SEARCH_GONE,), active=False),
            Route(method="DELETE", path=f"{_PATH}/{{job}}", handler=self.end, permission=edit, problems=(SEARCH_GONE,),
                  audit=roster_audit("roster_search_ended")),
            Route(method="POST", path=f"{_PATH}/{{job}}/accept", handler=self.accept, permission=edit,
                  problems=(SEARCH_GONE, NOTHING_FOUND, *problems.OF_EDITS), audit=roster_audit("roster_search_accepted", "base_version", "reason")),
        ]  # fmt: skip

    @told
    async def begin(self, call: Call, month: Month, body: NewSearch) -> JobOut:
        """Begin a search about the draft as it is now. What has been worked stays."""
        draft = await self._rosters.draft(first_of(month))
        try:
            job = await self._jobs.begin(draft, body.mode, body.seconds)
        except SolverMissing:
            raise Problem(SOLVER_MISSING) from None
        except Running as error:
            raise Problem(SEARCH_RUNNING, job=None if error.job is None else str(error.job)) from None
        return JobOut(job=str(job.id))

    @told
    async def look(self, call: Call, month: Month, job: UUID) -> SearchOut:
        """How a search stands."""
        found = self._found(month, job)
        short, text = await asyncio.to_thread(_said, found, "en" if call.actor.language == "en" else "ko")
        solution, progress = found.solution, found.progress
        now = found.ended if found.ended is not None else self._jobs.clock.monotonic()
        return SearchOut(
            state="failed" if found.failed else "running" if solution is None else solution.status.value,
            at_s=round(now - found.began, 1),
            seconds=found.seconds,
            cost=solution.cost if solution is not None else progress.cost if progress is not None else None,
            bound=solution.bound if solution is not None else progress.bound if progress is not None else None,
            version=found.version,
            changes=views.changes_out(found.changes()),
            short=short,
            text=text,
        )

    @told
    async def end(self, call: Call, month: Month, job: UUID) -> None:
        """End a search; what it found until then can be accepted."""
        self._jobs.cancel(self._found(month, job))

    @told
    async def accept(self, call: Call, month: Month, job: UUID, body: Base) -> EditedOut:
        """Take the best roster found, as one edit: if the draft has the version given, and nobody has changed one of its cells since it began."""
        found = self._found(month, job)
        if found.best is None:
            raise Problem(NOTHING_FOUND)
        self._jobs.cancel(found)
        wanted = [_wanted(one) for one in found.changes()]
        done = await self._rosters.edit(
            first_of(month), wanted, by=call.actor.user_id, kind="solve", base=body.base_version, reason=body.reason
        )
        self._jobs.done_with(found)
        return await self._roster.answered(done, call.actor)

    def _found(self, month: str, job: UUID) -> Job:
        found = self._jobs.find(first_of(month), job)
        if found is None:
            raise Problem(SEARCH_GONE)
        return found


def _wanted(change: Change) -> Wanted:
    entries = tuple(Entry(code=one.code, pinned=one.pinned, pauses=one.pauses) for one in change.after)
    return Wanted(person_id=change.person_id, day=change.day, entries=entries, seen=frozenset(one.code for one in change.before))


def _said(job: Job, language: Language) -> tuple[list[str], str]:
    from shifts.solver.words import explain, short_sentence  # noqa: PLC0415 - loads the solver's library, which is there if there is a job

    if job.failed:
        return [], _FAILED[language]
    if job.solution is None:
        return [], _SEARCHING[language]
    short = [short_sentence(one, job.setting, language) for one in job.solution.short]
    return short, "\n".join(explain(job.solution, job.setting, language))
