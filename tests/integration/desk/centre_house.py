"""A desk with the centre and companions: people of every role, in browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from core.alarms import JOURNAL_STATEMENTS, Alarms
from core.audit import AccessLog
from core.cipher import NumberCipher
from core.database import Database
from core.journal import Journal
from core.sealing import Sealer, load_chain_key
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Role
from desk.centre.room import CentreRoom
from desk.companions.room import CompanionsRoom
from escalation.centre.rules import load
from escalation.centre.texts import PURPOSE, Texts
from escalation.ledger import Ledger
from tests.integration.desk.kit import Answer, Browser, Served, served
from tests.integration.escalation.centre.kit import NOON, NUMBER
from tests.integration.routing.rows import add_contact

REASON = "혼자 지내신 지 삼 년"


class Calls:
    """Puts callers through, and takes crises: says what it was asked for."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.crises: list[UUID] = []

    async def begin(self, *, referral_id: UUID, contact_id: UUID, staff_id: UUID) -> None:
        """See `escalation.centre.ports.Transfer`."""
        self.begun.append(staff_id)

    async def propose(self, *, referral_id: UUID, support_id: UUID, call_id: UUID | None, by: UUID | None) -> UUID | None:
        """See `escalation.companions.way_back.Crisis`."""
        self.crises.append(support_id)
        return UUID(int=7)

    async def of_case(self, referral_id: UUID) -> UUID:
        """See `escalation.centre.ports.Crises`."""
        self.crises.append(referral_id)
        return UUID(int=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The desk and its people."""

    here: Served
    db: Database
    clock: ManualClock
    centre: CentreRoom
    companions: CompanionsRoom
    outside: Calls
    #: By role, signed in; `centre` and `colleague` are the centre's staff, `companion` and `other` two companions.
    browsers: dict[str, Browser]
    staff: dict[str, UUID]
    group: dict[str, UUID]

    def __getitem__(self, name: str) -> Browser:
        return self.browsers[name]

    def answer(self, **more: object) -> dict[str, Any]:
        """A complete consent to the centre."""
        until = (self.clock.now() + timedelta(days=90)).isoformat()
        return {
            "given": True, "recipient_name": "고립예방센터", "purpose": "심층상담", "items": ["name", "number", "reason"], "until": until,
            "right_to_refuse_told": True, "script_version": "2027-1", "permission": {"may_call": True}, **more,
        }  # fmt: skip

    def other_answer(self, recipient: str, name: str) -> dict[str, Any]:
        """One to somebody else."""
        said = self.answer(recipient=recipient, recipient_name=name)
        del said["permission"]
        return said

    async def propose(self, **more: object) -> str:
        """A counsellor's referral."""
        body = {
            "contact": str(await add_contact(self.db)), "name": "김하늘", "number": "010-1234-5678", "district": "강북구",
            "reason": REASON, "urgency": "soon", **more,
        }  # fmt: skip
        made = await self["counsellor"].post("/api/referrals", body)
        assert made.status == 201, made.text
        return str(made.json["id"])

    async def sent(self) -> str:
        """… on the worklist."""
        referral = await self.propose()
        assert (await self["counsellor"].post(f"/api/referrals/{referral}/answer", self.answer())).status == 200
        assert (await self["counsellor"].post(f"/api/referrals/{referral}/send", {})).json["way"] == "worklist"
        return referral

    async def claimed(self) -> str:
        """… and the centre has it."""
        referral = await self.sent()
        assert (await self.do(referral, "claim")).status == 200
        return referral

    async def do(self, referral: str, what: str, body: object = None, *, by: str = "centre") -> Answer:
        """Something in a case."""
        return await self[by].post(f"/api/centre/cases/{referral}/{what}", body)


@asynccontextmanager
async def house(db: Database, settings: Settings, folder: Path) -> AsyncIterator[House]:
    """All of it, at noon of a Tuesday."""
    clock = ManualClock(NOON)
    cipher = NumberCipher({"k": bytes(range(32))}, bytes(32))
    texts = Texts(Sealer({"k": bytes(range(32))}, PURPOSE))
    outside = Calls()
    async with AsyncExitStack() as stack:
        # The settings' own keys: the desk's log and the ledger's twins are one chain.
        ledger = Ledger(db, clock, AccessLog(db, clock, load_chain_key(settings)))
        centre = CentreRoom(db, clock, cipher, texts, ledger, load(), transfer=outside, crises=outside)
        alarms = Alarms(Journal(db, JOURNAL_STATEMENTS, spool=folder), clock)
        companions = CompanionsRoom(db, clock, cipher, alarms, centre, outside)
        here = await stack.enter_async_context(served(db, settings, clock=clock, apis=(centre, companions)))
        browsers: dict[str, Browser] = {}
        staff: dict[str, UUID] = {}
        group: dict[str, UUID] = {}
        for name, role in (
            ("counsellor", Role.COUNSELLOR), ("neighbour", Role.COUNSELLOR), ("supervisor", Role.SUPERVISOR), ("centre", Role.CENTRE),
            ("colleague", Role.CENTRE), ("companion", Role.COMPANION), ("other", Role.COMPANION), ("auditor", Role.AUDITOR),
            ("operator", Role.OPERATOR),
        ):  # fmt: skip
            user = await here.person(name, role)
            browsers[name] = await stack.enter_async_context(here.browser())
            assert (await browsers[name].sign_in(name)).status == 200
            if role is Role.CENTRE:
                body = {"name": name, "extension": f"20{len(staff) + 1}", "user": str(user.id)}
                staff[name] = UUID((await browsers["supervisor"].post("/api/centre/staff", body)).json["id"])
            if role is Role.COMPANION:
                one = {"name": name, "number": "010-9999-8888", "user": str(user.id), "districts": ["강북구"], "most": 2}
                group[name] = UUID((await browsers["supervisor"].post("/api/companions", one)).json["id"])
        yield House(
            here=here, db=db, clock=clock, centre=centre, companions=companions, outside=outside, browsers=browsers, staff=staff,
            group=group,
        )  # fmt: skip


__all__ = ["NUMBER", "REASON", "House", "house"]
