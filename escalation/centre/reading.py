"""What the centre's pages read: the worklist and a whole case. Numbers stay sealed here; who may see one opens it with `number`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from escalation.centre import repository
from escalation.centre import tables as t
from escalation.centre.case import (
    Area,
    Attempt,
    Event,
    FollowUp,
    FollowUpKind,
    Item,
    Link,
    LinkState,
    Need,
    NeedState,
    Note,
    NoteKind,
    in_order,
)
from escalation.centre.errors import UnknownReferral
from escalation.centre.model import RESTING, Consent, Referral, Result, State, Urgency
from escalation.centre.texts import Texts

#: Lines of a list.
MOST = 500
#: What nobody may work on before there is consent: not on the centre's worklist.
UNSENT = frozenset({State.PROPOSED, State.REFUSED, State.CONSENTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case with all that belongs to it. Texts are open here: only for who may read it."""

    referral: Referral
    contact_id: UUID | None
    made_by: UUID | None
    sent_at: datetime | None
    name: str
    #: E.164; None: there is none.
    number: str | None
    language: str
    district: str
    age_band: str
    consents: tuple[Consent, ...]
    notes: tuple[Note, ...]
    needs: tuple[Need, ...]
    links: tuple[Link, ...]
    follow_ups: tuple[FollowUp, ...]
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]


class Reading:
    """See the module."""

    def __init__(self, db: Database, clock: Clock, cipher: NumberCipher, texts: Texts) -> None:
        self._db = db
        self._clock = clock
        self._cipher = cipher
        self._texts = texts

    async def worklist(self) -> list[Item]:
        """What the centre has to do, in its order."""
        r, f = t.referrals.c, t.referral_follow_ups.c
        first = (
            select(func.min(f.due_at))
            .where(f.referral_id == r.id, f.done_at.is_(None), ~f.cancelled)
            .correlate(t.referrals)
            .scalar_subquery()
        )
        states = [str(state) for state in State if state not in UNSENT | RESTING]
        statement = select(t.referrals, first.label("first")).where(r.state.in_(states)).order_by(r.due_at, r.id).limit(MOST)
        return in_order([_item(row) for row in await self._db.execute(statement)], self._clock.now())

    async def closed(self) -> list[tuple[Referral, str]]:
        """Cases that were closed, the latest first, with the district."""
        r = t.referrals.c
        statement = select(t.referrals).where(r.state == "closed").order_by(r.closed_at.desc(), r.id).limit(MOST)
        return [(repository.referral_of(row), row.district) for row in await self._db.execute(statement)]

    async def made_by(self, user_id: UUID | None) -> list[tuple[Referral, str]]:
        """Referrals that a counsellor made, or all (None), the newest first, with the district: those still open or closed lately."""
        r = t.referrals.c
        condition: ColumnElement[bool] = r.id.is_not(None) if user_id is None else r.made_by == user_id
        rows = await self._db.execute(select(t.referrals).where(condition).order_by(r.id.desc()).limit(MOST))
        return [(repository.referral_of(row), row.district) for row in rows]

    async def head(self, referral_id: UUID) -> tuple[Referral, UUID | None, str]:
        """A case as the machine knows it, who made it, and the district; no text. Raises UnknownReferral."""
        rows = await self._db.execute(select(t.referrals).where(t.referrals.c.id == referral_id))
        if not rows:
            raise UnknownReferral
        return repository.referral_of(rows[0]), rows[0].made_by, rows[0].district

    async def called(self, referral_id: UUID) -> tuple[str, str]:
        """What the person is called, and their district. Raises UnknownReferral, CipherError."""
        r = t.referrals.c
        rows = await self._db.execute(select(r.id, r.name_cipher, r.district).where(r.id == referral_id))
        if not rows:
            raise UnknownReferral
        return self._texts.open(rows[0].name_cipher, rows[0].id), rows[0].district

    async def case(self, referral_id: UUID) -> Case:
        """All of it. Raises UnknownReferral, CipherError."""
        rows = await self._db.execute(select(t.referrals).where(t.referrals.c.id == referral_id))
        if not rows:
            raise UnknownReferral
        row = rows[0]
        opened = self._texts.open
        notes = await self._of(referral_id, select(t.referral_notes).order_by(t.referral_notes.c.at, t.referral_notes.c.id))
        needs = await self._of(referral_id, select(t.referral_needs).order_by(t.referral_needs.c.at, t.referral_needs.c.id))
        links = await self._of(referral_id, select(t.referral_links).order_by(t.referral_links.c.at, t.referral_links.c.id))
        steps = await self._of(referral_id, select(t.referral_follow_ups).order_by(t.referral_follow_ups.c.due_at))
        calls = await self._of(referral_id, select(t.centre_calls).order_by(t.centre_calls.c.ordered_at))
        events = await self._of(referral_id, select(t.referral_events).order_by(t.referral_events.c.id))
        consents = await self._of(referral_id, select(t.referral_consents).order_by(t.referral_consents.c.at, t.referral_consents.c.id))
        return Case(
            referral=repository.referral_of(row),
            contact_id=row.contact_id,
            made_by=row.made_by,
            sent_at=row.sent_at,
            name=opened(row.name_cipher, row.id),
            number=self._cipher.decrypt(row.number_cipher) if row.number_cipher is not None else None,
            language=row.language,
            district=row.district,
            age_band=row.age_band,
            consents=tuple(repository.consent_of(one) for one in consents),
            notes=tuple(
                Note(id=n.id, at=n.at, by=n.by, kind=NoteKind(n.kind), text=opened(n.text_cipher, n.id), replaces=n.replaces) for n in notes
            ),
            needs=tuple(
                Need(id=n.id, area=Area(n.area), state=NeedState(n.state), text=opened(n.text_cipher, n.id), at=n.at) for n in needs
            ),
            links=tuple(self._link(one) for one in links),
            follow_ups=tuple(self._follow_up(one) for one in steps),
            attempts=tuple(_attempt(one) for one in calls),
            events=tuple(Event(at=e.at, kind=e.kind, by=e.by, state=State(e.state), detail=e.detail) for e in events),
        )

    async def _of(self, referral_id: UUID, statement: Select[Any]) -> Sequence[Row[Any]]:
        (table,) = statement.get_final_froms()
        return await self._db.execute(statement.where(table.c.referral_id == referral_id))

    def _link(self, row: Row[Any]) -> Link:
        return Link(
            id=row.id,
            need_id=row.need_id,
            service_id=row.service_id,
            service=row.service,
            state=LinkState(row.state),
            result=self._texts.open(row.result_cipher, row.id),
            at=row.at,
            handed_over_at=row.handed_over_at,
        )

    def _follow_up(self, row: Row[Any]) -> FollowUp:
        return FollowUp(
            id=row.id,
            kind=FollowUpKind(row.kind),
            due_at=row.due_at,
            text=self._texts.open(row.text_cipher, row.id),
            done_at=row.done_at,
            cancelled=row.cancelled,
            result=self._texts.open(row.result_cipher, row.id),
        )


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        id=row.id,
        staff_id=row.staff_id,
        ordered_at=row.ordered_at,
        talked_at=row.talked_at,
        ended_at=row.ended_at,
        result=Result(row.result) if row.result else None,
    )


def _item(row: Row[Any]) -> Item:
    return Item(
        referral_id=row.id,
        state=State(row.state),
        urgency=Urgency(row.urgency),
        due_at=row.due_at,
        owner_id=row.owner_id,
        district=row.district,
        next_at=min(row.due_at, row.first) if row.first is not None else row.due_at,
    )
