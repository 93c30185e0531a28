"""A process with a book of incidents over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Executable, text

from core import alarms as alarm_rows
from core.alarms import Alarms
from core.clock import Clock, SystemClock
from core.database import Database
from core.journal import Journal
from core.settings_escalation import EscalationSettings
from escalation.book import JOURNAL_STATEMENTS, IncidentBook
from escalation.testing import shipped_partners
from tests.integration.routing.rows import add_contact

STATEMENTS: dict[str, Executable] = {**JOURNAL_STATEMENTS, **alarm_rows.JOURNAL_STATEMENTS}
#: A slow machine answers late; what is tested is not how late.
PATIENT_S = 30.0


@dataclass
class Process:
    """One program: its book and its journal."""

    book: IncidentBook
    journal: Journal
    task: asyncio.Task[None] | None

    async def written(self) -> None:
        """What it had to write."""
        async with asyncio.timeout(60):
            await self.journal.flush()

    async def die(self) -> None:
        """As by kill -9: nothing more is written."""
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task
            self.task = None


@dataclass
class Crises:
    """Processes over one database."""

    db: Database
    folder: Path
    processes: list[Process] = field(default_factory=list)

    async def contact(self, owner: UUID | None = None) -> UUID:
        """A caller."""
        contact_id = await add_contact(self.db)
        if owner is not None:
            await self.db.execute(text("UPDATE contacts SET owner = :owner WHERE id = :id"), {"owner": owner, "id": contact_id})
        return contact_id

    def process(
        self,
        *,
        db: Database | None = None,
        clock: Clock | None = None,
        within_s: float = PATIENT_S,
        settings: EscalationSettings | None = None,
        writes: bool = True,
    ) -> Process:
        """Another program. `writes` False: its journal never comes to it."""
        clock = clock or SystemClock()
        database = db or self.db
        journal = Journal(database, STATEMENTS, spool=self.folder / f"process-{len(self.processes)}")
        book = IncidentBook(
            database,
            journal,
            clock,
            shipped_partners(settings),
            Alarms(journal, clock),
            raise_within_s=within_s,
            dial_within_s=within_s,
        )
        made = Process(book=book, journal=journal, task=asyncio.create_task(journal.run(), name="journal") if writes else None)
        self.processes.append(made)
        return made

    async def alarms(self, about: UUID | None = None) -> list[str]:
        """Kinds of the alarms, in order."""
        rows = await self.db.execute(text("SELECT kind, about FROM alarms ORDER BY at, id"))
        return [row.kind for row in rows if about in {None, row.about}]


@pytest.fixture
async def crises(db: Database, tmp_path: Path) -> AsyncIterator[Crises]:
    """Nothing has happened yet."""
    found = Crises(db=db, folder=tmp_path)
    yield found
    for process in found.processes:
        await process.die()
