"""Checklists over HTTP: the instruments, filling them in, what they come to, and what a person makes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import date
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from care.checklists import errors
from care.checklists.records import Decision, Sheet, Viewer
from care.checklists.results import Results
from core.clock import Clock, seoul
from desk import validation
from desk.access.model import Actor, Permission
from desk.checklists import views
from desk.checklists.models import (
    ChecklistOut,
    ChecklistsOut,
    DecisionIn,
    Name,
    ResultOut,
    ResultsOut,
    SavedOut,
    SheetIn,
    TrendsOut,
)
from desk.errors import FORBIDDEN, INVALID, NOT_FOUND, FieldError, Problem, ProblemKind
from desk.routes import TEXT_LIMIT, Audit, Call, Route

UNKNOWN_CHECKLIST = ProblemKind(
    404, "unknown_checklist", "그런 체크리스트나 판이 없습니다.", "There is no such checklist, or no such version."
)
UNKNOWN_CONTACT = ProblemKind(422, "unknown_contact", "그런 연락이 없습니다.", "There is no such contact.")
RESULT_FINISHED = ProblemKind(
    409, "result_finished", "이미 끝낸 체크리스트입니다. 새로 시작하세요.", "This checklist was finished. Begin another one."
)
ANOTHER_CHECKLIST = ProblemKind(
    409,
    "another_checklist",
    "다른 체크리스트, 판 또는 연락으로 시작한 기록입니다.",
    "This was begun with another checklist, version or contact.",
)
_WRONG = {
    "unknown_form": ("그런 양식이 없습니다.", "There is no such form."),
    "unknown_item": ("그런 문항이 없습니다.", "There is no such item."),
    "unknown_answer": ("이 문항의 보기가 아닙니다.", "This is no answer of this item."),
}
_KINDS: dict[type[errors.ChecklistError], ProblemKind] = {
    errors.UnknownInstrument: UNKNOWN_CHECKLIST,
    errors.UnknownContact: UNKNOWN_CONTACT,
    errors.UnknownResult: NOT_FOUND,
    errors.NotTheirs: FORBIDDEN,
    errors.ResultFinished: RESULT_FINISHED,
    errors.AnotherInstrument: ANOTHER_CHECKLIST,
}

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _told(
    handler: Callable[Concatenate[ChecklistsApi, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[ChecklistsApi, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors of checklists reach the page as problems."""

    @wraps(handler)
    async def inside(self: ChecklistsApi, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except errors.AnswersRefused as error:
            fields = [
                FieldError(field=f"answers.{item[:60]}" if item else "form", code=code, ko=_WRONG[code][0], en=_WRONG[code][1])
                for item, code in list(error.wrong.items())[:50]
            ]
            raise Problem(INVALID, fields=fields) from error
        except errors.NoteTooLong as error:
            raise Problem(INVALID, fields=validation.one("note", error.code, "메모가 너무 깁니다.", "The note is too long.")) from error
        except errors.ChecklistError as error:
            raise Problem(_KINDS[type(error)]) from error

    return inside


class ChecklistsApi:
    """Its routes."""

    def __init__(self, results: Results, clock: Clock) -> None:
        self._results = results
        self._clock = clock

    def routes(self) -> list[Route]:
        """See each."""
        use, kind, one = Permission.CHECKLIST_USE, "checklist_result", "/api/checklist-results/{result_id}"
        return [
            Route(method="GET", path="/api/checklists", handler=self.everything, permission=use),
            Route(method="GET", path="/api/checklists/{checklist}/{version}", handler=self.checklist, permission=use,
                  problems=(UNKNOWN_CHECKLIST,)),
            Route(method="GET", path="/api/contacts/{contact_id}/checklist-results", handler=self.of_contact, permission=use,
                  audit=Audit(action="checklist_results_read", about_kind="contact", about="contact_id")),
            Route(method="GET", path="/api/contacts/{contact_id}/checklist-trends", handler=self.trends, permission=use,
                  problems=(UNKNOWN_CONTACT,), audit=Audit(action="checklist_trends_read", about_kind="contact", about="contact_id")),
            Route(method="GET", path=one, handler=self.result, permission=use,
                  audit=Audit(action="checklist_result_read", about_kind=kind, about="result_id")),
            Route(method="PUT", path=one, handler=self.save, permission=use, body_limit=TEXT_LIMIT,
                  problems=(UNKNOWN_CHECKLIST, UNKNOWN_CONTACT, RESULT_FINISHED, ANOTHER_CHECKLIST),
                  audit=Audit(action="checklist_saved", about_kind=kind, about="result_id", detail=("checklist", "version", "contact"))),
            Route(method="POST", path=f"{one}/decision", handler=self.decide, permission=use,
                  audit=Audit(action="checklist_decided", about_kind=kind, about="result_id", detail=("decision",))),
        ]  # fmt: skip

    async def everything(self, call: Call) -> ChecklistsOut:
        """The checklists that are used today; those to be offered on every path first."""
        return ChecklistsOut(checklists=[views.line(one) for one in self._results.catalogue.current(self._today())])

    @_told
    async def checklist(self, call: Call, checklist: Name, version: Name) -> ChecklistOut:
        """One version of a checklist, also an old one, with its items."""
        engine = self._results.catalogue.engine(checklist, version)
        return views.checklist(engine.instrument, self._everywhere())

    @_told
    async def save(self, call: Call, result_id: UUID, body: SheetIn) -> SavedOut:
        """Keep the answers given so far, under an id of one's own choosing, and say what they come to. An alarm goes out at once."""
        sheet = Sheet(
            id=result_id,
            instrument=body.checklist,
            version=body.version,
            form=body.form,
            contact_id=body.contact,
            answers=body.answers,
            note=body.note,
            finished=body.finished,
        )
        saved = await self._results.save(sheet, viewer(call.actor))
        instrument = self._results.catalogue.engine(body.checklist, body.version).instrument
        return views.saved(saved, result_id, instrument, self._everywhere())

    @_told
    async def result(self, call: Call, result_id: UUID) -> ResultOut:
        """A result of one's own or of a contact of one's own; for who may, everybody's."""
        return views.result(await self._results.result(result_id, viewer(call.actor)))

    @_told
    async def of_contact(self, call: Call, contact_id: UUID) -> ResultsOut:
        """The results of a contact that one may see."""
        return ResultsOut(results=[views.result(one) for one in await self._results.of_contact(contact_id, viewer(call.actor))])

    @_told
    async def trends(self, call: Call, contact_id: UUID) -> TrendsOut:
        """Earlier results of whoever calls, for who has the contact."""
        return TrendsOut(trends=[views.trend(one) for one in await self._results.trends(contact_id, viewer(call.actor))])

    @_told
    async def decide(self, call: Call, result_id: UUID, body: DecisionIn) -> ResultOut:
        """Say what was made of what it recommends."""
        found = await self._results.decide(result_id, Decision(body.decision), body.note, viewer(call.actor))
        return views.result(found)

    def _today(self) -> date:
        return seoul(self._clock.now()).date()

    def _everywhere(self) -> tuple[str, ...]:
        return self._results.catalogue.everywhere(self._today())


def viewer(actor: Actor) -> Viewer:
    """Who asks, as results know them."""
    return Viewer(
        user_id=actor.user_id,
        counsellor_id=actor.counsellor_id,
        sees_all=Permission.CHECKLIST_ALL in actor.permissions,
    )
