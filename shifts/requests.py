"""Leave and swaps: asked for by counsellors, decided by supervisors.

A swap is checked when it is asked for and again when it is approved, in the transaction that makes it: both shifts change hands or none.
Why somebody is away is for them and for supervisors; others learn only that they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database
from core.ids import new_id
from shifts import repository
from shifts import tables as t
from shifts.edits import Change, cells
from shifts.errors import NotPublishable, RosterError, UnknownPerson
from shifts.model import Assignment, Leave, LeaveKind, Period, RequestState
from shifts.rosters import Draft, Edited, Rosters, month, read
from shifts.rules import Level, Violation, check


class RequestGone(RosterError):
    """The request does not exist, or was decided already."""

    code = "request_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """One shift for another, or one given away (`their_day` is None)."""

    id: UUID
    person_id: UUID
    day: date
    code: str
    other_id: UUID
    their_day: date | None = None
    their_code: str | None = None
    #: requested, agreed, approved, refused, withdrawn.
    state: str = "requested"
    asked_at: datetime | None = None


class Requests:
    """See the module. Raises the errors of `shifts.errors`, and `DatabaseUnavailable`."""

    def __init__(self, db: Database, clock: Clock, rosters: Rosters) -> None:
        self._db = db
        self._clock = clock
        self._rosters = rosters

    # --- leave ---------------------------------------------------------------------------------------------------------

    async def ask_leave(self, person_id: UUID, first: date, last: date, kind: LeaveKind = LeaveKind.ANNUAL, note: str = "") -> Leave:
        """Ask for days off, both included."""
        return await self._add_leave(person_id, first, last, kind, note, RequestState.REQUESTED, None)

    async def report_sick(self, person_id: UUID, first: date, last: date, *, by: UUID | None, note: str = "") -> Leave:
        """Somebody is sick: there is nothing to be asked or approved. The roster shows the holes at once."""
        return await self._add_leave(person_id, first, last, LeaveKind.SICK, note, RequestState.APPROVED, by)

    async def decide_leave(self, leave_id: UUID, state: RequestState, *, by: UUID | None) -> Leave:
        """Approve, refuse or withdraw it. Leave that was approved can still be withdrawn."""
        open_states = ("requested", "approved") if state is RequestState.WITHDRAWN else ("requested",)
        condition = and_(t.leaves.c.id == leave_id, t.leaves.c.state.in_(open_states))
        change = update(t.leaves).where(condition).values(state=str(state), decided_at=self._clock.now(), decided_by=by)
        async with self._db.begin() as session:
            row = (await session.execute(change.returning(t.leaves))).one_or_none()
        if row is None:
            raise RequestGone("this request was decided already, or never made", id=str(leave_id))
        return repository.leave(row)

    async def leaves(self, period: Period) -> list[Leave]:
        """Those of a period that are asked for or approved, by their first day."""
        overlap = and_(t.leaves.c.first <= period.last, t.leaves.c.last >= period.first, t.leaves.c.state.in_(("requested", "approved")))
        async with self._db.begin() as session:
            rows = await session.execute(select(t.leaves).where(overlap).order_by(t.leaves.c.first, t.leaves.c.id))
            return [repository.leave(row) for row in rows]

    async def leave(self, leave_id: UUID) -> Leave | None:
        """One of them, whatever its state."""
        async with self._db.begin() as session:
            row = (await session.execute(select(t.leaves).where(t.leaves.c.id == leave_id))).one_or_none()
        return None if row is None else repository.leave(row)

    # --- swaps ---------------------------------------------------------------------------------------------------------

    async def ask_swap(
        self, person_id: UUID, day: date, code: str, other_id: UUID, their_day: date | None = None, their_code: str | None = None
    ) -> Swap:
        """Offer a shift to somebody, for one of theirs or for nothing. Raises `RosterError` where a shift is not there to be given, and
        `NotPublishable` (its `violations`) where a hard rule would be broken by it.
        """
        if person_id == other_id:
            raise RosterError("nobody swaps with themselves")
        if (their_day is None) != (their_code is None):
            raise RosterError("a shift is named by its day and its code")
        swap = Swap(
            id=new_id(),
            person_id=person_id,
            day=day,
            code=code,
            other_id=other_id,
            their_day=their_day,
            their_code=their_code,
            asked_at=self._clock.now(),
        )
        async with self._db.begin() as session:
            await self._try(session, swap, lock=False)
            await session.execute(insert(t.swaps), _stored(swap))
        return swap

    async def answer_swap(self, swap_id: UUID, *, agrees: bool, by: UUID) -> Swap:
        """What the other one says to it."""
        return await self._move(swap_id, ("requested",), "agreed" if agrees else "refused", by=by, who=t.swaps.c.other_id == by)

    async def withdraw_swap(self, swap_id: UUID, *, by: UUID) -> Swap:
        """Whoever asked does not want it any more."""
        return await self._move(swap_id, ("requested", "agreed"), "withdrawn", by=by, who=t.swaps.c.counsellor_id == by)

    async def refuse_swap(self, swap_id: UUID, *, by: UUID | None) -> Swap:
        """A supervisor says no."""
        return await self._move(swap_id, ("requested", "agreed"), "refused", by=by)

    async def approve_swap(self, swap_id: UUID, *, by: UUID | None) -> tuple[Swap, tuple[Edited, ...]]:
        """A supervisor says yes to what both agreed: the shifts change hands in the draft, and at once in what is in force if that is the draft.

        Raises `RequestGone`, and what `ask_swap` raises: the roster may have changed since.
        """
        async with self._db.begin() as session:
            row = (await session.execute(select(t.swaps).where(t.swaps.c.id == swap_id).with_for_update())).one_or_none()
            if row is None or row.state != "agreed":
                raise RequestGone("both must have agreed to it, and nobody decided it yet", id=str(swap_id))
            swap = _swap(row)
            edited: list[Edited] = []
            published: list[Draft] = []
            for draft, changes in await self._try(session, swap, lock=True):
                after = await self._rosters.write(session, draft, changes, by=by, kind="swap")
                edited.append(after)
                if draft.head.published == draft.head.version:
                    reasons = {one.key: "swap" for one in after.draft.violations() if one.level is Level.POLICY}
                    version = after.draft.head.version
                    await self._rosters.put_in_force(session, after.draft, version=version, by=by, reason="swap", reasons=reasons)
                    published.append(after.draft)
            decided = {"state": "approved", "decided_at": self._clock.now(), "decided_by": by}
            await session.execute(update(t.swaps).where(t.swaps.c.id == swap_id).values(**decided))
        for one in edited:
            self._rosters.on_edit(one.draft.head.period.first, one.draft.head.version, by, one.changes)
        for draft in published:
            await self._rosters.announce_publication(draft)
        return _swap(row, state="approved"), tuple(edited)

    async def open_swaps(self, person_id: UUID | None = None) -> list[Swap]:
        """Those that nobody has decided yet; of one person, or of all."""
        condition: ColumnElement[bool] = t.swaps.c.state.in_(("requested", "agreed"))
        if person_id is not None:
            condition = and_(condition, or_(t.swaps.c.counsellor_id == person_id, t.swaps.c.other_id == person_id))
        async with self._db.begin() as session:
            return [_swap(row) for row in await session.execute(select(t.swaps).where(condition).order_by(t.swaps.c.asked_at))]

    # --- inside --------------------------------------------------------------------------------------------------------

    async def _add_leave(
        self, person_id: UUID, first: date, last: date, kind: LeaveKind, note: str, state: RequestState, by: UUID | None
    ) -> Leave:
        period = Period(first, last) if first <= last else None
        if period is None:
            raise RosterError("the last day is before the first", first=first.isoformat(), last=last.isoformat())
        leave = Leave(id=new_id(), person_id=person_id, first=first, last=last, kind=kind, state=state)
        now = self._clock.now()
        decided = now if state is RequestState.APPROVED else None
        row = {
            "id": leave.id,
            "counsellor_id": person_id,
            "first": first,
            "last": last,
            "kind": str(kind),
            "state": str(state),
            "note": note,
        }
        async with self._db.begin() as session:
            people = (await repository.setting(session, period)).people
            if person_id not in people:
                raise UnknownPerson("nobody of this id is rostered", person=str(person_id))
            await session.execute(insert(t.leaves), {**row, "asked_at": now, "decided_at": decided, "decided_by": by})
        return leave

    async def _try(self, session: AsyncConnection, swap: Swap, *, lock: bool) -> list[tuple[Draft, tuple[Change, ...]]]:
        """The changes that the swap is, by month. Raises where it cannot be made."""
        moves = [(swap.person_id, swap.other_id, swap.day, swap.code)]
        if swap.their_day is not None and swap.their_code is not None:
            moves.append((swap.other_id, swap.person_id, swap.their_day, swap.their_code))
        found = []
        # Two months are locked in order of time, so that no two swaps wait for each other.
        for first in sorted({month(day).first for _, _, day, _ in moves}):
            draft = await read(session, month(first), lock=lock)
            held = cells(draft.roster.assignments)
            after = dict(held)
            for giver, taker, day, code in moves:
                if month(day).first != first:
                    continue
                given = next((one for one in held.get((giver, day), ()) if one.code == code), None)
                if given is None or taker not in draft.setting.people:
                    raise RosterError("that shift is not there to be given", person=str(giver), day=day.isoformat(), code=code)
                taken = Assignment(person_id=taker, day=day, code=code, pauses=given.pauses)
                after[giver, day] = after.get((giver, day), frozenset()) - {given}
                after[taker, day] = after.get((taker, day), frozenset()) | {taken}
            changes = tuple(
                Change(person_id=key[0], day=key[1], before=held.get(key, frozenset()), after=after[key])
                for key in sorted(after)
                if after[key] != held.get(key, frozenset())
            )
            if wrong := _newly_broken(draft, changes):
                raise NotPublishable("rules would be broken", violations=wrong)
            found.append((draft, changes))
        return found

    async def _move(
        self, swap_id: UUID, states: tuple[str, ...], state: str, *, by: UUID | None, who: ColumnElement[bool] | None = None
    ) -> Swap:
        condition = and_(t.swaps.c.id == swap_id, t.swaps.c.state.in_(states), *(() if who is None else (who,)))
        # What the two say is in the state; `decided_by` is a user of the desk, who decides for others.
        decided = {} if state == "agreed" else {"decided_at": self._clock.now(), "decided_by": by if who is None else None}
        async with self._db.begin() as session:
            row = (await session.execute(update(t.swaps).where(condition).values(state=state, **decided).returning(t.swaps))).one_or_none()
        if row is None:
            raise RequestGone("this request was decided already, or is not yours to decide", id=str(swap_id))
        return _swap(row)


def _newly_broken(draft: Draft, changes: tuple[Change, ...]) -> tuple[Violation, ...]:
    """Hard rules that the changes would break and that are kept now."""
    before = {one.key for one in draft.violations()}
    gone = [one for change in changes for one in change.before]
    after = draft.roster.changed(remove=gone, add=(one for change in changes for one in change.after))
    found = check(draft.setting, after, draft.parameters)
    return tuple(one for one in found if one.level is Level.HARD and one.key not in before)


def _stored(swap: Swap) -> dict[str, object]:
    return {
        "id": swap.id,
        "counsellor_id": swap.person_id,
        "day": swap.day,
        "code": swap.code,
        "other_id": swap.other_id,
        "their_day": swap.their_day,
        "their_code": swap.their_code,
        "state": swap.state,
        "asked_at": swap.asked_at,
    }


def _swap(row: Row[Any], *, state: str | None = None) -> Swap:
    return Swap(
        id=row.id,
        person_id=row.counsellor_id,
        day=row.day,
        code=row.code,
        other_id=row.other_id,
        their_day=row.their_day,
        their_code=row.their_code,
        state=state or row.state,
        asked_at=row.asked_at,
    )
