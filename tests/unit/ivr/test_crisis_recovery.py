"""What a crisis is found like after a restart, and how its book is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
import pytest_asyncio

from escalation import happenings as h
from escalation.model import Attempt, Incident, OpenIncident, OrderKind, RaisedBy, Result
from escalation.model import Stage as AttemptStage
from ivr import call_model as m
from ivr.ari import Bridge, Channel
from ivr.call_model import Phase
from ivr.callback_actor import redial_policy
from ivr.conference import Fact, Stage, What
from ivr.conference_model import CallingAgain
from ivr.crisis_books import CrisisBooks
from ivr.crisis_orders import CrisisOrders
from ivr.crisis_recovery import Found, found, without_caller
from ivr.happenings import Happening
from ivr.picture import Picture, resumed
from ivr.services import Services
from routing.callback_model import Due
from routing.contacts import LiveContact
from routing.model import ContactState, Lane, Offer
from routing.policy import Policy
from tests.unit.ivr.workers import World

AT = datetime(2026, 11, 22, tzinfo=UTC)
CONTACT, ATTEMPT, COUNSELLOR = UUID(int=1), UUID(int=7), UUID(int=3)
PARTNER, TALK = f"crisis-{ATTEMPT}", f"talk-{CONTACT}"
OFFER = Offer(id=UUID(int=2), contact_id=CONTACT, counsellor_id=COUNSELLOR, epoch=1, extension="101", leg_id="leg-1")
ROW = LiveContact(
    id=CONTACT, channel_id="caller", state=ContactState.TALKING, entry="direct", language="ko", entered_at=AT, queued_at=AT, answered_at=AT
)


def crisis(stage: AttemptStage | None = AttemptStage.DIALLING, result: Result | None = None, **about: object) -> OpenIncident:
    """An incident with one attempt, or with none."""
    attempts = () if stage is None else (
        Attempt(id=ATTEMPT, number=1, partner_id="police", leg_id=PARTNER, started_at=AT, stage=stage, result=result),
    )  # fmt: skip
    incident = Incident(id=UUID(int=9), contact_id=CONTACT, raised_at=AT, raised_by=RaisedBy.COUNSELLOR_KEY, attempts=attempts)
    for name, value in about.items():
        object.__setattr__(incident, name, value)
    return OpenIncident(incident=incident)


def picture(*talk: str, others: tuple[str, ...] = (), ringing: tuple[str, ...] = ()) -> Picture:
    """These are in the talk bridge; others are there, too."""
    channels = {key: Channel(id=key, state="Ring" if key in ringing else "Up") for key in (*talk, *others, *ringing)}
    return Picture(
        channels=channels, bridges={TALK: Bridge(id=TALK, kind="mixing", channel_ids=talk)}, started_at=None, ours=frozenset(channels)
    )


def look(incident: OpenIncident | None, seen: Picture, offer: Offer | None = OFFER) -> tuple[Found, m.Call]:
    """The crisis, and the call."""
    state = found(incident, ROW, offer, seen)
    return state, resumed(ROW, offer, seen, state.conference)


def test_a_ringing_partner_is_taken_up_where_they_are() -> None:
    """Nobody is called twice."""
    state, call = look(crisis(), picture("caller", "leg-1", ringing=(PARTNER,)))
    assert (state.conference.stage, state.conference.leg_id, state.conference.open) == (Stage.RINGING, PARTNER, True)
    assert (call.phase, state.facts) == (Phase.TALKING, ())


def test_a_partner_who_answered_meanwhile_is_briefed() -> None:
    """From the beginning, since nobody knows how far it was."""
    state, _ = look(crisis(), picture("caller", "leg-1", others=(PARTNER,)))
    assert (state.conference.stage, state.facts) == (Stage.BRIEFING, (h.Answered(attempt_id=ATTEMPT),))


def test_all_three_are_found_together() -> None:
    """And caller and partner without a counsellor, too."""
    state, call = look(crisis(AttemptStage.JOINED), picture("caller", "leg-1", PARTNER))
    assert (state.conference.stage, call.phase) == (Stage.JOINED, Phase.TALKING)
    state, call = look(crisis(AttemptStage.JOINED), picture("caller", PARTNER), None)
    assert (state.conference.stage, call.phase, call.connected) == (Stage.JOINED, Phase.PARTNER, True)
    state, call = look(crisis(AttemptStage.JOINED), picture("caller", PARTNER, ringing=("leg-1",)))
    assert (call.phase, call.offer, call.leg_up) == (Phase.PARTNER, OFFER, False)


def test_a_word_in_private_is_found_with_the_caller_in_the_music() -> None:
    """And goes on."""
    state, call = look(crisis(AttemptStage.PRIVATE), picture("leg-1", PARTNER, others=("caller",)))
    assert (state.conference.stage, call.phase, call.holding) == (Stage.PRIVATE, Phase.TALKING, True)


@pytest.mark.parametrize(
    ("incident", "stage", "facts"),
    [
        (crisis(), Stage.ASKING, (h.AttemptFailed(attempt_id=ATTEMPT, result=Result.FAILED),)),
        (crisis(None), Stage.ASKING, ()),
        (crisis(None, proposed=True), Stage.IDLE, ()),
        (crisis(AttemptStage.OVER, Result.BUSY), Stage.ASKING, ()),
        (crisis(AttemptStage.OVER, Result.BUSY, exhausted=1), Stage.IDLE, ()),
        (crisis(AttemptStage.OVER, Result.WITHDRAWN), Stage.ASKING, ()),
        (crisis(AttemptStage.OVER, Result.BUSY, called_off=True), Stage.IDLE, ()),
        (crisis(None, called_off=True), Stage.IDLE, ()),
        (crisis(AttemptStage.OVER, Result.LEFT), Stage.IDLE, ()),
        (crisis(AttemptStage.JOINED), Stage.IDLE, (h.PartnerLeft(attempt_id=ATTEMPT),)),
        (crisis(AttemptStage.ANSWERED), Stage.ASKING, (h.PartnerLeft(attempt_id=ATTEMPT),)),
        (crisis(AttemptStage.JOINED, taken_over_at=AT), Stage.IDLE, (h.PartnerLeft(attempt_id=ATTEMPT),)),
    ],
)
def test_without_a_partner_the_next_is_called_where_that_was_under_way(
    incident: OpenIncident, stage: Stage, facts: tuple[h.Fact, ...]
) -> None:
    """Killed before the first row, between two, with a phone ringing; not after somebody left, or called it off."""
    state, call = look(incident, picture("caller", "leg-1"))
    assert (state.conference.stage, state.facts, call.phase) == (stage, facts, Phase.TALKING)


def test_called_off_is_called_off_after_a_restart() -> None:
    """The talk is an ordinary one: its end is an end."""
    state, _ = look(crisis(AttemptStage.OVER, Result.WITHDRAWN, called_off=True), picture("caller", "leg-1"))
    assert not state.conference.open


def test_counsellor_and_partner_are_found_without_their_caller() -> None:
    """The caller is gone, and called again; whoever was just being asked is let go first."""
    asked = f"person-{CONTACT}-7"
    seen, incident = picture("leg-1", PARTNER, others=(asked,)), crisis(AttemptStage.JOINED)
    state = found(incident, ROW, OFFER, seen)
    assert (state.facts, state.stray) == ((h.CallerGone(),), (asked,))
    call = without_caller(ROW, OFFER, seen, incident, state)
    assert call is not None
    assert (call.phase, call.conference.stage, call.offer) == (Phase.LEFT, Stage.JOINED, OFFER)
    assert without_caller(ROW, None, seen, incident, state) is None


def test_who_came_back_by_another_channel_is_the_caller() -> None:
    """Called again, and with the others."""
    again = f"person-{CONTACT}-7"
    seen, incident = picture(again, "leg-1", PARTNER), crisis(AttemptStage.JOINED, caller_gone_at=AT)
    row = seen.with_caller(ROW)
    assert row.channel_id == again
    state = found(incident, row, OFFER, seen)
    assert (state.conference.stage, state.facts) == (Stage.JOINED, (h.CallerBack(),))
    assert resumed(row, OFFER, seen, state.conference).phase is Phase.TALKING


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    """One Asterisk, one database, one book."""
    world = World()
    yield world
    await world.end()


async def test_an_adopted_call_goes_on_with_its_partner(world: World) -> None:
    """Killed with the partner joined and no counsellor left: the caller is in the line, the leg is ours, and nobody is rung anew."""
    first = world.worker()
    contact = await world.waiting(first)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.COUNSELLOR_KEY)
    dial = await world.incidents.next_attempt(raised.incident_id)
    assert dial is not None
    world.asterisk.where[dial.leg_id] = first.ari.app
    world.asterisk.bridge(f"talk-{contact.id}", "caller", dial.leg_id)
    second = world.worker()
    await second.recovery.on_connect()
    await second.settle()
    actor = second.calls.actors[contact.id]
    assert (actor.call.phase, actor.call.conference.leg_id) == (Phase.PARTNER, dial.leg_id)
    assert [waiting.contact_id for waiting in second.router.joined] == [contact.id]
    assert world.asterisk.hung_up == []
    assert len(world.incidents.incidents[raised.incident_id].attempts) == 1


async def test_a_caller_who_dropped_out_unseen_is_noted_and_the_partner_let_go(world: World) -> None:
    """Killed in a crisis, and the caller gone meanwhile."""
    first = world.worker()
    contact = await world.waiting(first)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.COUNSELLOR_KEY)
    dial = await world.incidents.next_attempt(raised.incident_id)
    assert dial is not None
    world.asterisk.where[dial.leg_id] = first.ari.app
    del world.asterisk.where["caller"]
    second = world.worker()
    await second.recovery.on_connect()
    await second.settle()
    incident = world.incidents.incidents[raised.incident_id]
    assert incident.caller_gone_at is not None
    assert incident.live == ()
    assert set(world.asterisk.hung_up) == {dial.leg_id}


async def test_an_attempt_that_a_replaced_process_left_has_failed(world: World) -> None:
    """It was frozen with a phone ringing, and wrote another attempt when it went on: nobody is rung for that; who is there stays there."""
    first = world.worker()
    contact = await world.waiting(first)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.COUNSELLOR_KEY)
    dial = await world.incidents.next_attempt(raised.incident_id)
    assert dial is not None
    world.asterisk.where[dial.leg_id] = first.ari.app
    world.asterisk.bridge(f"talk-{contact.id}", "caller", dial.leg_id)
    second = world.worker()
    await second.recovery.on_connect()
    await second.settle()
    left = await world.incidents.next_attempt(raised.incident_id)
    assert left is not None
    world.clock.advance(10)
    await second.compared(4)
    incident = world.incidents.incidents[raised.incident_id]
    assert [(attempt.leg_id, attempt.result) for attempt in incident.attempts] == [(dial.leg_id, None), (left.leg_id, Result.FAILED)]
    assert [happened.kind for _, happened in world.incidents.timeline].count("attempt_failed") == 1
    assert world.asterisk.hung_up == []


@pytest.mark.parametrize("state", [ContactState.TALKING, ContactState.SAFETY_NET])
async def test_an_attempt_of_a_caller_in_the_dialplan_gets_a_result(world: World, state: ContactState) -> None:
    """The program died in a crisis: whoever is offered to the living has no partner on the phone any more."""
    dead, living = world.worker("w1"), world.worker("w2")
    contact = await world.waiting(dead, state=state)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.COUNSELLOR_KEY)
    dial = await world.incidents.next_attempt(raised.incident_id)
    assert dial is not None
    world.asterisk.where[dial.leg_id] = dead.ari.app
    world.asterisk.where["caller"] = ""
    await living.recovery.on_connect()
    world.time_passes(16.0, living)
    await living.compared(4)
    assert [attempt.result for attempt in world.incidents.incidents[raised.incident_id].attempts] == [Result.WITHDRAWN]
    assert dial.leg_id in world.asterisk.hung_up


async def test_an_attempt_whose_leg_ended_unseen_gets_a_result_in_the_safety_net(world: World) -> None:
    """The same program again, the caller in the dialplan's hands."""
    dead = world.worker()
    contact = await world.waiting(dead, state=ContactState.SAFETY_NET)
    raised = await world.incidents.raise_(contact.id, raised_by=RaisedBy.COUNSELLOR_KEY)
    assert await world.incidents.next_attempt(raised.incident_id) is not None
    world.asterisk.where["caller"] = ""
    again = world.worker()
    await again.recovery.on_connect()
    await again.compared(4)
    assert [attempt.result for attempt in world.incidents.incidents[raised.incident_id].attempts] == [Result.FAILED]


async def test_an_attempt_that_is_asked_for_when_the_caller_is_taken_away_is_withdrawn(world: World) -> None:
    """By another program that has the caller now: nobody is rung for it here."""
    program = world.worker()
    contact = await world.waiting(program)
    await program.recovery.on_connect()
    await program.settle()
    actor = program.calls.actors[contact.id]
    actor.post(m.Ordered(what=What.RAISE))
    actor.post(m.TakenAway())
    await program.settle()
    (incident,) = world.incidents.incidents.values()
    assert [attempt.result for attempt in incident.attempts] == [Result.WITHDRAWN]


async def asked(world: World, *commands: m.AskPartner | m.IncidentNote | m.RaiseIncident, over: bool = False) -> list[Happening]:
    """What comes of it."""
    posted: list[Happening] = []
    books = CrisisBooks(CONTACT, world.worker().services, posted.append)
    for command in commands:
        books.do(command)
    books.over = over
    for _ in range(20):
        await asyncio.sleep(0)
    return posted


async def test_what_happens_before_the_incident_is_on_record_is_not_lost(world: World) -> None:
    """It is noted behind it."""
    ask = m.AskPartner(number=1, by="counsellor_key", counsellor=COUNSELLOR)
    (answer,) = await asked(world, ask, m.IncidentNote(fact=Fact.COUNSELLOR_GONE))
    assert isinstance(answer, m.PartnerFound)
    assert answer.partner is not None
    assert [happened.kind for _, happened in world.incidents.timeline] == ["raised", "counsellor_gone", "dialled"]


async def test_an_attempt_found_after_the_call_is_withdrawn(world: World) -> None:
    """Nobody is rung for it."""
    assert await asked(world, m.AskPartner(number=1, by="counsellor_key"), over=True) == []
    (incident,) = world.incidents.incidents.values()
    assert [attempt.result for attempt in incident.attempts] == [Result.WITHDRAWN]


async def test_an_unknown_partner_is_replaced_by_the_next_in_order(world: World) -> None:
    """In doubt somebody is called."""
    (answer,) = await asked(world, m.AskPartner(number=1, by="counsellor_desk", partner="nobody"))
    assert isinstance(answer, m.PartnerFound)
    assert answer.partner is not None
    assert answer.partner.endpoint == "PJSIP/112@carrier"


async def test_a_proposal_becomes_real_when_a_partner_is_asked_for(world: World) -> None:
    """By the counsellor who takes the caller of the danger key."""
    await asked(world, m.RaiseIncident(by="caller_key", proposed=True))
    await asked(world, m.AskPartner(number=1, by="counsellor_key"))
    (incident,) = world.incidents.incidents.values()
    assert (incident.raised_by, incident.proposed, len(incident.attempts)) == (RaisedBy.CALLER_KEY, False, 1)


async def test_orders_of_the_desk_reach_the_call(world: World) -> None:
    """And are refused, on record, where there is no call any more."""
    worker = world.worker()
    contact = await world.waiting(worker)
    await worker.recovery.on_connect()
    await worker.settle()
    orders = CrisisOrders(world.incidents, worker.calls, worker.services, worker.journal.id)
    await world.incidents.order(OrderKind.RAISE, contact.id)
    await orders.look()
    await worker.settle()
    assert worker.calls.actors[contact.id].call.conference.open
    gone = await world.waiting(worker, "other")
    await world.incidents.order(OrderKind.RAISE, gone.id)
    await orders.look()
    await worker.settle()
    assert "crisis_refused" in world.kinds(gone.id)


def test_who_dropped_out_of_a_crisis_is_called_again_sooner() -> None:
    """By the settings of the crisis, where others wait as the policy says."""
    services = cast(
        Services,
        SimpleNamespace(
            flow=SimpleNamespace(redial=CallingAgain(attempts=7, every_s=20)),
            router=SimpleNamespace(policy=Policy(callback_spacing_s=1800)),
        ),
    )
    soon = redial_policy(cast(Due, SimpleNamespace(lane=Lane.CRISIS)), services)
    assert soon is not None
    assert (soon.callback_attempts, soon.callback_spacing_s) == (7, 20.0)
    assert redial_policy(cast(Due, SimpleNamespace(lane=Lane.DROPPED)), services) is None
