"""The program in the simulation: `helpline.wiring` over stores in memory and the simulated line to Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from core.settings import CallbackSettings, LineSettings, OverflowSettings, Settings
from core.steady_clock import SteadyClock
from escalation.testing import shipped_partners
from helpline import wiring
from helpline.simulation import switch
from helpline.simulation.database import DatabaseGate
from helpline.simulation.faults import Faults
from helpline.simulation.line import SimulatedConnection, Wire, client
from helpline.simulation.loop import ProcessClock, process
from helpline.simulation.people import CALLED_BACK
from helpline.simulation.world import World
from ivr import flow as flows
from ivr.ari import ApplicationReplacedError, Ari, StasisStart, Switchboard
from ivr.calls import Calls
from ivr.flow import Flow
from ivr.prompts.catalogue import Catalogue
from ivr.safety_net_log import SafetyNetLog
from routing.policy import Policy
from routing.router import LINE_CHANGED, Router
from routing.testing import MemoryPhones, MemoryReservations
from routing.testing_callbacks import MemoryCallbacks, MemoryPlaceCodes
from routing.testing_contacts import MemoryContacts, MemoryJournal

NODE = "sim"
#: Phones are looked at less often than in production, where it is once a second: half of what an idle line does is that.
LOOK_EVERY_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which classes the program is made of; the deliberately broken ones are exchanged here."""

    line: wiring.Parts = field(default_factory=wiring.Parts)
    reservations: type[MemoryReservations] = MemoryReservations
    callbacks: type[MemoryCallbacks] = MemoryCallbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the program is told."""

    flow: Flow
    settings: Settings
    policy: Policy = field(default_factory=Policy)
    parts: Parts = field(default_factory=Parts)


def config(parts: Parts | None = None) -> Config:
    """The shipped call flow and policy, with a standby list, a partner line and call-backs; unanswered ones are tried again soon."""
    settings = Settings.model_construct(
        line=LineSettings.model_construct(wrapup_s=30.0, caller_id="120"),
        overflow=OverflowSettings.model_construct(trunk="trunk", standby=["01011112222", "01033334444"], partner="15770199",
                                                  allowed=["010XXXXXXXX", "1577XXXX"]),
        callbacks=CallbackSettings.model_construct(trunk=CALLED_BACK),
    )  # fmt: skip
    policy = Policy(callback_spacing_s=300)
    return Config(flow=flows.load(dasan={"2": "PJSIP/2000@trunk"}), settings=settings, policy=policy, parts=parts or Parts())


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


class _Record(SafetyNetLog):
    """The safety net's record, without a file."""

    def read_from(self, records: list[tuple[str, ...]]) -> SafetyNetLog:
        self._records = records
        return self

    async def take_in(self) -> int:
        """See `SafetyNetLog.take_in`: a line stays until it is in the database."""
        taken = list(self._records)
        for line in taken:
            await self._take(*line)
            # Another worker of this node may have been quicker.
            if line in self._records:
                self._records.remove(line)
        return len(taken)


class _Hints:
    """NOTIFY: the other workers look again, a moment later."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def send(self, channel: str) -> None:
        """See `routing.ports.Hinter`."""
        if channel == LINE_CHANGED:
            self._program.on_hint(self._program)


async def _no_desk(_: StasisStart) -> None:
    """Counsellors' codes go straight into the table here."""


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
        self._steady = SteadyClock(self.clock)
        self.gate = DatabaseGate(world.universe, self.process, rng, faults)
        self.journal = MemoryJournal(world.database, self.gate)
        #: Ended by itself: another process has its name, or a fault of ours.
        self.ended: BaseException | None = None
        self.line: wiring.Line | None = None
        self.connection: SimulatedConnection | None = None
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

    def now(self) -> datetime:
        """By the clock that its line waits by."""
        return self._steady.now()

    @property
    def router(self) -> Router | None:
        """Once it is there."""
        return self.line.router if self.line else None

    @property
    def calls(self) -> Calls | None:
        """Once they are there."""
        return self.line.calls if self.line else None

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
        told, database, clock, gate = self._told, self._world.database, self._steady, self.gate
        settings, worker = told.settings, f"{NODE}/{self.worker}"
        contacts = MemoryContacts(database, self.journal, clock, node=NODE, worker=self.worker, gate=gate)
        store = told.parts.reservations(
            database, ring_timeout_s=told.flow.ring_timeout_s, wrapup_s=settings.line.wrapup_s, gate=gate
        )  # fmt: skip
        ports = wiring.Ports(
            clock=clock,
            journal=self.journal,
            ari=client(self.wire, f"annyeong120-{NODE}-{self.worker}"),
            switchboard=Switchboard(),
            connect=self._connect,
            reservations=store,
            contacts=contacts,
            callbacks=lambda policy: told.parts.callbacks(database, clock, gate=gate, policy=policy),
            codes=lambda policy: MemoryPlaceCodes(database, clock, gate=gate, policy=policy),
            incidents=self._world.incidents.of(self.journal.id),
            partners=shipped_partners(),
            phones=MemoryPhones(database, gate=gate, on_change=self._wake),
            hints=_Hints(self),
            catalogue=SilentCatalogue(),
            flow=told.flow,
            desk=_no_desk,
            record=_Record(Path("none"), contacts, settings.prompts.language).read_from(self._world.asterisk.records),
        )
        self.line = wiring.Line(
            ports, settings, tasks, node=NODE, worker=worker, policy=told.policy, parts=told.parts.line, look_every_s=LOOK_EVERY_S
        )
        gate.on_change.append(self.line.on_database)
        for name, work in {"database": gate.watch(), **self.line.work()}.items():
            tasks.create_task(work, name=name)

    def _wake(self) -> None:
        if self.line is not None:
            self.line.router.wake()

    def _connect(
        self, ari: Ari, switchboard: Switchboard, *, on_connected: Callable[[], Awaitable[None]], on_lost: Callable[[str], None]
    ) -> SimulatedConnection:
        async def connected() -> None:
            await on_connected()
            self.serving_since = self._world.universe.now

        def lost(reason: str) -> None:
            self.serving_since = None
            on_lost(reason)

        self.connection = SimulatedConnection(ari, switchboard, on_connected=connected, on_lost=lost, randomness=self.wire.rng)
        self.connection.attach(self.wire)
        return self.connection
