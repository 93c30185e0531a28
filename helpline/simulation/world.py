"""The world of one seed: the people, their arrivals, and the database that all processes share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from random import Random
from uuid import UUID

from escalation.testing import MemoryBook
from helpline.simulation.asterisk import Asterisk
from helpline.simulation.dialplan import Watcher
from helpline.simulation.emergency import EMERGENCY, Emergency
from helpline.simulation.loop import ProcessClock, Universe
from helpline.simulation.people import CALLED_BACK, CalledBack, Caller, Outside, Phone
from helpline.simulation.switch import Callee
from routing.presence_model import BreakReason, Human, PresenceEvent
from routing.testing import MemoryDatabase

#: How much of a trace is kept for a failure's report.
TAIL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How busy the line is."""

    calls_per_hour: float = 36.0
    seats: int = 4
    talk_s: float = 150.0
    patience_s: float = 240.0
    #: In which share of the talks a counsellor raises a crisis.
    crises: float = 0.0


class Trace:
    """What happened, in order: the tail of it, its fingerprint, and all of it where somebody wants that."""

    def __init__(self, universe: Universe, *, everything: bool = False) -> None:
        self._universe = universe
        self.everything = everything
        self._digest = blake2b(digest_size=16)
        self.lines: deque[str] = deque(maxlen=None if everything else TAIL)
        self.count = 0

    def __call__(self, *words: object) -> None:
        """Add a line."""
        line = f"{self._universe.now:11.4f}  {' '.join(map(str, words))}"
        self.count += 1
        self._digest.update(line.encode())
        self.lines.append(line)

    @property
    def fingerprint(self) -> str:
        """Equal for equal traces."""
        return self._digest.hexdigest()


class World:
    """Everything that is not the program."""

    def __init__(self, universe: Universe, seed: int, load: Load, trace: Trace, watcher: Watcher) -> None:
        self.universe = universe
        self.rng = Random(f"world {seed}")
        self.load = load
        self.crises = load.crises
        self.note = trace
        self.database = MemoryDatabase(lambda: universe.instant)
        #: Every program has a view of its own (`MemoryBook.of`).
        database = self.database
        self.incidents = MemoryBook(
            ProcessClock(universe), earlier=database.earlier_of, owner=database.owner_of, ended=database.is_over,
            same_caller=database.same_caller,
        )  # fmt: skip
        self.phones: dict[str, Phone] = {}
        self.callers: list[Caller] = []
        #: People whose telephone rang because they had asked for it.
        self.called: list[CalledBack] = []
        #: Callers whom Asterisk was not there for.
        self.unheard = 0
        self.open = True
        #: Whether the database can be reached; `helpline.simulation.faults` decides.
        self.database_there: Callable[[], bool] = lambda: True
        #: Called when somebody's presence changed.
        self.presence_changed: Callable[[], None] = lambda: None
        self._members: list[str] = []
        self.asterisk = Asterisk(
            universe, Random(f"asterisk {seed}"), dial=self._dial, members=self._net_members, watcher=watcher, note=trace
        )

    def begin(self) -> None:
        """Counsellors come to work, and people begin to call."""
        for index in range(self.load.seats):
            extension = f"{101 + index}"
            counsellor_id = UUID(int=0xC0 << 120 | index + 1)
            self.database.add_counsellor(counsellor_id, extension)
            phone = self.phones[extension] = Phone(self, counsellor_id, extension)
            self.asterisk.phones[extension] = False
            self.universe.after(self.rng.uniform(0, 5), phone.begin)
        self._next_caller()

    def close(self) -> None:
        """Nobody calls any more."""
        self.open = False

    def everybody_hangs_up(self) -> None:
        """The last callers leave, too."""
        for person in self.people():
            person.hang_up()
        self._nobody_is_owed()
        # Who dropped out of a crisis just now is asked for a moment later.
        for after in (5.0, 15.0, 30.0, 60.0):
            self.universe.after(after, self._nobody_is_owed)

    def _nobody_is_owed(self) -> None:
        for request in list(self.database.callbacks.values()):
            # Nobody waits to be called any more: whoever has it in hand finds that out.
            if request.outcome is None:
                request.end("cancelled", "cancelled", self.universe.instant)

    def people(self) -> Iterator[Caller]:
        """Everybody who is or was on the line."""
        return chain(self.callers, self.called)

    # --- people ----------------------------------------------------------------------------------------------------------------------

    def caller_left(self, caller: Caller) -> None:
        """See `Town.caller_left`."""

    def desk(self, extension: str, event: PresenceEvent, reason: BreakReason | None = None) -> bool:
        """See `Town.desk`."""
        if not self.database_there():
            return False
        if self.database.happen(extension, event, reason):
            self.note("desk", extension, event)
            self.presence_changed()
        return True

    def _next_caller(self) -> None:
        self.universe.after(self.rng.expovariate(self.load.calls_per_hour / 3600), self._arrive)

    def _arrive(self) -> None:
        if not self.open:
            return
        self._next_caller()
        # Sometimes several at once: a programme on television.
        for _ in range(self.rng.choice((1, 1, 1, 1, 1, 1, 1, 3))):
            self._one_caller()

    def _one_caller(self) -> None:
        dice = self.rng
        name = f"caller{len(self.callers)}"
        manner = dice.choices(("five", "silent", "wrong", "desk", "hasty"), (78, 6, 5, 5, 6))[0]
        withheld = dice.random() < 0.15
        # Some call again.
        again = [other.number for other in self.callers[-20:] if other.number and not other.live] if dice.random() < 0.1 else []
        caller = Caller(
            self, name,
            number="" if withheld else dice.choice(again) if again else f"010{dice.randrange(10**8):08d}",
            presentation="prohib_not_screened" if withheld else "allowed",
            patience_s=15 + dice.expovariate(1 / self.load.patience_s),
            talk_s=5 + dice.expovariate(1 / self.load.talk_s),
            manner=manner,
        )  # fmt: skip
        if caller.call("direct" if dice.random() < 0.2 else "menu"):
            self.callers.append(caller)
            self.note("calls", name, caller.channel.id if caller.channel else "", manner)
        else:
            self.unheard += 1

    # --- for Asterisk ----------------------------------------------------------------------------------------------------------------

    def _dial(self, endpoint: str) -> Callee | None:
        name = endpoint.partition("/")[2]
        if phone := self.phones.get(name):
            return phone if self.asterisk.phones.get(name) else None
        number, _, trunk = name.partition("@")
        if trunk == CALLED_BACK:
            person = CalledBack(self, f"called{len(self.called)}", number, busy=lambda: self._on_the_telephone(number))
            self.called.append(person)
            return person
        if trunk == EMERGENCY:
            return Emergency(self, number)
        return Outside(self, name)

    def _net_members(self) -> Iterable[str]:
        """The safety net's view of the presence rows (migration 0001), or what it knew before the database went away."""
        if self.database_there():
            rows = list(self.database.counsellors.values())
            signed_in = [row.extension for row in rows if row.presence.human is not Human.OFF]
            self._members = signed_in or [row.extension for row in rows]
        return [extension for extension in self._members if self.asterisk.phones.get(extension)]

    def _on_the_telephone(self, number: str) -> bool:
        return any(caller.live and caller.number == number for caller in self.callers)
