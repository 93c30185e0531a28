"""A crisis under any sequence of happenings whatever: nobody is left in silence, nobody is hung up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import call_model as m
from ivr.call import advance
from ivr.call_model import Call, Command, Happening, Phase, Timer
from ivr.conference import Partner, Stage, What
from ivr.watchdog import Facts, violation
from routing.model import OfferResult
from tests.unit.ivr.test_call import FLOW
from tests.unit.ivr.test_call_properties import HAPPENINGS, actual, offer

PARTNERS = st.integers(1, 3).map(lambda number: Partner(leg_id=f"crisis-{number}", endpoint="PJSIP/112@t", ring_s=20))
LEGS = st.integers(1, 3).map(lambda number: f"crisis-{number}")
CRISES: st.SearchStrategy[Happening] = st.one_of(
    st.sampled_from(list(What)).map(lambda what: m.Ordered(what=what)),
    st.builds(m.PartnerFound, number=st.integers(1, 4), partner=st.none() | PARTNERS),
    LEGS.map(lambda leg: m.LegUp(leg_id=leg, at=50.0)),
    LEGS.map(lambda leg: m.LegSaid(leg_id=leg)),
    st.builds(m.LegDown, leg_id=LEGS, result=st.sampled_from(list(OfferResult)), by_hand=st.booleans()),
    st.builds(m.Gathered, leg_id=LEGS, caller=st.booleans()),
    LEGS.map(lambda leg: m.GatherFailed(leg_id=leg)),
    st.builds(m.LegDigit, leg_id=st.sampled_from(["leg-1", "leg-2"]), digit=st.sampled_from("*01239")),
    st.builds(m.LegDown, leg_id=st.sampled_from(["leg-1", "leg-2"]), result=st.just(OfferResult.ANSWERED), by_hand=st.just(True),
              at=st.just(100.0)),
    st.sampled_from([m.TimerFired(timer=Timer.PARTNER), m.HoldFailed(), m.Unattended(what="not_bridged"), m.Resumed()]),
    # The caller who dropped out and is called again, by whatever leg.
    st.sampled_from([
        m.LegUp(leg_id="person-"), m.LegSaid(leg_id="person-"), m.LegDigit(leg_id="person-", digit="1"),
        m.LegDigit(leg_id="person-", digit="2"), m.LegDown(leg_id="person-", result=OfferResult.BUSY), m.TimerFired(timer=Timer.REDIAL),
    ]),
)  # fmt: skip
#: What leads to a talk in which a crisis was raised.
TALK: list[Happening] = [
    m.Entered(direct=True), m.PlaybackDone(number=0), m.OfferGranted(offer=offer(1)), m.LegUp(leg_id="leg-1", at=1.0),
    m.Connected(leg_id="leg-1", at=1.0), m.Ordered(what=What.RAISE),
]  # fmt: skip
ONE = Partner(leg_id="crisis-1", endpoint="PJSIP/112@t", ring_s=20)
GONE = m.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=True, at=100.0)
#: … and on, as far as it goes.
JOINED: list[Happening] = [
    *TALK, m.PartnerFound(number=1, partner=ONE), m.LegUp(leg_id="crisis-1", at=50.0), m.LegSaid(leg_id="crisis-1"),
    m.TimerFired(timer=Timer.PARTNER), m.Gathered(leg_id="crisis-1", caller=True),
]  # fmt: skip
STARTS: list[list[Happening]] = [
    *(JOINED[:length] for length in range(len(TALK), len(JOINED) + 1)),
    [*JOINED[:7], GONE],
    [*JOINED, GONE],
    [*JOINED, GONE, m.OfferGranted(offer=offer(2))],
    [*JOINED, m.Ordered(what=What.TAKEN_OVER), GONE],
    [*JOINED, m.Ordered(what=What.PRIVATE)],
    [*JOINED, m.CallerGone()],
    [*JOINED[:7], m.CallerGone()],
    [*JOINED, m.CallerGone(), m.TimerFired(timer=Timer.REDIAL), m.LegUp(leg_id="person-")],
]
RUNS = st.builds(list.__add__, st.sampled_from(STARTS), st.lists(CRISES | HAPPENINGS, max_size=30))


@dataclass(frozen=True)
class Nobody:
    """The last of those who stayed behind leaves."""


def begin() -> tuple[Call, set[Timer]]:
    """A call in the beginning."""
    return Call(id="c", phase=Phase.WAITING, number="+821012345678"), set()


def step(call: Call, happening: Happening, running: set[Timer]) -> tuple[Call, list[Command]]:
    """One happening; timers that run are kept."""
    happening = actual(call, happening)
    if getattr(happening, "leg_id", "") == "person-":
        happening = replace(happening, leg_id=call.again or "person-c-0")  # type: ignore[arg-type]  # those that have a leg
    call, commands = advance(call, happening, FLOW)
    for command in commands:
        if isinstance(command, m.Start):
            running.add(command.timer)
        elif isinstance(command, m.Stop):
            running.discard(command.timer)
    return call, commands


@settings(max_examples=400)
@given(RUNS)
def test_whoever_is_in_a_crisis_always_hears_something_and_has_a_deadline(happenings: list[Happening]) -> None:
    """The watchdog has nothing to find."""
    call, running = begin()
    for happening in happenings:
        if isinstance(happening, m.TimerFired):
            if happening.timer not in running:
                continue
            running.discard(happening.timer)
        call, _ = step(call, happening, running)
        assert violation(call, running, Facts()) is None, (happening, call, running)


@settings(max_examples=300)
@given(RUNS)
def test_nobody_is_hung_up_while_a_crisis_is_open(happenings: list[Happening]) -> None:
    """Neither by us, nor because a counsellor or a partner leaves: only after the hand-over, or when somebody called it off."""
    call, running = begin()
    for happening in happenings:
        # Whose line has dropped is not there to be hung up.
        open_before = (call.conference.open or call.conference.there) and call.phase is not Phase.LEFT
        call, commands = step(call, happening, running)
        if open_before and not isinstance(happening, m.CallerGone):
            assert not any(isinstance(command, m.HangUp | m.Finish) for command in commands), (happening, call)


@settings(max_examples=300)
@given(RUNS)
def test_every_partner_who_was_rung_is_let_go_or_talks(happenings: list[Happening]) -> None:
    """No leg is forgotten; none is rung without its row."""
    call, running = begin()
    rung: set[str] = set()
    again: set[str] = set()
    found: set[str] = set()
    for happening in [*happenings, m.CallerGone(), m.LegDown(leg_id="person-", result=OfferResult.BUSY), Nobody()]:
        if isinstance(happening, Nobody):
            if call.phase is not Phase.LEFT:
                continue
            # Counsellor and partner stayed behind: then the counsellor leaves, too.
            assert call.offer is not None
            happening = m.LegDown(leg_id=call.offer.leg_id, result=OfferResult.ANSWERED, by_hand=True)
        if isinstance(happening, m.PartnerFound) and happening.partner:
            found.add(happening.partner.leg_id)
        before = call
        call, commands = step(call, happening, running)
        for command in commands:
            if isinstance(command, m.RingPartner):
                assert command.partner.leg_id in found
                rung.add(command.partner.leg_id)
            elif isinstance(command, m.RingCaller):
                again.add(command.leg_id)
            elif isinstance(command, m.CallerIs):
                again.discard(command.leg_id)
            elif isinstance(command, m.DropLeg):
                rung.discard(command.leg_id)
                again.discard(command.leg_id)
        if isinstance(happening, m.LegDown):
            rung.discard(happening.leg_id)
            again.discard(before.again if happening.leg_id == "person-" else "")
        if isinstance(happening, m.TakenAway | m.CallerGone) or before.phase is Phase.ENDED:
            continue
        assert rung <= {call.conference.leg_id} | {""}, (happening, call)
        assert again <= {call.again} | {""}, (happening, call)
    assert not rung
    assert not again


@settings(max_examples=200)
@given(RUNS)
def test_with_the_partner_alone_is_in_the_line_unless_they_took_over(happenings: list[Happening]) -> None:
    """A counsellor is looked for as long as nobody has the caller for good."""
    call, running = begin()
    for happening in happenings:
        call, _ = step(call, happening, running)
        if call.phase is Phase.PARTNER:
            assert call.conference.stage is Stage.JOINED
            assert call.joined is not call.conference.taken_over or call.offer is not None
