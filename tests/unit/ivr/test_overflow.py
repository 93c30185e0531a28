"""Standby list and partner line: the chain, and its place in the call's machine."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import call_model as m
from ivr import flow as flows
from ivr import overflow as o
from ivr.call import advance as advance_call
from ivr.call_model import Call, Command, Phase, Timer
from ivr.overflow import UNTRIED, Chain, Plan
from routing.model import Lane, Offer, OfferResult, Outcome, OverflowReason

REASON = OverflowReason.NOBODY_ON_SHIFT
BEGIN = o.Begin(reason=REASON, call_id="c")


def run(plan: Plan, *events: o.Event) -> tuple[Chain, list[o.Command]]:
    """Where these lead, and everything that was asked for."""
    chain, everything = UNTRIED, []
    for event in events:
        chain, commands = o.advance(chain, event, plan)
        everything += commands
    return chain, everything


def rung(commands: list[o.Command]) -> list[int]:
    """Whom, in order."""
    return [command.target for command in commands if isinstance(command, o.Ring)]


# --- the chain -------------------------------------------------------------------------------------------------------


def test_a_dead_number_never_stops_the_chain() -> None:
    """One after another, the partner line last; then it is over, and said so."""
    plan = Plan(standby=2, partner=True)
    _, commands = run(plan, BEGIN, *(o.Ended(leg_id=f"over-c-{number}") for number in (1, 2, 3)))
    assert rung(commands) == [0, 1, 2]
    assert commands[:2] == [o.Alarm(reason=REASON), o.Announce(reason=REASON)]
    assert commands[-3:] == [o.Deadline(seconds=0), o.Exhausted(), o.Over()]


def test_a_machine_that_answers_does_not_get_the_caller() -> None:
    """Without the key in time it is hung up, and the next one rings."""
    chain, commands = run(Plan(standby=2), BEGIN, o.Answered(leg_id="over-c-1"), o.Overdue())
    assert not [command for command in commands if isinstance(command, o.Take)]
    assert o.Drop(leg_id="over-c-1") in commands
    assert (chain.target, chain.leg_id, chain.asked) == (1, "over-c-2", False)


def test_the_key_takes_the_caller_and_the_other_one_refuses() -> None:
    """1 takes; 2 leads to the next; other keys mean nothing."""
    plan = Plan(standby=2)
    answered = (BEGIN, o.Answered(leg_id="over-c-1"))
    _, commands = run(plan, *answered, o.Pressed(leg_id="over-c-1", digit="7"), o.Pressed(leg_id="over-c-1", digit="1"))
    assert commands[-1] == o.Take(leg_id="over-c-1", partner=False)
    _, commands = run(plan, *answered, o.Pressed(leg_id="over-c-1", digit="2"))
    assert rung(commands) == [0, 1]


def test_a_key_before_the_question_is_not_an_answer() -> None:
    """Whoever has not answered has not heard it."""
    _, commands = run(Plan(standby=1), BEGIN, o.Pressed(leg_id="over-c-1", digit="1"))
    assert not [command for command in commands if isinstance(command, o.Take)]


def test_the_partner_line_is_connected_when_it_answers() -> None:
    """A line that always answers is not asked for a key."""
    chain, commands = run(Plan(partner=True), BEGIN, o.Answered(leg_id="over-c-1"))
    assert commands[-1] == o.Take(leg_id="over-c-1", partner=True)
    assert (chain.running, chain.leg_id) == (False, "over-c-1")


def test_with_nobody_configured_the_caller_is_told_and_a_supervisor_too() -> None:
    """No ring that rings nobody."""
    chain, commands = run(Plan(), BEGIN)
    assert [type(command) for command in commands] == [o.Alarm, o.Announce, o.Deadline, o.Exhausted, o.Over]
    assert not chain.running


def test_hunting_is_capped_for_one_caller() -> None:
    """Never for an hour and a quarter."""
    plan = Plan(standby=1, max_rounds=2)
    chain, everything = UNTRIED, []
    for _ in range(5):
        for event in (BEGIN, o.Ended(leg_id=f"over-c-{chain.legs + 1}")):
            chain, commands = o.advance(chain, event, plan)
            everything += commands
    assert rung(everything) == [0, 0]
    assert len([command for command in everything if isinstance(command, o.Over)]) == 5


EVENTS = st.one_of(
    st.sampled_from(list(OverflowReason)).map(lambda reason: o.Begin(reason=reason, call_id="c")),
    st.integers(1, 6).map(lambda number: o.Answered(leg_id=f"over-c-{number}")),
    st.integers(1, 6).map(lambda number: o.Ended(leg_id=f"over-c-{number}")),
    st.builds(o.Pressed, leg_id=st.integers(1, 6).map(lambda number: f"over-c-{number}"), digit=st.sampled_from("0123456789*#")),
    st.just(o.Overdue()),
    st.just(o.Stopped()),
)
PLANS = st.builds(Plan, standby=st.integers(0, 3), partner=st.booleans(), max_rounds=st.integers(1, 3))


@settings(max_examples=400)
@given(PLANS, st.lists(EVENTS, max_size=30))
def test_whatever_happens_the_chain_is_bounded_and_leaves_no_leg(plan: Plan, events: list[o.Event]) -> None:
    """One leg at a time, no id twice, never more than the plan allows, and whoever runs has a deadline."""
    chain, legs, up, deadline = UNTRIED, [], set[str](), False
    for event in events:
        chain, commands = o.advance(chain, event, plan)
        if isinstance(event, o.Ended):
            up.discard(event.leg_id)
        for command in commands:
            match command:
                case o.Ring(leg_id=leg_id, target=target):
                    assert 0 <= target < plan.targets
                    legs.append(leg_id)
                    up.add(leg_id)
                case o.Drop(leg_id=leg_id):
                    up.discard(leg_id)
                case o.Deadline(seconds=seconds):
                    deadline = seconds > 0
                case o.Take(leg_id=leg_id):
                    assert leg_id == chain.leg_id
                    # From here on the talk is the call's.
                    up.discard(leg_id)
                case _:
                    pass
        assert up <= {chain.leg_id}
        assert chain.running == deadline
    assert len(legs) == len(set(legs)) <= plan.targets * plan.max_rounds


# --- in the call -----------------------------------------------------------------------------------------------------

FLOW = flows.load(outside=Plan(standby=2, partner=True))
OFFER = Offer(id=UUID(int=1), contact_id=UUID(int=9), counsellor_id=UUID(int=2), epoch=1, extension="101", leg_id="leg-1")


def waiting(*happenings: m.Happening) -> tuple[Call, list[Command]]:
    """A caller in the line, to whom this happens."""
    call, everything = Call(id="c", phase=Phase.WAITING), []
    for happening in (m.Entered(direct=True), m.PlaybackDone(number=1), *happenings):
        call, commands = advance_call(call, happening, FLOW)
        everything += commands
    return call, everything


OVERFLOWED = m.Overflowed(reason=OverflowReason.LONG_WAIT)
TAKEN = (OVERFLOWED, m.LegUp(leg_id="over-c-1"), m.LegDigit(leg_id="over-c-1", digit="1"))
TALKING = (*TAKEN, m.Connected(leg_id="over-c-1", at=10.0))


def test_the_caller_is_told_the_truth_and_keeps_music_place_and_keys() -> None:
    """Still waiting, still held; what is said ends with the place and the call-back."""
    call, commands = waiting(OVERFLOWED)
    said = [command.prompts for command in commands if isinstance(command, m.Play)][-1]
    assert said == ("overflow_long_wait", "overflow_trying", "overflow_keep_place")
    assert (call.phase, call.holding, call.joined) == (Phase.WAITING, True, True)
    assert m.Alarm(kind="long_wait") in commands
    assert m.RingOutside(target=0, leg_id="over-c-1") in commands
    call, commands = advance_call(call, m.Digit(digit="1"), FLOW)
    assert call.dialogue is not None


def test_what_is_said_waits_for_the_notices() -> None:
    """The law's notices are heard to their end, then the truth about the line."""
    call = Call(id="c", phase=Phase.WAITING)
    call, _ = advance_call(call, m.Entered(direct=True), FLOW)
    call, commands = advance_call(call, OVERFLOWED, FLOW)
    assert not [command for command in commands if isinstance(command, m.Play)]
    _, commands = advance_call(call, m.PlaybackDone(number=1), FLOW)
    assert [command.prompts[0] for command in commands if isinstance(command, m.Play)] == ["overflow_long_wait"]


def test_who_takes_the_call_outside_talks_and_it_has_its_own_outcome() -> None:
    """Out of the line, connected, and ended by either side."""
    call, commands = waiting(*TALKING)
    assert call.phase is Phase.OVERFLOW
    assert [type(command) for command in commands if isinstance(command, m.Leave | m.Connect)] == [m.Leave, m.Connect]
    _, commands = advance_call(call, m.CallerGone(), FLOW)
    assert m.Finish(outcome=Outcome.TALKED_OVERFLOW) in commands
    assert m.DropLeg(leg_id="over-c-1") in commands
    call, commands = advance_call(call, m.LegDown(leg_id="over-c-1", result=OfferResult.ANSWERED, by_hand=True, at=60.0), FLOW)
    assert m.Finish(outcome=Outcome.TALKED_OVERFLOW) in commands
    assert call.phase is Phase.CLOSING


def test_a_standby_phone_that_dies_leaves_the_caller_at_the_front() -> None:
    """Told, held again, in the lane of the dropped."""
    call, commands = waiting(*TALKING)
    call, commands = advance_call(call, m.LegDown(leg_id="over-c-1", result=OfferResult.FAILED, at=60.0), FLOW)
    assert (call.phase, call.lane, call.outcome) == (Phase.WAITING, Lane.DROPPED, None)
    assert [command.lane for command in commands if isinstance(command, m.Join)] == [Lane.DROPPED]
    assert any(isinstance(command, m.Play) for command in commands)


def test_who_can_not_be_connected_does_not_cost_the_caller_the_place() -> None:
    """Back in the line, not as somebody who had talked."""
    call, _ = waiting(*TAKEN)
    call, commands = advance_call(call, m.ConnectFailed(leg_id="over-c-1"), FLOW)
    assert (call.phase, call.lane, call.joined) == (Phase.WAITING, Lane.NORMAL, True)
    assert m.DropLeg(leg_id="over-c-1") in commands


def test_a_counsellor_who_answers_first_has_the_caller() -> None:
    """The phone that rings outside is told that it was taken elsewhere."""
    call, commands = waiting(OVERFLOWED, m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1"))
    assert m.DropLeg(leg_id="over-c-1", elsewhere=True) in commands
    assert m.OverflowOver() in commands
    assert not call.overflow.running


def test_who_takes_it_outside_first_ends_the_ringing_of_the_counsellor() -> None:
    """The reservation is given back, blamelessly."""
    call, commands = waiting(OVERFLOWED, m.OfferGranted(offer=OFFER), *TAKEN[1:])
    assert m.CloseOffer(offer=OFFER, result=OfferResult.WITHDRAWN) in commands
    assert (call.phase, call.offer) == (Phase.OVERFLOW, None)


def test_a_caller_who_leaves_stops_the_ringing_outside() -> None:
    """No phone rings for nobody."""
    _, commands = waiting(OVERFLOWED, m.CallerGone())
    assert m.DropLeg(leg_id="over-c-1", elsewhere=True) in commands
    assert m.Stop(timer=Timer.OVERFLOW) in commands


def test_who_already_has_a_human_is_not_hunted_for() -> None:
    """The line is told that it is over."""
    _, commands = waiting(m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1"), OVERFLOWED)
    assert commands[-1] == m.OverflowOver()
    assert not [command for command in commands if isinstance(command, m.RingOutside)]
