"""Callers of a worker that died, that was away for a moment, or that was replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from ivr import call_model as m
from ivr.call_model import Phase
from ivr.recovery import ENTRY
from routing.model import ContactState, Lane, Offer, Outcome
from routing.testing_tables import OfferRow
from tests.unit.ivr.workers import THEN, World

DEAD_S = 16.0


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Nobody calls yet."""
    world = World()
    yield world
    await world.end()


async def test_callers_of_a_dead_worker_are_offered_to_those_that_live_and_keep_their_place(world: World) -> None:
    """Not before its lease is over, and once only; its legs and bridges are no more."""
    dead, living = world.worker("w1"), world.worker("w2")
    row = await world.waiting(dead)
    offer = Offer(id=UUID(int=1), contact_id=row.id, counsellor_id=UUID(int=2), epoch=1, extension="101", leg_id="leg-1")
    world.database.offers[offer.id] = OfferRow(offer, THEN)
    world.asterisk.where["leg-1"] = dead.ari.app
    world.asterisk.bridge(f"hold-{row.id}", "caller", kind="holding")
    await living.recovery.on_connect()
    world.time_passes(10, living)
    await living.compared(3)
    assert (world.asterisk.moved, row.worker) == ([], "w1")
    world.time_passes(DEAD_S - 10, living)
    await living.compared(1)
    assert world.asterisk.moved == [], "found once is not certain"
    await living.compared(3)
    assert world.asterisk.moved == [("caller", ENTRY)]
    assert (world.asterisk.hung_up, set(living.router.closed), world.asterisk.bridges) == (["leg-1"], {offer}, {})
    assert (row.worker, row.owner, row.outcome) == ("w2", living.journal.id, None)
    living.arrives("caller", "menu")
    await living.settle()
    assert list(living.calls.actors) == [row.id]
    assert living.router.joined[0].since == THEN
    assert "taken_over" in world.kinds(row.id)


async def test_whoever_of_the_living_gets_the_call_has_the_contact(world: World) -> None:
    """One took it over, another one claimed the call: the row goes with the caller."""
    dead, first, second = world.worker("w1"), world.worker("w2"), world.worker("w3")
    row = await world.waiting(dead)
    world.time_passes(DEAD_S, first, second)
    await first.compared(2)
    second.arrives("caller", "menu")
    await second.settle()
    await first.compared(3)
    assert (row.worker, row.state, row.outcome) == ("w3", "waiting", None)
    assert (list(first.calls.actors), list(second.calls.actors)) == ([], [row.id])
    assert world.asterisk.where["caller"] == second.ari.app


async def test_a_talk_of_a_dead_worker_goes_on_and_is_written_down_when_it_is_over(world: World) -> None:
    """Nobody touches it; then the row ends as a talk, and the counsellor's leg is let go."""
    dead, living = world.worker("w1"), world.worker("w2")
    row = await world.waiting(dead)
    offer = Offer(id=UUID(int=1), contact_id=row.id, counsellor_id=UUID(int=2), epoch=1, extension="101", leg_id="leg-1")
    world.database.offers[offer.id] = OfferRow(offer, THEN, result="answered")
    dead.contacts.talking(row.id, offer.counsellor_id, THEN)
    await dead.write()
    world.asterisk.where["leg-1"] = dead.ari.app
    world.asterisk.bridge(f"talk-{row.id}", "caller", "leg-1")
    world.time_passes(600, living)
    await living.compared(4)
    assert (world.asterisk.moved, world.asterisk.hung_up, row.worker) == ([], [], "w1")
    world.asterisk.gone("caller")
    await living.compared(3)
    assert (row.outcome, world.asterisk.hung_up) == ("talked", ["leg-1"])


async def test_who_lost_the_counsellor_in_a_talk_of_a_dead_worker_is_offered_again(world: World) -> None:
    """Alone in the talk's bridge nobody would hear anything."""
    dead, living = world.worker("w1"), world.worker("w2")
    row = await world.waiting(dead)
    world.asterisk.bridge(f"talk-{row.id}", "caller")
    world.time_passes(600, living)
    await living.compared(3)
    assert world.asterisk.moved == [("caller", ENTRY)]


async def test_a_worker_that_comes_back_gives_up_whom_others_have(world: World) -> None:
    """Frozen, not dead: it neither ends the contact, nor hangs anybody up, nor takes the bridges away."""
    frozen, living = world.worker("w1"), world.worker("w2")
    await frozen.recovery.on_connect()
    frozen.arrives("caller", "direct")
    await frozen.settle()
    (row,) = world.database.contacts.values()
    world.time_passes(DEAD_S, living)
    await living.compared(3)
    living.arrives("caller", "menu")
    await living.settle()
    world.asterisk.bridge(f"hold-{row.id}", "caller", kind="holding")
    frozen.leaves("caller")
    frozen.contacts.state(row.id, ContactState.MENU)
    await frozen.settle()
    assert (row.worker, row.state, row.outcome) == ("w2", "waiting", None)
    assert (frozen.calls.actors, list(living.calls.actors)) == ({}, [row.id])
    assert (world.asterisk.hung_up, list(world.asterisk.bridges)) == ([], [f"hold-{row.id}"])
    assert "outcome" not in world.kinds(row.id)


async def test_a_call_that_left_unseen_is_given_up_when_it_is_found_elsewhere_twice(world: World) -> None:
    """The event that said so was lost."""
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller", "direct")
    await program.settle()
    world.clock.advance(10)
    await program.compared()
    (row,) = world.database.contacts.values()
    assert program.calls.actors[row.id].call.phase is Phase.WAITING
    world.asterisk.where["caller"] = ""
    await program.compared(1)
    assert list(program.calls.actors) == [row.id]
    await program.compared(4)
    assert (program.calls.actors, row.state, row.outcome) == ({}, "safety_net", None)


async def test_who_was_away_for_a_moment_is_taken_up_again_by_the_same_program(world: World) -> None:
    """The end of the earlier task takes neither the new one nor its events away."""
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller", "direct")
    await program.settle()
    ((contact_id, first),) = program.calls.actors.items()
    # Its end is not seen, so that the first one waits for it.
    first.stage.adopt_leg("leg-1", up=True)
    program.leaves("caller")
    await program.settle()
    program.arrives("caller", "menu")
    await program.settle()
    first.stage.legs["leg-1"].gone = True
    first.post(m.Spoke())
    await program.settle()
    second = program.calls.actors[contact_id]
    assert first.over
    assert second is not first
    world.asterisk.gone("caller")
    program.leaves("caller")
    await program.settle()
    assert second.over
    assert world.database.contacts[contact_id].outcome == "abandoned_waiting"


async def test_a_replaced_process_changes_no_state_any_more(world: World) -> None:
    """The same name, frozen while another one took it over: what it still writes is a story, and no outcome."""
    frozen = world.worker()
    row = await world.waiting(frozen)
    frozen.contacts.ended(row.id, Outcome.ABANDONED_WAITING)
    frozen.contacts.note(row.id, "hangup")
    frozen.contacts.lane(row.id, Lane.CRISIS)
    program = world.worker()
    await program.recovery.on_connect()
    await frozen.write()
    assert (row.outcome, row.more["lane"]) == (None, "crisis")
    assert "hangup" in world.kinds(row.id)
