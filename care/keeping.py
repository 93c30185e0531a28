"""Deletion of what is over its time, and what the law gives a person: a copy of their data, and its erasure.

What other rooms know of a person is theirs: each hands in an `Elsewhere`. Every deletion leaves a row of `care_deletions` in the same transaction
(how many, of which class, when, a digest) and one in the access log before it; neither says who it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from care.errors import Refused, Unknown
from care.people import People, Person
from care.plans.book import PlanBook
from care.plans.model import Stored
from care.records.book import RecordBook
from care.records.model import Record
from care.retention import Retention, Rule, digest
from care.tables import care_deletions, care_people, care_plans, care_record_links, care_records
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseConflict, DatabaseError

log = structlog.get_logger()

#: Records deleted in one transaction.
BATCH = 500
#: How often it is looked for what is over its time; seconds.
EVERY_S = 3600.0

#: Writes a line of the access log before something is deleted: class, how many, digest, why.
Witness = Callable[[Mapping[str, str | int]], Awaitable[None]]


class Elsewhere(Protocol):
    """What another room knows of people."""

    async def in_use(self) -> Mapping[UUID, str]:
        """Ids of open cases, and of the contacts and people whose cases they are -> a code why they must stay, like `open_incident`."""
        ...

    async def copy(self, person: Person, contacts: Collection[UUID]) -> Mapping[str, object]:
        """What it knows of somebody, to be given to them: names and plain values (JSON)."""
        ...

    async def erase(self, session: AsyncConnection, person: Person, contacts: Collection[UUID]) -> None:
        """Erase it, in this transaction."""
        ...

    async def forget(self, before: datetime) -> None:
        """Erase what was over before this instant of people whom nobody keeps any more, or ever knew: their numbers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That something was deleted."""

    at: datetime
    why: str
    retention: str
    records: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Everything that is known of somebody."""

    person: Person
    records: tuple[Record, ...]
    plan: Stored | None
    elsewhere: Mapping[str, object]


class Keeping:
    """Deletes, copies and erases. `witness` is asked before anything goes; what it refuses to write is not deleted."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        rules: Mapping[Retention, Rule],
        *,
        people: People,
        book: RecordBook,
        plans: PlanBook,
        witness: Witness,
        elsewhere: Sequence[Elsewhere] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._rules = rules
        self._people = people
        self._book = book
        self._plans = plans
        self._witness = witness
        self._elsewhere = elsewhere

    async def run(self) -> None:
        """Delete what is over its time, every hour; until cancelled."""
        while True:
            try:
                await self.sweep()
            except DatabaseError as error:
                log.info("records_deletion_delayed", reason=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> tuple[Proof, ...]:
        """Delete what is over its time now, and people of whom nothing is left."""
        in_use = await self._in_use()
        proofs = []
        for retention, rule in self._rules.items():
            over = care_records.c.changed_at <= self._clock.now() - rule.keep
            where = (care_records.c.retention == retention, over, ~_used(in_use), ~_held())
            while proof := await self._delete(retention, where):
                proofs.append(proof)
                if proof.records < BATCH:
                    break
        await self._forget_people(in_use)
        for room in self._elsewhere:
            await room.forget(self._clock.now() - self._rules[Retention.UNTOUCHED].keep)
        return tuple(proofs)

    async def proofs(self) -> tuple[Proof, ...]:
        """The latest hundred."""
        rows = await self._db.execute(select(care_deletions).order_by(care_deletions.c.id.desc()).limit(100))
        return tuple(Proof(at=row.at, why=row.why, retention=row.retention, records=row.records, digest=row.digest) for row in rows)

    async def copy(self, person_id: UUID) -> Copy:
        """What is known of somebody as a caller (PIPA art. 35). Raises Unknown.

        Records in which somebody else called about them are the other's words and not in it.
        """
        person = await self._person(person_id)
        rows = await self._db.execute(select(care_records).where(care_records.c.person_id == person_id).order_by(care_records.c.id))
        records = await self._book.whole(rows)
        contacts = [one.contact_id for one in records if one.contact_id]
        found: dict[str, object] = {}
        for room in self._elsewhere:
            found |= await room.copy(person, contacts)
        return Copy(person=person, records=records, plan=await self._plans.latest(person_id), elsewhere=found)

    async def erase(self, person_id: UUID) -> tuple[Proof, ...]:
        """Erase somebody (PIPA art. 36). Raises Unknown, Refused with every reason at once."""
        person = await self._person(person_id)
        t = care_records
        theirs = t.c.person_id == person_id
        rows = await self._db.execute(select(t.c.id, t.c.contact_id, t.c.retention, t.c.content).where(theirs).order_by(t.c.id))
        reasons = await self._in_the_way(person, [row.id for row in rows], [row.contact_id for row in rows if row.contact_id])
        reasons |= {"kept_by_law" for row in rows if not self._rules[Retention(row.retention)].erasable}
        if reasons:
            raise Refused(reasons=sorted(reasons))
        contacts = [row.contact_id for row in rows if row.contact_id]
        kinds = [Retention(one) for one in sorted({row.retention for row in rows})]
        for kind in kinds:
            of_kind = [(row.id, row.content or b"") for row in rows if row.retention == kind]
            await self._say(kind, len(of_kind), digest(of_kind), "request")
        try:
            async with self._db.begin() as session:
                proofs = [await self._delete_now(session, kind, (theirs, t.c.retention == kind), "request") for kind in kinds]
                for room in self._elsewhere:
                    await room.erase(session, person, contacts)
                await session.execute(delete(care_people).where(care_people.c.id == person_id))
        except DatabaseConflict:
            # They are calling at this moment, or a room above has not given up what it holds.
            raise Refused(reasons=["in_use"]) from None
        return tuple(filter(None, proofs))

    async def _in_the_way(self, person: Person, records: Collection[UUID], contacts: Collection[UUID]) -> set[str]:
        in_use = await self._in_use()
        of = care_record_links.c
        links = await self._db.execute(select(of.target_id).where(of.record_id.in_(records))) if records else []
        ids = {person.id, *contacts, *(row.target_id for row in links)}
        found = {in_use[one] for one in ids if one in in_use}
        return found | {"legal_hold"} if person.held_at is not None else found

    async def _in_use(self) -> Mapping[UUID, str]:
        found: dict[UUID, str] = {}
        for room in self._elsewhere:
            found |= await room.in_use()
        return found

    async def _delete(self, retention: Retention, where: Sequence[ColumnElement[bool]]) -> Proof | None:
        t = care_records
        rows = await self._db.execute(select(t.c.id, t.c.content).where(*where).order_by(t.c.id).limit(BATCH))
        if not rows:
            return None
        # What it is about to do is said first; what it did is counted in its own transaction.
        await self._say(retention, len(rows), digest((row.id, row.content or b"") for row in rows), "retention")
        async with self._db.begin() as session:
            return await self._delete_now(session, retention, (*where, t.c.id.in_([row.id for row in rows])), "retention")

    async def _delete_now(
        self, session: AsyncConnection, retention: Retention, where: Sequence[ColumnElement[bool]], why: str
    ) -> Proof | None:
        t = care_records
        gone = (await session.execute(delete(t).where(*where).returning(t.c.id, t.c.content))).all()
        if not gone:
            return None
        proof = Proof(
            at=self._clock.now(),
            why=why,
            retention=retention,
            records=len(gone),
            digest=digest((row.id, row.content or b"") for row in gone),
        )
        values = {"at": proof.at, "why": why, "retention": retention, "records": proof.records, "digest": proof.digest}
        await session.execute(insert(care_deletions).values(values))
        return proof

    async def _say(self, retention: Retention, count: int, found: bytes, why: str) -> None:
        await self._witness({"class": str(retention), "records": count, "digest": found.hex(), "why": why})

    async def _forget_people(self, in_use: Mapping[UUID, str]) -> None:
        """Of whom there is no record any more, and no plan that was touched as long as a consultation is kept."""
        p, since = care_people.c, self._clock.now() - self._rules[Retention.COUNSELLING].keep
        of_them = exists().where(or_(care_records.c.person_id == p.id, care_records.c.subject_id == p.id))
        planned = exists().where(care_plans.c.person_id == p.id, care_plans.c.at > since)
        fresh = p.created_at > self._clock.now() - self._rules[Retention.UNTOUCHED].keep
        where = (~of_them, ~planned, ~fresh, p.held_at.is_(None), p.id.not_in(list(in_use)))
        for row in await self._db.execute(select(p.id).where(*where).limit(BATCH)):
            person = await self._people.get(row.id)
            try:
                async with self._db.begin() as session:
                    locked = await session.execute(select(p.id).where(p.id == row.id, *where).with_for_update())
                    if person is None or locked.first() is None:
                        continue
                    for room in self._elsewhere:
                        await room.erase(session, person, ())
                    await session.execute(delete(care_people).where(p.id == row.id, *where))
            except DatabaseConflict:
                # Another room still has to do with them, or they are calling at this moment.
                continue

    async def _person(self, person_id: UUID) -> Person:
        if (person := await self._people.get(person_id)) is None:
            raise Unknown
        return person


def _held() -> ColumnElement[bool]:
    p = care_people.c
    return exists().where(or_(p.id == care_records.c.person_id, p.id == care_records.c.subject_id), p.held_at.is_not(None))


def _used(in_use: Mapping[UUID, str]) -> ColumnElement[bool]:
    ids, t = list(in_use), care_records.c
    linked = exists().where(care_record_links.c.record_id == t.id, care_record_links.c.target_id.in_(ids))
    return or_(t.contact_id.in_(ids).is_(True), t.person_id.in_(ids).is_(True), t.subject_id.in_(ids).is_(True), linked)
