"""Books against channels: requests that get lost, without a database, and back from the dialplan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from ivr.call_model import Phase
from ivr.picture import Picture
from ivr.recovery import RETRY_S
from ivr.stage import SAFETY_NET
from routing.model import ContactState, Lane, Offer, Outcome
from routing.testing_tables import OfferRow
from tests.unit.ivr.workers import THEN, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Nobody calls yet."""
    world = World()
    yield world
    await world.end()


# --- requests get lost ------------------------------------------------------------------------------------------------


async def test_a_caller_whose_answering_got_lost_is_spoken_to_and_answered_later(world: World) -> None:
    """Nobody is left with nothing because one request was: the call goes on, and the comparison answers it."""
    program = world.worker()
    await program.recovery.on_connect()
    world.asterisk.ringing.add("caller")
    world.asterisk.deaf_to = {"answer"}
    program.arrives("caller", "menu")
    await program.settle()
    (actor,) = program.calls.actors.values()
    assert (actor.call.phase, bool(actor.call.playing)) == (Phase.MENU, True)
    world.clock.advance(10)
    await program.compared()
    assert world.asterisk.ringing == {"caller"}
    world.asterisk.deaf_to = set()
    await program.compared()
    assert world.asterisk.ringing == set()
    assert list(program.calls.actors.values()) == [actor]


async def test_a_claim_without_a_reply_is_ours_if_the_call_comes(world: World) -> None:
    """Its events may have been here before we gave up waiting for the reply."""
    program = world.worker()
    await program.recovery.on_connect()
    world.asterisk.deaf_to = {"claim"}
    program.is_offered("caller")
    program.arrives("caller", "menu")
    await program.settle()
    assert [actor.channel_id for actor in program.calls.actors.values()] == ["caller"]
    assert world.asterisk.ringing == set()


async def test_a_comparison_that_failed_is_made_again_soon(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is missed waits for it: not for another whole round."""
    program, at_once = world.worker(), asyncio.sleep
    pauses: list[float] = []
    world.asterisk.deaf_to = {"channels"}

    async def sleep(seconds: float) -> None:
        if not seconds:
            await at_once(0)
            return
        pauses.append(seconds)
        if len(pauses) == 2:
            world.asterisk.deaf_to = set()
        if len(pauses) == 4:
            raise asyncio.CancelledError

    monkeypatch.setattr("ivr.recovery.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await program.recovery.run(5.0)
    assert pauses == [5.0, RETRY_S, 5.0, 5.0]


# --- the database is away ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["on connect", "while running"])
async def test_without_a_database_whoever_hears_nothing_goes_to_the_safety_net_at_once(world: World, when: str) -> None:
    """The dialplan rings counsellors without us; talks, and for a moment those who hear music, are left alone."""
    app = world.worker().ari.app
    world.asterisk.where |= dict.fromkeys(("silent", "alone", "held", "talker", "leg-1", "leg-2", "person-1"), app) | {"other": "elsewhere"}
    world.asterisk.bridge("talk-a", "talker", "leg-1")
    world.asterisk.bridge("talk-b", "alone")
    world.asterisk.bridge("hold-c", "held", kind="holding")
    world.database_there = False
    program = world.worker()
    if when == "on connect":
        await program.recovery.on_connect()
    else:
        await program.compared()
    assert sorted(world.asterisk.moved) == [("alone", SAFETY_NET), ("silent", SAFETY_NET)]
    assert world.asterisk.hung_up == []
    await program.compared(2)
    assert sorted(world.asterisk.moved) == [("alone", SAFETY_NET), ("held", SAFETY_NET), ("silent", SAFETY_NET)]
    assert world.asterisk.hung_up == ["leg-2"]


async def test_who_went_to_the_dialplan_meanwhile_is_not_adopted_when_the_database_is_back(world: World) -> None:
    """An actor could not control that channel; the row says where the caller is, and the counsellor who was rung is free."""
    row = await world.waiting(world.worker())
    offer = Offer(id=UUID(int=1), contact_id=row.id, counsellor_id=UUID(int=2), epoch=1, extension="101", leg_id="leg-1")
    world.database.offers[offer.id] = OfferRow(offer, THEN)
    world.database_there = False
    program = world.worker()
    await program.recovery.on_connect()
    assert world.asterisk.moved == [("caller", SAFETY_NET)]
    world.database_there = True
    await program.compared()
    assert program.calls.actors == {}
    assert (row.state, row.outcome) == ("safety_net", None)
    assert program.router.closed == [offer]


async def test_a_comparison_without_database_leaves_calls_that_have_an_actor_alone(world: World) -> None:
    """They hand their callers over themselves."""
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller", "menu")
    await program.settle()
    world.database_there = False
    world.clock.advance(10)
    await program.compared(3)
    assert world.asterisk.moved == []


async def test_a_caller_who_changes_channels_while_asterisk_is_asked_is_not_gone(world: World) -> None:
    """What the picture lacks may be newer than it; found missing by a picture that is newer than the call's last change, they are gone."""
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller", "menu")
    await program.settle()
    (actor,) = program.calls.actors.values()
    world.clock.advance(60)
    world.asterisk.where.pop("caller")
    look = program.recovery.look

    async def meanwhile() -> Picture:
        picture = await look()
        actor.changed_at = world.clock.monotonic() + 0.01
        return picture

    program.recovery.look = meanwhile  # type: ignore[method-assign]  # something happens while it is under way
    await program.compared(2)
    assert not actor.over
    program.recovery.look = look  # type: ignore[method-assign]
    world.clock.advance(1)
    await program.compared(2)
    assert actor.over


@pytest.mark.parametrize("answered", [True, False])
async def test_a_person_whom_nobody_calls_any_more_is_hung_up_only_while_their_phone_rings(world: World, *, answered: bool) -> None:
    """Our hang-up got lost: an answered one would meet the safety net, and be called a second time meanwhile."""
    program = world.worker()
    await program.recovery.on_connect()
    world.asterisk.where["person-1"] = program.ari.app
    if not answered:
        world.asterisk.ringing.add("person-1")
    await program.compared(3)
    assert (world.asterisk.moved, world.asterisk.hung_up) == (([("person-1", SAFETY_NET)], []) if answered else ([], ["person-1"]))


# --- back from the dialplan -------------------------------------------------------------------------------------------


async def test_who_comes_back_keeps_contact_and_place(world: World) -> None:
    """The contact of before goes on."""
    row = await world.waiting(world.worker(), state=ContactState.SAFETY_NET)
    world.clock.advance(60)
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller")
    await program.settle()
    assert list(program.calls.actors) == [row.id]
    assert program.router.joined[0].since == THEN
    assert row.state == "waiting"


async def test_who_comes_back_after_the_contact_ended_gets_another_one_with_the_place(world: World) -> None:
    """An ended row is not driven on: there is a new one, which ends by itself, with language, lane and place of the old one."""
    program = world.worker()
    old = await world.waiting(program)
    program.contacts.lane(old.id, Lane.CRISIS)
    program.contacts.ended(old.id, Outcome.ABANDONED_SAFETY_NET)
    await program.write()
    world.clock.advance(60)
    program.arrives("caller")
    await program.settle()
    (new,) = [row for row in world.database.contacts.values() if row.id != old.id]
    assert (old.outcome, new.outcome, new.state, new.language, new.more["lane"]) == (
        "abandoned_safety_net", None, "waiting", "en", "crisis"
    )  # fmt: skip
    assert new.number == old.number
    assert world.database.by_channel["caller"] is new
    assert {"invite", "continues"} <= set(world.kinds(new.id))
    assert "back_from_safety_net" not in world.kinds(old.id)
    assert [(waiting.contact_id, waiting.since, waiting.lane) for waiting in program.router.joined] == [(new.id, THEN, Lane.CRISIS)]
    assert new.entered_at == THEN + timedelta(seconds=60)
    world.asterisk.gone("caller")
    program.leaves("caller")
    await program.settle()
    assert (new.outcome, old.outcome) == ("abandoned_waiting", "abandoned_safety_net")


@pytest.mark.parametrize("how", ["stays there", "comes back"])
async def test_whose_talk_broke_while_no_program_was_there_keeps_no_counsellor_busy(world: World, how: str) -> None:
    """The dialplan has the caller; the counsellor talked with them, and nobody saw the end of that."""
    program = world.worker()
    row = await world.waiting(program)
    offer = Offer(id=UUID(int=1), contact_id=row.id, counsellor_id=UUID(int=2), epoch=1, extension="101", leg_id="leg-1")
    world.database.offers[offer.id] = OfferRow(offer, THEN, result="answered")
    row.state = "safety_net"
    if how == "comes back":
        program.arrives("caller")
        await program.settle()
    else:
        world.asterisk.where["caller"] = ""
        await program.compared(2)
    assert set(program.router.talks_ended) == {offer.counsellor_id}
    assert row.outcome is None


@pytest.mark.parametrize("wrong", [timedelta(hours=-1), timedelta(), timedelta(hours=1)])
async def test_who_lost_the_call_with_asterisk_was_cut_off_whatever_the_clocks_say(world: World, wrong: timedelta) -> None:
    """Asterisk is another one than before; its clock and ours need not agree."""
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller", "direct")
    await program.settle()
    (row,) = world.database.contacts.values()
    world.clock.advance(60)
    world.asterisk.restarted(world.clock.now() + wrong)
    await program.recovery.on_connect()
    await program.settle()
    assert row.outcome == "cut_off"


async def test_who_hung_up_while_asterisk_stayed_was_not_cut_off(world: World) -> None:
    """Only the connection was away."""
    program = world.worker()
    await program.recovery.on_connect()
    program.arrives("caller", "direct")
    await program.settle()
    (row,) = world.database.contacts.values()
    world.asterisk.gone("caller")
    await program.recovery.on_connect()
    await program.settle()
    assert row.outcome == "abandoned_waiting"
