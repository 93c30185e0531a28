"""What runs beside the calls in the process that has the telephone: reminders of crises and of overdue cases, the calls of the centre, of
companions and for alarms.

All of it has connections of its own to the database and is begun again when it fails: the line neither waits for it nor ends with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from core.alarms import Alarms
from core.audit import AccessLog
from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.sealing import load_chain_key, load_sealer
from core.settings import Settings
from escalation.centre import rules
from escalation.centre.calls import Calls, Dialler
from escalation.centre.casework import Casework
from escalation.centre.overdue import Overdue
from escalation.centre.referrals import Referrals
from escalation.centre.staff_book import StaffBook
from escalation.centre.texts import PURPOSE as CENTRE_TEXTS
from escalation.centre.texts import Texts
from escalation.centre.transfers import Transfers
from escalation.companions.call_book import CallBook
from escalation.companions.dialler import PlannedCalls
from escalation.companions.supports import Supports
from escalation.companions.way_back import WayBack
from escalation.confirmation import Confirmations
from escalation.ledger import Ledger
from helpline.alarm_delivery.phone_orders import AlarmCallTaker
from helpline.case_calls import CaseCalls, worker_id
from helpline.crises_beside import InCall
from helpline.watched import all_watched
from ivr.alarm_calls import AlarmCalls
from ivr.linked.calls import LinkedCalls
from ivr.transfer_orders import TransferOrders

#: Connections to the database; the line has its own.
POOL = 4
#: What is done here may take longer than a caller may wait.
STATEMENT_TIMEOUT_S = 10.0


class BesideTheLine:
    """See the module. Raises SecretsError, and the errors of the centre's rules."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, cipher: NumberCipher, alarms: Alarms,
        linked: LinkedCalls, alarm_calls: AlarmCalls, transfers: Callable[[Transfers], TransferOrders], *, worker: str,
        compared: Callable[[], bool],
    ) -> None:  # fmt: skip
        """`db`: not the line's; `transfers`: puts callers through by this book; `compared`: whether Asterisk is there and what an earlier run left is known."""
        house = rules.load(settings.escalation.centre_rules_file)
        texts = Texts(load_sealer(settings, CENTRE_TEXTS))
        ledger = Ledger(db, clock, AccessLog(db, clock, load_chain_key(settings)))
        calls, book = Calls(db, clock, house), CallBook(db, clock, cipher, alarms)
        casework = Casework(db, clock, house, texts, ledger)
        way_back = WayBack(db, clock, house, Supports(db, clock, texts, ledger), casework, InCall())
        self._db = db
        self._cases = linked.afterwards = CaseCalls(db, calls, book, way_back, linked, connected=compared)
        self._linked = linked
        self._compared = compared
        self._worker = worker_id(worker)
        self._dialler = Dialler(calls, self._cases, cipher, worker=self._worker)
        self._planned = PlannedCalls(book, self._cases, way_back, worker=self._worker)
        referrals = Referrals(db, clock, house, cipher, texts, ledger)
        self._transfers = transfers(Transfers(db, clock, referrals, StaffBook(db, clock)))
        self._overdue = Overdue(db, clock, alarms, house, referrals)
        self._confirmations = Confirmations(db, clock, settings.escalation)
        self._alarm_calls = AlarmCallTaker(db, clock, alarm_calls, worker=worker)

    def work(self) -> dict[str, Coroutine[object, object, None]]:
        """What must run, by name."""
        return all_watched(
            {
                "database beside the line": self._db.watch,
                "crises confirmed": self._confirmations.run,
                "cases overdue": self._overdue.run,
                "case calls": self._calls,
                "callers put through": self._transfers.run,
                "alarm calls": self._alarm_calls.run,
            }
        )

    async def _calls(self) -> None:
        # First, so that what is taken from here on is not among them.
        left = await self._cases.left(self._worker)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._cases.end_left(left, self._linked, self._compared), name="case calls left")
            tasks.create_task(self._dialler.run(), name="centre's calls")
            tasks.create_task(self._planned.run(), name="companions' calls")
