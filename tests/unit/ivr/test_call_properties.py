"""The call's state machine under any sequence of happenings whatever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import call_model as m
from ivr import flow as flows
from ivr.call import advance
from ivr.call_model import Call, Command, Happening, Phase, PlaceFor, Timer
from ivr.overflow import Plan
from ivr.watchdog import Facts, violation
from routing.model import Lane, Offer, OfferResult, OverflowReason

FLOW = flows.load(dasan={"1": "PJSIP/1001@dasan"}, outside=Plan(standby=1, partner=True))


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


LEGS = st.sampled_from(["leg-1", "leg-2", "leg-3", "desk-c-1", "desk-c-2", "over-c-1", "over-c-2"])
RESULTS = st.sampled_from(list(OfferResult))
SINCE = datetime(2026, 11, 22, tzinfo=UTC)
SECONDS = st.none() | st.floats(0, 5000)
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    st.sampled_from("0123456789*#").map(lambda digit: m.Digit(digit=digit)),
    st.integers(0, 3).map(lambda back: m.PlaybackDone(number=-back)),
    st.sampled_from(list(Timer)).map(lambda timer: m.TimerFired(timer=timer)),
    st.integers(1, 3).map(lambda number: m.OfferGranted(offer=offer(number))),
    st.builds(m.LegUp, leg_id=LEGS, at=st.floats(0, 100)),
    st.builds(m.LegDown, leg_id=LEGS, result=RESULTS, by_hand=st.booleans(), at=st.floats(0, 100)),
    st.builds(m.LegDigit, leg_id=LEGS, digit=st.sampled_from("12")),
    LEGS.map(lambda leg: m.Connected(leg_id=leg)),
    LEGS.map(lambda leg: m.ConnectFailed(leg_id=leg)),
    st.booleans().map(lambda cut: m.CallerGone(cut_off=cut)),
    st.builds(m.Place, why=st.sampled_from(list(PlaceFor)), ahead=st.none() | st.integers(0, 30), low_s=SECONDS, high_s=SECONDS),
    st.builds(m.DialogueDone, ok=st.booleans(), detail=st.sampled_from(["", "123456"]), since=st.none() | st.just(SINCE)),
    st.sampled_from(list(OverflowReason)).map(lambda reason: m.Overflowed(reason=reason)),
    st.sampled_from([m.Unroutable(), m.Spoke(), m.Held(), m.HoldFailed(), m.TakenAway(), m.Unattended(what="unattended")]),
)
RUNS = st.lists(HAPPENINGS, max_size=40)
NUMBERS = st.sampled_from([None, "+821012345678"])


def actual(call: Call, happening: Happening) -> Happening:
    """Of playbacks: 0 is the newest one, -1 the one before it."""
    return replace(happening, number=call.plays + happening.number) if isinstance(happening, m.PlaybackDone) else happening


def run(direct: bool, happenings: list[Happening], number: str | None = None) -> tuple[list[Call], list[Command]]:
    """Every state and every command of a run."""
    calls, everything = [Call(id="c", phase=Phase.WAITING if direct else Phase.MENU, number=number)], []
    for happening in [m.Entered(direct=direct), *happenings]:
        call, commands = advance(calls[-1], actual(calls[-1], happening), FLOW)
        calls.append(call)
        everything += commands
    return calls, everything


@settings(max_examples=120)
@given(st.booleans(), RUNS)
def test_a_contact_never_gets_two_outcomes_and_always_one_at_its_end(direct: bool, happenings: list[Happening]) -> None:
    """Exactly one outcome, unless the dialplan or another worker took the call over and will say how it ended."""
    calls, commands = run(direct, [*happenings, m.CallerGone()])
    outcomes = [command for command in commands if isinstance(command, m.Finish)]
    handed_over = any(isinstance(command, m.ToSafetyNet) for command in commands)
    taken_away = any(isinstance(happening, m.TakenAway) for happening in happenings)
    assert len(outcomes) in ((0, 1) if taken_away else (0,) if handed_over else (1,))
    assert calls[-1].phase is Phase.ENDED


@settings(max_examples=120)
@given(st.booleans(), RUNS)
def test_a_caller_who_waits_is_never_hung_up(direct: bool, happenings: list[Happening]) -> None:
    """We hang up after a talk or a transfer, and at no other time."""
    calls, commands = run(direct, [happening for happening in happenings if not isinstance(happening, m.CallerGone)])
    if any(isinstance(command, m.HangUp) for command in commands):
        assert calls[-1].outcome in ("talked", "transferred", "talked_overflow")


@settings(max_examples=120)
@given(st.booleans(), RUNS)
def test_every_counsellor_granted_is_given_back_or_talks(direct: bool, happenings: list[Happening]) -> None:
    """No reservation is forgotten, whatever order things come in."""
    calls, commands = run(direct, [*happenings, m.CallerGone()])
    granted = [happening.offer.id for happening in happenings if isinstance(happening, m.OfferGranted)]
    returned = [command.offer.id for command in commands if isinstance(command, m.CloseOffer | m.EndTalk)]
    # The same offer granted twice by the test is returned at least as often as it was taken.
    assert set(granted) <= set(returned)
    assert calls[-1].offer is None


@settings(max_examples=300)
@given(st.booleans(), NUMBERS, RUNS)
def test_every_live_caller_hears_something_and_has_a_deadline(direct: bool, number: str | None, happenings: list[Happening]) -> None:
    """The watchdog has nothing to find, whatever happens in whatever order."""
    running: set[Timer] = set()
    call = Call(id="c", phase=Phase.WAITING if direct else Phase.MENU, number=number)
    for happening in [m.Entered(direct=direct), *happenings]:
        if isinstance(happening, m.TimerFired):
            if happening.timer not in running:
                continue
            running.discard(happening.timer)
        call, commands = advance(call, actual(call, happening), FLOW)
        for command in commands:
            if isinstance(command, m.Start):
                running.add(command.timer)
            elif isinstance(command, m.Stop):
                running.discard(command.timer)
        assert violation(call, running, Facts()) is None, (happening, call, running)


@settings(max_examples=120)
@given(NUMBERS, RUNS)
def test_no_key_ever_hangs_up_or_ends_anything(number: str | None, happenings: list[Happening]) -> None:
    """Wherever a call is, a key leads to no hang-up, no outcome, no safety net."""
    calls, _ = run(False, happenings, number)
    for call in calls:
        for digit in "0123456789*#ABCD":
            after, commands = advance(call, m.Digit(digit=digit), FLOW)
            assert not any(isinstance(command, m.HangUp | m.Finish | m.ToSafetyNet | m.Leave) for command in commands)
            assert (after.phase is Phase.ENDED) is (call.phase is Phase.ENDED)


@settings(max_examples=120)
@given(st.booleans(), RUNS)
def test_a_caller_in_danger_is_hung_up_by_nobody_but_the_human_they_talked_with(direct: bool, happenings: list[Happening]) -> None:
    """Only after a counsellor ended the talk by hand; and the lane is never lowered."""
    calls, _ = run(direct, [])
    call = calls[-1]
    in_danger = ended_by_hand = False
    for happening in happenings:
        before = call
        call, commands = advance(call, actual(call, happening), FLOW)
        if isinstance(happening, m.LegDown) and happening.by_hand and before.phase in (Phase.TALKING, Phase.OVERFLOW):
            ended_by_hand = True
        in_danger = in_danger or before.lane is Lane.CRISIS
        assert not in_danger or call.lane is Lane.CRISIS
        if in_danger and any(isinstance(command, m.HangUp) for command in commands):
            assert ended_by_hand


@settings(max_examples=120)
@given(st.booleans(), RUNS)
def test_the_announced_place_never_grows(direct: bool, happenings: list[Happening]) -> None:
    """As promised, so it is kept, also through rescues and repairs."""
    _, commands = run(direct, happenings)
    places = [command.place for command in commands if isinstance(command, m.Promised)]
    assert places == sorted(places, key=lambda place: -1 if place is None else -place)


@settings(max_examples=120)
@given(st.booleans(), RUNS)
def test_in_the_line_exactly_while_waiting(direct: bool, happenings: list[Happening]) -> None:
    """Whoever waits without an offer is in the router's line."""
    calls, _ = run(direct, happenings)
    for call in calls[1:]:
        if call.phase is Phase.WAITING and call.offer is None:
            assert call.joined
        if call.phase in (Phase.MENU, Phase.DIALLING, Phase.TALKING, Phase.OVERFLOW, Phase.SAFETY_NET, Phase.ENDED):
            assert not call.joined
