"""A centre on a real PostgreSQL: its books, two members of staff, a caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from core.alarms import JOURNAL_STATEMENTS, Alarms
from core.audit import AccessLog
from core.cipher import NumberCipher
from core.database import Database
from core.ids import new_id
from core.journal import Journal
from core.sealing import Sealer
from core.testing import ManualClock
from escalation.centre.calls import Calls
from escalation.centre.casework import Casework
from escalation.centre.model import Consent, Permission, Recipient, Referral, Urgency
from escalation.centre.overdue import Overdue
from escalation.centre.reading import Reading
from escalation.centre.referrals import Person, Referrals
from escalation.centre.rules import Rules, load
from escalation.centre.staff_book import StaffBook
from escalation.centre.texts import PURPOSE, Texts
from escalation.ledger import Ledger
from tests.integration.routing.rows import add_contact

#: Noon in Seoul, a Tuesday.
NOON = datetime(2027, 3, 2, 3, tzinfo=UTC)
NUMBER = "+821012345678"
REASON = "혼자 지내신 지 삼 년, 식사를 거르심"
COUNSELLOR = UUID(int=77)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The parts under test."""

    db: Database
    clock: ManualClock
    rules: Rules
    cipher: NumberCipher
    texts: Texts
    ledger: Ledger
    journal: Journal
    referrals: Referrals
    casework: Casework
    calls: Calls
    staff: StaffBook
    reading: Reading
    overdue: Overdue
    alarms: Alarms

    async def propose(self, *, urgency: Urgency = Urgency.SOON) -> Referral:
        """A counsellor thinks of the centre, in a call."""
        contact_id = await add_contact(self.db)
        person = Person(name="김하늘", number=NUMBER, district="강북구", age_band="60s")
        return await self.referrals.propose(person, reason=REASON, urgency=urgency, by=COUNSELLOR, contact_id=contact_id)

    def consent(self, *, given: bool = True, to: Recipient = Recipient.CENTRE, name: str = "고립예방센터", days: int = 90) -> Consent:
        """A complete one."""
        now = self.clock.now()
        return Consent(
            id=new_id(), given=given, recipient=to, recipient_name=name, purpose="심층상담", items=("name", "number", "reason"),
            until=now + timedelta(days=days), right_to_refuse_told=True, script_version="2027-1", at=now, asked_by=COUNSELLOR,
            recording="rec-1",
        )  # fmt: skip

    async def sent(self, *, urgency: Urgency = Urgency.SOON, permission: Permission | None = None) -> UUID:
        """One on the worklist."""
        case = await self.propose(urgency=urgency)
        permission = permission or Permission(may_call=True, may_say_who=True, shared_phone=False)
        await self.referrals.answered(case.id, self.consent(), permission)
        await self.referrals.send(case.id, by=COUNSELLOR)
        return case.id

    async def anna(self) -> UUID:
        """Somebody of the centre."""
        return await self.staff.add("안나", extension="201", user_id=uuid4())

    async def claimed(self) -> tuple[UUID, UUID]:
        """A case, and who has it."""
        referral_id, staff_id = await self.sent(), await self.anna()
        await self.referrals.claim(referral_id, staff_id, by=None)
        return referral_id, staff_id

    async def kinds(self, referral_id: UUID) -> list[str]:
        """The story so far."""
        rows = await self.db.execute(text("SELECT kind FROM referral_events WHERE referral_id = :id ORDER BY id"), {"id": referral_id})
        return [row.kind for row in rows]


def centre(db: Database, folder: Path) -> Centre:
    """All of it."""
    clock, rules = ManualClock(NOON), load()
    cipher = NumberCipher({"k": bytes(range(32))}, bytes(32))
    texts = Texts(Sealer({"k": bytes(range(32))}, PURPOSE))
    ledger = Ledger(db, clock, AccessLog(db, clock, bytes(32)))
    journal = Journal(db, JOURNAL_STATEMENTS, spool=folder)
    alarms = Alarms(journal, clock)
    referrals = Referrals(db, clock, rules, cipher, texts, ledger)
    return Centre(
        db=db, clock=clock, rules=rules, cipher=cipher, texts=texts, ledger=ledger, journal=journal, referrals=referrals,
        casework=Casework(db, clock, rules, texts, ledger), calls=Calls(db, clock, rules), staff=StaffBook(db, clock),
        reading=Reading(db, clock, cipher, texts), overdue=Overdue(db, clock, alarms, rules, referrals), alarms=alarms,
    )  # fmt: skip
