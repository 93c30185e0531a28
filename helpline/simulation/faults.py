"""What goes wrong, and when: chosen by the seed among the kinds that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from random import Random

from helpline.simulation.loop import Universe


class Fault(StrEnum):
    """A kind of fault."""

    #: kill -9 of the program, and a restart some seconds later.
    CRASH = "crash"
    #: The program does not run for a while, then goes on as if nothing had been.
    FREEZE = "freeze"
    #: The same, and meanwhile another process is started under its name.
    TAKEOVER = "takeover"
    #: kill -9, and nobody starts it again for minutes or at all, while another worker is there.
    LOSS = "loss"
    #: kill -9, and a restart while the database is away.
    COLD_START = "cold_start"
    #: Events get lost, come twice or late.
    EVENTS = "events"
    #: Requests fail or are not answered, with effect or without.
    REQUESTS = "requests"
    #: The event socket is closed, or nothing gets through it any more.
    SOCKET = "socket"
    #: Asterisk dies and is started again.
    ASTERISK = "asterisk"
    #: PostgreSQL is away, or loses answers.
    DATABASE = "database"
    #: The program's clock jumps by seconds to an hour, and some time later back. Nothing but the jump counts as trouble.
    CLOCK = "clock"


#: Seconds between two faults of a kind, on average.
MEAN_S: dict[Fault, float] = {
    Fault.CRASH: 1500,
    Fault.FREEZE: 1500,
    Fault.TAKEOVER: 3000,
    Fault.LOSS: 3000,
    Fault.COLD_START: 3600,
    Fault.EVENTS: 900,
    Fault.REQUESTS: 900,
    Fault.SOCKET: 1800,
    Fault.ASTERISK: 5400,
    Fault.DATABASE: 1500,
    Fault.CLOCK: 3600,
}
#: After this long everything a fault did is repaired (FAILURES: a lost end within 30 s).
RECOVERED_S = 40.0


def parse(text: str) -> tuple[Fault, ...]:
    """`all`, `none`, or names with commas. Raises ValueError that names the wrong one."""
    if text == "all":
        return tuple(Fault)
    if text in ("none", ""):
        return ()
    known = {str(fault): fault for fault in Fault}
    names = [name.strip() for name in text.split(",")]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f"there is no fault {', '.join(wrong)}; there are {', '.join(known)}, all and none")
    return tuple(known[name] for name in names)


class Faults:
    """Decides; whoever is hit asks (`request`, `event`, `database`), or is called through `strike`."""

    def __init__(self, universe: Universe, seed: int, kinds: Sequence[Fault], note: Callable[..., None], intensity: float = 1.0) -> None:
        self.universe = universe
        self.rng = Random(f"faults {seed}")
        self.kinds = tuple(kinds)
        self.intensity = intensity
        self.note = note
        #: Carries out those that hit a process or Asterisk: (fault) -> until when it lasts.
        self.strike: Callable[[Fault], float] = lambda _: self.universe.now
        self.stopped = False
        self._until: dict[Fault, float] = {}
        self._rate = 0.0
        self._away_kind = ""

    def begin(self) -> None:
        """Plan the first one of every kind."""
        for kind in self.kinds:
            self._plan(kind)

    def stop(self) -> None:
        """No more of them; those under way end at once."""
        self.stopped = True
        self._until = {kind: min(until, self.universe.now) for kind, until in self._until.items()}

    def lasts(self, kind: Fault) -> bool:
        """Whether one of this kind is under way."""
        return self._until.get(kind, -1.0) > self.universe.now

    def quiet(self, for_s: float = RECOVERED_S) -> bool:
        """Whether nothing has been wrong for so long."""
        return all(until + for_s <= self.universe.now for until in self._until.values())

    @property
    def clock_set_at(self) -> float:
        """When a program's clock jumped last; -1: never."""
        return self._until.get(Fault.CLOCK, -1.0)

    def jumped(self) -> None:
        """A clock went back to the right time, which is a jump like any other."""
        self._until[Fault.CLOCK] = self.universe.now

    def close_database(self, lasts_s: float) -> None:
        """The database is away from now on."""
        self._until[Fault.DATABASE] = max(self._until.get(Fault.DATABASE, -1.0), self.universe.now + lasts_s)
        self._away_kind = self.rng.choice(("gone", "frozen"))

    def _plan(self, kind: Fault) -> None:
        self.universe.after(self.rng.expovariate(self.intensity / MEAN_S[kind]), self._hit, kind)

    def _hit(self, kind: Fault) -> None:
        if self.stopped:
            return
        self._plan(kind)
        if kind in (Fault.EVENTS, Fault.REQUESTS):
            self._until[kind] = self.universe.now + self.rng.uniform(5, 60)
            self._rate = self.rng.choice((0.02, 0.1, 0.3))
        elif kind is Fault.DATABASE:
            self._until[kind] = self.universe.now + self.rng.choice((0.5, 3.0, 10.0, 30.0))
            self._away_kind = self.rng.choice(("gone", "frozen", "answers lost"))
        else:
            self._until[kind] = max(self._until.get(kind, -1.0), self.strike(kind))
        self.note("FAULT", kind, f"until {self._until[kind]:.1f}")

    # --- asked by those who are hit --------------------------------------------------------------------------------------------------

    def request(self, operation: str) -> str:
        """See `line.Trouble.request`."""
        if not self.lasts(Fault.REQUESTS) or self.rng.random() >= self._rate:
            return ""
        what = self.rng.choice(("refused", "failed", "lost", "unanswered", "slow"))
        self.note("request", what, operation)
        return what

    def event(self, kind: str) -> str:
        """See `line.Trouble.event`."""
        if not self.lasts(Fault.EVENTS) or self.rng.random() >= self._rate:
            return ""
        what = self.rng.choice(("lost", "doubled", "late"))
        self.note("event", what, kind)
        return what

    def database(self) -> str:
        """Serves (""); `gone`: refuses at once; `frozen`: does not answer; `answers lost`: does it and is not heard."""
        return self._away_kind if self.lasts(Fault.DATABASE) else ""
