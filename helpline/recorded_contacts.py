"""Contacts whose record of consultation exists from their first second on, and knows its counsellor as soon as one answers.

The line writes no records: both go through its journal, behind what it writes itself.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from care.records.book import draft_of
from care.records.statements import JOURNAL_STATEMENTS
from core.phone import Number
from routing.contacts import Contacts
from routing.model import ContactState, Lane

__all__ = ["JOURNAL_STATEMENTS", "RecordedContacts"]


class RecordedContacts(Contacts):
    """See the module. Its journal must know `JOURNAL_STATEMENTS`."""

    async def enter(
        self,
        contact_id: UUID,
        *,
        channel_id: str,
        entry: str,
        dialled: str,
        language: str,
        number: Number,
        at: datetime,
        state: ContactState,
    ) -> bool:
        """See `Contacts.enter`."""
        new = await super().enter(
            contact_id, channel_id=channel_id, entry=entry, dialled=dialled, language=language, number=number, at=at, state=state
        )
        if new:
            self._draft(contact_id)
        return new

    async def enter_callback(
        self,
        contact_id: UUID,
        *,
        callback_id: UUID,
        channel_id: str,
        language: str,
        number: str,
        virtual_start: datetime,
        lane: Lane,
        at: datetime,
    ) -> None:
        """See `Contacts.enter_callback`."""
        await super().enter_callback(
            contact_id,
            callback_id=callback_id,
            channel_id=channel_id,
            language=language,
            number=number,
            virtual_start=virtual_start,
            lane=lane,
            at=at,
        )
        self._draft(contact_id)

    def talking(self, contact_id: UUID, counsellor_id: UUID, at: datetime) -> None:
        """See `Contacts.talking`."""
        super().talking(contact_id, counsellor_id, at)
        self._draft(contact_id, counsellor_id)

    def _draft(self, contact_id: UUID, counsellor_id: UUID | None = None) -> None:
        self._journal.add("care_draft", draft_of(contact_id, self._clock.now(), counsellor_id))
