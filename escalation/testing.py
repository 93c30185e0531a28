"""The book of incidents in memory, with the same interface, for tests and for the simulation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Self
from uuid import UUID

from core.clock import Clock
from core.ids import new_id
from core.settings_escalation import EscalationSettings
from escalation import happenings as h
from escalation import partners_file
from escalation.errors import CallElsewhere, IncidentOver, UnknownContact, UnknownIncident
from escalation.incident import advance
from escalation.model import Danger, Dial, Incident, OpenIncident, Order, OrderKind, Raised, RaisedBy
from escalation.partners import Partners

#: A trunk by this name is all that the partners of a test need.
TEST_TRUNK = "carrier"


def shipped_partners(settings: EscalationSettings | None = None) -> Partners:
    """112, 119, 109 and 1577-0199, dialled by the trunk `carrier`."""
    return partners_file.load(settings or EscalationSettings(trunk=TEST_TRUNK))


def leg_id(attempt_id: UUID) -> str:
    """The leg of an attempt."""
    return f"crisis-{attempt_id}"


class MemoryBook:
    """See `escalation.ports.Book`."""

    def __init__(
        self,
        clock: Clock,
        partners: Partners | None = None,
        *,
        knows: Callable[[UUID], bool] = lambda _: True,
        earlier: Callable[[UUID], UUID | None] = lambda _: None,
        owner: Callable[[UUID], UUID | None] = lambda _: None,
        ended: Callable[[UUID], bool] = lambda _: False,
        same_caller: Callable[[UUID, UUID], bool] = lambda _contact_id, _other: False,
    ) -> None:
        """`knows`: which contacts exist. `earlier`: the contact whose caller dropped out of a crisis and is called back by this one.

        `owner`: whose a contact is (None: anybody's); `ended`: whether it is over; `same_caller`: whether two are of one number. A process has a book of its own, by `of`.
        """
        self._clock = clock
        self._partners = partners or shipped_partners()
        self._knows = knows
        self._earlier = earlier
        self._owner = owner
        self._ended = ended
        self._same_caller = same_caller
        #: Whose view this is; None: everybody's.
        self.writer: UUID | None = None
        #: The contact by which the writer has an incident.
        self.by: dict[UUID, UUID] = {}
        #: Every incident there ever was, by id.
        self.incidents: dict[UUID, Incident] = {}
        #: What happened, in order.
        self.timeline: list[tuple[UUID, h.Happening]] = []
        #: What was said of calls that another process had by then: it changed nothing.
        self.late: list[tuple[UUID, h.Happening]] = []
        self._orders: list[Order] = []

    def of(self, writer: UUID) -> Self:
        """The same book, as a process has it; `writer` is its `Journal.id`."""
        book = copy.copy(self)
        book.writer, book.by = writer, {}
        return book

    async def raise_(
        self,
        contact_id: UUID,
        *,
        raised_by: RaisedBy,
        counsellor_id: UUID | None = None,
        danger: Danger | None = None,
        proposed: bool = False,
        third_party: bool = False,
    ) -> Raised:
        """See `Book.raise_`."""
        if not self._knows(contact_id):
            raise UnknownContact
        before = self._open(contact_id)
        incident_id = before.id if before else new_id()
        self.by[incident_id] = contact_id
        self._happen(
            incident_id,
            h.Raised(
                incident_id=incident_id,
                contact_id=before.contact_id if before else contact_id,
                raised_by=raised_by,
                counsellor_id=counsellor_id,
                danger=danger,
                proposed=proposed,
                third_party=third_party,
            ),
        )
        return Raised(incident_id=incident_id, new=before is None or (before.proposed and not proposed))

    async def next_attempt(self, incident_id: UUID, partner_id: str | None = None) -> Dial | None:
        """See `Book.next_attempt`."""
        incident = self._known(incident_id)
        if incident.over:
            raise IncidentOver
        partner = self._partners.next(incident, self._clock.now(), partner_id)
        if partner is None:
            self._happen(incident_id, h.NobodyLeft())
            return None
        contact_id = self.by.get(incident_id, incident.contact_id)
        if self._ended(contact_id) or not self._ours(contact_id):
            raise CallElsewhere
        attempt_id = new_id()
        dialled = h.Dialled(attempt_id=attempt_id, partner_id=partner.id, leg_id=leg_id(attempt_id), test=self._partners.test_mode)
        self._happen(incident_id, dialled)
        return self._partners.dial(partner, self.incidents[incident_id].attempts[-1])

    def note(self, incident_id: UUID, happening: h.Fact) -> None:
        """See `Book.note`."""
        if (incident := self.incidents.get(incident_id)) is None:
            return
        if isinstance(happening, h.Described | h.Redialled) or self._ours(self.by.get(incident_id, incident.contact_id)):
            self._happen(incident_id, happening)
        else:
            self.late.append((incident_id, happening))

    async def open_of(self, contact_id: UUID, *, earlier: UUID | None = None) -> OpenIncident | None:
        """See `Book.open_of`."""
        if (incident := self._open(earlier or contact_id)) is None:
            return None
        self.by[incident.id] = contact_id
        return OpenIncident(incident=incident)

    async def dropped(self, contact_id: UUID) -> UUID | None:
        """See `Book.dropped`."""
        for one in reversed(self.incidents.values()):
            other, open_ = one.contact_id, not (one.over or one.proposed)
            left = self._ended(other) or one.caller_gone_at is not None
            if open_ and left and other != contact_id and self._same_caller(contact_id, other):
                return other
        return None

    async def order(
        self,
        kind: OrderKind,
        contact_id: UUID,
        *,
        counsellor_id: UUID | None = None,
        partner_id: str | None = None,
        danger: Danger | None = None,
        third_party: bool = False,
        raised_by: RaisedBy = RaisedBy.COUNSELLOR_DESK,
    ) -> Order:
        """See `Book.order`."""
        if partner_id is not None:
            self._partners.get(partner_id)
        new = True
        if kind is OrderKind.RAISE:
            raised = await self.raise_(contact_id, raised_by=raised_by, counsellor_id=counsellor_id, danger=danger, third_party=third_party)
            incident_id, new = raised.incident_id, raised.new
        elif (incident := self._open(contact_id)) is not None:
            incident_id = incident.id
        else:
            raise UnknownIncident("nothing is open in this contact")
        order = Order(
            id=new_id(),
            kind=kind,
            contact_id=self.incidents[incident_id].contact_id,
            incident_id=incident_id,
            at=self._clock.now(),
            partner_id=partner_id,
            counsellor_id=counsellor_id,
        )
        if new:
            self._orders.append(order)
        return order

    async def take_orders(self, owner: UUID) -> tuple[Order, ...]:
        """See `Book.take_orders`."""
        taken = tuple(one for one in self._orders if self._owner(one.contact_id) in (None, owner) or self._ended(one.contact_id))
        self._orders[:] = [one for one in self._orders if one not in taken]
        return taken

    def decide(self, incident_id: UUID, deed: h.Deed) -> None:
        """What the desk does by `escalation.decisions`. Raises IllegalTransition, UnknownIncident."""
        self._known(incident_id)
        self._happen(incident_id, deed)

    def _open(self, contact_id: UUID) -> Incident | None:
        found = next((one for one in self.incidents.values() if one.contact_id == contact_id and not one.over), None)
        if found is None and (earlier := self._earlier(contact_id)) is not None:
            return self._open(earlier)
        return found

    def _ours(self, contact_id: UUID) -> bool:
        return self.writer is None or self._owner(contact_id) in (None, self.writer)

    def _known(self, incident_id: UUID) -> Incident:
        try:
            return self.incidents[incident_id]
        except KeyError:
            raise UnknownIncident from None

    def _happen(self, incident_id: UUID, happened: h.Happening) -> None:
        self.incidents[incident_id] = advance(self.incidents.get(incident_id), happened, self._clock.now())
        self.timeline.append((incident_id, happened))
