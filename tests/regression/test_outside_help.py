"""Lessons about empty rosters, dead numbers, and hunting without an end."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.settings import Settings
from ivr import call_model as m
from ivr.call_model import Phase, Timer
from ivr.outbound import Outbound
from ivr.overflow import RING_GUARD_S, Plan
from ivr.standby import Standby
from routing import engine_model as e
from routing.model import Lane, OfferResult, OverflowReason, Seat
from routing.policy import Policy
from tests.regression.heard import Heard, holding
from tests.unit.ivr.test_call import FLOW
from tests.unit.ivr.test_outbound import Hand
from tests.unit.routing.lines import POLICY, after, contact, join, line, pairs, seat

REASON = OverflowReason.NOBODY_ON_SHIFT
EMPTY = m.Overflowed(reason=REASON)


def tried(call: Heard) -> list[m.RingOutside]:
    """Who was rung outside, in order."""
    return [command for command in call.all if isinstance(command, m.RingOutside)]


def with_outside(plan: Plan) -> Heard:
    """A caller with music, and this plan for outside help."""
    return holding(FLOW.model_copy(update={"outside": plan}))


@pytest.mark.parametrize(
    "roster",
    [(), (seat(1, human="off"),), (seat(1, on_shift=False),), (seat(1, reachable=False),), (seat(1, disabled=True),)],
)
def test_yap_107_122_an_empty_roster_never_rings_for_ever(roster: tuple[Seat, ...]) -> None:
    """There, a shift with nobody rang for ever; here nobody is rung, and outside help is asked for within seconds."""
    engine = line(*roster)
    assert pairs(join(engine, contact(1))) == []
    commands = engine.handle(e.Tick(), after(POLICY.overflow_empty_s))
    assert [command.contact_id.int for command in commands if isinstance(command, e.Overflow)] == [1]
    assert POLICY.overflow_empty_s <= 30, "a supervisor is to know within 30 s"


@pytest.mark.parametrize("plan", [Plan(), Plan(standby=1), Plan(partner=True)])
def test_yap_107_122_a_supervisor_and_the_caller_are_told_at_once(plan: Plan) -> None:
    """There, nobody knew; here there is an alarm, and the caller hears that the place is kept and how to be called back."""
    call = with_outside(plan)
    commands = call(EMPTY)
    assert m.Alarm(kind=str(REASON)) in commands
    assert call.prompts()[0] == "overflow_nobody_on_shift"
    assert call.prompts()[-1] == "overflow_keep_place"
    assert [ring.target for ring in tried(call)] == [0][: plan.targets]
    assert call.call.phase is Phase.WAITING


def dead(call: Heard, leg_id: str, how: str) -> None:
    """One number does not help, in one of the ways there are."""
    if how == "ended":
        call(m.LegDown(leg_id=leg_id, result=OfferResult.UNREACHABLE))
    elif how == "no event ever":
        call(m.TimerFired(timer=Timer.OVERFLOW))
    elif how == "a machine":
        call(m.LegUp(leg_id=leg_id), m.TimerFired(timer=Timer.OVERFLOW))
    else:
        call(m.ConnectFailed(leg_id=leg_id))


@pytest.mark.parametrize("how", ["ended", "no event ever", "a machine", "could not be connected"])
def test_yap_823_960_971_one_dead_number_does_not_stop_the_chain(how: str) -> None:
    """There, one dead number ended the whole fall-back; here the next is tried whatever was wrong, and then the partner."""
    call = with_outside(Plan(standby=3, partner=True))
    call(EMPTY)
    for target in range(3):
        assert [ring.target for ring in tried(call)] == list(range(target + 1))
        dead(call, tried(call)[-1].leg_id, how)
    call(m.LegUp(leg_id=tried(call)[-1].leg_id))
    assert call.call.phase is Phase.OVERFLOW, "the partner answered"


def test_yap_823_960_971_when_all_are_dead_the_caller_still_waits_and_is_tried_for_again() -> None:
    """There, the call was over; here it waits on with place and music, a supervisor knows, and the line may ask again."""
    call = with_outside(Plan(standby=2))
    call(EMPTY)
    for _ in range(2):
        dead(call, tried(call)[-1].leg_id, "no event ever")
    assert m.Alarm(kind="overflow_exhausted") in call.all
    assert isinstance(call.last[-1], m.OverflowOver)
    assert call.call.phase is Phase.WAITING
    call(EMPTY)
    assert [ring.target for ring in tried(call)] == [0, 1, 0]
    assert len({ring.leg_id for ring in tried(call)}) == 3


def test_yap_327_540_hunting_is_bounded_in_time() -> None:
    """There, a call was hunted for 75 minutes; here each number has a deadline and each caller a number of rounds."""
    plan = Plan(standby=5, partner=True)
    call = with_outside(plan)
    seconds = 0.0
    for _ in range(plan.max_rounds + 5):
        call(EMPTY)
        while call.call.overflow.running:
            seconds += plan.ring_s + RING_GUARD_S
            call(m.TimerFired(timer=Timer.OVERFLOW))
    assert len(tried(call)) == plan.max_rounds * plan.targets
    assert seconds <= 10 * 60
    assert call.call.phase is Phase.WAITING


def test_yap_327_540_a_busy_volunteer_gets_no_second_call() -> None:
    """There, a volunteer on the telephone was rung again; here neither a standby person nor a counsellor ever is."""
    outside = {"trunk": "out", "allowed": ["010*"], "standby": ["01011112222"]}
    trunk = {"name": "out", "addresses": ["203.0.113.9"], "outbound_uri": "sip:203.0.113.9:5060"}
    settings = Settings(trunks=[trunk], overflow=outside)  # type: ignore[arg-type, list-item]
    people = Standby(settings.overflow, Outbound(settings), Hand())  # type: ignore[arg-type]
    assert people.take(0, "over-a-1") is not None
    assert people.take(0, "over-b-1") is None
    for system in ("talking", "offered", "wrapup"):
        engine = line(seat(1, system=system), policy=Policy(crisis_bonus_s=86400))
        assert pairs(join(engine, contact(1, lane=Lane.CRISIS, named=UUID(int=1001)))) == []
