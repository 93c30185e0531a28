"""What became of transfers to the centre, kept until it is on record: the calls note it, one task writes it (`ivr.transfer_orders`)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

from escalation.centre.model import PutThrough
from ivr.commands import TransferNote


class TransferNotes:
    """Notes in their order, by the order of the desk that they belong to. Never blocks."""

    def __init__(self) -> None:
        #: Set when there is something to be written, or to be looked for.
        self.told = asyncio.Event()
        self._notes: dict[UUID, list[PutThrough | None]] = {}

    @property
    def waiting(self) -> Collection[UUID]:
        """Orders of which something is not written yet."""
        return list(self._notes)

    def add(self, note: TransferNote) -> None:
        """Something happened."""
        self._notes.setdefault(note.order, []).append(note.ended)
        self.told.set()

    def first(self, order: UUID) -> PutThrough | None:
        """What is to be written next of an order that waits; None: they are together."""
        return self._notes[order][0]

    def written(self, order: UUID) -> None:
        """The first one is on record."""
        notes = self._notes[order]
        del notes[0]
        if not notes:
            del self._notes[order]
