"""What is known of a caller before anybody has typed it into the hand-over card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from care.errors import Unknown
from care.people import People
from care.records.book import RecordBook
from care.records.model import Caller


class Known(Protocol):
    """Lines of the card that stand elsewhere."""

    async def of_contact(self, contact_id: UUID) -> Mapping[str, str]:
        """Values by the names of `escalation.card.Person`; empty: nothing. Who asks is in the access log before."""
        ...


class NothingKnown:
    """As long as nothing is."""

    async def of_contact(self, contact_id: UUID) -> Mapping[str, str]:
        """See `Known`."""
        return {}


class FromRecords:
    """The district of the talk's record, and what the caller said of themselves in earlier ones: if they call for themselves."""

    def __init__(self, book: RecordBook, people: People) -> None:
        self._book = book
        self._people = people

    async def of_contact(self, contact_id: UUID) -> Mapping[str, str]:
        """See `Known`."""
        try:
            record = await self._book.of_contact(contact_id)
        except Unknown:
            return {}
        if record.content.caller not in {None, Caller.SELF}:
            return {}
        found: dict[str, str] = {}
        if record.content.district and (word := self._book.words.districts.get(record.content.district)):
            found["district"] = word.ko
        person = await self._people.get(record.person_id) if record.person_id else None
        if person is not None:
            found |= {"name": person.name, "place": person.address}
        return {name: text for name, text in found.items() if text}
