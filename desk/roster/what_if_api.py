"""What would this draft make of this load? Begun, looked at and ended like a search; it changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from desk.access.model import Permission
from desk.errors import Problem, ProblemKind
from desk.roster.api import first_of, roster_audit
from desk.roster.house_models import NewWhatIf, WhatIfHour, WhatIfOut, WhatIfResult
from desk.roster.models import Month
from desk.roster.problems import Words, told
from desk.roster.reading import Needs
from desk.roster.request_models import JobOut
from desk.roster.what_if_jobs import PlayersMissing, Playing, WhatIfs
from desk.routes import Call, Route
from shifts.rosters import Rosters
from shifts.what_if import Question, WhatIf

WHAT_IF_RUNNING = ProblemKind(
    409,
    "what_if_running",
    "이미 모의로 돌리고 있습니다. 끝나거나 멈춘 뒤에 다시 하세요.",
    "A what-if is under way. Wait for it, or end it.",
)
WHAT_IF_GONE = ProblemKind(
    404,
    "what_if_gone",
    "이 모의 결과는 오래되었거나 프로그램이 다시 시작되어 남아 있지 않습니다.",
    "This what-if is not known any more: it is old, or the program was restarted.",
)
WHAT_IF_MISSING = ProblemKind(501, "what_if_missing", "이 프로그램에는 모의 기능이 없습니다.", "This program can't play what-ifs.")
_PATH = "/api/rosters/{month}/what-if"


class WhatIfApi:
    """Its routes."""

    def __init__(self, rosters: Rosters, jobs: WhatIfs, needs: Needs, words: Words) -> None:
        self._rosters = rosters
        self._jobs = jobs
        self._needs = needs
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        edit, gone = Permission.ROSTER_EDIT, (WHAT_IF_GONE,)
        return [
            Route(method="POST", path=_PATH, handler=self.begin, permission=edit, status=202, problems=(WHAT_IF_RUNNING, WHAT_IF_MISSING),
                  audit=roster_audit("what_if_begun", "repetitions", "load_percent")),
            # A page asks every second by itself.
            Route(method="GET", path=f"{_PATH}/{{job}}", handler=self.look, permission=edit, problems=gone, active=False),
            Route(method="DELETE", path=f"{_PATH}/{{job}}", handler=self.end, permission=edit, problems=gone,
                  audit=roster_audit("what_if_ended")),
        ]  # fmt: skip

    @told
    async def begin(self, call: Call, month: Month, body: NewWhatIf) -> JobOut:
        """Play the draft as it is now against the forecast of its month."""
        draft = await self._rosters.draft(first_of(month))
        question = Question(
            setting=draft.setting,
            roster=draft.roster,
            forecast=await self._needs.forecast(draft.setting.holidays),
            planning=self._needs.planning,
            repetitions=body.repetitions,
        )
        try:
            job = self._jobs.begin(draft.head.period.first, draft.head.version, question, body.load_percent)
        except PlayersMissing:
            raise Problem(WHAT_IF_MISSING) from None
        except Playing as error:
            raise Problem(WHAT_IF_RUNNING, job=str(error.job)) from None
        return JobOut(job=str(job.id))

    @told
    async def look(self, call: Call, month: Month, job: UUID) -> WhatIfOut:
        """How one stands."""
        found = self._jobs.find(first_of(month), job)
        if found is None:
            raise Problem(WHAT_IF_GONE)
        return WhatIfOut(
            state=found.state,
            progress=1.0 if found.result is not None else round(found.progress, 3),
            version=found.version,
            load_percent=found.load_percent,
            result=None if found.result is None else _result(found.result),
        )

    @told
    async def end(self, call: Call, month: Month, job: UUID) -> None:
        """End one."""
        found = self._jobs.find(first_of(month), job)
        if found is None:
            raise Problem(WHAT_IF_GONE)
        found.cancelled.set()


def _result(found: WhatIf) -> WhatIfResult:
    figures = {name: value for name, value in asdict(found).items() if name != "by_hour"}
    hours = [WhatIfHour(hour=number, **asdict(hour)) for number, hour in enumerate(found.by_hour)]
    return WhatIfResult(**figures, by_hour=hours)
