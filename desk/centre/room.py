"""The centre's part of the desk, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Protocol

import structlog

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from desk.access.model import Permission
from desk.centre.cases_api import CasesApi
from desk.centre.referrals_api import ReferralsApi
from desk.centre.staff_api import StaffApi
from desk.centre.store import Store
from desk.events import Events
from desk.routes import Route
from escalation.centre.calls import Calls
from escalation.centre.casework import Casework
from escalation.centre.ports import Crises, Ledger, Transfer
from escalation.centre.reading import Reading
from escalation.centre.referrals import Referrals
from escalation.centre.repository import CENTRE_CHANGED
from escalation.centre.rules import Rules
from escalation.centre.staff_book import StaffBook
from escalation.centre.texts import Texts
from escalation.companions.supports import Supports

log = structlog.get_logger()


class Part(Protocol):
    """One of its APIs."""

    def routes(self) -> list[Route]:
        """Its lines of the table."""
        ...


class CentreRoom:
    """Referrals, cases and staff behind the desk. `transfer`: puts callers through; without it all go to the worklist.

    `crises`: where a crisis of a case goes; without it there is no button for it.
    """

    def __init__(
        self, db: Database, clock: Clock, cipher: NumberCipher, texts: Texts, ledger: Ledger, rules: Rules, *,
        transfer: Transfer | None = None, crises: Crises | None = None,
    ) -> None:  # fmt: skip
        self._db = db
        self.rules = rules
        self.referrals = Referrals(db, clock, rules, cipher, texts, ledger)
        self.casework = Casework(db, clock, rules, texts, ledger)
        self.calls = Calls(db, clock, rules)
        self.staff = StaffBook(db, clock)
        self.reading = Reading(db, clock, cipher, texts)
        self.supports = Supports(db, clock, texts, ledger)
        store = Store(db)
        self._parts: tuple[Part, ...] = (
            ReferralsApi(self.referrals, self.casework, self.reading, self.staff, store, clock, self.supports, transfer),
            CasesApi(self.referrals, self.casework, self.calls, self.reading, self.staff, store, clock, rules, crises),
            StaffApi(self.staff, clock),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]

    def work(self, events: Events) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks: open pages hear of cases that changed, whoever changed them."""
        return {"centre news": self._tell_pages(events)}

    async def _tell_pages(self, events: Events) -> None:
        changed: set[str] = set()
        more = asyncio.Event()

        def heard(referral_id: str) -> None:
            changed.add(referral_id)
            more.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._db.listen(CENTRE_CHANGED, heard), name="centre changes heard")
            while True:
                await more.wait()
                more.clear()
                said = {one for one in changed if one}
                changed.clear()
                try:
                    for referral_id in sorted(said):
                        await events.publish("centre_changed", {"referral": referral_id}, permission=Permission.CASE_READ)
                except DatabaseError as error:
                    log.info("centre_news_delayed", reason=type(error).__name__)
