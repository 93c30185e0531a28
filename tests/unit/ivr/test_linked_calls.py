"""Calls between somebody of ours and a person: one order is one call, and whoever gives it up hangs it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from core.testing import ManualClock
from escalation.centre.calling import Manner
from escalation.centre.model import Result
from escalation.centre.ports import CallOrder
from ivr.ari import Bridge, Channel, ChannelDestroyed, StasisStart, Switchboard
from ivr.calls import Calls
from ivr.flow import Crisis
from ivr.linked.call import leg_id
from ivr.linked.calls import LinkedCalls
from ivr.linked.commands import Side
from ivr.outbound import NumberNotAllowed
from ivr.picture import Picture
from ivr.services import Services

ORDER = CallOrder(
    id=UUID(int=7), first="101", first_is_extension=True, person="+821055551111", language="ko",
    manner=Manner(say_who=False, leave_message=False, message_says_who=False),
)  # fmt: skip
FIRST, PERSON = leg_id(str(ORDER.id), Side.FIRST), leg_id(str(ORDER.id), Side.PERSON)
APP = "annyeong120-main-w1"


class Ari:
    """Does everything; knows what was rung and hung up."""

    app = APP

    def __init__(self) -> None:
        self.rung: dict[str, str] = {}
        self.hung_up: list[str] = []

    async def originate(self, *, endpoint: str, channel_id: str, caller_id: str, **_: object) -> None:
        """See `ivr.ari.Ari`."""
        self.rung[channel_id] = endpoint
        assert "120" in caller_id

    async def hangup(self, channel_id: str, _reason: str) -> bool:
        """See `ivr.ari.Ari`."""
        self.hung_up.append(channel_id)
        return True

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, None]]:
        async def done(*_: object, **__: object) -> None:
            return None

        return done


class Outbound:
    """Lets every number out but one."""

    def __init__(self) -> None:
        self.refused = ""

    def can_call(self, _purpose: object) -> bool:
        """See `ivr.outbound.Outbound`."""
        return True

    def caller_id(self, _purpose: object) -> str:
        """See `ivr.outbound.Outbound`."""
        return "<120>"

    def destination(self, number: str, _purpose: object) -> str:
        """See `ivr.outbound.Outbound`."""
        if number == self.refused:
            raise NumberNotAllowed
        return f"PJSIP/{number}@outside"


class House:
    """Calls without a telephone."""

    def __init__(self) -> None:
        self.ari, self.outbound, self.switchboard = Ari(), Outbound(), Switchboard()
        self.tasks: set[asyncio.Task[None]] = set()
        self.told: list[tuple[UUID, Result]] = []
        services = SimpleNamespace(
            ari=self.ari,
            outbound=self.outbound,
            switchboard=self.switchboard,
            spawn=self._spawn,
            clock=ManualClock(),
            caller_id="외로움안녕 <120>",
            callback_ask_s=25.0,
            flow=SimpleNamespace(ring_timeout_s=20.0, crisis=Crisis()),
            router=SimpleNamespace(policy=SimpleNamespace(callback_ring_s=30.0)),
            catalogue=SimpleNamespace(sequence=lambda prompts, _: list(prompts)),
            leg_book=SimpleNamespace(answered=lambda _: None, ended=lambda *_: None),
        )
        self.calls = LinkedCalls(cast(Services, services), cast(Calls, None), language="ko")
        self.calls.afterwards = self

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def progress(self, order_id: UUID, what: str) -> None:
        """See `Afterwards`."""

    async def ended(self, order_id: UUID, result: Result) -> None:
        """See `Afterwards`."""
        self.told.append((order_id, result))

    def order(self, order: CallOrder = ORDER) -> asyncio.Task[Result]:
        """Somebody orders a call."""

        async def progress(_: str) -> None:
            return None

        return asyncio.create_task(self.calls.call(order, progress))

    async def settle(self) -> None:
        """Whatever can happen has happened."""
        for _ in range(60):
            await asyncio.sleep(0)

    async def gone(self, *legs: str) -> None:
        """These channels end."""
        for leg in legs:
            self.switchboard.deliver(ChannelDestroyed(channel=Channel(id=leg, state="Up"), cause=16))
        await self.settle()

    async def answered(self, leg: str) -> None:
        """Somebody answers."""
        self.switchboard.deliver(StasisStart(channel=Channel(id=leg, state="Up"), args=("leg",)))
        await self.settle()


@pytest.fixture
async def house() -> House:
    """Nobody calls."""
    return House()


async def test_the_same_order_twice_is_one_call_with_one_result(house: House) -> None:
    """Both who ordered it hear how it ended; afterwards the id may be ordered anew."""
    both = [house.order(), house.order()]
    await house.settle()
    assert house.ari.rung == {FIRST: "PJSIP/101"}
    await house.gone(FIRST)
    assert [await one for one in both] == [Result.STAFF_ABSENT] * 2
    await house.settle()
    assert (house.calls.live, house.tasks) == (frozenset(), set())


async def test_only_the_last_who_gives_it_up_hangs_it_up(house: House) -> None:
    """One of two is cancelled: the call goes on; the other as well: both legs are hung up."""
    one, other = house.order(), house.order()
    await house.settle()
    await house.answered(FIRST)
    assert house.ari.rung == {FIRST: "PJSIP/101", PERSON: "PJSIP/+821055551111@outside"}
    one.cancel()
    await house.settle()
    assert house.ari.hung_up == []
    other.cancel()
    await house.settle()
    assert sorted(house.ari.hung_up) == sorted([FIRST, PERSON])
    await house.gone(FIRST, PERSON)
    assert (house.calls.live, house.tasks) == (frozenset(), set())


async def test_who_may_not_be_dialled_has_nobody_rung(house: House) -> None:
    """A person's number outside the allow-list, a companion's, an extension that is none."""
    house.outbound.refused = ORDER.person
    assert await house.order() is Result.UNREACHABLE
    house.outbound.refused = "+821066662222"
    assert await house.order(replace(ORDER, first="+821066662222", first_is_extension=False)) is Result.STAFF_ABSENT
    assert await house.order(replace(ORDER, first="101@elsewhere")) is Result.STAFF_ABSENT
    assert house.ari.rung == {}
    assert ORDER.person not in repr(house.calls)


async def test_a_talk_of_an_earlier_run_is_taken_up_and_the_rest_is_over(house: House) -> None:
    """Both in the bridge: its end is told as a talk. A leg alone is nobody's, and its order ends as interrupted."""
    alone = UUID(int=8)
    legs = (FIRST, PERSON, leg_id(str(alone), Side.FIRST))
    picture = Picture(
        channels={leg: Channel(id=leg, state="Up") for leg in legs},
        bridges={f"linked-{ORDER.id}": Bridge(id=f"linked-{ORDER.id}", kind="mixing", name=APP, channel_ids=(FIRST, PERSON))},
        started_at=None,
        ours=frozenset(legs),
    )
    house.calls.compare(picture, looked_at=0.0, settled_s=0.0)
    await house.settle()
    assert house.calls.live == {ORDER.id}
    assert house.told == [(alone, Result.INTERRUPTED)]
    assert house.switchboard.owner(FIRST) is not None
    assert house.switchboard.owner(legs[2]) is None
    await house.gone(PERSON)
    assert house.ari.hung_up == [FIRST]
    await house.gone(FIRST)
    assert house.told[1:] == [(ORDER.id, Result.TALKED)]
