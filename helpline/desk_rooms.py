"""The rooms of the desk that have to do with people's cases, put together: incidents, records, checklists, reports, directory, centre, companions.

The desk hands in what it has (database, events, access log); keys come from the settings. What rings a telephone runs beside the calls and is
not here.
"""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Mapping
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, text

from care.checklists import results
from care.checklists.results import Results
from care.directory.directory import Directory
from care.records.reading import Reader
from care.reports import reports
from care.reports.reports import Reports
from care.reports.traces import load_traces
from core.alarms import Alarms
from core.audit import AccessLog
from core.clock import Clock
from core.database import Database
from core.journal import Journal
from core.sealing import load_sealer
from core.secrets import load_cipher
from core.settings import Settings
from desk.centre.room import CentreRoom
from desk.checklists.api import ChecklistsApi
from desk.companions.room import CompanionsRoom
from desk.directory.api import DirectoryApi
from desk.events import Events
from desk.incidents.alarms_api import AlarmsApi
from desk.incidents.api import IncidentsApi
from desk.incidents.known import FromRecords
from desk.records.api import RecordsApi
from desk.reports.api import ReportsApi
from desk.routes import Route
from escalation.centre.texts import PURPOSE as CENTRE_TEXTS
from escalation.centre.texts import Texts
from escalation.centre.transfers import TransferDesk
from escalation.ledger import Ledger
from escalation.orders import Orders
from escalation.proposals import CrisisProposals
from helpline import case_files, keeping
from helpline.alarm_delivery import words
from helpline.crises_beside import BesideCrises
from shifts.tables import extra_holidays

_USER = bindparam("user_id", type_=Uuid)
# Whose case is open at the centre, and who is accompanied by whom: by their number, since a referral can be older than a person's row.
_OF_CENTRE = text(
    """
    SELECT DISTINCT p.id FROM referrals r JOIN care_people p ON p.number_index = r.number_index
    WHERE r.state IN ('waiting', 'live', 'claimed', 'in_contact', 'in_counselling', 'reopened')
    """
)
_OF_COMPANION = text(
    """
    SELECT DISTINCT p.id FROM companion_supports s JOIN companions c ON c.id = s.companion_id
    JOIN referrals r ON r.id = s.referral_id JOIN care_people p ON p.number_index = r.number_index
    WHERE c.user_id = :user_id AND s.state IN ('active', 'paused')
    """
).bindparams(_USER)


class ReferredPeople:
    """Whose records the centre and companions may see something of: `care.records.reading.Referred`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def people(self, reader: Reader) -> frozenset[UUID]:
        """See `Referred.people`."""
        if reader.role == "centre":
            rows = await self._db.execute(_OF_CENTRE)
        elif reader.role == "companion":
            rows = await self._db.execute(_OF_COMPANION, {"user_id": reader.user_id})
        else:
            return frozenset()
        return frozenset(row.id for row in rows)


class Room(Protocol):
    """One of them."""

    def routes(self) -> list[Route]:
        """Its lines of the route table."""
        ...


class CaseRooms:
    """All of them. Raises SecretsError, and SettingsError with everything that is wrong in the files that they go by."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, events: Events, audit: AccessLog, journal: Journal) -> None:
        self._events = events
        files = case_files.load(settings)
        cipher, crises = load_cipher(settings), CrisisProposals(db, clock)

        async def extra() -> Collection[date]:
            return [row.day for row in await db.execute(select(extra_holidays.c.day))]

        self.records = RecordsApi(
            settings, db, clock, audit, referred=ReferredPeople(db), rooms=keeping.rooms(settings, db, clock),
            rules=files.retention, words=files.words,
        )  # fmt: skip
        known = FromRecords(self.records.book, self.records.people)
        self.incidents = IncidentsApi(
            settings, db, clock, audit, events, partners=files.partners, known=known, direct_line=settings.line.caller_id,
        )  # fmt: skip
        beside = BesideCrises(db, clock, Orders(db, clock, files.partners))
        self.centre = CentreRoom(
            db, clock, cipher, Texts(load_sealer(settings, CENTRE_TEXTS)), Ledger(db, clock, audit), files.centre,
            transfer=TransferDesk(db, clock), crises=beside,
        )  # fmt: skip
        checklists = Results(db, clock, load_sealer(settings, results.PURPOSE), files.checklists, crises)
        isolation = Reports(db, clock, load_sealer(settings, reports.PURPOSE), load_traces(settings), crises)
        self._rooms: tuple[Room, ...] = (
            self.incidents,
            AlarmsApi(db, clock, events, words.words),
            self.records,
            ChecklistsApi(checklists, clock),
            ReportsApi(isolation, events, clock),
            DirectoryApi(Directory(db, clock), clock, extra=extra),
            self.centre,
            CompanionsRoom(db, clock, cipher, Alarms(journal, clock), self.centre, beside),
        )

    def routes(self) -> list[Route]:
        """See each."""
        return [route for room in self._rooms for route in room.routes()]

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks."""
        return {**self.incidents.work(), **self.records.work(), **self.centre.work(self._events)}
