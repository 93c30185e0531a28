"""Accompaniments: offered, begun, paused, ended with a reason; substitutes; weekly plans; notes; the way back to the centre or to crisis.

Data go to a companion only with the person's consent to companions, and the ledger says so. Raises the errors of `escalation.companions.errors`
and `escalation.centre.errors`, and DatabaseUnavailable; then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock, seoul
from core.database import Database
from core.errors import DatabaseConflict
from core.ids import new_id
from escalation.centre import repository
from escalation.centre.consent import covers
from escalation.centre.errors import NoConsent
from escalation.centre.model import HELD, Permission, Recipient, Referral, State
from escalation.centre.ports import Ledger
from escalation.centre.tables import referral_consents
from escalation.centre.texts import Texts
from escalation.companions import tables as t
from escalation.companions.errors import HasCompanion, NotPossible, PlanClash, UnknownCall, UnknownCompanion, UnknownSupport, WrongState
from escalation.companions.model import EndReason, Plan, Skip, Substitute, Support, SupportState
from escalation.companions.planning import clash
from escalation.ledger_model import Disclosure, Ground

#: As the ledger names them.
RECIPIENT = "companions"
#: Characters of a companion's note.
NOTE_LIMIT = 2000
_OPEN_CONSTRAINT = "uq_companion_supports_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportNote:
    """A short text of a companion."""

    id: UUID
    at: datetime
    by: UUID | None
    call_id: UUID | None
    text: str


class Supports:
    """See the module. `by`: a desk account."""

    def __init__(self, db: Database, clock: Clock, texts: Texts, ledger: Ledger) -> None:
        self._db = db
        self._clock = clock
        self._texts = texts
        self._ledger = ledger

    async def offer(self, referral_id: UUID, companion_id: UUID, permission: Permission, *, by: UUID) -> UUID:
        """Ask a companion to take somebody. What they learn is in the ledger. Raises NoConsent, NotPossible, HasCompanion, UnknownReferral."""
        support_id, now = new_id(), self._clock.now()
        async with self._db.begin() as session:
            _, consent = await self._may_offer(session, referral_id, companion_id, now)
        disclosure = Disclosure(
            about_kind="referral", about=referral_id, recipient=RECIPIENT, items=tuple(consent.items), ground=Ground.CONSENT, decided_by=by,
            consent_id=consent.id,
        )  # fmt: skip
        await self._ledger.record(disclosure)
        try:
            async with self._db.begin() as session:
                case, consent = await self._may_offer(session, referral_id, companion_id, now)
                values: dict[str, object] = {
                    "id": support_id, "referral_id": referral_id, "companion_id": companion_id, "state": "offered", "created_at": now,
                    "consent_until": consent.until, **repository.permission_values(permission),
                }  # fmt: skip
                await session.execute(insert(t.companion_supports), values)
                detail = {"support": str(support_id), "companion": str(companion_id)}
                await repository.tell(session, case, "companion_offered", now, by, detail)
        except DatabaseConflict as error:
            if error.constraint == _OPEN_CONSTRAINT:
                raise HasCompanion from error
            raise
        return support_id

    async def accept(self, support_id: UUID, *, by: UUID | None) -> None:
        """The companion takes it on."""
        await self._move(support_id, (SupportState.OFFERED,), SupportState.ACTIVE, by=by)

    async def pause(self, support_id: UUID, *, by: UUID | None) -> None:
        """No calls for a while; those planned are skipped and say so."""
        await self._move(support_id, (SupportState.ACTIVE,), SupportState.PAUSED, by=by)

    async def resume(self, support_id: UUID, *, by: UUID | None) -> None:
        """Calls again."""
        await self._move(support_id, (SupportState.PAUSED,), SupportState.ACTIVE, by=by)

    async def end(self, support_id: UUID, reason: EndReason, *, by: UUID | None) -> None:
        """It is over: plans end, calls that were planned are skipped and say so. The case stays as it is."""
        async with self._db.begin() as session:
            await self._end(session, support_id, reason, by)

    async def withdrawn(self, referral_id: UUID, *, by: UUID | None) -> None:
        """The person took the consent back: whatever accompaniment there is ends."""
        s = t.companion_supports.c
        async with self._db.begin() as session:
            rows = await session.execute(select(s.id).where(s.referral_id == referral_id, s.state != "ended"))
            for row in rows.all():
                await self._end(session, row.id, EndReason.CONSENT_OVER, by)

    async def permit(self, support_id: UUID, permission: Permission) -> None:
        """Whether and how the person may be called by their companion."""
        s = t.companion_supports.c
        changed = update(t.companion_supports).where(s.id == support_id, s.state != "ended")
        if not await self._db.execute(changed.values(repository.permission_values(permission)).returning(s.id)):
            raise UnknownSupport

    async def substitute(self, support_id: UUID, companion_id: UUID, first: date, last: date, *, by: UUID | None) -> None:
        """Somebody stands in; calls of those days that are not yet dialled are theirs."""
        async with self._db.begin() as session:
            case, support = await self._locked(session, support_id)
            if support.state is SupportState.ENDED:
                raise WrongState
            c = t.companions.c
            active = select(c.id).where(c.id == companion_id, c.status == "active")
            if companion_id == support.companion_id or (await session.execute(active)).one_or_none() is None:
                raise NotPossible
            values = {"id": new_id(), "support_id": support_id, "companion_id": companion_id, "first": first, "last": last}
            await session.execute(insert(t.companion_substitutes), values)
            detail = {"support": str(support_id), "companion": str(companion_id)}
            await repository.tell(session, case, "companion_substituted", self._clock.now(), by, detail)

    # --- plans ---------------------------------------------------------------------------------------------------------

    async def plan(self, plan: Plan, *, by: UUID | None) -> None:
        """A weekly call. Raises PlanClash if the companion has another one at that time."""
        async with self._db.begin() as session:
            case, support = await self._locked(session, plan.support_id)
            if support.state is SupportState.ENDED:
                raise WrongState
            p, s = t.companion_plans.c, t.companion_supports.c
            theirs = select(t.companion_plans).join(t.companion_supports, s.id == p.support_id)
            rows = await session.execute(theirs.where(s.companion_id == support.companion_id, s.state != "ended"))
            if clash(plan, [plan_of(row) for row in rows]) is not None:
                raise PlanClash
            values = {
                "id": plan.id, "support_id": plan.support_id, "weekday": plan.weekday, "at": plan.at, "skip_holidays": plan.skip_holidays,
                "first": plan.first, "last": plan.last,
            }  # fmt: skip
            await session.execute(insert(t.companion_plans), values)
            await repository.tell(session, case, "companion_planned", self._clock.now(), by, {"plan": str(plan.id)})

    async def unplan(self, plan_id: UUID, *, by: UUID | None) -> None:
        """The weekly call ends today; its calls that are still to come are skipped and say so."""
        now = self._clock.now()
        async with self._db.begin() as session:
            p = t.companion_plans.c
            row = (await session.execute(select(p.support_id).where(p.id == plan_id))).one_or_none()
            if row is None:
                raise UnknownCall
            case, _ = await self._locked(session, row.support_id)
            yesterday = seoul(now).date() - timedelta(days=1)
            await session.execute(update(t.companion_plans).where(p.id == plan_id).values(last=yesterday))
            await _skip(session, t.companion_calls.c.plan_id == plan_id, Skip.PLAN_CHANGED, now)
            await repository.tell(session, case, "companion_unplanned", now, by, {"plan": str(plan_id)})

    # --- notes ---------------------------------------------------------------------------------------------------------

    async def note(self, support_id: UUID, words: str, *, by: UUID | None, call_id: UUID | None = None) -> UUID:
        """A short text. Raises TextTooLong, UnknownCall for a call of somebody else."""
        note_id = new_id()
        sealed = self._texts.seal(words, note_id, limit=NOTE_LIMIT)
        async with self._db.begin() as session:
            await self._locked(session, support_id)
            c = t.companion_calls.c
            if call_id is not None:
                theirs = select(c.id).where(c.id == call_id, c.support_id == support_id)
                if (await session.execute(theirs)).one_or_none() is None:
                    raise UnknownCall
            values = {
                "id": note_id, "support_id": support_id, "call_id": call_id, "by": by, "at": self._clock.now(), "text_cipher": sealed,
            }  # fmt: skip
            await session.execute(insert(t.companion_notes), values)
        return note_id

    async def notes(self, support_id: UUID) -> list[SupportNote]:
        """Those of an accompaniment, the newest first."""
        n = t.companion_notes.c
        rows = await self._db.execute(select(t.companion_notes).where(n.support_id == support_id).order_by(n.at.desc(), n.id.desc()))
        return [
            SupportNote(id=row.id, at=row.at, by=row.by, call_id=row.call_id, text=self._texts.open(row.text_cipher, row.id))
            for row in rows
        ]

    # --- reading -------------------------------------------------------------------------------------------------------

    async def support(self, support_id: UUID) -> Support:
        """One of them. Raises UnknownSupport."""
        rows = await self._db.execute(select(t.companion_supports).where(t.companion_supports.c.id == support_id))
        if not rows:
            raise UnknownSupport
        return support_of(rows[0])

    async def of(self, companion_id: UUID | None, *, today: date | None = None) -> list[Support]:
        """Accompaniments of a companion (also those where they stand in, on that day), or all (None); the open ones first."""
        s, u = t.companion_supports.c, t.companion_substitutes.c
        statement = select(t.companion_supports)
        if companion_id is not None:
            theirs = [s.companion_id == companion_id]
            if today is not None:
                stands_in = select(u.support_id).where(u.companion_id == companion_id, u.first <= today, u.last >= today)
                theirs.append(s.id.in_(stands_in))
            statement = statement.where(or_(*theirs))
        rows = await self._db.execute(statement.order_by(s.state == "ended", s.created_at, s.id).limit(500))
        return [support_of(row) for row in rows]

    async def plans(self, support_id: UUID) -> list[Plan]:
        """Weekly calls that are not over."""
        p, today = t.companion_plans.c, seoul(self._clock.now()).date()
        mine = select(t.companion_plans).where(p.support_id == support_id, or_(p.last.is_(None), p.last >= today))
        return [plan_of(row) for row in await self._db.execute(mine.order_by(p.weekday, p.at))]

    async def substitutes(self, support_id: UUID) -> list[Substitute]:
        """Who stands in, and when."""
        u = t.companion_substitutes.c
        rows = await self._db.execute(select(t.companion_substitutes).where(u.support_id == support_id).order_by(u.first))
        return [Substitute(companion_id=row.companion_id, first=row.first, last=row.last) for row in rows]

    # --- inside --------------------------------------------------------------------------------------------------------

    async def _may_offer(self, session: AsyncConnection, referral_id: UUID, companion_id: UUID, now: datetime) -> tuple[Referral, Row[Any]]:
        case, _ = await repository.locked(session, referral_id)
        if case.state not in HELD | {State.CLOSED}:
            raise WrongState
        c, s = t.companions.c, t.companion_supports.c
        companion = (await session.execute(select(t.companions).where(c.id == companion_id).with_for_update())).one_or_none()
        if companion is None:
            raise UnknownCompanion
        load = len((await session.execute(select(s.id).where(s.companion_id == companion_id, s.state != "ended"))).all())
        if companion.status != "active" or load >= companion.most:
            raise NotPossible
        return case, await self._consent(session, referral_id, now)

    async def _consent(self, session: AsyncConnection, referral_id: UUID, now: datetime) -> Row[Any]:
        c = referral_consents.c
        latest = select(referral_consents).where(c.referral_id == referral_id, c.recipient == "companions")
        row = (await session.execute(latest.order_by(c.at.desc(), c.id.desc()).limit(1))).one_or_none()
        if row is None or row.withdrawn_at is not None or not covers(repository.consent_of(row), Recipient.COMPANIONS, now):
            raise NoConsent
        return row

    async def _move(self, support_id: UUID, before: Sequence[SupportState], after: SupportState, *, by: UUID | None) -> None:
        now = self._clock.now()
        async with self._db.begin() as session:
            case, support = await self._locked(session, support_id)
            if support.state not in before:
                raise WrongState
            values: dict[str, object] = {"state": str(after)}
            if support.started_at is None:
                values["started_at"] = now
            await session.execute(update(t.companion_supports).where(t.companion_supports.c.id == support_id).values(values))
            await repository.tell(session, case, f"companion_{after}", now, by, {"support": str(support_id)})

    async def _end(self, session: AsyncConnection, support_id: UUID, reason: EndReason, by: UUID | None) -> None:
        now = self._clock.now()
        case, support = await self._locked(session, support_id)
        if support.state is SupportState.ENDED:
            raise WrongState
        s, p = t.companion_supports.c, t.companion_plans.c
        ended = update(t.companion_supports).where(s.id == support_id)
        await session.execute(ended.values(state="ended", ended_at=now, end_reason=str(reason)))
        yesterday = seoul(now).date() - timedelta(days=1)
        running = update(t.companion_plans).where(p.support_id == support_id, or_(p.last.is_(None), p.last > yesterday))
        await session.execute(running.values(last=yesterday))
        await _skip(session, t.companion_calls.c.support_id == support_id, Skip.SUPPORT_ENDED, now)
        await repository.tell(session, case, "companion_ended", now, by, {"support": str(support_id), "reason": str(reason)})

    async def _locked(self, session: AsyncConnection, support_id: UUID) -> tuple[Referral, Support]:
        s = t.companion_supports.c
        row = (await session.execute(select(s.referral_id).where(s.id == support_id))).one_or_none()
        if row is None:
            raise UnknownSupport
        case, _ = await repository.locked(session, row.referral_id)
        support = (await session.execute(select(t.companion_supports).where(s.id == support_id))).one()
        return case, support_of(support)


async def _skip(session: AsyncConnection, which: ColumnElement[bool], why: Skip, now: datetime) -> None:
    c = t.companion_calls.c
    waiting = update(t.companion_calls).where(which, c.state.in_(("due", "missed")))
    await session.execute(waiting.values(state="skipped", skip=str(why), next_at=None, ended_at=now))


def support_of(row: Row[Any]) -> Support:
    """A row as a record."""
    return Support(
        id=row.id,
        referral_id=row.referral_id,
        companion_id=row.companion_id,
        state=SupportState(row.state),
        consent_until=row.consent_until,
        permission=repository.permission_of(row),
        started_at=row.started_at,
        ended_at=row.ended_at,
        end_reason=EndReason(row.end_reason) if row.end_reason else None,
    )


def plan_of(row: Row[Any]) -> Plan:
    """A row as a record."""
    return Plan(
        id=row.id,
        support_id=row.support_id,
        weekday=row.weekday,
        at=row.at,
        skip_holidays=row.skip_holidays,
        first=row.first,
        last=row.last,
    )
