"""The rules of presence, for every state and every event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from routing.presence_model import BreakReason, Human, Presence, PresenceEvent, System, change

EARLIER = datetime(2026, 3, 2, tzinfo=UTC)
NOW = EARLIER + timedelta(hours=1)
LATER = NOW + timedelta(minutes=10)


@st.composite
def presences(draw: st.DrawFn) -> Presence:
    """Any state, also those that no sequence of events reaches."""
    human = draw(st.sampled_from(Human))
    reason = draw(st.none() | st.sampled_from(BreakReason)) if human is Human.BREAK else None
    return Presence(
        human=human,
        break_reason=reason,
        system=draw(st.sampled_from(System)),
        reachable=draw(st.booleans()),
        idle_since=draw(st.none() | st.just(EARLIER)),
        node=draw(nodes),
        missed=draw(st.integers(0, 3)),
        paused_until=draw(st.none() | st.just(LATER)),
        rest_until=draw(st.none() | st.just(LATER)),
    )


events = st.sampled_from(PresenceEvent)
reasons = st.none() | st.sampled_from(BreakReason)
nodes = st.sampled_from([None, "one", "two"])


@given(presences(), events, reasons)
def test_what_a_person_does_never_touches_a_call_under_way(before: Presence, event: PresenceEvent, reason: BreakReason | None) -> None:
    """A ringing or talking counsellor stays so, whatever key they press."""
    if before.system in (System.OFFERED, System.TALKING):
        assert change(before, event, at=NOW, reason=reason).system is before.system


@given(presences(), events, reasons, nodes)
def test_the_same_event_twice_is_the_same_as_once(
    before: Presence, event: PresenceEvent, reason: BreakReason | None, node: str | None
) -> None:
    """Every event is idempotent, so a doubled key press or a retried statement does no harm."""
    once = change(before, event, at=NOW, reason=reason, node=node)
    assert change(once, event, at=NOW + timedelta(minutes=1), reason=reason, node=node) is once


@given(presences(), events, reasons, nodes)
def test_what_rang_out_is_forgotten_when_person_or_phone_is_back(
    before: Presence, event: PresenceEvent, reason: BreakReason | None, node: str | None
) -> None:
    """By any code but signing out, and by a phone that was away; by nothing else."""
    after = change(before, event, at=NOW, reason=reason, node=node)
    match event:
        case PresenceEvent.SIGN_IN | PresenceEvent.END_WRAPUP:
            back = True
        case PresenceEvent.READY | PresenceEvent.BREAK:
            back = before.signed_in
        case PresenceEvent.PHONE_REACHABLE:
            back = not before.reachable
        case _:
            back = False
    assert (after.missed, after.paused_until) == ((0, None) if back else (before.missed, before.paused_until))


@given(presences(), events, reasons, nodes)
def test_only_saying_ready_ends_a_rest(before: Presence, event: PresenceEvent, reason: BreakReason | None, node: str | None) -> None:
    """Not a phone that comes and goes, and not the next sign-in."""
    after = change(before, event, at=NOW, reason=reason, node=node)
    ended = event is PresenceEvent.READY and before.signed_in
    assert after.rest_until == (None if ended else before.rest_until)


@given(presences(), nodes)
def test_a_node_takes_away_only_a_phone_of_its_own(before: Presence, node: str | None) -> None:
    """What another node sees is not undone by who does not see it."""
    after = change(before, PresenceEvent.PHONE_UNREACHABLE, at=NOW, node=node)
    assert after.reachable == (before.reachable and before.node not in (None, node))


@given(presences(), events, reasons)
def test_idle_time_starts_exactly_when_somebody_becomes_ready_and_idle(
    before: Presence, event: PresenceEvent, reason: BreakReason | None
) -> None:
    """The place among the longest idle is gained by becoming available and by nothing else."""
    after = change(before, event, at=NOW, reason=reason)
    assert after.idle_since == (NOW if after.willing and not before.willing else before.idle_since)


@given(presences(), events, reasons)
def test_only_a_break_has_a_reason(before: Presence, event: PresenceEvent, reason: BreakReason | None) -> None:
    """No reason of an old break stays behind."""
    after = change(before, event, at=NOW, reason=reason)
    assert after.break_reason is None or after.human is Human.BREAK


@given(presences(), events, reasons)
def test_nobody_comes_to_work_except_by_signing_in(before: Presence, event: PresenceEvent, reason: BreakReason | None) -> None:
    """Ready and break are refused to who is not signed in."""
    if not before.signed_in and event is not PresenceEvent.SIGN_IN:
        assert change(before, event, at=NOW, reason=reason).human is Human.OFF


def test_signing_in_is_not_yet_ready() -> None:
    """Somebody who has just signed in gets no call before they say so."""
    assert change(Presence(), PresenceEvent.SIGN_IN, at=NOW) == Presence(human=Human.BREAK)


def test_signing_in_again_changes_nothing() -> None:
    """A second `*11` does not take a ready counsellor out of the line."""
    ready = Presence(human=Human.READY, idle_since=EARLIER)
    assert change(ready, PresenceEvent.SIGN_IN, at=NOW) is ready


def test_ready_in_wrapup_ends_it() -> None:
    """Who says ready says that the work after the call is done."""
    after = change(Presence(human=Human.READY, system=System.WRAPUP, idle_since=EARLIER), PresenceEvent.READY, at=NOW)
    assert after == Presence(human=Human.READY, system=System.IDLE, idle_since=NOW)


def test_ending_wrapup_on_a_break_stays_a_break() -> None:
    """`*15` changes the system state only."""
    before = Presence(human=Human.BREAK, break_reason=BreakReason.MEAL, system=System.WRAPUP, idle_since=EARLIER)
    after = change(before, PresenceEvent.END_WRAPUP, at=NOW)
    assert after == Presence(human=Human.BREAK, break_reason=BreakReason.MEAL, system=System.IDLE, idle_since=EARLIER)


def test_signing_out_while_talking_counts_for_the_calls_after() -> None:
    """The conversation goes on; the person is off for the next one."""
    after = change(Presence(human=Human.READY, system=System.TALKING, reachable=True), PresenceEvent.SIGN_OUT, at=NOW)
    assert (after.human, after.system) == (Human.OFF, System.TALKING)


def test_a_blink_of_the_network_costs_nobody_their_place() -> None:
    """A phone lost and found again does not start the idle time anew."""
    before = Presence(human=Human.READY, reachable=True, idle_since=EARLIER, node="one")
    lost = change(before, PresenceEvent.PHONE_UNREACHABLE, at=NOW, node="one")
    assert not lost.available
    assert change(lost, PresenceEvent.PHONE_REACHABLE, at=NOW, node="one") == before


def test_a_phone_that_moved_is_not_lost_by_the_node_it_left() -> None:
    """It registers on the second node; a while later the first one notices that it has it no more."""
    phone = Presence(human=Human.READY, reachable=True, node="one")
    moved = change(phone, PresenceEvent.PHONE_REACHABLE, at=NOW, node="two")
    assert (moved.reachable, moved.node) == (True, "two")
    assert change(moved, PresenceEvent.PHONE_UNREACHABLE, at=NOW, node="one") is moved
