"""The program in the simulation: wired as `helpline.bootstrap` wires it, with the stores in memory and the simulated line to Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from core.alarms import Alarms
from core.errors import AnnyeongError, DatabaseError, DatabaseUnavailable
from core.settings import CallbackSettings, OverflowSettings, Settings
from helpline.simulation import switch
from helpline.simulation.faults import Faults
from helpline.simulation.line import SimulatedConnection, Wire, client
from helpline.simulation.loop import ProcessClock, ProcessLoop, Universe, process
from helpline.simulation.world import World
from ivr import flow as flows
from ivr.ari import ApplicationReplacedError, StasisStart, Switchboard, Timing
from ivr.callback_calls import CallbackCalls
from ivr.calls import Calls
from ivr.flow import Flow
from ivr.leg_book import LegBook
from ivr.outbound import Outbound
from ivr.prompts.catalogue import Catalogue
from ivr.reachability import Reachability
from ivr.recovery import Recovery
from ivr.safety_net_log import SafetyNetLog
from ivr.services import Services
from ivr.standby import Standby
from ivr.watchdog import Watchdog
from routing.policy import Policy
from routing.router import LINE_CHANGED, Router
from routing.testing import MemoryPhones, MemoryReservations
from routing.testing_callbacks import MemoryCallbacks, MemoryPlaceCodes
from routing.testing_contacts import MemoryContacts, MemoryJournal

T = TypeVar("T")

NODE = "sim"
#: As `helpline.bootstrap`.
COMPARE_EVERY_S = 5.0
SAFETY_NET_EVERY_S = 2.0
#: An answer of the database takes so long at most before it counts as frozen (`core.database`).
DATABASE_PATIENCE_S = 2.25
DATABASE_LOOK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which classes the program is made of; the deliberately broken ones are exchanged here."""

    router: type[Router] = Router
    reservations: type[MemoryReservations] = MemoryReservations
    recovery: type[Recovery] = Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the program is told."""

    flow: Flow
    settings: Settings
    policy: Policy = field(default_factory=Policy)
    wrapup_s: float = 30.0
    retry_s: float = 5.0
    compare_every_s: float = COMPARE_EVERY_S
    #: Phones are looked at less often than in production, where it is once a second: half of what an idle line does is that.
    look_every_s: float = 3.0
    parts: Parts = field(default_factory=Parts)


def config(parts: Parts | None = None) -> Config:
    """The shipped call flow and policy, with a standby list and a partner line."""
    settings = Settings.model_construct(
        overflow=OverflowSettings.model_construct(trunk="trunk", standby=["01011112222", "01033334444"], partner="15770199",
                                                  allowed=["010XXXXXXXX", "1577XXXX"]),
        callbacks=CallbackSettings.model_construct(trunk=""),
    )  # fmt: skip
    return Config(flow=flows.load(dasan={"2": "PJSIP/2000@trunk"}), settings=settings, parts=parts or Parts())


class SilentCatalogue(Catalogue):
    """Prompts by name only."""

    def __init__(self) -> None:
        """No files."""

    def media(self, prompt_id: str, language: str = "ko") -> str:
        """See `Catalogue.media`."""
        return f"sound:{language}/{prompt_id}"

    def seconds(self, prompt_id: str, language: str = "ko") -> float | None:
        """See `Catalogue.seconds`."""
        return switch.seconds([prompt_id])


class DatabaseGate:
    """One process's way to the shared tables: takes time, and can be shut."""

    def __init__(self, universe: Universe, process: ProcessLoop, rng: Random, faults: Faults) -> None:
        self.available = False
        #: It has answered since the process began: rows could be read.
        self.answered = False
        self.on_change: list[Callable[[bool], None]] = []
        self._universe = universe
        self._process = process
        self._rng = rng
        self._faults = faults
        self._refusing = False
        self._look = asyncio.Event()

    async def __call__(self, work: Callable[[], T]) -> T:
        """See `routing.testing.Gate`."""
        if self._refusing:
            raise DatabaseUnavailable("the database is away; it is being looked for")
        answer: asyncio.Future[T] = self._process.create_future()
        trouble = self._faults.database()
        if trouble == "answers lost" and self._rng.random() < 0.5:
            trouble = ""

        def execute() -> None:
            try:
                result = work()
            except AnnyeongError as error:
                self._universe.after(self._rng.uniform(0.0002, 0.001), self._process.post, _fail, answer, error)
                return
            if trouble != "answers lost":
                self._universe.after(self._rng.uniform(0.0002, 0.001), self._process.post, _set, answer, result)
            else:
                self._universe.after(0.001, self._process.post, _fail, answer, DatabaseUnavailable("the connection is lost"))

        delay = self._rng.uniform(0.0003, 0.002)
        if trouble == "gone":
            self._universe.after(delay, self._process.post, _fail, answer, DatabaseUnavailable("connection refused"))
        elif trouble != "frozen":
            self._universe.after(delay, execute)
        try:
            async with asyncio.timeout(DATABASE_PATIENCE_S):
                result = await answer
        except TimeoutError:
            self._set(False)
            raise DatabaseUnavailable("the statement took too long") from None
        except DatabaseUnavailable:
            self._set(False)
            raise
        self._set(True)
        return result

    async def watch(self) -> None:
        """`core.database.Database.watch`."""
        while True:
            self._look.clear()
            try:
                self._refusing = False
                await self(lambda: None)
            except DatabaseUnavailable:
                self._refusing = True
                await asyncio.sleep(DATABASE_LOOK_S)
                continue
            await self._look.wait()

    def _set(self, available: bool) -> None:
        if not available:
            self._look.set()
        self.answered = self.answered or available
        if available is not self.available:
            self.available = available
            for callback in self.on_change:
                callback(available)


def _set(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


class _Record(SafetyNetLog):
    """The safety net's record, without a file."""

    def read_from(self, records: list[tuple[str, ...]]) -> None:
        self._records = records

    async def take_in(self) -> int:
        """See `SafetyNetLog.take_in`: a line stays until it is in the database."""
        taken = 0
        while self._records:
            await self._take(*self._records[0])
            del self._records[0]
            taken += 1
        return taken


class _Hints:
    """NOTIFY: the other workers look again, a moment later."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def send(self, channel: str) -> None:
        """See `routing.ports.Hinter`."""
        if channel == LINE_CHANGED:
            self._program.on_hint(self._program)


class Program:
    """One incarnation of the program, in a process of its own."""

    def __init__(self, world: World, faults: Faults, told: Config, number: int, worker: str = "w1") -> None:
        self.number = number
        self.worker = worker
        self.faults = faults
        self.process = process(world.universe, f"program {worker} {number}")
        rng = Random(f"program {faults.rng.random()} {number}")
        self.wire = Wire(world.asterisk, self.process, rng, faults)
        self.wire.chatty = world.note if world.note.everything else None
        self.clock = ProcessClock(world.universe)
        self.gate = DatabaseGate(world.universe, self.process, rng, faults)
        self.journal = MemoryJournal(world.database, self.gate)
        #: Ended by itself: another process has its name, or a fault of ours.
        self.ended: BaseException | None = None
        self.calls: Calls | None = None
        self.router: Router | None = None
        self.connection: SimulatedConnection | None = None
        self.compared = False
        self.serving_since: float | None = None
        #: The observer's, called when the program ends by itself.
        self.on_end: Callable[[Program], None] = lambda _: None
        #: The world's: tells the other workers that the line changed.
        self.on_hint: Callable[[Program], None] = lambda _: None
        self._world = world
        self._told = told
        self._task = self.process.start(self._main())
        self._task.add_done_callback(self._over)

    @property
    def alive(self) -> bool:
        """Whether it runs, or would if it were not frozen."""
        return not self.process.dead and self.ended is None and not self._task.done()

    def kill(self) -> None:
        """kill -9. Its socket is closed by the kernel."""
        socket = self.connection.socket if self.connection else None
        self.process.kill()
        if socket is not None:
            socket.drop()

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.ended = task.exception()
        self.on_end(self)

    def faults_of_ours(self) -> Iterable[str]:
        """What nobody in the program caught."""
        for context in self.process.unhandled:
            yield f"{context.get('message')}: {context.get('exception')!r}"

    async def _main(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                self._start(tasks)
        except* ApplicationReplacedError:
            pass
        finally:
            await self.journal.close()

    def _start(self, tasks: asyncio.TaskGroup) -> None:
        told, world, clock, gate = self._told, self._world, self.clock, self.gate
        settings = told.settings
        switchboard = Switchboard()
        ari = client(self.wire, f"annyeong120-{NODE}-{self.worker}")
        contacts = MemoryContacts(world.database, self.journal, clock, node=NODE, worker=self.worker, gate=gate)
        alarms = Alarms(self.journal, clock)
        store = told.parts.reservations(world.database, ring_timeout_s=told.flow.ring_timeout_s, wrapup_s=told.wrapup_s, gate=gate)
        router = self.router = told.parts.router(
            store,
            clock,
            retry_s=told.retry_s,
            policy=told.policy,
            worker=f"{NODE}/{self.worker}",
            alarms=alarms,
            hints=_Hints(self),
        )
        outbound = Outbound(settings, alarms)
        phones = MemoryPhones(world.database, gate=gate, on_change=router.wake)
        reachability = Reachability(ari, phones, clock, node=NODE, look_every_s=told.look_every_s)
        services = Services(
            ari=ari,
            switchboard=switchboard,
            router=router,
            contacts=contacts,
            leg_book=LegBook(self.journal, clock),
            alarms=alarms,
            callbacks=MemoryCallbacks(world.database, clock, gate=gate, policy=lambda: router.policy),
            codes=MemoryPlaceCodes(world.database, clock, gate=gate, policy=lambda: router.policy),
            outbound=outbound,
            standby=Standby(settings.overflow, outbound, clock),
            catalogue=SilentCatalogue(),
            flow=told.flow,
            clock=clock,
            tasks=tasks,
            caller_id="120",
        )

        async def no_desk(_: StasisStart) -> None:
            """Counsellors' codes go straight into the table here."""

        calls = self.calls = Calls(services, accepting=self._accepting, desk=no_desk, other=lambda _: None, language="ko")
        switchboard.fallback = calls.on_event
        recovery = told.parts.recovery(services, calls)
        worker = f"{NODE}/{self.worker}"
        callback_calls = CallbackCalls(services, calls, worker=worker, language="ko", hold=store.hold, accepting=self._accepting)
        watchdog = Watchdog(lambda: calls.actors, alarms, clock)

        async def on_connected() -> None:
            await recovery.on_connect()
            with contextlib.suppress(DatabaseError):
                await reachability.seed()
            self.compared = True
            self.serving_since = world.universe.now
            router.wake()

        def on_lost(_: str) -> None:
            self.compared = False
            self.serving_since = None

        gate.on_change.append(lambda _: router.wake())
        connection = self.connection = SimulatedConnection(
            ari, switchboard, on_connected=on_connected, on_lost=on_lost, timing=Timing(), randomness=self.wire.rng
        )
        connection.attach(self.wire)
        record = _Record(Path("none"), contacts, "ko")
        record.read_from(world.asterisk.records)
        for name, work in {
            "database": gate.watch(),
            "journal": self.journal.run(),
            "asterisk": connection.run(),
            "router": router.run(calls),
            "comparison": recovery.run(told.compare_every_s),
            "reachability": reachability.run(),
            # The file is one program's.
            **({"record": record.run(SAFETY_NET_EVERY_S)} if self.worker == "w1" else {}),
            "call-backs": callback_calls.run(),
            "watchdog": watchdog.run(),
        }.items():
            tasks.create_task(work, name=name)

    def _accepting(self) -> bool:
        return self.gate.available and self.compared
