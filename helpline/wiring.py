"""How the parts of the line are put together, whatever stands under them.

`helpline.bootstrap` hands in PostgreSQL, Asterisk and the machine's clock, `helpline.simulation.program` their twins. There is no third
place: what the simulation proves is what serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol

import structlog

from core import metrics
from core.alarms import Alarms
from core.errors import DatabaseError
from core.journal import Journal
from core.settings import Settings
from core.steady_clock import SteadyClock
from escalation.centre.transfers import Transfers
from escalation.partners import Partners
from escalation.ports import Book
from ivr.alarm_calls import AlarmCalls
from ivr.ari import Ari, Connection, StasisStart, Switchboard
from ivr.callback_calls import CallbackCalls
from ivr.calls import Calls
from ivr.crisis_orders import CrisisOrders
from ivr.flow import Flow
from ivr.leg_book import LegBook
from ivr.linked.calls import LinkedCalls
from ivr.outbound import Outbound
from ivr.prompts.catalogue import Catalogue
from ivr.reachability import LOOK_EVERY_S, PhoneDirectory, Reachability
from ivr.recovery import Recovery
from ivr.safety_net_log import SafetyNetLog
from ivr.services import Services
from ivr.standby import Standby
from ivr.transfer_orders import TransferOrders
from routing.callbacks import Callbacks
from routing.contacts import Contacts
from routing.place_codes import PlaceCodes
from routing.policy import Policy
from routing.ports import Hinter, Store
from routing.router import Router

log = structlog.get_logger()

#: Books against channels; FAILURES: repaired within 30 s.
COMPARE_EVERY_S = 5.0
SAFETY_NET_EVERY_S = 2.0

#: Gives the policy in force.
InForce = Callable[[], Policy]


class Connect(Protocol):
    """Makes the connection to Asterisk: `ivr.ari.Connection`."""

    def __call__(
        self, ari: Ari, switchboard: Switchboard, *, on_connected: Callable[[], Awaitable[None]], on_lost: Callable[[str], None]
    ) -> Connection:
        """It is run as a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the line stands on."""

    clock: SteadyClock
    #: Its own `run()` is the owner's to start, as that of whatever it writes to.
    journal: Journal
    ari: Ari
    switchboard: Switchboard
    connect: Connect
    reservations: Store
    contacts: Contacts
    callbacks: Callable[[InForce], Callbacks]
    codes: Callable[[InForce], PlaceCodes]
    #: Crises, and the emergency partners who may be called in them.
    incidents: Book
    partners: Partners
    phones: PhoneDirectory
    hints: Hinter
    catalogue: Catalogue
    flow: Flow
    #: Serves counsellors' codes.
    desk: Callable[[StasisStart], Awaitable[None]]
    #: The safety net's record, where it is on this machine.
    record: SafetyNetLog | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which classes decide and repair; a test of the tests puts broken ones in their place."""

    router: type[Router] = Router
    recovery: type[Recovery] = Recovery


class Line:
    """One worker of one Asterisk node: everything between the telephone and the books, wired."""

    def __init__(
        self,
        ports: Ports,
        settings: Settings,
        tasks: asyncio.TaskGroup,
        *,
        node: str,
        worker: str,
        accepting: Callable[[], bool] = lambda: True,
        policy: Policy | None = None,
        parts: Parts | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`worker` is unique among all nodes. `accepting`: what else must be true for taking a call, besides Asterisk and the database.

        `policy` until another one is set; `look_every_s`: how often phones are looked at.
        """
        parts = parts or Parts()
        #: Events from Asterisk flow.
        self.connected = False
        #: … and the books agree with it.
        self.compared = False
        self.database_there = False
        self._also_accepting = accepting
        self._ports = ports
        self._node = node
        alarms = Alarms(ports.journal, ports.clock)
        router = self.router = parts.router(
            ports.reservations,
            ports.clock,
            retry_s=settings.line.retry_s,
            policy=policy,
            worker=worker,
            alarms=alarms,
            hints=ports.hints,
        )
        outbound = Outbound(settings, alarms, partners={ports.partners.endpoint(partner) for partner in ports.partners.all} - {""})
        self.reachability = Reachability(ports.ari, ports.phones, ports.clock, node=node, look_every_s=look_every_s)
        services = Services(
            ari=ports.ari,
            switchboard=ports.switchboard,
            router=router,
            contacts=ports.contacts,
            leg_book=LegBook(ports.journal, ports.clock),
            alarms=alarms,
            callbacks=ports.callbacks(lambda: router.policy),
            codes=ports.codes(lambda: router.policy),
            incidents=ports.incidents,
            outbound=outbound,
            standby=Standby(settings.overflow, outbound, ports.clock),
            catalogue=ports.catalogue,
            flow=ports.flow,
            clock=ports.clock,
            tasks=tasks,
            caller_id=settings.line.caller_id,
            callback_ask_s=settings.callbacks.ask_s,
        )
        language = settings.prompts.language
        self.calls = Calls(services, accepting=self.accepting, desk=ports.desk, other=lambda _: None, language=language)
        ports.switchboard.fallback = self.calls.on_event
        self._transfer_notes = services.transfer_notes
        self.linked = LinkedCalls(services, self.calls, language=language)
        self.alarm_calls = AlarmCalls(services, language=language)
        self.recovery = parts.recovery(services, self.calls)
        self.recovery.beside = (self.linked,)
        self.recovery.record = ports.record
        self.callback_calls = CallbackCalls(services, self.calls, worker=worker, language=language, accepting=self.accepting)
        self.crisis_orders = CrisisOrders(ports.incidents, self.calls, services, ports.journal.id, beside=self.linked)
        self.connection = ports.connect(ports.ari, ports.switchboard, on_connected=self._on_connected, on_lost=self._on_lost)

    def accepting(self) -> bool:
        """Whether new calls are claimed. One that cannot be written, or not be commanded, is better off in the dialplan's hands."""
        return self.database_there and self.compared and self._also_accepting()

    def transfers(self, book: Transfers) -> TransferOrders:
        """What puts callers of this line through to the centre. Run it beside the line, on a database of its own."""
        return TransferOrders(book, self.calls, self._transfer_notes, self._ports.journal.id, compared=lambda: self.compared)

    def on_database(self, available: bool) -> None:
        """The database can be reached again, or not any more."""
        self.database_there = available
        self.router.wake()

    def work(self) -> dict[str, Coroutine[object, object, None]]:
        """What must run, by name."""
        record = self._ports.record
        return {
            "journal": self._ports.journal.run(),
            "asterisk": self.connection.run(),
            "router": self.router.run(self.calls),
            "comparison": self.recovery.run(COMPARE_EVERY_S),
            "reachability": self.reachability.run(),
            "call-backs": self.callback_calls.run(),
            "crisis orders": self.crisis_orders.run(),
            "watchdog": self.recovery.watchdog.run(),
            "clock": self._ports.clock.run(lambda: not self.calls.actors, self.router.clock_set),
            **({"safety net record": record.run(SAFETY_NET_EVERY_S)} if record else {}),
        }

    async def _on_connected(self) -> None:
        self.connected = True
        metrics.ari_connected.labels(node=self._node).set(1)
        await self.linked.prepare()
        await self.recovery.on_connect()
        try:
            await self.reachability.seed()
        except DatabaseError:
            # Its own check repairs that; calls under way need this connection now.
            log.warning("phones_not_compared")
        self.compared = True
        self.router.wake()
        log.info("serving", app=self._ports.ari.app)

    def _on_lost(self, reason: str) -> None:
        self.connected = self.compared = False
        metrics.ari_connected.labels(node=self._node).set(0)
        log.warning("asterisk_lost", reason=reason)
