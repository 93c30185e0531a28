"""What else belongs to a record: incidents, referrals, isolation reports and results of checklists of the same call, referrals of the same person, and
what somebody linked by hand. Each is named only to whom its own room would show it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, select

from care.checklists.results import visible as result_visible
from care.checklists.tables import checklist_results
from care.records.model import LinkKind, Record
from care.reports.tables import isolation_reports
from care.tables import care_people
from core.database import Database
from desk.access.model import Actor
from desk.centre.eyes import eyes
from desk.checklists.api import viewer
from desk.incidents.store import Store, onlooker
from desk.records import models as m
from desk.reports.api import may_see
from escalation.centre.repository import referral_of
from escalation.centre.tables import referrals

#: Kind and id -> its state, the call in which it was, the person it is of.
Found = dict[tuple[LinkKind, UUID], tuple[str, UUID | None, UUID | None]]


class Related:
    """Reads. Raises DatabaseUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._incidents = Store(db)

    async def of(self, actor: Actor, records: Sequence[Record]) -> Mapping[UUID, list[m.LinkOut]]:
        """By record; of those that this person may see."""
        linked = {link.target_id for one in records for link in one.links}
        contacts = {one.contact_id for one in records if one.contact_id}
        people = {one.person_id for one in records if one.person_id}
        found = await self._found(actor, contacts, people, linked)
        return {one.id: list(_of(one, found)) for one in records}

    async def there(self, actor: Actor, kind: LinkKind, target_id: UUID) -> bool:
        """Whether this person may see it."""
        return (kind, target_id) in await self._found(actor, set(), set(), {target_id})

    async def _found(self, actor: Actor, contacts: Collection[UUID], people: Collection[UUID], ids: Collection[UUID]) -> Found:
        found: Found = {}
        if not (contacts or people or ids):
            return found
        for one in await self._incidents.related(onlooker(actor), contacts, ids):
            found[LinkKind.INCIDENT, one.id] = (one.state, one.contact_id, None)
        r, may = referrals.c, eyes(actor)
        person = select(care_people.c.id).where(care_people.c.number_index == r.number_index).scalar_subquery()
        of_them = r.number_index.in_(select(care_people.c.number_index).where(care_people.c.id.in_(people)))
        statement = select(referrals, person.label("person_id")).where(or_(r.contact_id.in_(contacts), r.id.in_(ids), of_them))
        for row in await self._db.execute(statement):
            if may.referral(referral_of(row), row.made_by):
                found[LinkKind.REFERRAL, row.id] = (row.state, row.contact_id, row.person_id)
        i, c = isolation_reports.c, checklist_results.c
        for row in await self._db.execute(select(i.id, i.state, i.contact_id, i.made_by).where(_among(i.id, i.contact_id, contacts, ids))):
            if may_see(actor, row.made_by):
                found[LinkKind.REPORT, row.id] = (row.state, row.contact_id, None)
        state = case((c.finished_at.is_(None), "open"), (c.complete, "complete"), else_="incomplete").label("state")
        results = select(c.id, state, c.contact_id).where(_among(c.id, c.contact_id, contacts, ids), result_visible(viewer(actor)))
        for row in await self._db.execute(results):
            found[LinkKind.CHECKLIST, row.id] = (row.state, row.contact_id, None)
        return found


def _among(
    id_: ColumnElement[UUID], contact: ColumnElement[UUID], contacts: Collection[UUID], ids: Collection[UUID]
) -> ColumnElement[bool]:
    return or_(contact.in_(contacts), id_.in_(ids))


def _of(record: Record, found: Found) -> Iterable[m.LinkOut]:
    by_hand = {(link.kind, link.target_id) for link in record.links}
    for (kind, target), (state, contact, person) in found.items():
        if record.contact_id is not None and contact == record.contact_id:
            by: Literal["call", "hand", "person"] = "call"
        elif (kind, target) in by_hand:
            by = "hand"
        elif record.person_id is not None and person == record.person_id:
            by = "person"
        else:
            continue
        yield m.LinkOut(kind=kind, id=target, state=state, by=by)
