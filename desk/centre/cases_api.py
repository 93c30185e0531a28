"""The worklist and its cases: look, claim, write, link, follow up, call, close, re-open. Who has a case works on it."""

from __future__ import annotations

from uuid import UUID

from core.clock import Clock
from desk.access.model import Actor, Permission
from desk.centre import problems, views
from desk.centre.eyes import eyes
from desk.centre.models import (
    CaseOut,
    CloseIn,
    DoneIn,
    FollowUpIn,
    HandOverIn,
    ItemOut,
    LinkIn,
    LinkStateIn,
    MadeOut,
    NeedIn,
    NeedStateIn,
    NoteIn,
    PassOnIn,
    ReopenIn,
    UrgencyIn,
    Which,
    WorklistOut,
)
from desk.centre.problems import told
from desk.centre.referrals_api import referral_audit
from desk.centre.store import Store
from desk.errors import NOT_FOUND, Problem, ProblemKind
from desk.routes import Audit, Call, Handler, Method, Route
from escalation.centre.calls import Calls
from escalation.centre.casework import Casework
from escalation.centre.model import Referral
from escalation.centre.ports import Crises
from escalation.centre.reading import Reading
from escalation.centre.referrals import Referrals
from escalation.centre.rules import Rules
from escalation.centre.staff_book import StaffBook
from escalation.ledger_model import Ground

_ONE = "/api/centre/cases/{referral_id}"


class CasesApi:
    """Its routes."""

    def __init__(
        self, referrals: Referrals, casework: Casework, calls: Calls, reading: Reading, staff: StaffBook, store: Store, clock: Clock,
        rules: Rules, crises: Crises | None = None,
    ) -> None:  # fmt: skip
        self._referrals = referrals
        self._casework = casework
        self._calls = calls
        self._reading = reading
        self._staff = staff
        self._store = store
        self._clock = clock
        self._rules = rules
        self._crises = crises

    def routes(self) -> list[Route]:
        """See each."""
        read, work, assign = Permission.CASE_READ, Permission.CASE_WORK, Permission.CASE_ASSIGN
        return [
            Route(method="GET", path="/api/centre/worklist", handler=self.worklist, permission=read,
                  audit=Audit(action="worklist_read", about_kind="referral")),
            Route(method="GET", path=_ONE, handler=self.case, permission=read, audit=referral_audit("case_read")),
            _route("POST", "claim", self.claim, work, "case_claimed"),
            _route("POST", "release", self.release, work, "case_released"),
            _route("POST", "hand-over", self.hand_over, work, "case_handed_over", "to"),
            _route("POST", "assign", self.assign, assign, "case_assigned", "to"),
            _route("POST", "notes", self.note, work, "case_note", "kind", status=201),
            _route("POST", "needs", self.need, work, "case_need", "area", status=201),
            _route("POST", "needs/{need_id}", self.need_is, work, "case_need_changed", "state"),
            _route("POST", "links", self.link, work, "case_link", "service_id", status=201),
            _route("POST", "links/{link_id}/hand-over", self.pass_on, work, "case_passed_on", "ground"),
            _route("POST", "links/{link_id}", self.link_is, work, "case_link_changed", "state"),
            _route("POST", "follow-ups", self.follow_up, work, "case_follow_up", "kind", status=201),
            _route("POST", "follow-ups/{follow_up_id}", self.followed_up, work, "case_followed_up", "cancelled"),
            _route("POST", "call", self.call_back, work, "case_called", status=202),
            *([_route("POST", "crisis", self.crisis, work, "case_crisis", status=201)] if self._crises else []),
            _route("POST", "counselling", self.counselling, work, "case_counselling"),
            _route("POST", "urgency", self.urgency, work, "case_urgency", "urgency"),
            _route("POST", "close", self.close, work, "case_closed", "outcome"),
            _route("POST", "close-for", self.close_for, assign, "case_closed", "outcome"),
            _route("POST", "reopen", self.reopen, read, "case_reopened", "urgency"),
        ]  # fmt: skip

    @told
    async def worklist(self, call: Call, query: Which) -> WorklistOut:
        """What there is to do, in order; or what was closed lately."""
        mine, now = await self._staff.of_user(call.actor.user_id), self._clock.now()
        names = {one.id: one.name for one in await self._staff.everybody()}
        if query.closed:
            closed = await self._reading.closed()
            return WorklistOut(items=[views.closed_item(case, district) for case, district in closed], mine=mine)
        found: list[ItemOut] = [views.item(one, names, now) for one in await self._reading.worklist()]
        return WorklistOut(items=found, mine=mine)

    @told
    async def case(self, call: Call, referral_id: UUID) -> CaseOut:
        """The whole case."""
        await self._visible(call.actor, referral_id)
        return await self._out(call.actor, referral_id)

    @told
    async def claim(self, call: Call, referral_id: UUID) -> CaseOut:
        """Take it. Of two at once one has it."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._referrals.claim(referral_id, staff_id, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def release(self, call: Call, referral_id: UUID) -> CaseOut:
        """Back to the worklist."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._referrals.release(referral_id, staff_id, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def hand_over(self, call: Call, referral_id: UUID, body: HandOverIn) -> CaseOut:
        """To a colleague."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._referrals.hand_over(referral_id, body.to, staff_id=staff_id, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def assign(self, call: Call, referral_id: UUID, body: HandOverIn) -> CaseOut:
        """A supervisor gives it to somebody, whoever had it; also from the worklist."""
        case = await self._visible(call.actor, referral_id)
        if case.owner_id is None:
            await self._referrals.claim(referral_id, body.to, by=call.actor.user_id)
        else:
            await self._referrals.hand_over(referral_id, body.to, staff_id=None, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def note(self, call: Call, referral_id: UUID, body: NoteIn) -> MadeOut:
        """A text: a note, or the counselling record. Nothing is overwritten; a correction names what it corrects."""
        await self._worker(call.actor, referral_id)
        made = await self._casework.note(referral_id, body.kind, body.text, by=call.actor.user_id, replaces=body.replaces)
        return MadeOut(id=made)

    @told
    async def need(self, call: Call, referral_id: UUID, body: NeedIn) -> MadeOut:
        """Something the person needs."""
        staff_id = await self._worker(call.actor, referral_id)
        return MadeOut(id=await self._casework.need(referral_id, staff_id, body.area, body.text, by=call.actor.user_id))

    @told
    async def need_is(self, call: Call, referral_id: UUID, need_id: UUID, body: NeedStateIn) -> None:
        """How a need stands."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._casework.need_is(referral_id, staff_id, need_id, body.state, by=call.actor.user_id)

    @told
    async def link(self, call: Call, referral_id: UUID, body: LinkIn) -> MadeOut:
        """A service that may help; nothing is passed on yet."""
        staff_id = await self._worker(call.actor, referral_id)
        made = await self._casework.link(
            referral_id, staff_id, body.need, body.service, service_id=body.service_id, by=call.actor.user_id
        )  # fmt: skip
        return MadeOut(id=made)

    @told
    async def pass_on(self, call: Call, referral_id: UUID, link_id: UUID, body: PassOnIn) -> None:
        """Pass the person's data on to the service: with consent to exactly that, or in imminent danger."""
        staff_id = await self._worker(call.actor, referral_id)
        ground = Ground(body.ground) if body.ground else None
        await self._casework.hand_over(referral_id, staff_id, link_id, by=call.actor.user_id, ground=ground)

    @told
    async def link_is(self, call: Call, referral_id: UUID, link_id: UUID, body: LinkStateIn) -> None:
        """What came of it."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._casework.link_is(referral_id, staff_id, link_id, body.state, body.result, by=call.actor.user_id)

    @told
    async def follow_up(self, call: Call, referral_id: UUID, body: FollowUpIn) -> MadeOut:
        """Something to be done by a time."""
        staff_id = await self._worker(call.actor, referral_id)
        made = await self._casework.follow_up(
            referral_id, body.kind, body.due_at, body.text, by=call.actor.user_id, staff_id=staff_id
        )  # fmt: skip
        return MadeOut(id=made)

    @told
    async def followed_up(self, call: Call, referral_id: UUID, follow_up_id: UUID, body: DoneIn) -> None:
        """It was done, or is not to be done any more."""
        staff_id = await self._worker(call.actor, referral_id)
        by, cancelled = call.actor.user_id, body.cancelled
        await self._casework.followed_up(referral_id, staff_id, follow_up_id, body.result, by=by, cancelled=cancelled)

    @told
    async def call_back(self, call: Call, referral_id: UUID) -> MadeOut:
        """Have the person called, one's own phone first; the line's number is shown."""
        staff_id = await self._worker(call.actor, referral_id)
        return MadeOut(id=await self._calls.order(referral_id, staff_id, by=call.actor.user_id))

    @told
    async def crisis(self, call: Call, referral_id: UUID) -> MadeOut:
        """The person is in danger: an incident. With a call to them under way the emergency partners are called into it at once."""
        await self._worker(call.actor, referral_id)
        if self._crises is None:
            raise Problem(NOT_FOUND)
        return MadeOut(id=await self._crises.of_case(referral_id))

    @told
    async def counselling(self, call: Call, referral_id: UUID) -> CaseOut:
        """In-depth counselling has begun."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._referrals.begin_counselling(referral_id, staff_id, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def urgency(self, call: Call, referral_id: UUID, body: UrgencyIn) -> CaseOut:
        """It is more, or less, urgent."""
        await self._worker(call.actor, referral_id)
        await self._referrals.set_urgency(referral_id, body.urgency, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def close(self, call: Call, referral_id: UUID, body: CloseIn) -> CaseOut:
        """It is over, with an outcome."""
        staff_id = await self._worker(call.actor, referral_id)
        await self._referrals.close(referral_id, body.outcome, body.note, staff_id=staff_id, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def close_for(self, call: Call, referral_id: UUID, body: CloseIn) -> CaseOut:
        """A supervisor closes it for whoever has it."""
        await self._visible(call.actor, referral_id)
        await self._referrals.close(referral_id, body.outcome, body.note, staff_id=None, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def reopen(self, call: Call, referral_id: UUID, body: ReopenIn) -> CaseOut:
        """It is not over: back on the worklist."""
        await self._visible(call.actor, referral_id)
        await self._referrals.reopen(referral_id, body.urgency, body.note, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    async def _visible(self, actor: Actor, referral_id: UUID) -> Referral:
        """The case, if it is theirs to see; else it is not there."""
        case, _, _ = await self._reading.head(referral_id)
        if not eyes(actor).case(case):
            raise Problem(NOT_FOUND)
        return case

    async def _worker(self, actor: Actor, referral_id: UUID) -> UUID:
        """Who of the centre asks, about a case that they see."""
        await self._visible(actor, referral_id)
        staff_id = await self._staff.of_user(actor.user_id)
        if staff_id is None:
            raise Problem(problems.NOT_STAFF)
        return staff_id

    async def _out(self, actor: Actor, referral_id: UUID) -> CaseOut:
        case = await self._reading.case(referral_id)
        people = {one.id: one.name for one in await self._staff.everybody()}
        users = await self._store.names([*(note.by for note in case.notes), *(event.by for event in case.events)])
        mine = await self._staff.of_user(actor.user_id)
        person, now = await self._store.person(referral_id), self._clock.now()
        return views.case_out(case, eyes(actor), person=person, people=people, users=users, mine=mine, now=now, rules=self._rules)


def _route(
    method: Method, path: str, handler: Handler, permission: Permission, action: str, *detail: str, status: int = 200,
    kinds: tuple[ProblemKind, ...] = problems.OF_CASES,
) -> Route:  # fmt: skip
    return Route(
        method=method, path=f"{_ONE}/{path}", handler=handler, permission=permission, status=status, problems=kinds,
        audit=referral_audit(action, *detail), body_limit=1024 * 1024,
    )  # fmt: skip
