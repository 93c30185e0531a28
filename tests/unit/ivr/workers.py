"""Workers over one Asterisk and one database, both in memory: the real calls, recovery and books of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from uuid import UUID

from core.alarms import Alarms
from core.errors import DatabaseUnavailable
from core.ids import new_id
from core.phone import normalise
from core.testing import ManualClock
from escalation.testing import MemoryBook
from ivr.ari import Application, AsteriskInfo, Bridge, CallBroadcast, Channel, Conflict, OutcomeUnknown, StasisEnd, StasisStart, Switchboard
from ivr.calls import Calls
from ivr.leg_book import LegBook
from ivr.recovery import Recovery
from ivr.services import Services
from routing.contacts import LiveContact
from routing.model import ContactState, Offer
from routing.testing import Contact, MemoryDatabase
from routing.testing_contacts import MemoryContacts, MemoryJournal
from tests.unit.ivr.test_call import FLOW

T = TypeVar("T")
THEN = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
NUMBER = "01012345678"


@dataclass
class Asterisk:
    """Channels with the application they are in ("" for the dialplan), and bridges."""

    where: dict[str, str] = field(default_factory=dict)
    bridges: dict[str, Bridge] = field(default_factory=dict)
    #: Moved to the dialplan: (channel, context).
    moved: list[tuple[str, str]] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)
    #: Not answered yet.
    ringing: set[str] = field(default_factory=set)
    #: Requests of these names get no answer and have no effect.
    deaf_to: set[str] = field(default_factory=set)
    started_at: datetime = THEN - timedelta(hours=1)

    def restarted(self, at: datetime) -> None:
        """Everything is gone; `at` by its own clock."""
        self.where.clear()
        self.bridges.clear()
        self.started_at = at

    def channel(self, channel_id: str, number: str = "") -> Channel:
        """As it is now."""
        unanswered = "Ringing" if channel_id.startswith("person-") else "Ring"
        return Channel(id=channel_id, state=unanswered if channel_id in self.ringing else "Up", caller_number=number)

    def bridge(self, bridge_id: str, *channel_ids: str, kind: str = "mixing") -> None:
        """These are in it."""
        self.bridges[bridge_id] = Bridge(id=bridge_id, kind=kind, channel_ids=channel_ids)

    def gone(self, channel_id: str) -> None:
        """Hung up at the other end."""
        del self.where[channel_id]
        for bridge in list(self.bridges.values()):
            self.bridge(bridge.id, *(key for key in bridge.channel_ids if key != channel_id), kind=bridge.kind)


class Client:
    """What recovery and calls ask of `ivr.ari.Ari`; everything else is done."""

    def __init__(self, asterisk: Asterisk, app: str) -> None:
        self.asterisk = asterisk
        self.app = app
        self.looks = 0

    async def asterisk_info(self) -> AsteriskInfo:
        """See `Ari`."""
        self.looks += 1
        return AsteriskInfo(version="22", started_at=self.asterisk.started_at)

    async def channels(self) -> list[Channel]:
        """See `Ari`."""
        self._heard("channels")
        return [self.asterisk.channel(key) for key in self.asterisk.where]

    async def channel(self, channel_id: str) -> Channel | None:
        """See `Ari`."""
        return self.asterisk.channel(channel_id) if channel_id in self.asterisk.where else None

    async def claim(self, channel_id: str) -> bool:
        """See `Ari`."""
        self._heard("claim")
        return channel_id in self.asterisk.where

    async def originate(self, *, channel_id: str, **_: object) -> None:
        """See `Ari`; nobody is there."""
        self._heard("originate")

    async def answer(self, channel_id: str) -> None:
        """See `Ari`."""
        self._heard("answer")
        self.asterisk.ringing.discard(channel_id)

    def _heard(self, operation: str) -> None:
        if operation in self.asterisk.deaf_to:
            raise OutcomeUnknown(operation, reason="no answer in 2 s")

    async def bridges(self) -> list[Bridge]:
        """See `Ari`."""
        return list(self.asterisk.bridges.values())

    async def application(self) -> Application:
        """See `Ari`."""
        return Application(name=self.app, channel_ids=tuple(key for key, app in self.asterisk.where.items() if app == self.app))

    async def move_to_dialplan(self, channel_id: str, context: str) -> None:
        """See `Ari`."""
        if not self.asterisk.where[channel_id]:
            raise Conflict("move_to_dialplan", status=409, reason="Channel not in Stasis application")
        self.asterisk.where[channel_id] = ""
        self.asterisk.moved.append((channel_id, context))

    async def hangup(self, channel_id: str, _reason: str) -> bool:
        """See `Ari`."""
        self.asterisk.hung_up.append(channel_id)
        return self.asterisk.where.pop(channel_id, None) is not None

    async def destroy_bridge(self, bridge_id: str) -> bool:
        """See `Ari`."""
        return self.asterisk.bridges.pop(bridge_id, None) is not None

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, None]]:
        async def done(*_: object, **__: object) -> None:
            return None

        return done


class Router:
    """What was joined, left, given back."""

    def __init__(self) -> None:
        self.joined: list[Any] = []
        self.closed: list[Offer] = []
        self.talks_ended: list[UUID] = []

    def join(self, waiting: object) -> None:
        """See `routing.router.Router`."""
        self.joined.append(waiting)

    async def close(self, offer: Offer, _result: object) -> None:
        """See `routing.router.Router`."""
        self.closed.append(offer)

    async def end_talk(self, counsellor_id: UUID, _epoch: int, **_: object) -> None:
        """See `routing.router.Router`."""
        self.talks_ended.append(counsellor_id)

    async def free_ended(self) -> None:
        """See `routing.router.Router`."""

    def leave(self, _contact_id: UUID) -> None:
        """See `routing.router.Router`."""

    def raise_lane(self, *_: object) -> None:
        """See `routing.router.Router`."""

    def promised(self, *_: object) -> None:
        """See `routing.router.Router`."""

    def place(self, _contact_id: UUID) -> None:
        """See `routing.router.Router`."""


class Worker:
    """One program, alive or as if dead: whoever does not call its methods runs nothing of it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.journal = MemoryJournal(world.database, self._gate)
        self.contacts = MemoryContacts(world.database, self.journal, world.clock, node="main", worker=name, gate=self._gate)
        self.ari = Client(world.asterisk, f"annyeong120-main-{name}")
        self.router = Router()
        self.switchboard = Switchboard()
        self.tasks: list[asyncio.Task[None]] = []
        self.services = cast(
            Services,
            SimpleNamespace(
                ari=self.ari,
                switchboard=self.switchboard,
                router=self.router,
                contacts=self.contacts,
                leg_book=LegBook(self.journal, world.clock),
                alarms=Alarms(self.journal, world.clock),
                incidents=world.incidents.of(self.journal.id),
                outbound=SimpleNamespace(partner=lambda endpoint: endpoint),
                callbacks=SimpleNamespace(dropped_out=self._nothing, cancel_for=self._nothing),
                catalogue=SimpleNamespace(
                    media=lambda prompt, _: f"sound:{prompt}", sequence=lambda prompts, _: list(prompts), seconds=lambda *_: 1.0
                ),
                flow=FLOW,
                clock=world.clock,
                caller_id="120",
                spawn=self.spawn,
            ),
        )
        self.calls = Calls(self.services, accepting=lambda: True, desk=self._nothing, other=lambda _: None, language="ko")
        self.switchboard.fallback = self.calls.on_event
        self.recovery = Recovery(self.services, self.calls)

    async def _gate(self, work: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if not self.world.database_there:
            raise DatabaseUnavailable
        return work()

    async def _nothing(self, *_: object, **__: object) -> None:
        return None

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Own a task."""
        task = asyncio.create_task(work, name=name)
        self.tasks.append(task)
        return task

    async def compared(self, times: int = 1) -> None:
        """The periodic comparison goes round so often, and what it began is done."""
        for _ in range(times):
            task, before = asyncio.create_task(self.recovery.run(0.0)), self.ari.looks
            while self.ari.looks < before + 2:
                await asyncio.sleep(0)
                assert not task.done(), task.result()
            task.cancel()
            await self.settle()

    async def settle(self) -> None:
        """Whatever can happen now has happened, and is written."""
        for _ in range(60):
            await asyncio.sleep(0)
        if self.world.database_there:
            await self.write()

    async def write(self) -> None:
        """The journal writes what it has."""
        while self.journal.waiting:
            assert await self.journal._write_some()

    def arrives(self, channel_id: str, entry: str = "returned", number: str = NUMBER) -> None:
        """A call was claimed and comes in."""
        self.world.asterisk.where[channel_id] = self.ari.app
        channel = self.world.asterisk.channel(channel_id, number)
        self.switchboard.deliver(StasisStart(channel=channel, args=("call", entry, "120", "allowed")))

    def is_offered(self, channel_id: str) -> None:
        """A call rings, and whoever claims it first has it."""
        self.world.asterisk.ringing.add(channel_id)
        self.switchboard.deliver(CallBroadcast(channel=self.world.asterisk.channel(channel_id)))

    def leaves(self, channel_id: str) -> None:
        """Somebody moves it away."""
        self.switchboard.deliver(StasisEnd(channel=Channel(id=channel_id, state="Up")))

    async def end(self) -> None:
        """Everything is let go."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class World:
    """One Asterisk, one database."""

    def __init__(self) -> None:
        self.clock = ManualClock(THEN)
        self.database = MemoryDatabase(self.clock.now)
        self.database_there = True
        self.asterisk = Asterisk()
        database = self.database
        self.incidents = MemoryBook(
            self.clock, earlier=database.earlier_of, owner=database.owner_of, ended=database.is_over, same_caller=database.same_caller
        )
        self.workers: list[Worker] = []

    def worker(self, name: str = "w1") -> Worker:
        """A program, just started; one of a name that there is already replaces it."""
        self.workers.append(Worker(self, name))
        self.database.workers[f"main/{name}"] = self.clock.now()
        return self.workers[-1]

    async def waiting(self, worker: Worker, channel_id: str = "caller", *, state: ContactState = ContactState.WAITING) -> Contact:
        """A contact of this worker whose caller is with it."""
        contact_id = new_id()
        at = self.clock.now()
        await worker.contacts.enter(
            contact_id, channel_id=channel_id, entry="menu", dialled="120", language="en", number=normalise(NUMBER), at=at, state=state
        )
        worker.contacts.queued(contact_id, at)
        await worker.write()
        self.asterisk.where[channel_id] = worker.ari.app
        return self.database.contacts[contact_id]

    def kinds(self, contact_id: UUID) -> list[str]:
        """A contact's timeline."""
        return [kind for _, kind, _ in self.database.events[contact_id]]

    def time_passes(self, seconds: float, *living: Worker) -> None:
        """Those who live give a sign of it."""
        self.clock.advance(seconds)
        for worker in living:
            self.database.workers[f"main/{worker.name}"] = self.clock.now()

    async def end(self) -> None:
        """Everything is let go."""
        for worker in self.workers:
            await worker.end()


__all__ = ["THEN", "Asterisk", "LiveContact", "Worker", "World"]
