"""What a room keeps of people, said once: which rows, whose they are, since when their time runs, and how they go. The rest follows from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, FromClause, LargeBinary, Select, Table, Uuid, and_, column, delete, or_, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from care.people import Person
from care.retention import Retention
from care.tables import care_people

#: The line's, of which only this is read.
contacts = table("contacts", column("id", Uuid), column("number_index", LargeBinary))

#: Ids of what went, and what lay sealed under each: what the proof is made of.
Gone = Sequence[tuple[UUID, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Rows of one table and one class."""

    retention: Retention
    #: Its rows have an id of their own.
    table: Table
    id: ColumnElement[UUID]
    #: The call in which it was written down.
    contact: ColumnElement[UUID | None]
    #: Ways in which a row is of somebody: the table joined with `care_people`.
    of: Sequence[FromClause]
    #: Since when its time runs; NULL: it does not go by itself.
    since: ColumnElement[datetime | None]
    #: Deletes what has these ids, in this transaction.
    remove: Callable[[AsyncConnection, Sequence[UUID]], Awaitable[Gone]]
    #: The table with others that are looked at besides.
    joined: FromClause | None = None
    #: Only these rows of the table.
    only: ColumnElement[bool] | None = None
    #: Ways to those whose open cases and holds keep it, besides those that it is `of`.
    kept_for: Sequence[FromClause] = ()
    #: Ids of what else belongs to it, one a row: while one of them is open, it stays.
    linked: Select[UUID] | None = None

    def theirs(self, person_id: UUID) -> Select[UUID]:
        """Ids of what is of somebody."""
        return self._ids(self._somebodys(self.of, care_people.c.id == person_id))

    def over(self, before: datetime, in_use: Collection[UUID]) -> Select[UUID]:
        """Ids of what is over its time, and of nobody whose case is open or who is under a hold."""
        return self._ids(self.since <= before, ~self.used(in_use), ~self.held())

    def known(self, people: FromClause) -> ColumnElement[bool]:
        """Whether there is anything of a row of `people`, an alias of `care_people`."""
        only = () if self.only is None else (self.only,)
        ways = (select(self.id).select_from(way).where(care_people.c.id == people.c.id, *only) for way in self.of)
        return or_(*(way.correlate(people).exists() for way in ways))

    def used(self, in_use: Collection[UUID]) -> ColumnElement[bool]:
        """Whether it, its call, whoever it is of, or something linked is in use."""
        ids, everybody = list(in_use), (*self.of, *self.kept_for)
        ways = [self.id.in_(ids), self.contact.in_(ids).is_(True), self._somebodys(everybody, care_people.c.id.in_(ids))]
        if self.linked is not None:
            (linked,) = self.linked.selected_columns
            ways.append(self.linked.where(linked.in_(ids)).correlate(self.table).exists())
        return or_(*ways)

    def held(self) -> ColumnElement[bool]:
        """Whether whoever it is of is under a legal hold."""
        return self._somebodys((*self.of, *self.kept_for), care_people.c.held_at.is_not(None))

    def _somebodys(self, ways: Sequence[FromClause], which: ColumnElement[bool]) -> ColumnElement[bool]:
        # From the few people to their rows, each way by its index: no row of the table is asked whose it is.
        return or_(*(self.id.in_(select(self.id).select_from(way).where(which).correlate(None)) for way in ways))

    def _ids(self, *where: ColumnElement[bool]) -> Select[UUID]:
        rows = select(self.id).select_from(self.table if self.joined is None else self.joined)
        return rows.where(*where if self.only is None else (self.only, *where))


class Room(Protocol):
    """A room that keeps things of people."""

    def holdings(self) -> Sequence[Holding]:
        """What it keeps; what lies below something else comes before it."""
        ...

    async def in_use(self) -> Mapping[UUID, str]:
        """Ids of open cases, and of the contacts and people whose cases they are -> a code why they must stay, like `open_incident`."""
        ...

    async def copy(self, person: Person) -> Mapping[str, object]:
        """What it knows of somebody, to be given to them: names and plain values."""
        ...

    async def catch_up(self) -> None:
        """Make up for what a program of the version before did not write down."""
        ...


def by_person(rows: FromClause, person: ColumnElement[UUID | None]) -> FromClause:
    """A way by the person's id."""
    return rows.join(care_people, care_people.c.id == person)


def by_number(rows: FromClause, index: ColumnElement[bytes | None]) -> FromClause:
    """A way by the index of a number."""
    return rows.join(care_people, care_people.c.number_index == index)


def by_call(rows: FromClause, contact: ColumnElement[UUID | None], *where: ColumnElement[bool]) -> FromClause:
    """A way by the number from which a call came."""
    calls = rows.join(contacts, and_(contacts.c.id == contact, *where))
    return calls.join(care_people, care_people.c.number_index == contacts.c.number_index)


def removal(table_: Table, *sealed: str) -> Callable[[AsyncConnection, Sequence[UUID]], Awaitable[Gone]]:
    """Deletes rows by their id; what lies in these columns goes into the proof."""

    async def remove(session: AsyncConnection, ids: Sequence[UUID]) -> Gone:
        return await gone(session, delete(table_).where(table_.c.id.in_(ids)), table_, *sealed)

    return remove


async def gone(session: AsyncConnection, statement: Delete, table_: Table, *sealed: str) -> Gone:
    """Do it, and say what went."""
    rows: Any = await session.execute(statement.returning(table_.c.id, *(table_.c[name] for name in sealed)))
    return [(row[0], b"".join(bytes(part or b"") for part in row[1:])) for row in rows]
