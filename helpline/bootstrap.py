"""The only place of wiring: makes every part of the program from the settings and runs it until told to stop."""

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
from helpline import health
from helpline.embedded.addresses import database_url, nodes
from helpline.embedded.folders import Folders
from ivr import flow as flows
from ivr import leg_book
from ivr.ari import Ari, Connection, Switchboard
from ivr.asterisk_config import SAFETY_NET_FILE
from ivr.callback_calls import CallbackCalls
from ivr.calls import Calls
from ivr.desk_calls import DeskCalls
from ivr.drain import drained
from ivr.leg_book import LegBook
from ivr.outbound import Outbound
from ivr.prompts.catalogue import Catalogue
from ivr.reachability import Reachability
from ivr.recovery import Recovery
from ivr.safety_net_log import SafetyNetLog
from ivr.services import Services
from ivr.standby import Standby
from ivr.standby import plan as standby_plan
from routing import contacts as contact_rows
from routing import estimate_history
from routing.callbacks import Callbacks
from routing.contacts import Contacts
from routing.counsellors import PRESENCE_CHANGED, Counsellors
from routing.hints import Hints
from routing.place_codes import PlaceCodes
from routing.policy_store import PolicyStore
from routing.reservations import Reservations
from routing.router import LINE_CHANGED, Router

log = structlog.get_logger()

#: Books against channels; FAILURES: repaired within 30 s.
COMPARE_EVERY_S = 5.0
SAFETY_NET_EVERY_S = 2.0
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
        )
        self._catalogue = Catalogue.of(settings, self._access.prompts)
        self._stopping = asyncio.Event()
        self._compared = False
        self._connected = False
        self._db_available = False
        self._tables = False

    def stop(self) -> None:
        """Claim no more calls and end; safe to call from a signal handler."""
        self._stopping.set()

    def ready(self) -> Mapping[str, bool]:
        """Every condition for taking a call, as `/readyz` shows them."""
        return {
            "asterisk": self._connected,
            "compared": self._compared,
            "database": self._db_available,
            "tables": self._tables,
            "prompts": not self._catalogue.missing(),
            "not_stopping": not self._stopping.is_set(),
        }

    def _accepting(self) -> bool:
        # A call that cannot be written, or not be commanded, is better off in the dialplan's hands.
        return self._db_available and self._tables and self._compared and not self._stopping.is_set()

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
            journal = Journal(
                db,
                {**contact_rows.JOURNAL_STATEMENTS, **leg_book.JOURNAL_STATEMENTS, **alarm_rows.JOURNAL_STATEMENTS},
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
                    drain = self._start(tasks, db, journal, ari)
                    await self._stopping.wait()
                    log.info("stopping")
                    log.info("drained", whole=await drain())
                    raise _Stop  # noqa: TRY301  (how a task group is ended from within)
            except* _Stop:
                pass

    def _start(self, tasks: asyncio.TaskGroup, db: Database, journal: Journal, ari: Ari) -> Callable[[], Awaitable[bool]]:
        """Start everything; what is returned waits until nothing is in the middle of being connected or stored."""
        settings, clock, switchboard = self._settings, SystemClock(), Switchboard()
        contacts = Contacts(db, journal, self._cipher, clock, node=self._access.name, worker=settings.worker.name)
        worker = f"{self._access.name}/{settings.worker.name}"
        alarms, hints, policies = Alarms(journal, clock), Hints(db, worker), PolicyStore(db, clock)
        outbound = Outbound(settings, alarms)
        counsellors = Counsellors(db, clock, hints=hints)
        reachability = Reachability(ari, counsellors, clock, node=self._access.name)
        reservations = Reservations(db, ring_timeout_s=settings.line.ring_timeout_s, wrapup_s=settings.line.wrapup_s)
        outbound = Outbound(settings, alarms)
        router = Router(
            reservations,
            clock,
            retry_s=settings.line.retry_s,
            worker=worker,
            alarms=alarms,
            hints=hints,
        )
        counsellors.on_change = lambda _: router.wake()
        services = Services(
            ari=ari,
            switchboard=switchboard,
            router=router,
            contacts=contacts,
            leg_book=LegBook(journal, clock),
            alarms=alarms,
            callbacks=Callbacks(db, self._cipher, clock, policy=lambda: router.policy),
            codes=PlaceCodes(db, clock, lambda: router.policy),
            outbound=outbound,
            standby=Standby(settings.overflow, outbound, clock),
            catalogue=self._catalogue,
            flow=self._flow,
            clock=clock,
            tasks=tasks,
            caller_id=settings.line.caller_id,
            callback_ask_s=settings.callbacks.ask_s,
        )
        desk = DeskCalls(ari, switchboard, counsellors, self._catalogue, clock)

        calls = Calls(services, accepting=self._accepting, desk=desk.run_call, other=lambda _: None, language=settings.prompts.language)
        switchboard.fallback = calls.on_event
        recovery = Recovery(services, calls)
        callback_calls = CallbackCalls(
            services, calls, worker=worker, language=settings.prompts.language, hold=reservations.hold, accepting=self._accepting
        )

        async def on_connected() -> None:
            self._connected = True
            metrics.ari_connected.labels(node=self._access.name).set(1)
            await recovery.on_connect()
            try:
                await reachability.seed()
            except DatabaseError:
                # Its own check repairs that; calls under way need this connection now.
                log.warning("phones_not_compared")
            self._compared = True
            router.wake()
            log.info("serving", app=ari.app)

        def on_lost(reason: str) -> None:
            self._connected = self._compared = False
            metrics.ari_connected.labels(node=self._access.name).set(0)
            log.warning("asterisk_lost", reason=reason)

        def on_database(available: bool) -> None:
            self._db_available = available
            router.wake()

        def counsellors_changed(_: str) -> None:
            reachability.refresh()
            router.reload()

        def told(hear: Callable[[], None]) -> Callable[[str], None]:
            # What this worker said itself it knows already.
            return lambda sender: None if sender == worker else hear()

        db.on_change(on_database)
        connection = Connection(ari, switchboard, on_connected=on_connected, on_lost=on_lost)
        if settings.embedded_asterisk:
            record = SafetyNetLog(Folders.of(settings.data_dir).asterisk / SAFETY_NET_FILE, contacts, settings.prompts.language)
            tasks.create_task(record.run(SAFETY_NET_EVERY_S), name="safety net record")
        for name, work in {
            "database": db.watch(),
            "tables": self._wait_for_tables(db),
            "journal": journal.run(),
            "asterisk": connection.run(),
            "router": router.run(calls),
            "comparison": recovery.run(COMPARE_EVERY_S),
            "call-backs": callback_calls.run(),
            "reachability": reachability.run(),
            "counsellors changed": db.listen("counsellors_changed", counsellors_changed),
            "presence changed": db.listen(PRESENCE_CHANGED, told(router.wake)),
            "line changed": db.listen(LINE_CHANGED, told(router.line_changed)),
            "policy": policies.watch(router.set_policy),
            "hints": hints.run(),
            "callbacks asked for": db.listen("callbacks", lambda _: callback_calls.wake()),
            "watchdog": recovery.watchdog.run(),
            "estimate": self._learn(db, router),
            "loop lag": _watch_loop(),
        }.items():
            tasks.create_task(work, name=name)

        async def drain() -> bool:
            router.stop_offering()
            return await drained(calls, settings.worker.drain_s)

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
