"""Leg rows: every channel of a contact with its times and its hang-up cause. Written through the journal."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Executable, bindparam, update
from sqlalchemy.dialects.postgresql import insert

from core.clock import Clock
from core.journal import Journal
from ivr.tables import legs

JOURNAL_STATEMENTS: Mapping[str, Executable] = {
    # An adopted leg may have its row already.
    "leg_made": insert(legs).on_conflict_do_nothing(),
    "leg_answered": update(legs)
    .where(legs.c.id == bindparam("leg_id"), legs.c.answered_at.is_(None))
    .values(answered_at=bindparam("at_time")),
    "leg_ended": update(legs)
    .where(legs.c.id == bindparam("leg_id"), legs.c.ended_at.is_(None))
    .values(ended_at=bindparam("at_time"), cause=bindparam("q850")),
}


class LegBook:
    """Notes what becomes of legs."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def made(self, leg_id: str, contact_id: UUID, kind: str, counsellor_id: UUID | None = None) -> None:
        """A leg exists: `caller`, `counsellor` or `dasan`."""
        row = {"id": leg_id, "contact_id": contact_id, "kind": kind, "counsellor_id": counsellor_id, "created_at": self._clock.now()}
        self._journal.add("leg_made", {**row, "answered_at": None, "ended_at": None, "cause": None})

    def answered(self, leg_id: str) -> None:
        """The leg is up."""
        self._journal.add("leg_answered", {"leg_id": leg_id, "at_time": self._clock.now()})

    def ended(self, leg_id: str, cause: int | None = None) -> None:
        """The leg is no more; `cause` as in Q.850, None where nobody saw it."""
        self._journal.add("leg_ended", {"leg_id": leg_id, "at_time": self._clock.now(), "q850": cause})
