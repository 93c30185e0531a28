"""Calls between somebody of ours and a person in a crisis, after a restart: who is taken up, what became of partners, whose orders they obey."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from core.errors import DatabaseUnavailable
from escalation import happenings as h
from escalation.centre.model import Result as CallResult
from escalation.model import Attempt, Incident, OpenIncident, OrderKind, RaisedBy, Result
from escalation.model import Stage as AttemptStage
from escalation.testing import MemoryBook
from ivr.ari import Bridge, Channel, ChannelDestroyed, StasisStart
from ivr.conference import Stage
from ivr.crisis_orders import CrisisOrders
from ivr.linked.calls import LinkedCalls
from ivr.linked.commands import Side
from ivr.linked.model import leg_id
from ivr.linked.recovery import Found, found
from ivr.picture import Picture
from tests.unit.ivr.workers import Worker, World

AT = datetime(2026, 11, 22, tzinfo=UTC)
ORDER, ATTEMPT = UUID(int=1), UUID(int=7)
FIRST, PERSON, BRIDGE = leg_id(str(ORDER), Side.FIRST), leg_id(str(ORDER), Side.PERSON), f"linked-{ORDER}"
PARTNER = f"crisis-{ATTEMPT}"


def crisis(
    stage: AttemptStage | None = AttemptStage.DIALLING, result: Result | None = None, taken_over_at: datetime | None = None
) -> OpenIncident:
    """An incident with one attempt, or with none."""
    attempts = () if stage is None else (
        Attempt(id=ATTEMPT, number=1, partner_id="police", leg_id=PARTNER, started_at=AT, stage=stage, result=result),
    )  # fmt: skip
    incident = Incident(
        id=UUID(int=9), contact_id=ORDER, raised_at=AT, raised_by=RaisedBy.CENTRE, attempts=attempts, taken_over_at=taken_over_at
    )
    return OpenIncident(incident=incident)


def look(incident: OpenIncident | None, *talk: str, ringing: tuple[str, ...] = (), up: tuple[str, ...] = ()) -> Found:
    """These are in the bridge, those ring or are up."""
    channels = {key: Channel(id=key, state="Ring" if key in ringing else "Up") for key in (*talk, *ringing, *up)}
    bridges = {BRIDGE: Bridge(id=BRIDGE, kind="mixing", channel_ids=talk)}
    return found(ORDER, incident, Picture(channels=channels, bridges=bridges, started_at=None, ours=frozenset(channels)))


def test_a_talk_without_a_crisis_needs_both() -> None:
    """As ever."""
    both = look(None, FIRST, PERSON)
    assert both.state is not None
    assert both.legs == ((FIRST, True), (PERSON, True))
    assert look(None, FIRST).state is None
    assert look(None, PERSON, up=(FIRST,)).state is None


@pytest.mark.parametrize(
    ("talk", "ringing", "up", "stage", "facts"),
    [
        ((FIRST, PERSON), (PARTNER,), (), Stage.RINGING, ()),
        ((FIRST, PERSON), (), (PARTNER,), Stage.BRIEFING, (h.Answered(attempt_id=ATTEMPT),)),
        ((FIRST, PERSON, PARTNER), (), (), Stage.JOINED, (h.Joined(attempt_id=ATTEMPT),)),
        ((FIRST, PERSON), (), (), Stage.ASKING, (h.AttemptFailed(attempt_id=ATTEMPT, result=Result.FAILED),)),
        ((PERSON, PARTNER), (), (), Stage.JOINED, (h.Joined(attempt_id=ATTEMPT),)),
        ((PERSON,), (PARTNER,), (), Stage.RINGING, ()),
        ((FIRST, PARTNER), (), (), Stage.JOINED, (h.Joined(attempt_id=ATTEMPT), h.CallerGone())),
    ],
)  # fmt: skip
def test_a_partner_is_found_by_the_name_of_their_leg_or_the_attempt_gets_its_result(
    talk: tuple[str, ...], ringing: tuple[str, ...], up: tuple[str, ...], stage: Stage, facts: tuple[h.Fact, ...]
) -> None:
    """Whoever is there goes on, alone too; nobody is called twice."""
    one = look(crisis(), *talk, ringing=ringing, up=up)
    assert one.state is not None
    assert (one.state.crisis.stage, one.state.crisis.open, one.facts) == (stage, True, facts)
    assert (one.state.first, one.state.person) == (FIRST in talk, PERSON in talk)
    assert {leg for leg, _ in one.legs} == {*talk, *ringing, *up}


def test_nobody_is_left_of_it() -> None:
    """A partner who rings for nobody is let go; what became of them is on record."""
    one = look(crisis(), ringing=(PARTNER,))
    assert one.state is None
    assert one.facts == (h.AttemptFailed(attempt_id=ATTEMPT, result=Result.WITHDRAWN), h.CallerGone())


def test_one_alone_goes_on_only_while_it_is_open() -> None:
    """After the hand-over, with the partner gone, nobody is kept."""
    over = crisis(AttemptStage.OVER, Result.TAKEN_OVER, taken_over_at=AT)
    assert look(over, PERSON).state is None
    assert look(over, FIRST, PERSON).state is not None
    left = look(crisis(AttemptStage.JOINED, taken_over_at=AT), FIRST)
    assert (left.state, left.facts) == (None, (h.PartnerLeft(attempt_id=ATTEMPT), h.CallerGone()))


class Contacts:
    """See `ivr.linked.books.LinkedContacts`."""

    def __init__(self) -> None:
        self.live: set[UUID] = set()
        self.over: list[UUID] = []
        self.claimed: set[UUID] = set()
        self.away = False

    async def enter(self, order_id: UUID) -> None:
        """It is one."""
        self.live.add(order_id)

    async def adopt(self) -> frozenset[UUID]:
        """Those that are."""
        if self.away:
            raise DatabaseUnavailable
        return frozenset(self.live)

    async def claim(self, order_ids: Collection[UUID]) -> None:
        """Ours."""
        self.claimed |= set(order_ids)

    def ended(self, order_id: UUID) -> None:
        """Over."""
        self.over.append(order_id)


class House:
    """A program that finds what another one left."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.contacts = Contacts()
        self.book = MemoryBook(world.clock)
        self.told: list[tuple[UUID, CallResult]] = []
        self.called_again: list[UUID] = []
        self.worker: Worker = world.worker()
        self.linked = self._linked()

    def _linked(self) -> LinkedCalls:
        services: Any = self.worker.services
        services.incidents, services.callbacks.ask = self.book, self._ask
        linked = LinkedCalls(services, self.worker.calls, language="ko")
        linked.contacts, linked.afterwards = self.contacts, self
        self.worker.recovery.beside = (linked,)
        return linked

    async def _ask(self, contact_id: UUID, **_: object) -> None:
        self.called_again.append(contact_id)

    async def progress(self, order_id: UUID, what: str) -> None:
        """See `Afterwards`."""

    async def ended(self, order_id: UUID, result: CallResult) -> None:
        """See `Afterwards`."""
        self.told.append((order_id, result))

    async def raised(self) -> str:
        """A crisis whose first partner is being rung; their leg."""
        await self.contacts.enter(ORDER)
        incident = await self.book.raise_(ORDER, raised_by=RaisedBy.CENTRE)
        dial = await self.book.next_attempt(incident.incident_id)
        assert dial is not None
        return dial.leg_id

    def there(self, *talk: str, ringing: str = "") -> None:
        """What Asterisk has of it."""
        asterisk, app = self.world.asterisk, self.worker.ari.app
        asterisk.where |= dict.fromkeys(filter(None, (*talk, ringing)), app)
        asterisk.ringing |= {ringing} - {""}
        asterisk.bridges[BRIDGE] = Bridge(id=BRIDGE, kind="mixing", name=app, channel_ids=talk)

    async def starts(self) -> None:
        """As `helpline.wiring` does it."""
        await self.linked.prepare()
        await self.worker.recovery.on_connect()
        await self.worker.settle()

    async def gone(self, leg: str) -> None:
        """It ends."""
        self.world.asterisk.where.pop(leg, None)
        self.worker.switchboard.deliver(ChannelDestroyed(channel=Channel(id=leg, state="Up"), cause=16))
        await self.worker.settle()

    def kinds(self) -> list[str]:
        """The incident's timeline."""
        return [happened.kind for _, happened in self.book.timeline]


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    """Its tasks are ended."""
    world = World()
    yield House(world)
    await world.end()


async def test_what_rings_rings_on_and_is_connected(house: House) -> None:
    """Nobody is hung up, nobody called a second time; when all have left, the order ends as a talk and the contact with it."""
    partner = await house.raised()
    house.there(FIRST, PERSON, ringing=partner)
    await house.starts()
    assert (set(house.linked.live), house.world.asterisk.hung_up) == ({ORDER}, [])
    house.worker.switchboard.deliver(StasisStart(channel=Channel(id=partner, state="Up"), args=("leg",)))
    await house.worker.settle()
    await house.gone(FIRST)
    assert house.kinds() == ["raised", "dialled", "answered", "counsellor_gone"]
    await house.gone(PERSON)
    assert partner in house.world.asterisk.hung_up
    await house.gone(partner)
    assert (house.told, house.contacts.over, house.called_again) == ([(ORDER, CallResult.TALKED)], [ORDER], [ORDER])


async def test_without_the_database_nobody_is_hung_up_and_later_it_goes_on(house: House) -> None:
    """Who is in a crisis is not known until it is back."""
    await house.raised()
    house.there(PERSON)
    house.contacts.away = True
    await house.starts()
    assert (house.linked.live, house.world.asterisk.hung_up, house.told) == (frozenset(), [], [])
    house.contacts.away = False
    await house.worker.compared(3)
    assert (set(house.linked.live), house.world.asterisk.hung_up) == ({ORDER}, [])
    assert house.kinds() == ["raised", "dialled", "attempt_failed", "dialled"]


async def test_one_that_ended_unseen_has_its_incident_and_its_person_called_back(house: House) -> None:
    """The contact is over, the attempt has its result."""
    partner = await house.raised()
    house.there(ringing=partner)
    await house.starts()
    assert (house.contacts.over, house.called_again, house.world.asterisk.hung_up) == ([ORDER], [ORDER], [partner])
    assert house.kinds() == ["raised", "dialled", "attempt_failed", "caller_gone", "redialled"]


async def test_a_fault_of_ours_leaves_nobody_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person goes on in the line, and their incident with them; what became of the partner is on record."""
    partner = await house.raised()
    house.there(PERSON, ringing=partner)
    await house.starts()

    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("ivr.linked.stage.LinkedStage._brief", broken)
    house.worker.switchboard.deliver(StasisStart(channel=Channel(id=partner, state="Up"), args=("leg",)))
    await house.worker.settle()
    assert (house.told, partner in house.world.asterisk.hung_up, PERSON in house.world.asterisk.hung_up) == (
        [(ORDER, CallResult.TALKED)], True, False,
    )  # fmt: skip
    assert house.worker.calls.actors[ORDER].call.conference.open
    assert (len(house.worker.router.joined), house.contacts.over) == (1, [])
    assert house.kinds() == ["raised", "dialled", "answered", "attempt_failed"]


async def test_the_desks_orders_reach_the_call_and_are_refused_aloud_where_there_is_none(house: House) -> None:
    """Claimed first, so that they are this process's to take."""
    partner = await house.raised()
    house.there(FIRST, PERSON, ringing=partner)
    await house.starts()
    orders = CrisisOrders(house.book, house.worker.calls, house.worker.services, house.worker.journal.id, beside=house.linked)
    await house.book.order(OrderKind.STOP, ORDER)
    await orders.look()
    await house.worker.settle()
    assert (house.contacts.claimed, house.kinds()[-1], partner in house.world.asterisk.hung_up) == ({ORDER}, "called_off", True)
    await house.gone(FIRST)
    await house.gone(PERSON)
    await house.book.order(OrderKind.DIAL_NEXT, ORDER)
    await orders.look()
    assert not house.linked.live
    assert house.kinds()[-1] == "called_off"


@pytest.mark.parametrize(("kind", "leg"), [("holding", False), ("mixing", True)])
def test_a_person_who_waits_in_the_line_is_no_leg_that_can_be_done_without(kind: str, leg: bool) -> None:
    """With the program's memory and the database gone the dialplan reaches somebody for them; nobody hangs them up."""
    waiting = Bridge(id="b", kind=kind, channel_ids=(PERSON,))
    seen = Picture(channels={PERSON: Channel(id=PERSON, state="Up")}, bridges={"b": waiting}, started_at=None)
    assert seen.is_leg(PERSON) is leg
