"""Runs one seed: the world, the faults, the programs that come and go, and the oracle over all of them."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import structlog

from core import ids
from helpline.simulation.faults import Fault, Faults
from helpline.simulation.loop import BEGINNING, NothingHappens, Spinning, Universe
from helpline.simulation.oracle import Oracle, Violation
from helpline.simulation.program import Config, Program, config
from helpline.simulation.world import Load, Trace, World

#: After the last fault and the last caller everything must come to rest within this long.
AFTERMATH_S = 180.0
#: So often at most, while somebody is being called back.
AFTERMATHS = 10
#: The first part of it, in which nobody is hurried.
CALM_S = 60.0
#: How many programs share the line, by the seed.
WORKERS = (2, 1, 1, 3, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to simulate."""

    seed: int
    hours: float = 2.0
    faults: tuple[Fault, ...] = tuple(Fault)
    #: Faults come so many times as often.
    intensity: float = 1.0
    load: Load = field(default_factory=Load)
    #: Programs that share the line; 0: by the seed (`WORKERS`).
    workers: int = 0
    #: Keep the whole trace instead of its tail.
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it."""

    seed: int
    #: "" or the invariant that was broken, what happened, and when (virtual seconds).
    invariant: str = ""
    text: str = ""
    at: float = 0.0
    trace: tuple[str, ...] = ()
    fingerprint: str = ""
    simulated_s: float = 0.0
    #: Of one processor: what other programs took meanwhile does not count.
    real_s: float = 0.0
    callers: int = 0
    talks: int = 0
    #: People dialled who had asked for it.
    called_back: int = 0
    faults: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    longest_silence: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every invariant held."""
        return not self.invariant

    @property
    def speed(self) -> float:
        """Simulated over real time."""
        return self.simulated_s / self.real_s if self.real_s else 0.0


def simulate(job: Job, told: Config | None = None) -> Result:
    """Run one seed to its end or to the first broken invariant. Deterministic for one `PYTHONHASHSEED`."""
    began = time.process_time()
    universe = Universe()
    trace = Trace(universe, everything=job.everything)
    with _our_own_ids(universe, job.seed), _logs_into(trace):
        simulation = Simulation(universe, job, trace, told or config())
        invariant, text, at = "", "", 0.0
        try:
            simulation.run()
        except Violation as violation:
            invariant, text, at = violation.invariant, violation.text, violation.at
        except (NothingHappens, Spinning) as error:
            invariant, text, at = type(error).__name__, str(error), universe.now
        if invariant:
            trace("VIOLATION", invariant, text)
        result = Result(
            seed=job.seed,
            invariant=invariant,
            text=text,
            at=at,
            trace=tuple(trace.lines),
            fingerprint=trace.fingerprint,
            simulated_s=universe.now,
            real_s=time.process_time() - began,
            **simulation.figures(),
        )
        # Nothing may keep what dead processes left behind, or it would be tidied up after the end of the world.
        del simulation
        universe.dispose()
    return result


class Simulation:
    """One seed."""

    def __init__(self, universe: Universe, job: Job, trace: Trace, told: Config) -> None:
        self.universe = universe
        self.job = job
        self.trace = trace
        # Half of the seeds ring the person first.
        self.told = replace(told, policy=replace(told.policy, callback_person_first=job.seed % 2))
        self.rng = Random(f"programs {job.seed}")
        self.oracle = Oracle(lambda: self.told.policy)
        self.world = World(universe, job.seed, job.load, trace, self.oracle)
        self.faults = Faults(universe, job.seed, job.faults, trace, job.intensity)
        self.programs: list[Program] = []
        self._started = 0
        self._hits = 0

    def run(self) -> None:
        """Raises `Violation`."""
        world, faults = self.world, self.faults
        world.database_there = lambda: faults.database() in ("", "answers lost")
        world.presence_changed = self._presence_changed
        faults.strike = self._strike
        self.oracle.programs = lambda: self.programs
        self.oracle.watch(world, faults)
        for number in range(self.job.workers or WORKERS[self.job.seed % len(WORKERS)]):
            self._start(f"w{number + 1}")
        world.begin()
        faults.begin()
        self.universe.run(self.job.hours * 3600)
        world.close()
        faults.stop()
        self.trace("faults stop")
        self.universe.run(self.universe.now + CALM_S)
        world.everybody_hangs_up()
        for _ in range(AFTERMATHS):
            self.universe.run(self.universe.now + AFTERMATH_S)
            if not world.database.live_contacts():
                break
        self.oracle.at_the_end()

    def figures(self) -> dict[str, Any]:
        """For the result."""
        outcomes: dict[str, int] = {}
        for contact in self.world.database.contacts.values():
            outcomes[str(contact.outcome)] = outcomes.get(str(contact.outcome), 0) + 1
        return {
            "callers": len(self.world.callers),
            "talks": self.oracle.talks,
            "called_back": self.oracle.callbacks.dialled,
            "faults": self._hits,
            "outcomes": outcomes,
            "longest_silence": self.oracle.longest_silence,
        }

    # --- processes -------------------------------------------------------------------------------------------------------------------

    def _start(self, worker: str) -> None:
        self._started += 1
        self.trace("program starts", worker, self._started)
        program = Program(self.world, self.faults, self.told, self._started, worker)
        program.on_end = self._ended
        program.on_hint = self._hint
        self.programs.append(program)

    def _ended(self, program: Program) -> None:
        if program in self.programs:
            self.trace("program ends", program.number, repr(program.ended))
            self.programs.remove(program)
            program.process.kill()
            if program.ended is not None:
                self.universe.after(0.0, self._fell, program)

    def _fell(self, program: Program) -> None:
        raise self.oracle.broken("program", f"it ended by itself: {program.ended!r}")

    def _hint(self, sender: Program) -> None:
        if self.faults.lasts(Fault.DATABASE):
            return
        for program in self.programs:
            if program is not sender and program.router is not None:
                self.universe.after(self.rng.uniform(0.002, 0.025), program.process.post, program.router.line_changed)

    def _presence_changed(self) -> None:
        for program in self.programs:
            if program.router is not None:
                self.universe.after(self.rng.uniform(0.001, 0.005), program.process.post, program.router.wake)

    def _strike(self, fault: Fault) -> float:
        """Hit a process or Asterisk; until when it lasts."""
        self._hits += 1
        now, dice = self.universe.now, self.rng
        running = [program for program in self.programs if not program.process.frozen]
        program = dice.choice(running) if running else None
        match fault:
            case Fault.ASTERISK:
                return self._asterisk_dies(dice.uniform(2, 12))
            case _ if program is None:
                return now
            case Fault.CRASH:
                down = dice.choice((0.3, 1.0, 2.0, dice.uniform(2, 60)))
                self._kill(program)
                self.universe.after(down, self._start, program.worker)
                return now + down + 3
            case Fault.LOSS:
                return self._lose(program)
            case Fault.COLD_START:
                away = dice.uniform(5, 45)
                self.faults.close_database(away)
                self._kill(program)
                self.universe.after(dice.uniform(0.3, min(away, 10.0)), self._start, program.worker)
                return now + away + 3
            case Fault.FREEZE | Fault.TAKEOVER:
                lasts = dice.uniform(5, 40)
                program.process.frozen = True
                self.trace("frozen", program.worker, program.number)
                self.universe.after(lasts, self._thaw, program)
                if fault is Fault.TAKEOVER:
                    self.universe.after(dice.uniform(0.5, lasts), self._start, program.worker)
                return now + lasts + 3
            case Fault.SOCKET:
                return self._socket_lost(program)
            case Fault.CLOCK:
                program.clock.ahead_s = dice.choice((-3600.0, -300.0, -60.0, -5.0, 5.0, 60.0, 300.0, 3600.0))
                self.trace("clock", program.worker, program.number, program.clock.ahead_s)
                self.universe.after(dice.uniform(10, 900), self._clock_right, program)
                return now
            case _:
                return now

    def _kill(self, program: Program) -> None:
        self.trace("killed", program.worker, program.number)
        self.programs.remove(program)
        program.kill()

    def _lose(self, program: Program) -> float:
        """Others must go on for it; some time it may come back."""
        if not any(other.worker != program.worker and not other.process.frozen for other in self.programs):
            return self.universe.now
        self._kill(program)
        if self.rng.random() < 0.5:
            self.universe.after(self.rng.uniform(90, 900), self._comes_back, program.worker)
        return self.universe.now + 3

    def _comes_back(self, worker: str) -> None:
        if not self.faults.stopped and all(program.worker != worker for program in self.programs):
            self._start(worker)

    def _thaw(self, program: Program) -> None:
        self.trace("thaws", program.number)
        program.process.frozen = False

    def _clock_right(self, program: Program) -> None:
        if program.clock.ahead_s and not program.process.dead:
            self.trace("clock", program.worker, program.number, "right")
            program.clock.ahead_s = 0.0
            self.faults.jumped()

    def _socket_lost(self, program: Program) -> float:
        now, socket = self.universe.now, program.connection.socket if program.connection else None
        if self.rng.random() < 0.5 and socket is not None:
            socket.drop()
            return now + 3
        lasts = self.rng.uniform(1, 15)
        program.wire.dark = True
        self.universe.after(lasts, setattr, program.wire, "dark", False)
        return now + lasts + 3

    def _asterisk_dies(self, down: float) -> float:
        for program in self.programs:
            socket = program.connection.socket if program.connection else None
            if socket is not None:
                socket.drop()
        self.world.asterisk.crash()
        self.universe.after(down, self.world.asterisk.boot)
        return self.universe.now + down + 5


@contextmanager
def _our_own_ids(universe: Universe, seed: int) -> Iterator[None]:
    """Ids of the seed's dice and the virtual time instead of the machine's."""
    dice = Random(f"ids {seed}")
    beginning = int(BEGINNING.timestamp() * 1e9)
    with ids.new_id.determined(lambda: beginning + int(universe.now * 1e9), dice.randbytes):
        yield


@contextmanager
def _logs_into(trace: Trace) -> Iterator[None]:
    """What the program would log as a warning or worse stands in the trace."""
    before = structlog.get_config()

    def write(_: object, level: str, event: structlog.typing.EventDict) -> str:
        error = event.pop("exc_info", None)
        trace("log", level, event.pop("event"), *(f"{key}={value}" for key, value in event.items()))
        if error:
            for line in structlog.processors.ExceptionRenderer()(None, level, {"exc_info": True})["exception"].splitlines():
                trace("   ", line)
        raise structlog.DropEvent

    structlog.configure(
        processors=[write], wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), cache_logger_on_first_use=False
    )
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        structlog.configure(**before)


def seeds(text: str) -> Sequence[int]:
    """`7` or `1-60`. Raises ValueError."""
    first, dash, last = text.partition("-")
    return range(int(first), int(last if dash else first) + 1)
