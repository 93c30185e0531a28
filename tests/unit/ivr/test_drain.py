"""What is waited for before the program ends, and what is not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from ivr.call_model import Call, Phase
from ivr.dialogue_model import GiveCode
from ivr.drain import drained, unfinished
from routing.model import Offer


@dataclass
class Actor:
    """A live call."""

    call: Call
    idle: bool = True
    over: bool = False


@dataclass
class Calls:
    """All of them."""

    actors: dict[UUID, Actor] = field(default_factory=dict)
    arriving: set[str] = field(default_factory=set)

    def add(self, actor: Actor) -> Actor:
        """One more."""
        self.actors[uuid4()] = actor
        return actor


OFFER = Offer(id=uuid4(), contact_id=uuid4(), counsellor_id=uuid4(), extension="101", epoch=1, leg_id="leg-1")


@pytest.mark.parametrize(
    ("actor", "half_done"),
    [
        (Actor(Call(phase=Phase.WAITING)), False),
        (Actor(Call(phase=Phase.MENU, playing=3)), False),
        (Actor(Call(phase=Phase.TALKING, offer=OFFER, leg_up=True, connected=True)), False),
        (Actor(Call(phase=Phase.WAITING, offer=OFFER)), True),
        (Actor(Call(phase=Phase.WAITING, offer=OFFER, leg_up=True)), True),
        (Actor(Call(phase=Phase.WAITING, request=GiveCode())), True),
        (Actor(Call(phase=Phase.WAITING), idle=False), True),
        (Actor(Call(phase=Phase.ENDED, offer=OFFER), idle=False, over=True), False),
    ],
)
def test_only_half_a_step_is_waited_for(actor: Actor, half_done: bool) -> None:
    """Waiting, the menu and a talk go on in Asterisk without us."""
    calls = Calls()
    calls.add(actor)
    assert unfinished(calls) == half_done


async def test_it_ends_as_soon_as_the_last_step_is_done() -> None:
    """A channel that is being taken in, then a leg that is being connected."""
    calls = Calls(arriving={"1"})
    actor = calls.add(Actor(Call(phase=Phase.WAITING, offer=OFFER)))
    waiting = asyncio.create_task(drained(calls, 30), name="drain")
    await asyncio.sleep(0)
    calls.arriving.clear()
    await asyncio.sleep(0)
    assert not waiting.done()
    actor.call = Call(phase=Phase.TALKING, offer=OFFER, connected=True)
    async with asyncio.timeout(10):
        assert await waiting


async def test_it_does_not_wait_for_ever() -> None:
    """A phone that rings on is found by the next program."""
    calls = Calls()
    calls.add(Actor(Call(phase=Phase.WAITING, offer=OFFER)))
    assert not await drained(calls, 0.05)
