"""The waiting line of one worker: who is next, and to whom a contact must not be offered again for now. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from routing.model import Waiting


class Line:
    """Contacts waiting without an offer, in the order they are served.

    Dropped calls first, then longest wait. A counsellor who just refused a contact is not offered that contact again for
    `refusal_memory`; after that they are, because nobody else may be there and a caller must not wait for ever.
    """

    def __init__(self, refusal_memory: timedelta) -> None:
        self._memory = refusal_memory
        self._waiting: dict[UUID, Waiting] = {}
        self._offered: set[UUID] = set()
        self._refused: dict[UUID, dict[UUID, datetime]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, contact_id: UUID) -> bool:
        return contact_id in self._waiting

    def join(self, contact: Waiting) -> None:
        """Put a contact into the line; joining again replaces its entry and ends its offer."""
        self._waiting[contact.contact_id] = contact
        self._offered.discard(contact.contact_id)

    def leave(self, contact_id: UUID) -> None:
        """Take a contact out, answered or gone; unknown ones are ignored."""
        self._waiting.pop(contact_id, None)
        self._offered.discard(contact_id)
        self._refused.pop(contact_id, None)

    def offered(self, contact_id: UUID) -> None:
        """The contact has a counsellor reserved: it is not offered to a second one."""
        if contact_id in self._waiting:
            self._offered.add(contact_id)

    def refused(self, contact_id: UUID, counsellor_id: UUID, at: datetime) -> None:
        """The offer came to nothing: the contact is next again, for somebody else first."""
        if contact_id in self._waiting:
            self._offered.discard(contact_id)
            self._refused.setdefault(contact_id, {})[counsellor_id] = at

    def returned(self, contact_id: UUID) -> None:
        """The offer was taken back for no fault of the counsellor: the contact is next again, for anybody."""
        self._offered.discard(contact_id)

    def next(self) -> Iterator[Waiting]:
        """Contacts to be offered now, first the one served first."""
        free = [contact for key, contact in self._waiting.items() if key not in self._offered]
        yield from sorted(free, key=lambda contact: (not contact.dropped, contact.since, contact.contact_id))

    def not_now(self, contact_id: UUID, at: datetime) -> list[UUID]:
        """Counsellors to whom this contact must not be offered at this instant."""
        memory = self._refused.get(contact_id, {})
        return [counsellor for counsellor, when in memory.items() if at - when < self._memory]
