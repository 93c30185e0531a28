"""The book of incidents as the telephone and the desk see it: `escalation.book` on PostgreSQL, `escalation.testing` in memory."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from escalation import happenings as h
from escalation.model import Danger, Dial, OpenIncident, Order, OrderKind, Raised, RaisedBy


class Book(Protocol):
    """Incidents of the contacts of this process. A contact has at most one that is open."""

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
        """Durable when it returns, within `RAISE_WITHIN_S`; if the database is away or slow, in the journal.

        A contact by which somebody is back who dropped out of a crisis has the incident of that crisis.

        Pressed again, by whomever: the same incident, `new` False. A press on a proposal makes it real: `new` True. Also for a contact that
        has ended. Raises UnknownContact (where the database can tell).
        """
        ...

    async def next_attempt(self, incident_id: UUID, partner_id: str | None = None) -> Dial | None:
        """Whom to dial now; the attempt's row is committed (within `DIAL_WITHIN_S`; else in the journal) before this returns.

        Without `partner_id`: the next of the chain who was not tried in this round. None: nobody is left. That is noted then (`NobodyLeft`)
        and alarmed by the book; a later call begins another round. With one: that partner, out of turn.
        Raises UnknownPartner (not in the partners file, or no trunk for it), PartnerOnThePhone, IncidentOver, UnknownIncident,
        CallElsewhere (another process has the contact, or it is over).
        """
        ...

    def note(self, incident_id: UUID, happening: h.Fact) -> None:
        """Write down what happened, in order. Never blocks, never fails; late or doubled ones are kept in the timeline and change nothing.

        So are those of a process whose contact another one has by now.
        """
        ...

    async def open_of(self, contact_id: UUID, *, earlier: UUID | None = None) -> OpenIncident | None:
        """The open incident of a contact, with its attempts: for whoever takes a call over, who writes in the name of this contact from then on.

        Also of one by which somebody is back who dropped out; `earlier`: the contact that this one goes on from, if that is not on record
        yet. Raises DatabaseUnavailable if it can't be known.
        """
        ...

    async def dropped(self, contact_id: UUID) -> UUID | None:
        """The contact in whose crisis this one's caller was, by their number, before they dropped out of it; None also where it can't be known.

        Not of a proposal. Takes no longer than raising a crisis does.
        """
        ...

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
        """Ask the process that has the call; committed when it returns, then announced on `INCIDENT_ORDERS`.

        RAISE makes the incident itself in the same transaction (one that is open already: no second order is written, its id is returned).
        Raises UnknownContact, UnknownIncident (nothing is open there), UnknownPartner, DatabaseUnavailable.
        """
        ...

    async def take_orders(self, owner: UUID) -> tuple[Order, ...]:
        """Orders for contacts of this owner (the process's `Journal.id`), oldest first; each is given once. Raises DatabaseUnavailable."""
        ...
