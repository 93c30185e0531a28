"""The program that serves: makes from the settings what the line stands on, has it wired (`helpline.wiring`), and runs it until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import structlog
from sqlalchemy import text

from core import alarms as alarm_rows
from core import metrics
from core.alarms import Alarms
from core.clock import SystemClock
from core.database import Database
from core.errors import DatabaseError, SettingsError
from core.journal import Journal
from core.secrets import load_cipher
from core.settings import NodeSettings, Settings
from core.steady_clock import SteadyClock
from escalation import partners_file
from escalation import statements as incident_rows
from escalation.book import IncidentBook
from escalation.model import INCIDENT_ORDERS
from helpline import beside_the_line, health, linked_contacts, recorded_contacts
from helpline.beside_the_line import BesideTheLine
from helpline.embedded.addresses import database_url, nodes
from helpline.embedded.folders import Folders
from helpline.linked_contacts import LinkedContacts
from helpline.recorded_contacts import RecordedContacts
from helpline.roster_watch import RosterWatch
from helpline.wiring import Line, Ports
from ivr import flow as flows
from ivr import leg_book
from ivr.ari import Ari, Connection, Switchboard
from ivr.asterisk_config import SAFETY_NET_FILE
from ivr.conference_model import CallingAgain
from ivr.desk_calls import DeskCalls
from ivr.drain import drained
from ivr.prompts.catalogue import Catalogue
from ivr.safety_net_log import SafetyNetLog
from ivr.standby import plan as standby_plan
from routing import contacts as contact_rows
from routing import estimate_history
from routing.callbacks import Callbacks
from routing.counsellors import COUNSELLORS_CHANGED, PRESENCE_CHANGED, Counsellors
from routing.hints import Hints
from routing.place_codes import PlaceCodes
from routing.policy_store import PolicyStore
from routing.reservations import Reservations
from routing.router import LINE_CHANGED, Router
from shifts.in_force import ROSTER_PUBLISHED

log = structlog.get_logger()

#: How often a database without tables is looked at.
LOOK_EVERY_S = 0.5
_TABLES = text("SELECT to_regclass('contacts') IS NOT NULL AND to_regclass('presence_events') IS NOT NULL AS there")
#: A loop slower than this is an alarm: nothing may block it.
LAG_ALARM_S = 0.05


class _Stop(Exception):
    """Ends the task group."""


class Program:
    """The worker of one Asterisk node. Calls under way when it stops go on in Asterisk and are adopted at the next start."""

    def __init__(self, settings: Settings, node: str | None = None) -> None:
        """Raises `SettingsError` before anything is started."""
        self._settings = settings
        self._access = _node(settings, node)
        self._cipher = load_cipher(settings)
        self._flow = flows.load(
            settings.flow_file,
            dasan=settings.entry.dasan,
            ring_timeout_s=settings.line.ring_timeout_s,
            dead_leg_s=settings.line.dead_leg_s,
            outside=standby_plan(settings.overflow),
            redial=CallingAgain(attempts=settings.escalation.redial_attempts, every_s=settings.escalation.redial_every_s),
        )
        self._catalogue = Catalogue.of(settings, self._access.prompts)
        self._partners = partners_file.load(settings.escalation)
        self._stopping = asyncio.Event()
        self._line: Line | None = None
        self._tables = False

    def stop(self) -> None:
        """Claim no more calls and end; safe to call from a signal handler."""
        self._stopping.set()

    def ready(self) -> Mapping[str, bool]:
        """Every condition for taking a call, as `/readyz` shows them."""
        line = self._line
        return {
            "asterisk": line is not None and line.connected,
            "compared": line is not None and line.compared,
            "database": line is not None and line.database_there,
            "tables": self._tables,
            "prompts": not self._catalogue.missing(),
            "not_stopping": not self._stopping.is_set(),
        }

    def _ready_to_accept(self) -> bool:
        return self._tables and not self._stopping.is_set()

    async def run(self) -> None:
        """Serve until `stop()`. Raises `ApplicationReplacedError` when another process took this worker's name."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            web = await health.serve(health.application(self.ready), settings.worker.http_bind, settings.worker.http_port)
            stack.push_async_callback(web.cleanup)
            db = Database(
                database_url(settings), pool_size=settings.database.pool_size, statement_timeout_s=settings.database.statement_timeout_s
            )
            stack.push_async_callback(db.close)
            aside = Database(
                database_url(settings), pool_size=beside_the_line.POOL, statement_timeout_s=beside_the_line.STATEMENT_TIMEOUT_S
            )
            stack.push_async_callback(aside.close)
            journal = Journal(
                db,
                {
                    **contact_rows.JOURNAL_STATEMENTS,
                    **leg_book.JOURNAL_STATEMENTS,
                    **alarm_rows.JOURNAL_STATEMENTS,
                    **incident_rows.JOURNAL_STATEMENTS,
                    **recorded_contacts.JOURNAL_STATEMENTS,
                    **linked_contacts.JOURNAL_STATEMENTS,
                },
                spool=settings.data_dir.absolute() / "journal" / settings.worker.name,
            )
            stack.push_async_callback(journal.close)
            ari = Ari(
                self._access.url,
                self._access.username,
                self._access.password.get_secret_value(),
                f"annyeong120-{self._access.name}-{settings.worker.name}",
            )
            await stack.enter_async_context(ari)
            self._warn_about_prompts()
            try:
                async with asyncio.TaskGroup() as tasks:
                    drain = self._start(tasks, db, aside, journal, ari)
                    await self._stopping.wait()
                    log.info("stopping")
                    log.info("drained", whole=await drain())
                    raise _Stop  # noqa: TRY301  (how a task group is ended from within)
            except* _Stop:
                pass

    def _start(self, tasks: asyncio.TaskGroup, db: Database, aside: Database, journal: Journal, ari: Ari) -> Callable[[], Awaitable[bool]]:
        """Start everything; what is returned waits until nothing is in the middle of being connected or stored. `aside`: not for calls."""
        settings, clock, switchboard = self._settings, SteadyClock(SystemClock()), Switchboard()
        node, name = self._access.name, settings.worker.name
        worker = f"{node}/{name}"
        hints, policies = Hints(db, worker), PolicyStore(db, clock)
        contacts = RecordedContacts(db, journal, self._cipher, clock, node=node, worker=name)
        counsellors = Counsellors(db, clock, hints=hints)
        reservations = Reservations(db, ring_timeout_s=settings.line.ring_timeout_s, wrapup_s=settings.line.wrapup_s)
        desk = DeskCalls(ari, switchboard, counsellors, self._catalogue, clock)
        record = None
        if settings.embedded_asterisk:
            record = SafetyNetLog(Folders.of(settings.data_dir).asterisk / SAFETY_NET_FILE, contacts, settings.prompts.language)
        ports = Ports(
            clock=clock,
            journal=journal,
            ari=ari,
            switchboard=switchboard,
            connect=Connection,
            reservations=reservations,
            contacts=contacts,
            callbacks=lambda policy: Callbacks(db, self._cipher, clock, policy=policy),
            codes=lambda policy: PlaceCodes(db, clock, policy),
            incidents=IncidentBook(db, journal, clock, self._partners, Alarms(journal, clock)),
            partners=self._partners,
            phones=counsellors,
            hints=hints,
            catalogue=self._catalogue,
            flow=self._flow,
            desk=desk.run_call,
            record=record,
        )
        line = self._line = Line(ports, settings, tasks, node=node, worker=worker, accepting=self._ready_to_accept)
        line.linked.contacts = LinkedContacts(db, journal, clock, node=node, worker=name)
        router, callback_calls = line.router, line.callback_calls
        beside = BesideTheLine(
            settings,
            aside,
            clock,
            self._cipher,
            Alarms(journal, clock),
            line.linked,
            line.alarm_calls,
            line.transfers,
            worker=worker,
            compared=lambda: line.compared,
        )
        # A shift begins at its hour by the machine's clock, whatever the line's own clock makes of a jump.
        roster = RosterWatch(db, SystemClock(), counsellors, Alarms(journal, clock), on_change=lambda: hints.send(COUNSELLORS_CHANGED))
        counsellors.on_change = lambda _: router.wake()
        db.on_change(line.on_database)

        def counsellors_changed(_: str) -> None:
            line.reachability.refresh()
            router.reload()

        def told(hear: Callable[[], None]) -> Callable[[str], None]:
            # What this worker said itself it knows already.
            return lambda sender: None if sender == worker else hear()

        for task, work in {
            "database": db.watch(),
            "tables": self._wait_for_tables(db),
            **line.work(),
            **beside.work(),
            "roster": roster.run(),
            "roster published": db.listen(ROSTER_PUBLISHED, lambda _: roster.published()),
            "counsellors changed": db.listen(COUNSELLORS_CHANGED, counsellors_changed),
            "presence changed": db.listen(PRESENCE_CHANGED, told(router.wake)),
            "line changed": db.listen(LINE_CHANGED, told(router.line_changed)),
            "policy": policies.watch(router.set_policy),
            "hints": hints.run(),
            "callbacks asked for": db.listen("callbacks", lambda _: callback_calls.wake()),
            "crisis ordered": db.listen(INCIDENT_ORDERS, lambda _: line.crisis_orders.wake()),
            "estimate": self._learn(db, router),
            "loop lag": _watch_loop(),
        }.items():
            tasks.create_task(work, name=task)

        async def drain() -> bool:
            router.stop_offering()
            return await drained(line.calls, settings.worker.drain_s)

        return drain

    async def _wait_for_tables(self, db: Database) -> None:
        """`up` or an operator migrates; until then nothing can be written."""
        while not self._tables:
            try:
                self._tables = bool((await db.execute(_TABLES))[0].there)
            except DatabaseError:
                self._tables = False
            if not self._tables:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _learn(self, db: Database, router: Router) -> None:
        """An estimate from the first caller on: the line learns from what it wrote before the restart."""
        while True:
            try:
                router.estimator.load(await estimate_history.recent(db, wrapup_s=self._settings.line.wrapup_s))
            except DatabaseError:
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                return

    def _warn_about_prompts(self) -> None:
        for problem in self._catalogue.problems():
            log.warning("prompt_problem", problem=problem)
        placeholders = self._catalogue.placeholders()
        metrics.prompts_placeholder.set(len(placeholders))
        metrics.prompts_missing.set(len(self._catalogue.missing()))
        if placeholders:
            log.warning("prompts_are_placeholders", count=len(placeholders), hint="drop studio recordings in: docs/prompts.md")


def _node(settings: Settings, name: str | None) -> NodeSettings:
    found = {node.name: node for node in nodes(settings)}
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        raise SettingsError(f"which Asterisk? Name one of {', '.join(sorted(found))} with --node")
    return found[name]


async def _watch_loop() -> None:
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(0.1)
        lag = max(0.0, loop.time() - before - 0.1)
        metrics.loop_lag_seconds.observe(lag)
        if lag > LAG_ALARM_S:
            log.warning("event_loop_lag", ms=round(lag * 1000))
