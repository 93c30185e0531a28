"""The machine of a call-back before the talk."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import call_model as m
from ivr import callback_commands as c
from ivr import happenings as h
from ivr.callback_actor import handed
from ivr.callback_call import Callback, Phase, Plan, advance
from ivr.callback_commands import Result
from ivr.phases import Timer
from routing.callback_model import Consent, Due
from routing.model import Lane, Offer, OfferResult
from tests.unit.ivr.test_call import OFFER, Line

PERSON = "person-c"
THEN = datetime(2026, 11, 22, tzinfo=UTC)


def offer(number: int = 1) -> Offer:
    """Some counsellor."""
    return Offer(
        id=UUID(int=number),
        contact_id=UUID(int=9),
        counsellor_id=UUID(int=number),
        epoch=1,
        extension=f"10{number}",
        leg_id=f"leg-{number}",
    )


OFFERED = h.OfferGranted(offer=offer())
SEATED = h.LegUp(leg_id="leg-1")
ANSWERED = h.LegUp(leg_id=PERSON)
YES, NO = h.LegDigit(leg_id=PERSON, digit="1"), h.LegDigit(leg_id=PERSON, digit="2")
NOBODY = h.TimerFired(timer=Timer.SILENCE)


def run(*happenings: h.Happening, plan: Plan | None = None) -> tuple[Callback, list[c.Command]]:
    """Where these lead, and everything that was asked for."""
    state, everything = Callback(id="c"), []
    for happening in happenings:
        state, commands = advance(state, happening, plan or Plan())
        everything += commands
    return state, everything


def of(kind: type[c.Command], commands: list[c.Command]) -> list[c.Command]:
    """Those of one kind."""
    return [command for command in commands if isinstance(command, kind)]


def test_nobody_is_dialled_before_a_counsellor_is_reserved_and_there() -> None:
    """Counsellor first: the person's phone rings when the counsellor has answered."""
    _, commands = run(OFFERED)
    assert of(c.RingCounsellor, commands)
    assert not of(c.RingPerson, commands)
    state, commands = run(OFFERED, SEATED)
    assert of(c.Seat, commands) == [c.Seat(leg_id="leg-1")]
    assert of(c.RingPerson, commands) == [c.RingPerson(leg_id=PERSON)]
    assert state.phase is Phase.PERSON


def test_with_the_person_first_the_counsellor_is_kept_and_not_rung() -> None:
    """Until somebody has pressed the key there."""
    plan = Plan(person_first=True)
    state, commands = run(OFFERED, ANSWERED, plan=plan)
    assert not of(c.RingCounsellor, commands)
    assert state.phase is Phase.ASKING
    _, commands = run(OFFERED, ANSWERED, YES, plan=plan)
    assert commands[-1] == c.HandOver(offer=offer(), seated=False)


def test_the_key_hands_both_to_the_ordinary_call() -> None:
    """Nothing more is asked for by this machine."""
    state, commands = run(OFFERED, SEATED, ANSWERED, YES)
    assert commands[-1] == c.HandOver(offer=offer(), seated=True)
    assert state.phase is Phase.HANDED
    assert not of(c.Done, commands)


@pytest.mark.parametrize(("say_who", "question"), [(False, "callback_ask"), (True, "callback_ask_named")])
def test_who_we_are_is_said_only_with_permission(say_who: bool, question: str) -> None:
    """Whoever answers hears the neutral question otherwise, twice."""
    plan = Plan(say_who=say_who)
    _, commands = run(OFFERED, SEATED, ANSWERED, h.PlaybackDone(number=1), h.PlaybackDone(number=2), plan=plan)
    assert of(c.Say, commands) == [c.Say(number=1, prompts=(question,)), c.Say(number=2, prompts=(question,))]


@pytest.mark.parametrize("leave", [False, True])
def test_a_machine_hears_a_message_only_with_permission(leave: bool) -> None:
    """Nothing pressed is no answer, and nobody is connected."""
    state, commands = run(OFFERED, SEATED, ANSWERED, NOBODY, plan=Plan(leave_message=leave))
    assert not of(c.HandOver, commands)
    assert (("callback_message",) in [say.prompts for say in of(c.Say, commands) if isinstance(say, c.Say)]) is leave
    if leave:
        state, commands = advance(state, h.PlaybackDone(number=state.playing), Plan(leave_message=True))
    assert of(c.Done, commands) == [c.Done(result=Result.NO_ANSWER, dialled=True)]
    assert c.Drop(leg_id=PERSON) in commands


@pytest.mark.parametrize(("say_who", "result"), [(True, Result.DECLINED), (False, Result.WRONG_PERSON)])
def test_a_no_ends_it_politely(say_who: bool, result: Result) -> None:
    """Who was told whose call it is has declined; who was asked whether it is theirs is somebody else."""
    state, commands = run(OFFERED, SEATED, ANSWERED, NO, plan=Plan(say_who=say_who))
    assert [say.prompts for say in of(c.Say, commands) if isinstance(say, c.Say)][-1] == ("callback_goodbye",)
    assert of(c.Release, commands) == [c.Release(offer=offer())]
    _, commands = advance(state, h.PlaybackDone(number=state.playing), Plan(say_who=say_who))
    assert of(c.Done, commands) == [c.Done(result=result, dialled=True)]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (OfferResult.BUSY, Result.BUSY),
        (OfferResult.RANG_OUT, Result.NO_ANSWER),
        (OfferResult.REJECTED, Result.NO_ANSWER),
        (OfferResult.UNREACHABLE, Result.UNREACHABLE),
        (OfferResult.FAILED, Result.INTERRUPTED),
    ],
)
def test_a_phone_that_is_not_answered_gives_its_result_and_frees_the_counsellor(result: OfferResult, expected: Result) -> None:
    """Exactly one, with a word to the counsellor who waited."""
    _, commands = run(OFFERED, SEATED, h.LegDown(leg_id=PERSON, result=result))
    assert of(c.Done, commands) == [c.Done(result=expected, dialled=True)]
    assert of(c.Release, commands) == [c.Release(offer=offer())]


def test_a_counsellor_who_hangs_up_before_the_person_answered_stops_the_ringing() -> None:
    """The request is tried again and does not count."""
    _, commands = run(OFFERED, SEATED, h.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=True))
    assert c.Drop(leg_id=PERSON) in commands
    assert c.Close(offer=offer(), result=OfferResult.REJECTED) in commands
    assert of(c.Done, commands) == [c.Done(result=Result.INTERRUPTED, dialled=True)]


def test_a_person_who_is_there_when_the_counsellor_is_lost_is_told() -> None:
    """Never a mute hang-up."""
    state, commands = run(OFFERED, SEATED, ANSWERED, h.LegDown(leg_id="leg-1", result=OfferResult.FAILED))
    assert [say.prompts for say in of(c.Say, commands) if isinstance(say, c.Say)][-1] == ("callback_again",)
    assert (state.phase, state.result) == (Phase.CLOSING, Result.INTERRUPTED)


def test_a_counsellor_who_does_not_answer_is_followed_by_the_next() -> None:
    """The call-back keeps its place in the line."""
    state, commands = run(OFFERED, h.LegDown(leg_id="leg-1", result=OfferResult.RANG_OUT), h.OfferGranted(offer=offer(2)))
    assert c.Close(offer=offer(), result=OfferResult.RANG_OUT) in commands
    assert (state.phase, state.offer) == (Phase.COUNSELLOR, offer(2))
    assert not of(c.Leave, commands)


def test_a_reservation_that_was_lost_is_not_used() -> None:
    """Fenced: somebody else may have that counsellor by now."""
    state, commands = run(OFFERED, h.ConnectFailed(leg_id="leg-1"))
    assert c.Drop(leg_id="leg-1", elsewhere=True) in commands
    assert state.phase is Phase.LINE


@pytest.mark.parametrize("before", [(), (OFFERED,), (OFFERED, SEATED)])
def test_a_request_that_was_withdrawn_rings_nobody_any_more(before: tuple[h.Happening, ...]) -> None:
    """The person called by themselves meanwhile."""
    state, commands = run(*before, h.CallerGone())
    assert state.phase is Phase.OVER
    assert len(of(c.Done, commands)) == 1


HAPPENINGS: st.SearchStrategy[h.Happening] = st.one_of(
    st.integers(1, 3).map(lambda number: h.OfferGranted(offer=offer(number))),
    st.sampled_from([PERSON, "leg-1", "leg-2", "leg-3"]).map(lambda leg: h.LegUp(leg_id=leg)),
    st.builds(
        h.LegDown, leg_id=st.sampled_from([PERSON, "leg-1", "leg-2"]), result=st.sampled_from(list(OfferResult)), by_hand=st.booleans()
    ),
    st.builds(h.LegDigit, leg_id=st.sampled_from([PERSON, "leg-1"]), digit=st.sampled_from("0123456789*#")),
    st.integers(0, 5).map(lambda number: h.PlaybackDone(number=number)),
    st.sampled_from(list(Timer)).map(lambda timer: h.TimerFired(timer=timer)),
    st.sampled_from(["leg-1", "leg-2"]).map(lambda leg: h.ConnectFailed(leg_id=leg)),
    st.just(h.CallerGone()),
)
PLANS = st.builds(Plan, person_first=st.booleans(), say_who=st.booleans(), leave_message=st.booleans())


@settings(max_examples=500)
@given(PLANS, st.lists(HAPPENINGS, max_size=25))
def test_whatever_happens_there_is_one_result_and_nobody_is_left_behind(plan: Plan, happenings: list[h.Happening]) -> None:
    """One `Done` or one hand-over; every counsellor is given back; whoever was called is let go or handed over; a deadline always runs."""
    state, timers, kept, ends = Callback(id="c"), set[Timer](), dict[UUID, Offer](), 0
    person_up = False
    for happening in happenings:
        if isinstance(happening, h.TimerFired):
            if happening.timer not in timers:
                continue
            timers.discard(happening.timer)
        if isinstance(happening, h.OfferGranted):
            kept[happening.offer.id] = happening.offer
        if isinstance(happening, h.LegDown) and happening.leg_id == PERSON:
            person_up = False
        state, commands = advance(state, happening, plan)
        for command in commands:
            match command:
                case c.Start(timer=timer):
                    timers.add(timer)
                case c.Stop(timer=timer):
                    timers.discard(timer)
                case c.Close(offer=given) | c.Release(offer=given):
                    kept.pop(given.id, None)
                case c.HandOver(offer=given):
                    kept.pop(given.id, None)
                    person_up, ends = False, ends + 1
                case c.RingPerson():
                    person_up = True
                case c.Drop(leg_id=leg_id) if leg_id == PERSON:
                    person_up = False
                case c.Done():
                    ends += 1
                case _:
                    pass
        over = state.phase in (Phase.OVER, Phase.HANDED)
        assert ends == (1 if over else 0)
        assert set(kept) == ({state.offer.id} if state.offer and state.phase is not Phase.HANDED else set())
        assert over or state.phase is Phase.LINE or timers
        assert not (over and person_up)


@pytest.mark.parametrize("seated", [True, False])
def test_a_person_on_the_line_is_a_caller_like_any_other(seated: bool) -> None:
    """The counsellor is lost and the database goes away: they join as a caller, and the safety net has them."""
    due = Due(
        id=UUID(int=1), contact_id=UUID(int=2), number="+821012345678", language="ko", virtual_start=THEN, lane=Lane.CRISIS, attempts=0,
        consent=Consent(may_call=True), epoch=1,
    )  # fmt: skip
    line = Line(handed(Callback(id="c"), due, OFFER, seated=seated))
    line(m.Resumed())
    line(m.LegDown(leg_id=OFFER.leg_id, result=OfferResult.RANG_OUT))
    joins = [command for command in line.all if isinstance(command, m.Join)]
    assert joins[-1].since == THEN
    assert joins[-1].lane is Lane.CRISIS
    line(m.Unroutable())
    assert m.ToSafetyNet() in line.all
