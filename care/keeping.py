"""Deletion of what is over its time, and what the law gives a person: a copy of their data, and its erasure.

What other rooms keep of people is theirs: each says so as a `care.holding.Room`. What the line itself knows by a number is an `Elsewhere`. Every
deletion leaves a row of `care_deletions` in the same transaction (how many, of which class, when, a digest) and, committed before it, one in
the access log; neither says who it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import Select, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from care.errors import Refused, Unknown
from care.holding import Gone, Holding, Room, by_person, removal
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

#: Deleted in one transaction.
BATCH = 500
#: How often it is looked for what is over its time; seconds.
EVERY_S = 3600.0

#: Writes a line of the access log before something is gone: class, how many, digest, why.
Witness = Callable[[Mapping[str, str | int]], Awaitable[None]]


class Elsewhere(Protocol):
    """What is known of people by their number, and stays without it."""

    async def in_use(self) -> Mapping[UUID, str]:
        """Ids of what goes on, and of the contacts and people that it is of -> a code why they must stay, like `call_under_way`."""
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


def _records(retention: Retention) -> Holding:
    t, link = care_records, care_record_links.c
    return Holding(
        retention=retention,
        table=t,
        id=t.c.id,
        contact=t.c.contact_id,
        of=(by_person(t, t.c.person_id),),
        kept_for=(by_person(t, t.c.subject_id),),
        since=t.c.changed_at,
        only=t.c.retention == retention,
        linked=select(link.target_id).where(link.record_id == t.c.id),
        remove=removal(t, "content"),
    )


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
        rooms: Sequence[Room] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._rules = rules
        self._people = people
        self._book = book
        self._plans = plans
        self._witness = witness
        self._elsewhere = elsewhere
        self._rooms = rooms
        self._holdings = (*map(_records, Retention), *(holding for room in rooms for holding in room.holdings()))

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
        for room in self._rooms:
            await room.catch_up()
        in_use = await self._in_use()
        proofs = []
        for holding in self._holdings:
            over = holding.over(self._clock.now() - self._rules[holding.retention].keep, in_use)
            while proof := await self._delete(holding, over):
                proofs.append(proof)
                if proof.records < BATCH:
                    break
        await self._forget_people(in_use)
        for other in self._elsewhere:
            await other.forget(self._clock.now() - self._rules[Retention.UNTOUCHED].keep)
        return tuple(proofs)

    async def proofs(self) -> tuple[Proof, ...]:
        """The latest hundred."""
        rows = await self._db.execute(select(care_deletions).order_by(care_deletions.c.id.desc()).limit(100))
        return tuple(Proof(at=row.at, why=row.why, retention=row.retention, records=row.records, digest=row.digest) for row in rows)

    async def find(self, e164: str) -> UUID:
        """Whoever has this number: also somebody who never called, and of whom a room keeps something. Raises Unknown."""
        found = await self._people.find(e164)
        if found is not None:
            return found
        for room in self._rooms:
            await room.catch_up()
        made = await self._people.of_number(e164)
        for holding in self._holdings:
            if await self._db.execute(holding.theirs(made).limit(1)):
                return made
        await self._db.execute(delete(care_people).where(care_people.c.id == made))
        raise Unknown

    async def copy(self, person_id: UUID) -> Copy:
        """What is known of somebody (PIPA art. 35). Raises Unknown.

        Records in which somebody else called about them are the other's words and not in it.
        """
        person = await self._person(person_id)
        rows = await self._db.execute(select(care_records).where(care_records.c.person_id == person_id).order_by(care_records.c.id))
        records = await self._book.whole(rows)
        contacts = [one.contact_id for one in records if one.contact_id]
        found: dict[str, object] = {}
        for other in self._elsewhere:
            found |= await other.copy(person, contacts)
        for room in self._rooms:
            await room.catch_up()
            found |= await room.copy(person)
        return Copy(person=person, records=records, plan=await self._plans.latest(person_id), elsewhere=found)

    async def erase(self, person_id: UUID) -> tuple[Proof, ...]:
        """Erase somebody (PIPA art. 36). Raises Unknown, Refused with every reason at once."""
        for room in self._rooms:
            await room.catch_up()
        try:
            async with self._db.begin() as session:
                # What is committed by now is seen below; what would open a case or hold the person later waits, and finds nothing.
                await session.execute(select(care_people.c.id).where(care_people.c.id == person_id).with_for_update(key_share=True))
                for holding in self._holdings:
                    await session.execute(holding.theirs(person_id).with_for_update(of=holding.table, key_share=True))
                person = await self._person(person_id)
                if reasons := await self._in_the_way(person):
                    raise Refused(reasons=sorted(reasons))
                rows = await session.execute(select(care_records.c.contact_id).where(care_records.c.person_id == person_id))
                contacts = [row.contact_id for row in rows if row.contact_id]
                proofs = [await self._remove(session, holding, holding.theirs(person_id), "request") for holding in self._holdings]
                for other in self._elsewhere:
                    await other.erase(session, person, contacts)
                await session.execute(delete(care_people).where(care_people.c.id == person_id))
        except DatabaseConflict:
            # They are calling at this moment, or a room above has not given up what it holds.
            raise Refused(reasons=["in_use"]) from None
        return tuple(filter(None, proofs))

    async def _in_the_way(self, person: Person) -> set[str]:
        in_use = await self._in_use()
        found = {in_use[person.id]} if person.id in in_use else set()
        if person.held_at is not None:
            found.add("legal_hold")
        for holding in self._holdings:
            theirs = holding.theirs(person.id)
            if not self._rules[holding.retention].erasable and await self._db.execute(theirs.limit(1)):
                found.add("kept_by_law")
            if await self._db.execute(theirs.where(holding.held()).limit(1)):
                found.add("legal_hold")
            for reason in sorted(set(in_use.values()) - found):
                because = [one for one, why in in_use.items() if why == reason]
                if await self._db.execute(theirs.where(holding.used(because)).limit(1)):
                    found.add(reason)
        return found

    async def _in_use(self) -> Mapping[UUID, str]:
        found: dict[UUID, str] = {}
        known: Sequence[Elsewhere | Room] = (*self._elsewhere, *self._rooms)
        for other in known:
            found |= await other.in_use()
        return found

    async def _delete(self, holding: Holding, over: Select[UUID]) -> Proof | None:
        # Most of the time there is nothing: no transaction for that.
        if not await self._db.execute(over.limit(1)):
            return None
        async with self._db.begin() as session:
            return await self._remove(session, holding, over.order_by(holding.id).limit(BATCH), "retention")

    async def _remove(self, session: AsyncConnection, holding: Holding, which: Select[UUID], why: str) -> Proof | None:
        """What another sweep or an edit has meanwhile is looked at again, once its row is ours."""
        ids = [row[0] for row in await session.execute(which.with_for_update(of=holding.table))]
        if not ids:
            return None
        proof = self._proof(holding.retention, len(ids), await holding.remove(session, ids), why)
        values = {"at": proof.at, "why": why, "retention": proof.retention, "records": proof.records, "digest": proof.digest}
        await session.execute(insert(care_deletions).values(values))
        # Nothing is gone before this is: the transaction ends after it.
        await self._witness({"class": proof.retention, "records": proof.records, "digest": proof.digest.hex(), "why": why})
        return proof

    def _proof(self, retention: Retention, records: int, found: Gone, why: str) -> Proof:
        return Proof(at=self._clock.now(), why=why, retention=str(retention), records=records, digest=digest(found))

    async def _forget_people(self, in_use: Mapping[UUID, str]) -> None:
        """Of whom there is nothing any more, and no plan that was touched as long as a consultation is kept."""
        people = care_people.alias("people")
        p, since = people.c, self._clock.now() - self._rules[Retention.COUNSELLING].keep
        named = exists().where(care_records.c.subject_id == p.id)
        planned = exists().where(care_plans.c.person_id == p.id, care_plans.c.at > since)
        fresh = p.created_at > self._clock.now() - self._rules[Retention.UNTOUCHED].keep
        known = [holding.known(people) for holding in self._holdings]
        where = (~or_(named, planned, fresh, *known), p.held_at.is_(None), p.id.not_in(list(in_use)))
        for row in await self._db.execute(select(p.id).where(*where).limit(BATCH)):
            person = await self._people.get(row.id)
            try:
                async with self._db.begin() as session:
                    locked = await session.execute(select(p.id).where(p.id == row.id, *where).with_for_update(of=people))
                    if person is None or locked.first() is None:
                        continue
                    for other in self._elsewhere:
                        await other.erase(session, person, ())
                    await session.execute(delete(care_people).where(care_people.c.id == row.id))
            except DatabaseConflict:
                # Another room still has to do with them, or they are calling at this moment.
                continue

    async def _person(self, person_id: UUID) -> Person:
        if (person := await self._people.get(person_id)) is None:
            raise Unknown
        return person
