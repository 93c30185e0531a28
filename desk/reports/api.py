"""Isolation reports over HTTP: written down by whoever takes the call, worked through by the centre."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import structlog

from care.reports import errors
from care.reports.model import NewReport, Report, Reporter, Subject, dangers
from care.reports.reports import Reports
from core.clock import Clock
from core.errors import DatabaseError
from core.phone import normalise
from desk.access.model import Actor, Permission
from desk.errors import INVALID, NOT_FOUND, FieldError, Problem, ProblemKind
from desk.events import Events
from desk.reports import views
from desk.reports.models import CloseIn, LinesOut, MadeOut, NoteIn, ReporterOut, ReportIn, ReportOut, UrgencyIn, Wanted
from desk.routes import TEXT_LIMIT, Audit, Call, Route

log = structlog.get_logger()

REPORT_MOVED = ProblemKind(
    409, "report_moved", "그사이 다른 사람이 처리한 신고입니다.", "Somebody else took, gave back or closed it meanwhile."
)
UNKNOWN_CONTACT = ProblemKind(422, "unknown_contact", "그런 연락이 없습니다.", "There is no such contact.")
NO_FEEDBACK = ProblemKind(
    409, "no_feedback_wanted", "알림을 원하지 않았거나 이미 알린 신고입니다.", "Nothing is to be told, or it was told already."
)
_WRONG = {
    "nobody_to_be_found": (
        "이름, 번호, 주소, 있는 곳 가운데 하나는 있어야 합니다.",
        "A name, a number, an address or whereabouts is needed.",
    ),
    "nothing_noticed": ("징후를 고르거나 알아챈 것을 적으세요.", "Choose a sign or say what was noticed."),
    "unknown_district": ("서울의 자치구가 아닙니다.", "This is not a district of Seoul."),
    "too_long": ("너무 깁니다.", "This is too long."),
    "feedback_needs_consent": ("알려 드리려면 동의가 있어야 합니다.", "To be told later takes their consent."),
    "feedback_needs_number": ("알려 드리려면 번호가 있어야 합니다.", "To be told later takes a number."),
    "past": ("이미 지난 시각입니다.", "This is in the past."),
}

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _told(
    handler: Callable[Concatenate[ReportsApi, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[ReportsApi, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors of reports reach the page as problems."""

    @wraps(handler)
    async def inside(self: ReportsApi, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except errors.ReportIncomplete as error:
            raise _invalid(error.wrong) from error
        except errors.ReportMoved as error:
            raise Problem(REPORT_MOVED, state=error.state) from error
        except errors.UnknownContact as error:
            raise Problem(UNKNOWN_CONTACT) from error
        except errors.NoFeedbackWanted as error:
            raise Problem(NO_FEEDBACK) from error
        except errors.UnknownReport as error:
            raise Problem(NOT_FOUND) from error

    return inside


class ReportsApi:
    """Its routes."""

    def __init__(self, reports: Reports, events: Events, clock: Clock) -> None:
        self._reports = reports
        self._events = events
        self._clock = clock

    def routes(self) -> list[Route]:
        """See each."""
        path, one = "/api/isolation-reports", "/api/isolation-reports/{report_id}"
        make, work = Permission.REPORT_MAKE, Permission.REPORT_WORK

        def audit(name: str, *detail: str) -> Audit:
            return Audit(action=f"report_{name}", about_kind="isolation_report", about="report_id", detail=detail)

        moved = (REPORT_MOVED,)
        return [
            Route(method="GET", path=path, handler=self.worklist, permission=work, audit=audit("worklist_read")),
            Route(method="GET", path="/api/me/isolation-reports", handler=self.own, permission=make, audit=audit("own_read")),
            Route(method="PUT", path=one, handler=self.make, permission=make, problems=(UNKNOWN_CONTACT,),
                  body_limit=TEXT_LIMIT, audit=audit("made", "urgency", "contact")),
            Route(method="GET", path=one, handler=self.report, permission=make, audit=audit("read")),
            Route(method="GET", path=f"{one}/reporter", handler=self.reporter, permission=make, audit=audit("reporter_read")),
            Route(method="POST", path=f"{one}/claim", handler=self.claim, permission=work, problems=moved, audit=audit("claimed")),
            Route(method="POST", path=f"{one}/release", handler=self.release, permission=work, problems=moved, audit=audit("released")),
            Route(method="POST", path=f"{one}/notes", handler=self.note, permission=work, audit=audit("noted")),
            Route(method="POST", path=f"{one}/urgency", handler=self.urgency, permission=work, problems=moved,
                  audit=audit("urgency", "urgency")),
            Route(method="POST", path=f"{one}/close", handler=self.close, permission=work, problems=moved,
                  audit=audit("closed", "outcome")),
            Route(method="POST", path=f"{one}/reopen", handler=self.reopen, permission=work, problems=moved, audit=audit("reopened")),
            Route(method="POST", path=f"{one}/feedback", handler=self.feedback, permission=work, problems=(NO_FEEDBACK,),
                  audit=audit("feedback")),
        ]  # fmt: skip

    @_told
    async def worklist(self, call: Call, query: Wanted) -> LinesOut:
        """What the centre has to look after, by urgency and due time."""
        if query.show == "overdue":
            found = await self._reports.overdue()
        elif query.show == "feedback":
            found = await self._reports.feedback_open()
        else:
            found = await self._reports.worklist(state=query.state, district=query.district)
        return views.lines(found, self._clock.now())

    @_told
    async def own(self, call: Call) -> LinesOut:
        """The reports that one wrote down."""
        return views.lines(await self._reports.made_by(call.actor.user_id), self._clock.now())

    @_told
    async def make(self, call: Call, report_id: UUID, body: ReportIn) -> MadeOut:
        """Write a report down, under an id of one's own choosing. Danger is told of at once; the same id again changes nothing."""
        new = _new(report_id, body)
        made, proposed = await self._reports.make(new, call.actor.user_id)
        if not may_see(call.actor, made.made_by):
            raise Problem(NOT_FOUND)
        await self._tell(made)
        return MadeOut(report=self._seen(made), danger=bool(dangers(new)), proposed=proposed)

    @_told
    async def report(self, call: Call, report_id: UUID) -> ReportOut:
        """A report of one's own, or for who works through them any; without whom it is from."""
        return self._seen(await self._visible(call.actor, report_id))

    @_told
    async def reporter(self, call: Call, report_id: UUID) -> ReporterOut:
        """Whom a report is from."""
        await self._visible(call.actor, report_id)
        return views.reporter(await self._reports.reporter(report_id))

    @_told
    async def claim(self, call: Call, report_id: UUID) -> ReportOut:
        """Take it on."""
        return await self._done(await self._reports.claim(report_id, call.actor.user_id))

    @_told
    async def release(self, call: Call, report_id: UUID, body: NoteIn) -> ReportOut:
        """Put it back onto the list."""
        return await self._done(await self._reports.release(report_id, call.actor.user_id, body.note))

    @_told
    async def note(self, call: Call, report_id: UUID, body: NoteIn) -> ReportOut:
        """Write down what was done."""
        return await self._done(await self._reports.note(report_id, call.actor.user_id, body.note))

    @_told
    async def urgency(self, call: Call, report_id: UUID, body: UrgencyIn) -> ReportOut:
        """Another urgency, with its due time."""
        return await self._done(await self._reports.set_urgency(report_id, call.actor.user_id, body.urgency, body.note))

    @_told
    async def close(self, call: Call, report_id: UUID, body: CloseIn) -> ReportOut:
        """It is done with."""
        return await self._done(await self._reports.close(report_id, call.actor.user_id, body.outcome, body.note))

    @_told
    async def reopen(self, call: Call, report_id: UUID, body: NoteIn) -> ReportOut:
        """It was not done with after all."""
        return await self._done(await self._reports.reopen(report_id, call.actor.user_id, body.note))

    @_told
    async def feedback(self, call: Call, report_id: UUID, body: NoteIn) -> ReportOut:
        """The reporter was told that somebody looked after it. Nothing about the person is told without their own consent."""
        return await self._done(await self._reports.feedback_given(report_id, call.actor.user_id, body.note))

    async def _visible(self, actor: Actor, report_id: UUID) -> Report:
        found = await self._reports.report(report_id)
        if not may_see(actor, found.made_by):
            # Like one that is not there.
            raise Problem(NOT_FOUND)
        return found

    async def _done(self, report: Report) -> ReportOut:
        await self._tell(report)
        return self._seen(report)

    async def _tell(self, report: Report) -> None:
        """Have open worklists look again. It is changed already: an event that is lost costs a look, not the change."""
        try:
            await self._events.publish("reports_changed", {"report": str(report.listed.id)}, permission=Permission.REPORT_WORK)
        except DatabaseError as error:
            log.info("reports_event_lost", reason=type(error).__name__)

    def _seen(self, report: Report) -> ReportOut:
        return views.report(report, self._clock.now())


def may_see(actor: Actor, made_by: UUID) -> bool:
    """Whether a report that somebody wrote down is theirs to see."""
    return Permission.REPORT_WORK in actor.permissions or made_by == actor.user_id


def _new(report_id: UUID, body: ReportIn) -> NewReport:
    subject, said = body.subject, body.reporter
    reporter = None
    if said is not None:
        reporter = Reporter(
            relation=said.relation,
            name=said.name,
            number=_number(said.number),
            how_they_know=said.how_they_know,
            wants_feedback=said.wants_feedback,
            consent_script=said.consent_script,
        )
    return NewReport(
        id=report_id,
        urgency=body.urgency,
        signs=frozenset(body.signs),
        subject=Subject(
            name=subject.name,
            number=_number(subject.number),
            address=subject.address,
            whereabouts=subject.whereabouts,
            noticed=subject.noticed,
            district=subject.district,
            age_band=subject.age_band,
        ),
        reporter=reporter,
        contact_id=body.contact,
        due_at=body.due_at,
    )


def _number(told: str) -> str:
    """As E.164; what can't be read as a number is kept as it was told, since a report must not fail on it."""
    return normalise(told).e164 or told.strip()


def _invalid(wrong: dict[str, str]) -> Problem:
    return Problem(
        INVALID, fields=[FieldError(field=field, code=code, ko=_WRONG[code][0], en=_WRONG[code][1]) for field, code in wrong.items()]
    )
