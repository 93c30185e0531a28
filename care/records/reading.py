"""Records as somebody sees them. Single reads and lists ask the same rule, `care.records.visible`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, false, literal, or_, select, true

from care.errors import NotYourCall, Unknown
from care.records import statements
from care.records.book import RecordBook
from care.records.model import Record, State
from care.records.visible import Part, Relation, Seen, visible
from care.tables import care_record_versions, care_records
from core.database import Database

#: Rows looked at in one go, and the most that a list answers.
PAGE = 50
#: By which right a record is written.
WRITING = frozenset({"own", "on_line"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who asks. `role`: as the desk names it."""

    role: str
    user_id: UUID
    counsellor_id: UUID | None = None


class Referred(Protocol):
    """Whose cases were handed to somebody: to the centre as a whole, or to one companion."""

    async def people(self, reader: Reader) -> frozenset[UUID]:
        """Their ids; empty for whoever takes no cases."""
        ...


class NobodyReferred:
    """As long as no cases are handed over."""

    async def people(self, reader: Reader) -> frozenset[UUID]:
        """See `Referred.people`."""
        return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a reader has to do with people and calls now."""

    reader: Reader
    contacts: frozenset[UUID] = frozenset()
    people: frozenset[UUID] = frozenset()
    referred: frozenset[UUID] = frozenset()

    def relation(self, record: Record, *, wrote: bool, unmasked: bool = False) -> Relation:
        """To this record. `wrote`: they made a version of it."""
        me, about = self.reader.counsellor_id, {record.person_id, record.content.subject_id} - {None}
        return Relation(
            own=wrote or record.created_by == self.reader.user_id or (me is not None and record.counsellor_id == me),
            on_line=record.contact_id in self.contacts or record.person_id in self.people,
            referred=not about.isdisjoint(self.referred),
            unmasked=unmasked,
        )


class RecordReader:
    """Reads for somebody."""

    def __init__(self, db: Database, book: RecordBook, referred: Referred | None = None) -> None:
        self._db = db
        self._book = book
        self._referred = referred or NobodyReferred()

    async def one(self, reader: Reader, record_id: UUID, *, unmasked: bool = False) -> Seen:
        """A record. Raises Unknown for one that is not there, or not for them."""
        return await self._seen(reader, await self._book.get(record_id), unmasked=unmasked)

    async def of_contact(self, reader: Reader, contact_id: UUID) -> Seen:
        """A contact's record. Raises as `one`."""
        return await self._seen(reader, await self._book.of_contact(contact_id))

    async def opened(self, reader: Reader, contact_id: UUID) -> Seen:
        """The record of a counsellor's own call, made if need be. Raises Unknown, NotYourCall."""
        asked = {"counsellor_id": reader.counsellor_id, "contact_id": contact_id}
        rows = await self._db.execute(statements.THEIRS, asked)
        if not rows:
            raise Unknown
        if reader.counsellor_id is None or not rows[0].theirs:
            raise NotYourCall
        return await self.one(reader, await self._book.open(contact_id, counsellor_id=reader.counsellor_id))

    async def to_write(self, reader: Reader, record_id: UUID) -> Seen:
        """A record that they may write: they see it whole. Raises Unknown, NotYourCall."""
        try:
            seen = await self.one(reader, record_id)
        except Unknown:
            await self._book.get(record_id)
            raise NotYourCall from None
        if seen.task not in WRITING:
            raise NotYourCall
        return seen

    async def listed(
        self, reader: Reader, *, person_id: UUID | None = None, state: State | None = None, mine: bool = False, before: UUID | None = None
    ) -> tuple[Seen, ...]:
        """The newest first, a page at most; `before`: the last id of the page before. `mine`: their own only."""
        standing = await self._standing(reader)
        t = care_records
        wrote = _wrote(reader).label("wrote")
        scope = [_scope(standing)]
        if person_id is not None:
            scope.append(or_(t.c.person_id == person_id, t.c.subject_id == person_id))
        if state is not None:
            scope.append(t.c.state == state)
        if mine:
            scope.append(_own(reader))
        found: list[Seen] = []
        while len(found) < PAGE:
            where = [*scope, t.c.id < before] if before is not None else scope
            rows = await self._db.execute(select(t, wrote).where(*where).order_by(t.c.id.desc()).limit(PAGE))
            records = await self._book.whole(rows)
            for row, record in zip(rows, records, strict=True):
                # The rule decides; what is asked of the database is only no less than what it lets through.
                if (seen := visible(record, reader.role, standing.relation(record, wrote=row.wrote))) is not None:
                    found.append(seen)
            if len(rows) < PAGE:
                break
            before = rows[-1].id
        return tuple(found[:PAGE])

    async def on_line(self, reader: Reader) -> Mapping[UUID, UUID | None]:
        """Contacts on the line with them now, and their people."""
        rows = await self._online_rows(reader)
        return {row.contact_id: row.person_id for row in rows}

    async def knows(self, reader: Reader, person_id: UUID) -> str:
        """By which right somebody may know who a person is: that by which they read their records. Raises Unknown."""
        if person_id in (await self._standing(reader)).people:
            return "on_line"
        for one in await self.listed(reader, person_id=person_id):
            # What others said about them does not make them known.
            if Part.TEXT in one.parts and one.record.person_id == person_id:
                return one.task
        raise Unknown

    async def _seen(self, reader: Reader, record: Record, *, unmasked: bool = False) -> Seen:
        standing = await self._standing(reader)
        rows = await self._db.execute(select(_wrote(reader).label("wrote")).select_from(care_records).where(care_records.c.id == record.id))
        relation = standing.relation(record, wrote=bool(rows and rows[0].wrote), unmasked=unmasked)
        if (seen := visible(record, reader.role, relation)) is None:
            raise Unknown
        return seen

    async def _standing(self, reader: Reader) -> Standing:
        rows = await self._online_rows(reader)
        return Standing(
            reader=reader,
            contacts=frozenset(row.contact_id for row in rows),
            people=frozenset(row.person_id for row in rows if row.person_id),
            referred=await self._referred.people(reader),
        )

    async def _online_rows(self, reader: Reader) -> list[Row[Any]]:
        if reader.counsellor_id is None:
            return []
        return await self._db.execute(statements.ON_LINE, {"counsellor_id": reader.counsellor_id})


def _wrote(reader: Reader) -> ColumnElement[bool]:
    versions = care_record_versions
    return exists().where(versions.c.record_id == care_records.c.id, versions.c.by == reader.user_id)


def _own(reader: Reader) -> ColumnElement[bool]:
    t = care_records
    mine = t.c.counsellor_id == reader.counsellor_id if reader.counsellor_id else literal(value=False)
    return or_(mine, t.c.created_by == reader.user_id, _wrote(reader))


def _scope(standing: Standing) -> ColumnElement[bool]:
    """Which rows are worth looking at."""
    t = care_records
    match standing.reader.role:
        case "supervisor":
            return true()
        case "counsellor" | "centre" | "companion":
            return or_(
                _own(standing.reader),
                t.c.contact_id.in_(standing.contacts),
                t.c.person_id.in_(standing.people | standing.referred),
                t.c.subject_id.in_(standing.referred),
            )
        case _:
            return false()
