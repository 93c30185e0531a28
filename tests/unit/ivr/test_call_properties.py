"""The call's state machine under any sequence of happenings whatever."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import call_model as m
from ivr import flow as flows
from ivr.call import advance
from ivr.call_model import Call, Command, Happening, Phase, Timer
from routing.model import Offer, OfferResult

FLOW = flows.load(dasan={"1": "PJSIP/1001@dasan"})


def offer(number: int) -> Offer:
    """Some offer."""
    return Offer(
        id=UUID(int=number),
        contact_id=UUID(int=99),
        counsellor_id=UUID(int=number % 3),
        epoch=number,
        extension=f"10{number % 3}",
        leg_id=f"leg-{number}",
    )


LEGS = st.sampled_from(["leg-1", "leg-2", "leg-3", "desk-c-1", "desk-c-2"])
RESULTS = st.sampled_from(list(OfferResult))
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    st.sampled_from("0123456789*#").map(lambda digit: m.Digit(digit=digit)),
    st.integers(0, 6).map(lambda number: m.PlaybackDone(number=number)),
    st.sampled_from(list(Timer)).map(lambda timer: m.TimerFired(timer=timer)),
    st.integers(1, 3).map(lambda number: m.OfferGranted(offer=offer(number))),
    st.builds(m.LegUp, leg_id=LEGS, at=st.floats(0, 100)),
    st.builds(m.LegDown, leg_id=LEGS, result=RESULTS, by_hand=st.booleans(), at=st.floats(0, 100)),
    LEGS.map(lambda leg: m.Connected(leg_id=leg)),
    LEGS.map(lambda leg: m.ConnectFailed(leg_id=leg)),
    st.booleans().map(lambda cut: m.CallerGone(cut_off=cut)),
    st.just(m.Unroutable()),
)


def run(direct: bool, happenings: list[Happening]) -> tuple[list[Call], list[Command]]:
    """Every state and every command of a run."""
    calls, everything = [Call(id="c", phase=Phase.WAITING if direct else Phase.MENU)], []
    for happening in [m.Entered(direct=direct), *happenings]:
        call, commands = advance(calls[-1], happening, FLOW)
        calls.append(call)
        everything += commands
    return calls, everything


@settings(max_examples=500)
@given(st.booleans(), st.lists(HAPPENINGS, max_size=25))
def test_a_contact_never_gets_two_outcomes_and_always_one_at_its_end(direct: bool, happenings: list[Happening]) -> None:
    """Exactly one outcome, unless the dialplan took the call over and will say how it ended."""
    calls, commands = run(direct, [*happenings, m.CallerGone()])
    outcomes = [command for command in commands if isinstance(command, m.Finish)]
    handed_over = any(isinstance(command, m.ToSafetyNet) for command in commands)
    assert len(outcomes) == (0 if handed_over else 1)
    assert calls[-1].phase is Phase.ENDED


@settings(max_examples=500)
@given(st.booleans(), st.lists(HAPPENINGS, max_size=25))
def test_a_caller_who_waits_is_never_hung_up(direct: bool, happenings: list[Happening]) -> None:
    """We hang up after a talk or a transfer, and at no other time."""
    calls, commands = run(direct, [happening for happening in happenings if not isinstance(happening, m.CallerGone)])
    if any(isinstance(command, m.HangUp) for command in commands):
        assert calls[-1].outcome in ("talked", "transferred")


@settings(max_examples=500)
@given(st.booleans(), st.lists(HAPPENINGS, max_size=25))
def test_every_counsellor_granted_is_given_back_or_talks(direct: bool, happenings: list[Happening]) -> None:
    """No reservation is forgotten, whatever order things come in."""
    calls, commands = run(direct, [*happenings, m.CallerGone()])
    granted = [happening.offer.id for happening in happenings if isinstance(happening, m.OfferGranted)]
    returned = [command.offer.id for command in commands if isinstance(command, m.CloseOffer | m.EndTalk)]
    # The same offer granted twice by the test is returned at least as often as it was taken.
    assert set(granted) <= set(returned)
    assert calls[-1].offer is None


@settings(max_examples=500)
@given(st.booleans(), st.lists(HAPPENINGS, max_size=25))
def test_a_live_call_is_never_silent_without_a_deadline(direct: bool, happenings: list[Happening]) -> None:
    """Playing, holding with music, talking, or a timer runs."""
    running: set[Timer] = set()
    call = Call(id="c", phase=Phase.WAITING if direct else Phase.MENU)
    for happening in [m.Entered(direct=direct), *happenings]:
        if isinstance(happening, m.TimerFired):
            if happening.timer not in running:
                continue
            running.discard(happening.timer)
        call, commands = advance(call, happening, FLOW)
        for command in commands:
            if isinstance(command, m.Start):
                running.add(command.timer)
            elif isinstance(command, m.Stop):
                running.discard(command.timer)
        live = call.phase not in (Phase.ENDED, Phase.SAFETY_NET)
        connected = call.phase in (Phase.TALKING, Phase.TRANSFERRED)
        assert not live or connected or call.playing or call.holding or running
