"""Accompaniments: offered by the centre, carried on by companions; plans, calls, notes, substitutes, the way back.

A companion sees their own and those in which they stand in today; who manages companions sees all: one rule, for the list and for each.
"""

from __future__ import annotations

from uuid import UUID

from core.clock import Clock, seoul
from core.ids import new_id
from desk.access.model import Actor, Permission
from desk.centre import problems
from desk.centre.eyes import eyes
from desk.centre.models import MadeOut, PermissionIn
from desk.centre.problems import told
from desk.centre.referrals_api import permission_in, permission_out
from desk.centre.store import Store
from desk.companions.models import (
    CallOut,
    EndIn,
    HelpIn,
    HelpOut,
    NewSupport,
    PlanIn,
    PlanOut,
    SubstituteIn,
    SubstituteOut,
    SupportNoteIn,
    SupportNoteOut,
    SupportOut,
    SupportPage,
    SupportsOut,
)
from desk.errors import INVALID, NOT_FOUND, Problem
from desk.routes import Audit, Call, Handler, Method, Route
from desk.validation import one
from escalation.centre.reading import Reading
from escalation.companions.call_book import CallBook
from escalation.companions.errors import WrongState
from escalation.companions.model import EndReason, Plan, Support, SupportState
from escalation.companions.people import People
from escalation.companions.supports import Supports
from escalation.companions.way_back import WayBack

_ONE = "/api/supports/{support_id}"


class SupportsApi:
    """Its routes."""

    def __init__(
        self, supports: Supports, people: People, book: CallBook, way_back: WayBack, reading: Reading, store: Store, clock: Clock
    ) -> None:
        self._supports = supports
        self._people = people
        self._book = book
        self._way_back = way_back
        self._reading = reading
        self._store = store
        self._clock = clock

    def routes(self) -> list[Route]:
        """See each."""
        manage, own = Permission.COMPANION_MANAGE, Permission.SUPPORT_OWN
        read = Audit(action="supports_read", about_kind="support")
        return [
            Route(method="GET", path="/api/supports", handler=self.everything, permission=manage, audit=read),
            Route(method="GET", path="/api/me/supports", handler=self.mine, permission=own, audit=read, problems=(problems.NOT_COMPANION,)),
            Route(method="POST", path="/api/supports", handler=self.offer, permission=manage, status=201, problems=problems.OF_COMPANIONS,
                  audit=Audit(action="support_offered", about_kind="referral", detail=("referral", "companion"))),
            _route("GET", "", self.page, manage, "support_read"),
            _route("POST", "/pause", self.pause, manage, "support_paused"),
            _route("POST", "/resume", self.resume, manage, "support_resumed"),
            _route("POST", "/end", self.end, manage, "support_ended", "reason"),
            _route("PUT", "/permission", self.permit, manage, "support_permission", "may_call"),
            _route("POST", "/substitutes", self.substitute, manage, "support_substitute", "companion"),
            _route("POST", "/plans", self.plan, manage, "support_planned", status=201),
            _route("DELETE", "/plans/{plan_id}", self.unplan, manage, "support_unplanned"),
            _route("GET", "", self.own_page, own, "support_read", base="/api/me/supports/{support_id}"),
            _route("POST", "/accept", self.accept, own, "support_accepted", base="/api/me/supports/{support_id}"),
            _route("POST", "/decline", self.decline, own, "support_declined", base="/api/me/supports/{support_id}"),
            _route("POST", "/call", self.call_now, own, "support_called", base="/api/me/supports/{support_id}", status=202),
            _route("POST", "/notes", self.note, own, "support_note", base="/api/me/supports/{support_id}", status=201),
            _route("POST", "/help", self.help, own, "support_help", "what", base="/api/me/supports/{support_id}"),
        ]  # fmt: skip

    @told
    async def everything(self, call: Call) -> SupportsOut:
        """All accompaniments, the open ones first."""
        return SupportsOut(supports=[await self._out(call.actor, support) for support in await self._supports.of(None)])

    @told
    async def mine(self, call: Call) -> SupportsOut:
        """One's own, and those in which one stands in today."""
        return SupportsOut(supports=[await self._out(call.actor, support) for support in await self._own(call.actor)])

    @told
    async def offer(self, call: Call, body: NewSupport) -> MadeOut:
        """Ask a companion to take somebody. The person must have agreed that companions have their data."""
        case, _, _ = await self._reading.head(body.referral)
        if not eyes(call.actor).case(case):
            raise Problem(NOT_FOUND)
        made = await self._supports.offer(body.referral, body.companion, permission_in(body.permission), by=call.actor.user_id)
        return MadeOut(id=made)

    @told
    async def page(self, call: Call, support_id: UUID) -> SupportPage:
        """All of an accompaniment."""
        return await self._page(call.actor, await self._supports.support(support_id))

    @told
    async def own_page(self, call: Call, support_id: UUID) -> SupportPage:
        """All of one's own."""
        return await self._page(call.actor, await self._of(call.actor, support_id))

    @told
    async def accept(self, call: Call, support_id: UUID) -> None:
        """Take it on."""
        await self._main(call.actor, support_id)
        await self._supports.accept(support_id, by=call.actor.user_id)

    @told
    async def decline(self, call: Call, support_id: UUID) -> None:
        """Not take it on; the centre looks for somebody else."""
        if (await self._main(call.actor, support_id)).state is not SupportState.OFFERED:
            raise WrongState
        await self._supports.end(support_id, EndReason.NOT_TAKEN, by=call.actor.user_id)

    @told
    async def pause(self, call: Call, support_id: UUID) -> None:
        """No calls for a while."""
        await self._supports.pause(support_id, by=call.actor.user_id)

    @told
    async def resume(self, call: Call, support_id: UUID) -> None:
        """Calls again."""
        await self._supports.resume(support_id, by=call.actor.user_id)

    @told
    async def end(self, call: Call, support_id: UUID, body: EndIn) -> None:
        """It is over, with a reason."""
        await self._supports.end(support_id, body.reason, by=call.actor.user_id)

    @told
    async def permit(self, call: Call, support_id: UUID, body: PermissionIn) -> None:
        """Whether and how the person may be called."""
        await self._supports.permit(support_id, permission_in(body))

    @told
    async def substitute(self, call: Call, support_id: UUID, body: SubstituteIn) -> None:
        """Somebody stands in."""
        if body.last < body.first:
            raise Problem(INVALID, fields=one("last", "backwards", "마지막 날이 첫날보다 앞섭니다.", "The last day is before the first."))
        await self._supports.substitute(support_id, body.companion, body.first, body.last, by=call.actor.user_id)

    @told
    async def plan(self, call: Call, support_id: UUID, body: PlanIn) -> MadeOut:
        """A weekly call."""
        if body.at.tzinfo is not None:
            raise Problem(INVALID, fields=one("at", "zone", "시간대 없이 적으세요.", "Times are Seoul's: leave the zone out."))
        if body.last is not None and body.last < body.first:
            raise Problem(INVALID, fields=one("last", "backwards", "마지막 날이 첫날보다 앞섭니다.", "The last day is before the first."))
        plan = Plan(
            id=new_id(), support_id=support_id, weekday=body.weekday, at=body.at, skip_holidays=body.skip_holidays, first=body.first,
            last=body.last,
        )  # fmt: skip
        await self._supports.plan(plan, by=call.actor.user_id)
        await self._book.make()
        return MadeOut(id=plan.id)

    @told
    async def unplan(self, call: Call, support_id: UUID, plan_id: UUID) -> None:
        """The weekly call ends."""
        if plan_id not in {plan.id for plan in await self._supports.plans(support_id)}:
            raise Problem(NOT_FOUND)
        await self._supports.unplan(plan_id, by=call.actor.user_id)

    @told
    async def call_now(self, call: Call, support_id: UUID) -> MadeOut:
        """Be called and put through to the person now."""
        if (await self._of(call.actor, support_id)).state is not SupportState.ACTIVE:
            raise WrongState
        return MadeOut(id=await self._book.add(support_id, by=call.actor.user_id))

    @told
    async def note(self, call: Call, support_id: UUID, body: SupportNoteIn) -> MadeOut:
        """A short text."""
        await self._of(call.actor, support_id)
        return MadeOut(id=await self._supports.note(support_id, body.text, by=call.actor.user_id, call_id=body.call))

    @told
    async def help(self, call: Call, support_id: UUID, body: HelpIn) -> HelpOut:
        """Back to the centre, or to crisis: on the worklist first, then an incident; a call that goes on calls the emergency partners."""
        await self._of(call.actor, support_id)
        incident = await self._way_back.wanted(support_id, body.what, body.text, by=call.actor.user_id, call_id=body.call)
        return HelpOut(incident=incident)

    async def _companion(self, actor: Actor) -> UUID:
        companion_id = await self._people.of_user(actor.user_id)
        if companion_id is None:
            raise Problem(problems.NOT_COMPANION)
        return companion_id

    async def _own(self, actor: Actor) -> list[Support]:
        """What a companion sees: open ones; of what has ended they have no need."""
        found = await self._supports.of(await self._companion(actor), today=seoul(self._clock.now()).date())
        return [support for support in found if support.state is not SupportState.ENDED]

    async def _of(self, actor: Actor, support_id: UUID) -> Support:
        """One that they see, by the rule of the list; else it is not there."""
        for support in await self._own(actor):
            if support.id == support_id:
                return support
        raise Problem(NOT_FOUND)

    async def _main(self, actor: Actor, support_id: UUID) -> Support:
        """One that is theirs, and not only to stand in."""
        support = await self._of(actor, support_id)
        if support.companion_id != await self._companion(actor):
            raise Problem(NOT_FOUND)
        return support

    async def _out(self, actor: Actor, support: Support) -> SupportOut:
        names = {who.id: who.name for who in await self._people.everybody()}
        called, district = await self._reading.called(support.referral_id)
        theirs = Permission.SUPPORT_OWN in actor.permissions
        return SupportOut(
            id=support.id,
            # Companions need not find the case.
            referral=None if theirs else support.referral_id,
            companion=support.companion_id,
            companion_name=names.get(support.companion_id, ""),
            person=called if theirs else eyes(actor).name(called),
            district=district,
            state=support.state,
            permission=permission_out(support.permission),
            consent_until=support.consent_until,
            started_at=support.started_at,
            ended_at=support.ended_at,
            end_reason=support.end_reason,
        )

    async def _page(self, actor: Actor, support: Support) -> SupportPage:
        # Notes are for the companions of the person and for who works on cases.
        reads = Permission.SUPPORT_OWN in actor.permissions or eyes(actor).works
        notes = await self._supports.notes(support.id) if reads else []
        users = await self._store.names(note.by for note in notes)
        return SupportPage(
            support=await self._out(actor, support),
            plans=[
                PlanOut(id=p.id, weekday=p.weekday, at=p.at, skip_holidays=p.skip_holidays, first=p.first, last=p.last)
                for p in await self._supports.plans(support.id)
            ],
            substitutes=[
                SubstituteOut(companion=u.companion_id, first=u.first, last=u.last) for u in await self._supports.substitutes(support.id)
            ],
            calls=[
                CallOut(
                    id=c.call.id, due_at=c.call.due_at, state=c.call.state, next_at=c.call.next_at, attempts=c.call.attempts,
                    skip=c.call.skip, companion=c.companion_id,
                )
                for c in await self._book.calls(support.id)
            ],
            notes=[SupportNoteOut(id=n.id, at=n.at, by=users.get(n.by), call=n.call_id, text=n.text) for n in notes],
        )  # fmt: skip


def _route(
    method: Method, path: str, handler: Handler, permission: Permission, action: str, *detail: str, status: int = 200, base: str = _ONE
) -> Route:
    return Route(
        method=method, path=f"{base}{path}", handler=handler, permission=permission, status=status, problems=problems.OF_COMPANIONS,
        audit=Audit(action=action, about_kind="support", about="support_id", detail=detail), body_limit=1024 * 1024,
    )  # fmt: skip
