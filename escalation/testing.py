"""The book of incidents in memory, with the same interface, for tests and for the simulation."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from core.clock import Clock
from core.ids import new_id
from core.settings_escalation import EscalationSettings
from escalation import happenings as h
from escalation import partners_file
from escalation.errors import IncidentOver, UnknownContact, UnknownIncident
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
    ) -> None:
        """`knows`: which contacts exist. `earlier`: the contact whose caller dropped out of a crisis and is called back by this one."""
        self._clock = clock
        self._partners = partners or shipped_partners()
        self._knows = knows
        self._earlier = earlier
        #: Every incident there ever was, by id.
        self.incidents: dict[UUID, Incident] = {}
        #: What happened, in order.
        self.timeline: list[tuple[UUID, h.Happening]] = []
        self._orders: list[Order] = []

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
        self._happen(
            incident_id,
            h.Raised(
                incident_id=incident_id,
                contact_id=contact_id,
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
        attempt_id = new_id()
        dialled = h.Dialled(attempt_id=attempt_id, partner_id=partner.id, leg_id=leg_id(attempt_id), test=self._partners.test_mode)
        self._happen(incident_id, dialled)
        return self._partners.dial(partner, self.incidents[incident_id].attempts[-1])

    def note(self, incident_id: UUID, happening: h.Fact) -> None:
        """See `Book.note`."""
        if incident_id in self.incidents:
            self._happen(incident_id, happening)

    async def open_of(self, contact_id: UUID) -> OpenIncident | None:
        """See `Book.open_of`."""
        incident = self._open(contact_id)
        if incident is None and (earlier := self._earlier(contact_id)) is not None:
            incident = self._open(earlier)
        return None if incident is None else OpenIncident(incident=incident)

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
            contact_id=contact_id,
            incident_id=incident_id,
            at=self._clock.now(),
            partner_id=partner_id,
            counsellor_id=counsellor_id,
        )
        if new:
            self._orders.append(order)
        return order

    async def take_orders(self, owner: UUID) -> tuple[Order, ...]:
        """See `Book.take_orders`: all of them are this owner's."""
        taken, self._orders = tuple(self._orders), []
        return taken

    def decide(self, incident_id: UUID, deed: h.Deed) -> None:
        """What the desk does by `escalation.decisions`. Raises IllegalTransition, UnknownIncident."""
        self._known(incident_id)
        self._happen(incident_id, deed)

    def _open(self, contact_id: UUID) -> Incident | None:
        return next((one for one in self.incidents.values() if one.contact_id == contact_id and not one.over), None)

    def _known(self, incident_id: UUID) -> Incident:
        try:
            return self.incidents[incident_id]
        except KeyError:
            raise UnknownIncident from None

    def _happen(self, incident_id: UUID, happened: h.Happening) -> None:
        self.incidents[incident_id] = advance(self.incidents.get(incident_id), happened, self._clock.now())
        self.timeline.append((incident_id, happened))
