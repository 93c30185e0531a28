"""Swaps: asked for by one counsellor, agreed to by the other, approved by a supervisor. They are about shifts that are in force."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.clock import Clock
from desk.access.model import Permission
from desk.errors import INVALID, Problem
from desk.events import Events
from desk.roster import problems, views
from desk.roster.eyes import eyes
from desk.roster.models import Seat
from desk.roster.problems import Words, told
from desk.roster.request_models import NewSwap, SwapOption, SwapOptions, SwapOut, SwapsOut
from desk.roster.requests_base import decides, own, tell
from desk.roster.store import Store, as_cells
from desk.routes import Audit, Call, Route
from desk.validation import one
from shifts.model import Period, Roster
from shifts.requests import Requests
from shifts.rosters import Rosters
from shifts.substitutes import candidates, swaps

#: Whom to ask: as many as can be looked through.
_MOST_OPTIONS = 40


class SwapsApi:
    """Its routes."""

    def __init__(self, requests: Requests, rosters: Rosters, store: Store, events: Events, words: Words, clock: Clock) -> None:
        self._requests = requests
        self._rosters = rosters
        self._store = store
        self._events = events
        self._clock = clock
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        path, mine, theirs = "/api/swaps", Permission.LEAVE_OWN, Permission.LEAVE_DECIDE

        def decision(name: str) -> Audit:
            return Audit(action=f"swap_{name}", about_kind="swap", about="swap_id")

        gone = (problems.REQUEST_GONE, problems.NOT_ROSTERED)
        asked = (problems.NOT_ROSTERED, problems.SHIFT_NOT_THERE, problems.SHIFT_BEGUN)
        made = (problems.ROSTER_REFUSED, problems.NOT_PUBLISHABLE, problems.EDITED_MEANWHILE)
        return [
            Route(method="GET", path=path, handler=self.everything, permission=mine, audit=Audit(action="swaps_read", about_kind="swap")),
            Route(method="GET", path=f"{path}/options", handler=self.options, permission=mine, problems=asked),
            Route(
                method="POST", path=path, handler=self.ask, permission=mine, status=201, problems=(*asked, *made, problems.UNKNOWN_PERSON),
                audit=Audit(action="swap_asked", about_kind="swap", detail=("day", "code", "other")),
            ),
            Route(method="POST", path=f"{path}/{{swap_id}}/agree", handler=self.agree, permission=mine, problems=gone,
                  audit=decision("agreed")),
            Route(method="POST", path=f"{path}/{{swap_id}}/approve", handler=self.approve, permission=theirs, problems=(*gone, *made),
                  audit=decision("approved")),
            Route(method="POST", path=f"{path}/{{swap_id}}/refuse", handler=self.refuse, permission=mine, problems=gone,
                  audit=decision("refused")),
            Route(method="POST", path=f"{path}/{{swap_id}}/withdraw", handler=self.withdraw, permission=mine, problems=gone,
                  audit=decision("withdrawn")),
        ]  # fmt: skip

    @told
    async def everything(self, call: Call) -> SwapsOut:
        """One's own, or everybody's for who decides."""
        if not decides(call.actor) and call.actor.counsellor_id is None:
            return SwapsOut(swaps=[])
        whose = None if decides(call.actor) else own(call.actor)
        return SwapsOut(swaps=[_swap(row) for row in await self._store.swaps(whose)])

    @told
    async def options(self, call: Call, query: Seat) -> SwapOptions:
        """Whom one may ask to take a shift of one's own, or to exchange it for what they have that day."""
        me, looking = own(call.actor), eyes(call.actor)
        in_force = await self._in_force(query.day, query.day)
        self._may_give(in_force, me, query.day, query.code)
        draft = await self._rosters.draft(query.day)
        # Of what is in force: a draft is not theirs to see, nor is what a shift of it would break.
        times = as_cells(await self._store.published(views.with_history(draft.head.period)))
        roster = Roster(
            period=draft.head.period,
            assignments=frozenset(one for one in times if one.day in draft.head.period),
            before=frozenset(one for one in times if one.day < draft.head.period.first),
        )
        people = draft.setting.people
        found: list[tuple[int, SwapOption]] = []
        for exchange in swaps(draft.setting, roster, draft.parameters, day=query.day, person_id=me):
            other = exchange.second if exchange.first == me else exchange.first
            theirs = [each.code for each in exchange.remove if each.person_id == other]
            mine = [each.code for each in exchange.remove if each.person_id == me]
            if mine == [query.code] and len(theirs) == 1:
                breaks = [looking.said(each, draft.setting) for each in exchange.breaks_rules]
                found.append((len(breaks), _option(other, people[other].name, query.day, theirs[0], breaks)))
        for candidate in candidates(draft.setting, roster, (query.day, query.code), draft.parameters):
            if candidate.lawful and candidate.person_id != me:
                breaks = [looking.said(each, draft.setting) for each in candidate.breaks_rules]
                found.append((len(breaks), _option(candidate.person_id, people[candidate.person_id].name, None, None, breaks)))
        found.sort(key=lambda each: each[0])
        return SwapOptions(options=[option for _, option in found[:_MOST_OPTIONS]])

    @told
    async def ask(self, call: Call, body: NewSwap) -> SwapOut:
        """Offer a shift of one's own."""
        me = own(call.actor)
        if (body.their_day is None) != (body.their_code is None):
            raise Problem(INVALID, fields=one("their_code", "half", "날짜와 근무를 함께 적으세요.", "Day and shift belong together."))
        if body.other == me:
            raise Problem(INVALID, fields=one("other", "oneself", "자신과는 바꿀 수 없습니다.", "Nobody swaps with themselves."))
        days = [body.day, body.their_day or body.day]
        in_force = await self._in_force(min(days), max(days))
        self._may_give(in_force, me, body.day, body.code)
        if body.their_day is not None and body.their_code is not None:
            self._may_give(in_force, body.other, body.their_day, body.their_code)
        if body.other not in (await self._rosters.draft(body.day)).setting.people:
            raise problems.at(problems.UNKNOWN_PERSON, "other")
        swap = await self._requests.ask_swap(me, body.day, body.code, body.other, body.their_day, body.their_code)
        return await self._done(swap.id)

    @told
    async def agree(self, call: Call, swap_id: UUID) -> SwapOut:
        """Agree to what somebody offers."""
        await self._requests.answer_swap(swap_id, agrees=True, by=own(call.actor))
        return await self._done(swap_id)

    @told
    async def approve(self, call: Call, swap_id: UUID) -> SwapOut:
        """Approve what both agreed to: checked once more, then both shifts change hands at once, or neither."""
        await self._requests.approve_swap(swap_id, by=call.actor.user_id)
        return await self._done(swap_id)

    @told
    async def refuse(self, call: Call, swap_id: UUID) -> SwapOut:
        """Say no: as the one who was asked, or as the one who decides."""
        if decides(call.actor):
            await self._requests.refuse_swap(swap_id, by=call.actor.user_id)
        else:
            await self._requests.answer_swap(swap_id, agrees=False, by=own(call.actor))
        return await self._done(swap_id)

    @told
    async def withdraw(self, call: Call, swap_id: UUID) -> SwapOut:
        """Take back what one asked."""
        await self._requests.withdraw_swap(swap_id, by=own(call.actor))
        return await self._done(swap_id)

    async def _done(self, swap_id: UUID) -> SwapOut:
        rows = await self._store.swaps(None, only=swap_id)
        if not rows:
            raise problems.gone()
        row: Row[Any] = rows[0]
        await tell(self._events, self._store, "swap", [row.counsellor_id, row.other_id])
        return _swap(row)

    async def _in_force(self, first: date, last: date) -> dict[tuple[UUID, date, str], bool]:
        """What is in force on these days, and whether it has begun."""
        if last - first > timedelta(days=62):
            raise Problem(INVALID, fields=one("their_day", "too_far", "두 달 안의 근무끼리만 바꿉니다.", "Two months apart at most."))
        now = self._clock.now()
        times = await self._store.published(Period(first, last))
        return {(time.person_id, time.day, time.code): time.span.start <= now for time in times}

    @staticmethod
    def _may_give(in_force: dict[tuple[UUID, date, str], bool], person_id: UUID, day: date, code: str) -> None:
        begun = in_force.get((person_id, day, code))
        if begun is None:
            raise Problem(problems.SHIFT_NOT_THERE, person=str(person_id), day=day.isoformat())
        if begun:
            raise Problem(problems.SHIFT_BEGUN, person=str(person_id), day=day.isoformat())


def _option(other: UUID, name: str, day: date | None, code: str | None, breaks: list[str]) -> SwapOption:
    return SwapOption(other=other, other_name=name, their_day=day, their_code=code, breaks=breaks)


def _swap(row: Row[Any]) -> SwapOut:
    return SwapOut(
        id=row.id,
        person=row.counsellor_id,
        name=row.name,
        day=row.day,
        code=row.code,
        other=row.other_id,
        other_name=row.other_name,
        their_day=row.their_day,
        their_code=row.their_code,
        state=row.state,
        asked_at=row.asked_at,
    )
