"""Who comes back from the safety net, or is called back, is in the crisis that they were in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
import pytest_asyncio

from escalation import happenings as h
from escalation.model import Danger, Dial, Incident, RaisedBy, Result
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.call_model import Phase
from ivr.conference import Conference, Stage, What
from routing.model import ContactState, Lane
from routing.testing import Contact
from tests.unit.ivr.test_call import OFFER
from tests.unit.ivr.test_crisis_call import ONE
from tests.unit.ivr.workers import Worker, World

COUNSELLOR = UUID(int=3)


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    """One Asterisk, one database, one book."""
    world = World()
    yield world
    await world.end()


async def in_a_crisis(world: World) -> tuple[Contact, Dial]:
    """The program of a caller, with whom 112 is being called, is no more; the dialplan has the caller."""
    contact = await world.waiting(world.worker("w1"), state=ContactState.SAFETY_NET)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.COUNSELLOR_KEY, counsellor_id=COUNSELLOR, danger=Danger.SUICIDE)
    dial = await world.incidents.next_attempt(raised.incident_id)
    assert dial is not None
    return contact, dial


async def back(world: World) -> tuple[Worker, CallActor]:
    """The caller comes to another program."""
    program = world.worker("w2")
    program.arrives("caller")
    await program.settle()
    (actor,) = program.calls.actors.values()
    return program, actor


def only(world: World) -> Incident:
    """There is no second one."""
    (incident,) = world.incidents.incidents.values()
    return incident


@pytest.mark.parametrize("result", [Result.FAILED, Result.WITHDRAWN])
async def test_who_is_back_from_the_safety_net_is_in_the_same_crisis(world: World, result: Result) -> None:
    """Before everybody else, for the same counsellor; and the partner after the one whom the program was calling is called."""
    contact, first = await in_a_crisis(world)
    world.incidents.note(only(world).id, h.CallerGone())
    world.incidents.note(only(world).id, h.AttemptFailed(attempt_id=first.attempt_id, result=result))
    program, actor = await back(world)
    assert (actor.contact_id, actor.call.phase, actor.call.lane) == (contact.id, Phase.WAITING, Lane.CRISIS)
    assert [(waiting.lane, waiting.named) for waiting in program.router.joined] == [(Lane.CRISIS, COUNSELLOR)]
    incident = only(world)
    assert incident.caller_gone_at is None
    assert [attempt.leg_id for attempt in incident.live] == [actor.call.conference.leg_id]
    actor.post(m.Ordered(what=What.RAISE))
    await program.settle()
    assert len(only(world).attempts) == 2


async def test_who_is_back_after_their_contact_had_ended_is_in_the_same_crisis(world: World) -> None:
    """Under another contact, by which the program writes of it and a person raises it again."""
    contact, first = await in_a_crisis(world)
    world.incidents.note(only(world).id, h.AttemptFailed(attempt_id=first.attempt_id, result=Result.BUSY))
    contact.outcome = "talked"
    program, actor = await back(world)
    assert actor.contact_id != contact.id
    incident = only(world)
    assert (incident.contact_id, [attempt.leg_id for attempt in incident.live]) == (contact.id, [actor.call.conference.leg_id])
    raised = await program.services.incidents.raise_(actor.contact_id, raised_by=RaisedBy.COUNSELLOR_DESK)
    assert (raised.incident_id, raised.new) == (incident.id, False)
    assert world.incidents.late == []


async def test_who_dials_again_after_everybody_had_gone_is_in_the_same_crisis(world: World) -> None:
    """Past the menu and before everybody else; nobody outside is called before a counsellor has heard who it is."""
    contact, first = await in_a_crisis(world)
    world.incidents.note(only(world).id, h.AttemptFailed(attempt_id=first.attempt_id, result=Result.NO_ANSWER))
    contact.outcome = "talked"
    program = world.worker("w2")
    program.arrives("another", "menu")
    await program.settle()
    (actor,) = program.calls.actors.values()
    assert (actor.contact_id != contact.id, actor.call.phase, actor.call.lane) == (True, Phase.WAITING, Lane.CRISIS)
    assert (only(world).live, actor.stage.crisis.incident_id) == ((), only(world).id)
    assert "continues" in world.kinds(actor.contact_id)
    raised = await program.services.incidents.raise_(actor.contact_id, raised_by=RaisedBy.COUNSELLOR_KEY)
    assert (raised.incident_id, raised.new) == (only(world).id, False)


async def test_somebody_else_is_in_no_crisis_of_others(world: World) -> None:
    """Nor who dials again after a human has closed it."""
    contact, _ = await in_a_crisis(world)
    contact.outcome = "talked"
    program = world.worker("w2")
    program.arrives("another", "menu", "01055556666")
    await program.settle()
    world.incidents.decide(only(world).id, h.Confirmed(by=COUNSELLOR))
    program.arrives("they", "menu")
    await program.settle()
    assert [actor.call.phase for actor in program.calls.actors.values()] == [Phase.MENU, Phase.MENU]


async def test_who_dials_again_while_two_wait_is_in_the_same_call(world: World) -> None:
    """The same contact goes on, on another channel; what they were not heard to do meanwhile is not lost."""
    program = world.worker("w1")
    contact = await world.waiting(program)
    await program.recovery.on_connect()
    await program.settle()
    actor = program.calls.actors[contact.id]
    actor.call = replace(
        actor.call, phase=Phase.LEFT, number=contact.number, offer=OFFER, leg_up=True, talked=True,
        conference=Conference(open=True, stage=Stage.JOINED, partner=ONE),
    )  # fmt: skip
    program.arrives("another", "menu")
    await program.settle()
    assert list(program.calls.actors) == [contact.id]
    assert (actor.channel_id, contact.channel_id, actor.call.phase) == ("another", "another", Phase.TALKING)
    program.leaves("another")
    await program.settle()
    assert "caller_dialled_again" in world.kinds(contact.id)


@pytest.mark.parametrize("how", ["proposed", "called off", "taken over"])
async def test_nobody_is_called_for_who_is_back_where_nobody_was_to_be_called(world: World, how: str) -> None:
    """It is their incident all the same."""
    contact = await world.waiting(world.worker("w1"), state=ContactState.SAFETY_NET)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.CALLER_KEY, proposed=how == "proposed")
    if how != "proposed":
        world.incidents.note(raised.incident_id, h.CalledOff() if how == "called off" else h.TakenOver())
    program, actor = await back(world)
    assert (only(world).attempts, actor.call.conference.open) == ((), False)
    assert actor.stage.crisis.incident_id == raised.incident_id
    actor.post(m.Ordered(what=What.RAISE))
    await program.settle()
    assert len(only(world).attempts) == 1


async def test_a_program_that_was_replaced_calls_nobody(world: World) -> None:
    """It hears the key in the instant in which another one has taken the caller: that one calls, and the contact's story tells it."""
    old = world.worker("w1")
    contact = await world.waiting(old)
    await old.recovery.on_connect()
    await old.settle()
    world.database.contacts[contact.id].owner = world.worker("w2").journal.id
    old.calls.actors[contact.id].post(m.Ordered(what=What.RAISE))
    await old.settle()
    assert only(world).attempts == ()
    assert "crisis_refused" in world.kinds(contact.id)
