"""The side of the books of one call between somebody of ours and a person: it becomes a contact when it becomes a crisis, and not before."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol
from uuid import UUID

from core.alarms import AlarmKind
from escalation.errors import UnknownContact
from escalation.model import Incident
from ivr import commands as m
from ivr.crisis_books import CrisisBooks, call_again
from ivr.happenings import Happening
from ivr.linked.commands import BookCommand, CallAgain
from ivr.services import Services

#: The database came back between the contact and the incident so often.
TRIES = 3


class LinkedContacts(Protocol):
    """Such calls as contacts; an order's id is the contact's. The line neither counts nor offers them."""

    async def enter(self, order_id: UUID) -> None:
        """It is a contact from here on, ours; committed, or in the journal before whatever is written next. Does not fail."""
        ...

    async def adopt(self) -> frozenset[UUID]:
        """Those of an earlier run of this process that are not over; ours from now on. Raises DatabaseError."""
        ...

    async def claim(self, order_ids: Collection[UUID]) -> None:
        """Those of them that are contacts are ours, whoever entered them: what the desk orders comes to us.

        What somebody entered whose call is over is over. Raises DatabaseError.
        """
        ...

    def ended(self, order_id: UUID) -> None:
        """It is over. Never blocks."""
        ...


class LinkedBooks(CrisisBooks):
    """See the module."""

    def __init__(
        self, order_id: UUID, services: Services, post: Callable[[Happening], None], contacts: LinkedContacts | None, language: str
    ) -> None:
        """`language`: in which the person is called back."""
        super().__init__(order_id, services, post)
        self._contacts = contacts
        self._language = language
        self._entered = False

    def resume(self, incident: Incident) -> None:
        """See `CrisisBooks.resume`; the contact is on record, too."""
        self._entered = True
        super().resume(incident)

    def carry_out(self, command: BookCommand) -> None:
        """Carry out one command. Never blocks."""
        services = self._services
        match command:
            case m.Note(kind=kind, detail=detail):
                if self._entered:
                    services.contacts.note(self.contact_id, kind, detail)
            case m.Alarm(kind=kind, detail=detail):
                services.alarms.raise_(AlarmKind(kind), about=self.incident_id or self.contact_id, detail=detail)
            case CallAgain():
                again = call_again(services, self.contact_id, None, self._language, self.incident_id)
                services.spawn(again, f"redial {self.contact_id}")
            case m.RaiseIncident() | m.AskPartner() | m.IncidentNote():
                self.do(command)

    def handed_on(self) -> None:
        """The person goes on in the line, and contact and incident with them."""
        self.over, self._entered = True, False

    def close(self) -> None:
        """The call is over."""
        self.over = True
        if self._entered and self._contacts is not None:
            self._contacts.ended(self.contact_id)

    async def _raise(self, by: str, counsellor: UUID | None, *, proposed: bool = False) -> UUID:
        left = TRIES
        while True:
            left -= 1
            if not self._entered and self._contacts is not None:
                await self._contacts.enter(self.contact_id)
            try:
                incident = await super()._raise(by, counsellor, proposed=proposed)
            except UnknownContact:
                if not left:
                    raise
            else:
                self._entered = True
                if self.over:
                    self.close()
                return incident
