"""Leave: asked for by whoever it is about, decided by supervisors. Why is for these two to see.

Sickness is announced, not asked for: it counts at once. Nobody approves their own leave while somebody else can.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row

from core.audit import Access
from core.clock import Clock, seoul
from desk.access.model import Actor, Permission
from desk.errors import FORBIDDEN, INVALID, Problem, ProblemKind
from desk.events import Events
from desk.roster import problems
from desk.roster.problems import Words, told
from desk.roster.request_models import LeaveOut, LeavesOut, NewLeave
from desk.roster.requests_base import decides, own, tell
from desk.roster.store import Store
from desk.routes import Audit, Call, Route
from desk.validation import one
from shifts.errors import UnknownPerson
from shifts.model import LeaveKind, RequestState
from shifts.requests import Requests

#: Longer leave than this is asked for in parts; days.
LONGEST_DAYS = 366
#: Sickness that begins within so many days is announced by whoever has it; an operation planned for later is asked for.
ANNOUNCED_AHEAD = timedelta(days=7)
OWN_REQUEST = ProblemKind(
    409,
    "own_request",
    "자신의 휴가는 다른 책임자가 승인해야 합니다.",
    "Your own leave is for another supervisor to approve.",
)


class Noting(Protocol):
    """The access log."""

    async def write(self, *accesses: Access) -> None:
        """Write down."""
        ...


class LeavesApi:
    """Its routes."""

    def __init__(self, requests: Requests, store: Store, events: Events, words: Words, clock: Clock, noting: Noting | None = None) -> None:
        self._requests = requests
        self._store = store
        self._events = events
        self._clock = clock
        self._noting = noting
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        leaves, mine, theirs = "/api/leaves", Permission.LEAVE_OWN, Permission.LEAVE_DECIDE

        def decision(name: str) -> Audit:
            return Audit(action=f"leave_{name}", about_kind="leave", about="leave_id")

        gone = (problems.REQUEST_GONE,)
        return [
            Route(method="GET", path=leaves, handler=self.everything, permission=mine, audit=Audit(action="leaves_read", about_kind="leave")),
            Route(
                method="POST", path=leaves, handler=self.ask, permission=mine, status=201,
                problems=(problems.NOT_ROSTERED, problems.UNKNOWN_PERSON),
                audit=Audit(action="leave_asked", about_kind="leave", detail=("person", "first", "last")),
            ),
            Route(method="POST", path=f"{leaves}/{{leave_id}}/approve", handler=self.approve, permission=theirs, problems=(*gone, OWN_REQUEST),
                  audit=decision("approved")),
            Route(method="POST", path=f"{leaves}/{{leave_id}}/refuse", handler=self.refuse, permission=theirs, problems=gone,
                  audit=decision("refused")),
            Route(method="POST", path=f"{leaves}/{{leave_id}}/withdraw", handler=self.withdraw, permission=mine, problems=gone,
                  audit=decision("withdrawn")),
        ]  # fmt: skip

    @told
    async def everything(self, call: Call) -> LeavesOut:
        """One's own requests, or everybody's for who decides: those whose days are not long past."""
        if not decides(call.actor) and call.actor.counsellor_id is None:
            return LeavesOut(leaves=[])
        whose = None if decides(call.actor) else own(call.actor)
        return LeavesOut(leaves=[_leave(row) for row in await self._store.leaves(whose)])

    @told
    async def ask(self, call: Call, body: NewLeave) -> LeaveOut:
        """Ask for days off. Who decides may do so for somebody. A sick call counts at once: nobody has to approve it."""
        if body.last < body.first:
            fields = one("last", "backwards", "마지막 날이 첫날보다 앞섭니다.", "The last day is before the first.")
            raise Problem(INVALID, fields=fields)
        if (body.last - body.first).days >= LONGEST_DAYS:
            raise Problem(INVALID, fields=one("last", "too_long", "일 년을 넘을 수 없습니다.", "No more than a year at once."))
        person_id = self._for_whom(call.actor, body)
        kind = LeaveKind(body.kind)
        try:
            announced = body.first <= seoul(self._clock.now()).date() + ANNOUNCED_AHEAD or (decides(call.actor) and body.person is not None)
            if kind is LeaveKind.SICK and announced:
                leave = await self._requests.report_sick(person_id, body.first, body.last, by=call.actor.user_id, note=body.note)
            else:
                leave = await self._requests.ask_leave(person_id, body.first, body.last, kind, body.note)
        except UnknownPerson:
            raise problems.at(problems.UNKNOWN_PERSON, "person") from None
        return await self._done(leave.id)

    @told
    async def approve(self, call: Call, leave_id: UUID) -> LeaveOut:
        """Approve it. One's own is for another supervisor to approve; where there is none, that is in the access log."""
        found = await self._store.leave(leave_id)
        if found is not None and found.counsellor_id == call.actor.counsellor_id:
            if await self._store.others_decide(call.actor.user_id):
                raise Problem(OWN_REQUEST)
            if self._noting is not None:
                alone = {"why": "no other supervisor"}
                await self._noting.write(
                    Access(action="leave_own_approved", actor=call.actor.user_id, about_kind="leave", about=str(leave_id), detail=alone)
                )
        return await self._decide(call.actor, leave_id, RequestState.APPROVED)

    @told
    async def refuse(self, call: Call, leave_id: UUID) -> LeaveOut:
        """Refuse it."""
        return await self._decide(call.actor, leave_id, RequestState.REFUSED)

    @told
    async def withdraw(self, call: Call, leave_id: UUID) -> LeaveOut:
        """Take one's own request back, also after it was approved; who decides may do it for everybody."""
        found = await self._store.leave(leave_id)
        if found is None or not (decides(call.actor) or found.counsellor_id == call.actor.counsellor_id):
            raise problems.gone()
        return await self._decide(call.actor, leave_id, RequestState.WITHDRAWN)

    async def _decide(self, actor: Actor, leave_id: UUID, state: RequestState) -> LeaveOut:
        if await self._store.leave(leave_id) is None:
            raise problems.gone()
        await self._requests.decide_leave(leave_id, state, by=actor.user_id)
        return await self._done(leave_id)

    async def _done(self, leave_id: UUID) -> LeaveOut:
        row = await self._store.leave(leave_id)
        if row is None:
            raise problems.gone()
        await tell(self._events, self._store, "leave", [row.counsellor_id])
        return _leave(row)

    @staticmethod
    def _for_whom(actor: Actor, body: NewLeave) -> UUID:
        if body.person is None or body.person == actor.counsellor_id:
            return own(actor)
        if not decides(actor):
            raise Problem(FORBIDDEN)
        return body.person


def _leave(row: Row[Any]) -> LeaveOut:
    return LeaveOut(
        id=row.id,
        person=row.counsellor_id,
        name=row.name,
        first=row.first,
        last=row.last,
        kind=row.kind,
        state=row.state,
        note=row.note,
        asked_at=row.asked_at,
        announced=row.kind == LeaveKind.SICK and row.decided_at == row.asked_at,
    )
