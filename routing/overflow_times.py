"""When somebody outside is to be tried for which of our callers. Pure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from routing.model import OverflowReason
from routing.ordered import Ordered


class OverflowTimes:
    """Our callers by when; those who were not tried yet are due at once when nobody is there."""

    def __init__(self) -> None:
        self._order: Ordered[tuple[datetime, UUID], UUID] = Ordered()
        self._due: dict[UUID, datetime] = {}
        self._untried: dict[UUID, None] = {}

    def __contains__(self, contact_id: UUID) -> bool:
        return contact_id in self._order

    def plan(self, contact_id: UUID, due: datetime, *, untried: bool = False) -> None:
        """Try them then, or earlier if that was planned already."""
        due = min(due, self._due.get(contact_id, due))
        self._due[contact_id] = due
        self._order.add(contact_id, (due, contact_id))
        if untried:
            self._untried[contact_id] = None

    def forget(self, contact_id: UUID) -> None:
        """They are being tried, or it is not ours to try them."""
        self._order.remove(contact_id)
        self._due.pop(contact_id, None)
        self._untried.pop(contact_id, None)

    def due(self, now: datetime, nobody: OverflowReason | None) -> dict[UUID, OverflowReason]:
        """Whose time it is. `nobody`: why nobody has been there for long enough; None: somebody is."""
        due = {} if nobody is None else dict.fromkeys(self._untried, nobody)
        for contact_id in self._order:
            if self._due[contact_id] > now:
                break
            due.setdefault(contact_id, OverflowReason.LONG_WAIT)
        return due
