"""Wishes: everybody's own, and everybody's for who decides about leave. One a person and day."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from desk.access.model import Actor, Permission
from desk.errors import FORBIDDEN, INVALID, Problem
from desk.events import Events
from desk.roster import problems
from desk.roster.models import Day
from desk.roster.problems import Words, told
from desk.roster.request_models import Days, NewWish, OfPerson, WishesOut, WishNamed
from desk.roster.requests_base import decides, own, tell
from desk.roster.store import Store
from desk.routes import Audit, Call, Route
from desk.validation import one
from shifts.errors import OutOfPeriod, UnknownPerson, UnknownShift
from shifts.model import Period, Wish
from shifts.wishes import OWN_WEIGHT, Wishes

_PATH = "/api/wishes"
#: Days asked for at once.
_MOST = timedelta(days=400)


class WishesApi:
    """Its routes."""

    def __init__(self, wishes: Wishes, store: Store, events: Events, words: Words) -> None:
        self._wishes = wishes
        self._store = store
        self._events = events
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        mine = Permission.LEAVE_OWN
        asked = (problems.NOT_ROSTERED, problems.UNKNOWN_PERSON, problems.UNKNOWN_SHIFT)
        return [
            Route(method="GET", path=_PATH, handler=self.everything, permission=mine, audit=Audit(action="wishes_read", about_kind="wish")),
            Route(method="PUT", path=_PATH, handler=self.put, permission=mine, problems=asked,
                  audit=Audit(action="wish_set", about_kind="wish", detail=("person", "day"))),
            Route(method="DELETE", path=f"{_PATH}/{{day}}", handler=self.withdraw, permission=mine, problems=(problems.NOT_ROSTERED,),
                  audit=Audit(action="wish_withdrawn", about_kind="wish", about="day")),
        ]  # fmt: skip

    @told
    async def everything(self, call: Call, query: Days) -> WishesOut:
        """One's own, or everybody's for who decides, of some days."""
        if query.last < query.first or query.last - query.first > _MOST:
            raise Problem(
                INVALID, fields=one("query.to", "days", "첫날부터 400일 안의 날이어야 합니다.", "A day within 400 days of the first.")
            )
        if not decides(call.actor) and call.actor.counsellor_id is None:
            return WishesOut(wishes=[])
        whose = None if decides(call.actor) else own(call.actor)
        return WishesOut(wishes=await self._named(Period(query.first, query.last), whose))

    @told
    async def put(self, call: Call, body: NewWish) -> WishNamed:
        """Wish for a day, in place of what was wished for it. Who decides may do so for others, and give it another weight."""
        person_id = self._for_whom(call.actor, body.person)
        if body.weight is not None and not decides(call.actor):
            raise Problem(FORBIDDEN)
        weight = OWN_WEIGHT if body.weight is None else body.weight
        try:
            await self._wishes.put(Wish(person_id=person_id, day=body.day, code=body.code, wanted=body.wanted, weight=weight))
        except OutOfPeriod:
            fields = one("day", "out_of_period", "오늘부터 400일 안의 날이어야 합니다.", "A day from today on, within 400 days.")
            raise Problem(INVALID, fields=fields) from None
        except UnknownShift:
            raise problems.at(problems.UNKNOWN_SHIFT, "code") from None
        except UnknownPerson:
            raise problems.at(problems.UNKNOWN_PERSON, "person") from None
        await tell(self._events, self._store, "wish", [person_id])
        found = await self._named(Period(body.day, body.day), person_id)
        if not found:
            # Withdrawn again before it could be said.
            raise problems.gone()
        return found[0]

    @told
    async def withdraw(self, call: Call, day: Day, query: OfPerson) -> None:
        """Wish for nothing on a day any more."""
        person_id = self._for_whom(call.actor, query.person)
        if not await self._wishes.withdraw(person_id, day):
            raise problems.gone()
        await tell(self._events, self._store, "wish", [person_id])

    async def _named(self, period: Period, person_id: UUID | None) -> list[WishNamed]:
        return [
            WishNamed(person=row.counsellor_id, name=row.name, day=row.day, code=row.code or None, wanted=row.wanted, weight=row.weight)
            for row in await self._store.wishes(period, person_id)
        ]

    @staticmethod
    def _for_whom(actor: Actor, person: UUID | None) -> UUID:
        if person is None or person == actor.counsellor_id:
            return own(actor)
        if not decides(actor):
            raise Problem(FORBIDDEN)
        return person
