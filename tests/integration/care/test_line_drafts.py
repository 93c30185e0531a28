"""The record of a call through the line, from its first second."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

from core.database import Database
from core.ids import new_id
from core.journal import Journal
from core.phone import normalise
from helpline.recorded_contacts import JOURNAL_STATEMENTS, RecordedContacts
from routing import contacts as contact_rows
from routing.model import ContactState
from tests.integration.care.ward import NUMBER, ward


async def test_a_contact_has_a_draft_before_anybody_answers_and_its_counsellor_after(db: Database, tmp_path: Path) -> None:
    """Entered: a draft with the caller's person; answered: it is the counsellor's. A channel that is known already makes none."""
    here = await ward(db)
    journal = Journal(db, {**contact_rows.JOURNAL_STATEMENTS, **JOURNAL_STATEMENTS}, spool=tmp_path)
    contacts = RecordedContacts(db, journal, here.cipher, here.clock, node="main", worker="w1")

    async def enter(contact_id: UUID) -> bool:
        return await contacts.enter(
            contact_id,
            channel_id="caller-1",
            entry="direct",
            dialled="120",
            language="ko",
            number=normalise(NUMBER),
            at=here.clock.now(),
            state=ContactState.WAITING,
        )

    contact_id = new_id()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(journal.run())
        assert await enter(contact_id)
        assert not await enter(new_id())
        await journal.flush()
        record = await here.book.of_contact(contact_id)
        assert (record.counsellor_id, record.person_id) == (None, await here.people.find(NUMBER))
        contacts.talking(contact_id, here.first, here.clock.now())
        await journal.flush()
        assert (await here.book.of_contact(contact_id)).counsellor_id == here.first
        running.cancel()
