"""The centre and companions of an installation, as a desk would use them, and what a phone's log tells of SIP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from core.alarms import JOURNAL_STATEMENTS, Alarms
from core.audit import AccessLog
from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.journal import Journal
from core.sealing import load_chain_key, load_sealer
from core.secrets import load_cipher
from core.settings import Settings
from escalation.centre.calls import Calls
from escalation.centre.casework import Casework
from escalation.centre.model import Consent, Hours, Permission, Recipient, Urgency
from escalation.centre.referrals import Person, Referrals
from escalation.centre.rules import load
from escalation.centre.staff_book import StaffBook
from escalation.centre.texts import PURPOSE, Texts
from escalation.companions.call_book import CallBook
from escalation.companions.model import Companion
from escalation.companions.people import People
from escalation.companions.supports import Supports
from escalation.ledger import Ledger
from helpline.embedded.addresses import postgres_url
from tests.kit.system import System
from tests.kit.until import until

#: The person's and the companion's, as they are dialled.
PERSON, COMPANION = "01055551111", "01066662222"
_PERMISSION = Permission(may_call=True, may_say_who=True, shared_phone=False)
_ASKER = uuid4()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Its books, by the wall clock, at any hour."""

    system: System
    referrals: Referrals
    calls: Calls
    casework: Casework
    staff: StaffBook
    people: People
    supports: Supports
    book: CallBook

    @classmethod
    @asynccontextmanager
    async def open(cls, system: System, folder: Path) -> AsyncIterator[House]:
        """With the installation's keys."""
        settings, clock = Settings(data_dir=system.folders.root), SystemClock()
        db = Database(postgres_url(system.folders), pool_size=2, statement_timeout_s=5)
        cipher, texts = load_cipher(settings), Texts(load_sealer(settings, PURPOSE))
        ledger = Ledger(db, clock, AccessLog(db, clock, load_chain_key(settings)))
        # People are called by day; the test may be run by night.
        rules = replace(load(), hours=dict.fromkeys(Hours, (0, 24)))
        journal = Journal(db, JOURNAL_STATEMENTS, spool=folder)
        try:
            yield cls(
                system=system,
                referrals=Referrals(db, clock, rules, cipher, texts, ledger),
                calls=Calls(db, clock, rules),
                casework=Casework(db, clock, rules, texts, ledger),
                staff=StaffBook(db, clock),
                people=People(db, clock, cipher),
                supports=Supports(db, clock, texts, ledger),
                book=CallBook(db, clock, cipher, Alarms(journal, clock)),
            )
        finally:
            await journal.close()
            await db.close()

    async def case(self) -> tuple[UUID, UUID]:
        """A person whom the centre has; the case and who has it, at extension 101."""
        rows = await self.system.query("SELECT id FROM centre_staff WHERE extension = '101'")
        staff_id = rows[0]["id"] if rows else await self.staff.add("안나", extension="101", user_id=uuid4())
        person = Person(name="김하늘", number=f"+82{PERSON[1:]}", district="강북구", age_band="60s")
        case = await self.referrals.propose(person, reason="식사를 거르심", urgency=Urgency.SOON, by=_ASKER)
        await self.consented(case.id)
        await self.referrals.send(case.id, by=_ASKER)
        await self.referrals.claim(case.id, staff_id, by=None)
        return case.id, staff_id

    async def consented(self, referral_id: UUID) -> None:
        """The person agrees to the centre, and to be called."""
        await self.referrals.answered(referral_id, self._consent(Recipient.CENTRE), _PERMISSION)

    async def call_back(self) -> UUID:
        """Somebody of the centre has the person called; the call."""
        referral_id, staff_id = await self.case()
        return await self.calls.order(referral_id, staff_id, by=None)

    async def companion_call(self) -> UUID:
        """A companion has somebody called now; the call."""
        referral_id, _ = await self.case()
        await self.casework.service_consent(referral_id, self._consent(Recipient.COMPANIONS))
        companion_id = await self.people.add(Companion(id=new_id(), name="다솜"), f"+82{COMPANION[1:]}")
        support_id = await self.supports.offer(referral_id, companion_id, _PERMISSION, by=_ASKER)
        await self.supports.accept(support_id, by=None)
        return await self.book.add(support_id, by=None)

    async def ended(self, call_id: UUID, within_s: float = 40.0) -> dict[str, Any]:
        """Wait until the call is over; its row."""
        statement = (
            "SELECT result, talked_at FROM centre_calls WHERE id = %(id)s AND result IS NOT NULL UNION ALL "
            "SELECT state, talked_at FROM companion_calls WHERE id = %(id)s AND (ended_at IS NOT NULL OR state = 'missed')"
        ).replace("%(id)s", "%s")
        rows: list[dict[str, Any]] = await until(lambda: self.system.query(statement, call_id, call_id), within_s, "the call to be over")
        return rows[0]

    async def talking(self, call_id: UUID) -> None:
        """Wait until it is written that they talk."""
        statement = (
            "SELECT id FROM centre_calls WHERE id = %s AND talked_at IS NOT NULL UNION ALL "
            "SELECT id FROM companion_calls WHERE id = %s AND talked_at IS NOT NULL"
        )
        await until(lambda: self.system.query(statement, call_id, call_id), 20, "the talk to be written")

    async def told(self, call_id: UUID, kind: str) -> list[str]:
        """Wait until this is in the timeline of the call's one incident; all of it."""
        statement = (
            "SELECT e.kind, i.id FROM incident_events e JOIN incidents i ON i.id = e.incident_id WHERE i.contact_id = %s ORDER BY e.id"
        )

        async def there() -> list[str]:
            rows = await self.system.query(statement, call_id)
            assert len({row["id"] for row in rows}) <= 1
            kinds = [str(row["kind"]) for row in rows]
            return kinds if kind in kinds else []

        found: list[str] = await until(there, 30, f"{kind} in the incident")
        return found

    def _consent(self, to: Recipient) -> Consent:
        now = SystemClock().now()
        return Consent(
            id=new_id(), given=True, recipient=to, recipient_name="고립예방센터", purpose="심층상담", items=("name", "number", "reason"),
            until=now + timedelta(days=90), right_to_refuse_told=True, script_version="2027-1", at=now, asked_by=_ASKER, recording="rec-1",
        )  # fmt: skip


def messages(log: Path) -> dict[str, list[str]]:
    """Every SIP message that a phone has sent or received: Call-ID -> whole messages in order."""
    found: dict[str, list[str]] = {}
    for message in re.findall(r"[TR]X \d+ bytes [^\n]*:\r?\n(.*?)--end msg--", log.read_text(errors="replace"), re.DOTALL):
        if call_id := re.search(r"^Call-ID: *(\S+)", message, re.MULTILINE | re.IGNORECASE):
            found.setdefault(call_id[1], []).append(message)
    return found
