"""Who reads, and the line that is written into the access log about whom, before anything is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from care.people import People
from care.records.reading import Reader
from care.records.visible import Part, Seen
from core.audit import Access, AccessLog
from desk import masking
from desk.access.model import Actor
from desk.records import models as m
from desk.records import views
from desk.records.related import Related


def reader(actor: Actor) -> Reader:
    """Somebody at the desk, as records know them."""
    return Reader(role=str(actor.role), user_id=actor.user_id, counsellor_id=actor.counsellor_id)


class Shown:
    """Shows records: first the access log says whose data it is and by which right it is read, then the page gets it."""

    def __init__(self, people: People, audit: AccessLog, related: Related) -> None:
        self._people = people
        self._audit = audit
        self._related = related

    async def one(self, actor: Actor, seen: Seen) -> m.RecordOut:
        """A record."""
        await self._write(actor, [seen])
        return views.record(seen, (await self._links(actor, [seen]))[seen.record.id], await self._number(seen))

    async def several(self, actor: Actor, found: Sequence[Seen]) -> list[m.RecordOut]:
        """A list, without numbers."""
        await self._write(actor, found)
        links = await self._links(actor, found)
        return [views.record(one, links[one.record.id]) for one in found]

    async def about(self, actor: Actor, action: str, person_id: UUID, **detail: str) -> None:
        """Something else of a person is read or done."""
        await self._audit.write(Access(action=action, actor=actor.user_id, about_kind="person", about=str(person_id), detail=detail))

    async def _write(self, actor: Actor, found: Sequence[Seen]) -> None:
        # The gate has said that a record, or a list, was asked for; this says whose data they got to see, and why they may.
        rows = [
            Access(
                action="person_data_read",
                actor=actor.user_id,
                about_kind="person",
                about=str(one.record.person_id or ""),
                detail={"record": str(one.record.id), "task": one.task},
            )
            for one in found
        ]
        if rows:
            await self._audit.write(*rows)

    async def _links(self, actor: Actor, found: Sequence[Seen]) -> Mapping[UUID, list[m.LinkOut]]:
        shown = await self._related.of(actor, [one.record for one in found if Part.LINKS in one.parts])
        return {one.record.id: shown.get(one.record.id, []) for one in found}

    async def _number(self, seen: Seen) -> str | None:
        if seen.record.person_id is None or Part.FACTS not in seen.parts:
            return None
        person = await self._people.get(seen.record.person_id)
        if person is None or person.number is None:
            return None
        return person.number if seen.task == "unmasked" else masking.number(person.number)
