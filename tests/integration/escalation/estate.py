"""Somebody of whom every room keeps something, on a real PostgreSQL; and the keeping over all rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, Uuid, bindparam, text

from care import retention
from care.checklists.keeping import ChecklistKeeping
from care.checklists.loading import load
from care.checklists.records import Decision, Sheet, Viewer
from care.checklists.results import Results
from care.keeping import Keeping
from care.people import People
from care.plans.book import PlanBook
from care.records.book import RecordBook
from care.records.model import Caller, Content, Kind
from care.reports.keeping import ReportKeeping
from care.reports.model import NewReport, Outcome, Relation, Reporter, Sign, Subject, Urgency
from care.reports.reports import Reports
from care.reports.traces import Traces
from core.database import Database
from core.ids import new_id
from core.sealing import Sealer
from escalation.centre.case import NoteKind
from escalation.centre.keeping import CentreKeeping
from escalation.centre.model import Outcome as CaseOutcome
from escalation.centre.model import Permission, Recipient
from escalation.centre.model import Urgency as CaseUrgency
from escalation.centre.referrals import Person
from escalation.companions.keeping import CompanionKeeping
from escalation.companions.model import Companion, EndReason, Times
from escalation.companions.people import People as Companions
from escalation.companions.supports import Supports
from escalation.decisions import Decisions
from escalation.facts import FactBook
from escalation.keeping import CrisisKeeping
from escalation.model import CloseReason
from tests.integration.care.rooms import Taken
from tests.integration.escalation.centre.kit import COUNSELLOR, Centre, centre

_KEYS = {"k": bytes(range(32))}
_CONTACT = text(
    "INSERT INTO contacts (id, node, worker, channel_id, entry, withheld, state, entered_at, number_cipher, number_index, outcome, ended_at) "
    "VALUES (:id, 'main', 'w1', CAST(:id AS text), 'menu', false, 'ended', now(), :cipher, :index, 'talked', now())"
).bindparams(bindparam("id", type_=Uuid), *(bindparam(name, type_=LargeBinary) for name in ("cipher", "index")))
_INCIDENT = text(
    "INSERT INTO incidents (id, contact_id, raised_at, raised_by, state, counsellor_id) VALUES (:id, :contact, :at, 'api', 'raised', NULL)"
).bindparams(*(bindparam(name, type_=Uuid) for name in ("id", "contact")))
ME = Viewer(user_id=COUNSELLOR, sees_all=True)
SUBJECT_NUMBER, SUBJECT = "+821055556666", "이웃집 어르신"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What there is of somebody."""

    person: UUID
    contact: UUID
    record: UUID
    incident: UUID
    referral: UUID
    staff: UUID
    support: UUID
    reported: UUID
    about: UUID
    sheet: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """The rooms."""

    house: Centre
    people: People
    book: RecordBook
    facts: FactBook
    decisions: Decisions
    supports: Supports
    companions: Companions
    reports: Reports
    results: Results
    keeping: Keeping
    witnessed: list[Mapping[str, str | int]]

    @property
    def db(self) -> Database:
        """What all of it stands in."""
        return self.house.db

    async def call(self, number: str) -> UUID:
        """A call that is over."""
        contact, cipher = new_id(), self.house.cipher
        await self.db.execute(_CONTACT, {"id": contact, "cipher": cipher.encrypt(number), "index": cipher.index(number)})
        return contact

    async def report(self, subject: str, subject_number: str, *, reporter: Reporter | None = None, contact: UUID | None = None) -> UUID:
        """Somebody tells of somebody."""
        told = Subject(name=subject, number=subject_number, whereabouts=f"{subject} 집", noticed="우편물이 쌓임", district="gangbuk")
        new = NewReport(
            id=uuid4(), urgency=Urgency.TODAY, signs=frozenset({Sign.NOT_SEEN}), subject=told, reporter=reporter, contact_id=contact
        )  # fmt: skip
        made, _ = await self.reports.make(new, COUNSELLOR)
        return made.listed.id

    async def lived(self, name: str, number: str) -> Life:
        """A call with a record, a crisis, a checklist, a report of somebody else; a case with a companion; somebody reported them. All open."""
        contact, house = await self.call(number), self.house
        record = await self.book.open(contact)
        content = Content(kinds=frozenset({Kind.LONELINESS}), caller=Caller.SELF, text=f"{name} 혼자 지냄")
        await self.book.save(record, content, version=0, by=COUNSELLOR)
        person = await self.people.of_number(number)
        incident = new_id()
        await self.db.execute(_INCIDENT, {"id": incident, "contact": contact, "at": house.clock.now()})
        await self.facts.tell(incident, {"name": name, "place": f"{name} 집"}, by=COUNSELLOR)
        sheet = Sheet(id=uuid4(), instrument="ucla3", version="1", form="full", contact_id=contact, answers={"companionship": 3}, note=name)
        await self.results.save(sheet, ME)
        await self.results.decide(sheet.id, Decision.OTHERWISE, f"{name} 원하지 않음", ME)
        told_by = Reporter(relation=Relation.NEIGHBOUR, name=name, number=number, how_they_know="옆집")
        reported = await self.report(SUBJECT, SUBJECT_NUMBER, reporter=told_by, contact=contact)
        about = await self.report(name, number, reporter=replace(told_by, name="다른 사람", number="+821044443333"))
        case = await house.referrals.propose(
            Person(name=name, number=number), reason=f"{name} 끼니를 거름", urgency=CaseUrgency.SOON, by=COUNSELLOR, contact_id=contact
        )  # fmt: skip
        staff = await house.staff.add("안나", extension=number[-3:], user_id=uuid4())
        await house.referrals.answered(case.id, house.consent(), Permission(may_call=True, may_say_who=True, shared_phone=False))
        await house.referrals.send(case.id, by=COUNSELLOR)
        await house.referrals.claim(case.id, staff, by=None)
        await house.casework.note(case.id, NoteKind.NOTE, f"{name} 심층상담", by=None)
        await house.casework.service_consent(case.id, house.consent(to=Recipient.COMPANIONS, name="외로움돌봄동행단"))
        return Life(
            person=person, contact=contact, record=record, incident=incident, referral=case.id, staff=staff, reported=reported, about=about,
            sheet=sheet.id, support=await self.accompanied(case.id, name),
        )  # fmt: skip

    async def accompanied(self, referral: UUID, name: str) -> UUID:
        """With a note."""
        times = (Times(weekday=1, starts=time(18), ends=time(21)),)
        companion = await self.companions.add(Companion(id=new_id(), name="다솜", districts=frozenset(), times=times), "+821099998888")
        support = await self.supports.offer(referral, companion, Permission(may_call=True), by=COUNSELLOR)
        await self.supports.accept(support, by=None)
        await self.supports.note(support, f"{name} 산책", by=None)
        return support

    async def over(self, life: Life) -> None:
        """Everything is done with."""
        await self.decisions.close(life.incident, by=COUNSELLOR, reason=CloseReason.OTHER, text="집에 잘 있음")
        await self.supports.end(life.support, EndReason.GOAL_REACHED, by=None)
        await self.house.referrals.close(life.referral, CaseOutcome.RELIEVED, "끝", staff_id=life.staff, by=None)
        for report in (life.reported, life.about):
            await self.reports.close(report, COUNSELLOR, Outcome.SUPPORTED, "다녀옴")

    async def sealed(self) -> set[bytes]:
        """Every sealed text, key and keyed hash in the database, but those of the chain and of proofs."""
        found: set[bytes] = set()
        columns = text(
            "SELECT table_name AS named, column_name AS part FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name NOT IN ('access_log', 'access_log_head', 'care_deletions')"
        )
        for row in await self.db.execute(columns):
            found |= {
                bytes(one[0]) for one in await self.db.execute(text(f'SELECT "{row.part}" FROM {row.named} WHERE "{row.part}" IS NOT NULL'))
            }
        return found


def estate(db: Database, folder: Path, *, erasable: bool = True) -> Estate:
    """An empty one. `erasable`: also what the shipped rules keep by law."""
    house = centre(db, folder)
    clock, index_key, taken = house.clock, bytes(32), Taken()
    reports_sealer, checklists_sealer = Sealer(_KEYS, "isolation report"), Sealer(_KEYS, "checklist")
    people, book = People(db, clock, house.cipher, Sealer(_KEYS, "person")), RecordBook(db, clock, Sealer(_KEYS, "consultation record"))
    facts, decisions = FactBook(db, clock, Sealer(_KEYS, "incident facts")), Decisions(db, clock, Sealer(_KEYS, "incident"))
    rules = {one: replace(rule, erasable=rule.erasable or erasable) for one, rule in retention.shipped().items()}
    witnessed: list[Mapping[str, str | int]] = []

    async def witness(detail: Mapping[str, str | int]) -> None:
        witnessed.append(detail)

    return Estate(
        house=house, people=people, book=book, facts=facts, decisions=decisions, witnessed=witnessed,
        supports=Supports(db, clock, house.texts, house.ledger), companions=Companions(db, clock, house.cipher),
        reports=Reports(db, clock, reports_sealer, Traces(index_key), taken), results=Results(db, clock, checklists_sealer, load(), taken),
        keeping=Keeping(
            db, clock, rules, people=people, book=book, plans=PlanBook(db, clock, Sealer(_KEYS, "plan of a caller")), witness=witness,
            rooms=(
                CrisisKeeping(db, facts, decisions), CompanionKeeping(db, house.texts), CentreKeeping(db, house.reading),
                ReportKeeping(db, reports_sealer, Traces(index_key)), ChecklistKeeping(db, checklists_sealer),
            ),
        ),
    )  # fmt: skip


LATER = timedelta(days=6 * 366).total_seconds()
