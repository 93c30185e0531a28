"""On which terms people are rostered: seen and set by who decides about leave, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.access.model import Permission
from desk.errors import INVALID, Problem
from desk.events import Events
from desk.roster import problems
from desk.roster.house_models import Why
from desk.roster.models import Day
from desk.roster.problems import Words, told
from desk.routes import Audit, Call, Route, Wire
from desk.validation import one
from shifts.errors import UnknownPerson
from shifts.model import NightWork, Protection
from shifts.model import Person as Rostered
from shifts.terms import MOST_CONTRACT_MINUTES, NoSuchTerms, People, Terms

_PATH = "/api/roster-people"
_Night = Literal["allowed", "no_consent", "barred"]
_Why = Literal["pregnant", "postpartum", "minor", "doctor"]
_SAID: Mapping[str, tuple[str, str]] = {
    "out_of_bounds": ("주 40시간까지 약정할 수 있습니다.", "At most 40 hours a week can be agreed on."),
    "not_barred": ("야간 근무를 금지할 때만 사유를 정할 수 있습니다.", "Only night work that is barred has such a ground."),
    "before_since": ("시작일보다 빠를 수 없습니다.", "It can't be before the first day."),
}


class TermsOut(Wire):
    """Somebody's terms. `contract_minutes` a week; `protection`: why night work is barred, if stated; days included, null: open."""

    person: UUID
    name: str
    extension: str
    contract_minutes: int
    night_work: _Night
    protection: _Why | None
    supervisor: bool
    since: date | None
    until: date | None


class TermsList(Wire):
    """Everybody who is rostered, by extension."""

    people: list[TermsOut]


class NewTerms(Wire):
    """All of somebody's terms anew."""

    contract_minutes: Annotated[int, Field(ge=0, le=MOST_CONTRACT_MINUTES)]
    night_work: _Night
    protection: _Why | None = None
    supervisor: bool
    since: Day | None = None
    until: Day | None = None
    reason: Why


class TermsApi:
    """Its routes."""

    def __init__(self, people: People, events: Events, words: Words) -> None:
        self._people = people
        self._events = events
        self.words = words

    def routes(self) -> list[Route]:
        """See each. The log has who set whose terms and why; what is nobody's business (night work, its ground) is not in it."""
        may = Permission.LEAVE_DECIDE
        detail = ("contract_minutes", "supervisor", "since", "until", "reason")
        changed = Audit(action="terms_changed", about_kind="counsellor", about="person", detail=detail)
        return [
            Route(
                method="GET", path=_PATH, handler=self.everybody, permission=may, audit=Audit(action="terms_read", about_kind="counsellor")
            ),
            Route(method="PUT", path=f"{_PATH}/{{person}}", handler=self.put, permission=may, audit=changed),
        ]

    @told
    async def everybody(self, call: Call) -> TermsList:
        """Everybody's terms."""
        return TermsList(people=[_out(each) for each in await self._people.everybody()])

    @told
    async def put(self, call: Call, person: UUID, body: NewTerms) -> TermsOut:
        """Set somebody's terms. Drafts are checked and searched with them at once; what is published stays."""
        terms = Terms(
            contract_minutes=body.contract_minutes,
            night_work=NightWork(body.night_work),
            protection=None if body.protection is None else Protection(body.protection),
            supervisor=body.supervisor,
            since=body.since,
            until=body.until,
        )
        try:
            kept = await self._people.put(person, terms)
        except NoSuchTerms as error:
            raise Problem(INVALID, fields=one(error.field, error.why, *_SAID[error.why])) from None
        except UnknownPerson:
            raise problems.gone() from None
        await self._events.publish("people_changed", {"person": str(person)}, permission=Permission.ROSTER_DRAFT)
        return _out(kept)


def _out(person: Rostered) -> TermsOut:
    return TermsOut(
        person=person.id,
        name=person.name,
        extension=person.extension,
        contract_minutes=person.contract_minutes,
        night_work=person.night_work.value,
        protection=None if person.protection is None else person.protection.value,
        supervisor=person.supervisor,
        since=person.since,
        until=person.until,
    )
