"""A desk at which everybody of every role is signed in, calls that go on, and the line's book of incidents beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from core import alarms as alarm_rows
from core.alarms import Alarms
from core.audit import AccessLog
from core.database import Database
from core.journal import Journal
from core.sealing import load_chain_key
from core.secrets import load_cipher
from core.settings import Settings
from core.settings_escalation import EscalationSettings
from core.testing import ManualClock
from desk.access.model import Role
from desk.events import Events
from desk.incidents.alarms_api import AlarmsApi
from desk.incidents.api import IncidentsApi
from desk.incidents.known import Known
from escalation.book import JOURNAL_STATEMENTS, IncidentBook
from escalation.confirmation import Confirmations
from escalation.model import RaisedBy
from escalation.partners_file import load
from helpline.alarm_delivery.words import words
from tests.integration.care.ward import _CONTACT
from tests.integration.desk.kit import Answer, Browser, Served, served
from tests.integration.routing.rows import add_counsellor

NUMBER = "+821012345678"
#: A slow machine answers late; what is tested is not how late.
PATIENT_S = 30.0
#: A trunk to dial by, and every call goes to the test endpoint.
TEST_MODE = EscalationSettings(trunk="carrier", test_target="PJSIP/test")


class Notes:
    """What stands elsewhere of a caller."""

    async def of_contact(self, contact_id: UUID) -> Mapping[str, str]:
        """See `Known`."""
        return {"district": "도봉구", "name": "김하늘"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crises:
    """The desk, the line's book, and browsers by role; counsellors are `first` and `second`."""

    here: Served
    settings: Settings
    book: IncidentBook
    journal: Journal
    confirmations: Confirmations
    first: UUID
    second: UUID
    by: dict[str, Browser]

    @property
    def db(self) -> Database:
        """The database."""
        return self.here.db

    @property
    def clock(self) -> ManualClock:
        """The clock, to be turned."""
        return self.here.manual

    async def call(self, counsellor: UUID | None = None, number: str | None = NUMBER) -> UUID:
        """A call that somebody has: the first counsellor, if nobody is named."""
        contact_id, cipher = uuid4(), load_cipher(self.settings)
        sealed = (cipher.encrypt(number), cipher.index(number)) if number else (None, None)
        values = {"id": contact_id, "withheld": number is None, "counsellor_id": counsellor or self.first}
        await self.db.execute(_CONTACT, {**values, "cipher": sealed[0], "index": sealed[1]})
        return contact_id

    async def hang_up(self, contact_id: UUID) -> None:
        """The call is over."""
        await self.db.execute(
            text("UPDATE contacts SET outcome = 'talked', ended_at = now(), state = 'ended' WHERE id = :id"), {"id": contact_id}
        )

    async def raised(self, contact_id: UUID | None = None, **more: Any) -> UUID:  # noqa: ANN401 - as the book takes it
        """An incident by the counsellor's key; in a call of the first counsellor's, if none is named."""
        contact_id = contact_id or await self.call()
        raised = await self.book.raise_(contact_id, raised_by=RaisedBy.COUNSELLOR_KEY, **{"counsellor_id": self.first, **more})
        return raised.incident_id

    async def written(self) -> None:
        """What the line had to write."""
        async with asyncio.timeout(60):
            await self.journal.flush()

    async def order(self, incident_id: object, kind: str, *, who: str = "first", attempts: int = 0, **more: object) -> Answer:
        """A button of the board."""
        return await self.by[who].post(f"/api/incidents/{incident_id}/orders", {"kind": kind, "attempts": attempts, **more})

    async def log(self, action: str) -> list[Any]:
        """Rows of the access log."""
        return await self.db.execute(text("SELECT * FROM access_log WHERE action = :action ORDER BY id"), {"action": action})


@asynccontextmanager
async def crises(db: Database, settings: Settings, *, work: bool = False, known: Known | None = None) -> AsyncIterator[Crises]:
    """All of it. `work`: with the desk's tasks."""
    settings = settings.model_copy(update={"escalation": TEST_MODE})
    clock = ManualClock()
    events, audit = Events(db, clock), AccessLog(db, clock, load_chain_key(settings))
    incidents = IncidentsApi(settings, db, clock, audit, events, known=known or Notes())
    alarms = AlarmsApi(db, clock, events, words)
    first, second = await add_counsellor(db, "101"), await add_counsellor(db, "102")
    journal = Journal(db, {**JOURNAL_STATEMENTS, **alarm_rows.JOURNAL_STATEMENTS}, spool=Path(settings.data_dir) / "journal")
    book = IncidentBook(
        db, journal, clock, load(settings.escalation), Alarms(journal, clock), raise_within_s=PATIENT_S, dial_within_s=PATIENT_S
    )
    work_of_ours = {"journal": journal.run(), **(incidents.work() if work else {})}
    tasks = [asyncio.create_task(one, name=name) for name, one in work_of_ours.items()]
    try:
        async with served(db, settings, clock=clock, apis=(incidents, alarms), work=work) as here, AsyncExitStack() as stack:
            by = {}
            for name, role, counsellor in (
                ("first", Role.COUNSELLOR, first),
                ("second", Role.COUNSELLOR, second),
                *((str(role), role, None) for role in Role if role is not Role.COUNSELLOR),
            ):
                await here.person(name, role, counsellor=counsellor)
                by[name] = await stack.enter_async_context(here.browser())
                assert (await by[name].sign_in(name)).status == 200
            yield Crises(
                here=here,
                settings=settings,
                book=book,
                journal=journal,
                confirmations=Confirmations(db, clock, settings.escalation),
                first=first,
                second=second,
                by=by,
            )
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
