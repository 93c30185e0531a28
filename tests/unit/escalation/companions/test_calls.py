"""The machine of a planned call, and which calls a plan makes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SEOUL, seoul
from escalation.centre.model import Permission
from escalation.companions import calls as c
from escalation.companions.model import FINAL, Call, CallState, Plan, Skip, Substitute, Support, SupportState
from escalation.companions.planning import barrier_of, clash, planned, who

DUE = datetime(2027, 3, 2, 3, tzinfo=UTC)
RULES = c.CallRules()
STEPS = ["dial", "dial", "there", "person", "skip", *c.Ended]


def step(name: str, at: datetime, barrier: Skip | None) -> c.Happened:
    """By its word."""
    match name:
        case "dial":
            return c.Dialled(at=at, barrier=barrier)
        case "there":
            return c.CompanionThere(at=at)
        case "person":
            return c.PersonThere(at=at)
        case "skip":
            return c.Skipped(at=at, why=Skip.CANCELLED)
        case how:
            return c.AttemptEnded(at=at, how=c.Ended(how))


def new() -> Call:
    """A call that is due."""
    return Call(id=UUID(int=1), due_at=DUE, next_at=DUE)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40), st.sampled_from([None, None, Skip.NO_PERMISSION])), max_size=30))
def test_whatever_happens_no_call_just_stays(story: list[tuple[str, int, Skip | None]]) -> None:
    """It waits for a time, is under way, or ended with a reason; the person is rung only after leave to dial; attempts have an end."""
    call, at, allowed = new(), DUE, False
    for name, minutes, barrier in story:
        at += timedelta(minutes=minutes)
        before = call
        try:
            call = c.advance(call, step(name, at, barrier), RULES)
        except c.IllegalCall:
            continue
        if name == "dial" and before is not call:
            allowed = barrier is None
        if call.state in (CallState.COMPANION_RUNG, CallState.PERSON_RUNG):
            assert allowed
        if before.state in (CallState.DUE, CallState.MISSED):
            assert call.state not in (CallState.PERSON_RUNG, CallState.TALKED)
        assert (call.next_at is not None) == (call.state in (CallState.DUE, CallState.MISSED))
        assert (call.skip is not None) == (call.state is CallState.SKIPPED)
        assert 0 <= call.attempts <= RULES.attempts
        if before.state in FINAL or before.ended:
            assert call is before


def test_a_call_that_is_talked() -> None:
    """However it ended after that, they had talked."""
    for how in c.Ended:
        call = new()
        for happened in (c.Dialled(at=DUE, barrier=None), c.CompanionThere(at=DUE), c.PersonThere(at=DUE), c.AttemptEnded(at=DUE, how=how)):
            call = c.advance(call, happened, RULES)
        assert (call.state, call.ended, call.attempts) == (CallState.TALKED, True, 1)


def test_missed_is_tried_again_and_then_given_up() -> None:
    """With spacing; a failure of ours does not count."""
    call, at, tried = new(), DUE, 0
    interrupted = c.advance(c.advance(call, c.Dialled(at=at, barrier=None), RULES), c.AttemptEnded(at=at, how=c.Ended.INTERRUPTED), RULES)
    assert (interrupted.state, interrupted.attempts) == (CallState.MISSED, 0)
    while call.next_at is not None:
        at = call.next_at
        call = c.advance(call, c.Dialled(at=at, barrier=None), RULES)
        call = c.advance(call, c.AttemptEnded(at=at, how=c.Ended.COMPANION_ABSENT), RULES)
        tried += 1
    assert (call.state, tried) == (CallState.GIVEN_UP, RULES.attempts)


def test_a_call_much_too_late_is_given_up_not_dialled() -> None:
    """Nobody is rung at night because a machine was away."""
    late = c.advance(new(), c.Dialled(at=DUE + timedelta(hours=3), barrier=None), RULES)
    assert late.state is CallState.GIVEN_UP


@pytest.mark.parametrize(
    ("changed", "barrier"),
    [
        ({}, None), ({"permission": Permission()}, Skip.NO_PERMISSION), ({"permission": Permission(may_call=False)}, Skip.NO_PERMISSION),
        ({"consent_until": DUE}, Skip.CONSENT_OVER), ({"state": SupportState.PAUSED}, Skip.SUPPORT_PAUSED),
        ({"state": SupportState.OFFERED}, Skip.SUPPORT_PAUSED), ({"state": SupportState.ENDED}, Skip.SUPPORT_ENDED),
    ],
)  # fmt: skip
def test_only_an_active_accompaniment_with_permission_is_called(changed: dict[str, object], barrier: Skip | None) -> None:
    """Silence is no permission."""
    values: dict[str, object] = {
        "id": uuid4(), "referral_id": uuid4(), "companion_id": uuid4(), "state": SupportState.ACTIVE,
        "consent_until": DUE + timedelta(days=1), "permission": Permission(may_call=True), **changed,
    }  # fmt: skip
    support = Support(**values)  # type: ignore[arg-type]
    assert barrier_of(support, DUE, has_number=True) is barrier
    if barrier is None:
        assert barrier_of(support, DUE, has_number=False) is Skip.NO_NUMBER


def plan(weekday: int = 1, at: time = time(19, 30), *, skip: bool = True, last: date | None = None) -> Plan:
    """Tuesdays in the evening."""
    return Plan(id=uuid4(), support_id=uuid4(), weekday=weekday, at=at, skip_holidays=skip, first=date(2027, 3, 1), last=last)


@given(st.integers(0, 6), st.times(), st.dates(date(2027, 1, 1), date(2027, 12, 31)), st.integers(0, 60))
def test_a_plan_makes_one_call_a_week_at_its_time_in_seoul(weekday: int, at: time, first: date, days: int) -> None:
    """Within the days asked for, on its weekday."""
    at = at.replace(second=0, microsecond=0)
    found = planned(plan(weekday, at), first, first + timedelta(days=days), {})
    for one in found:
        local = seoul(one.due_at)
        assert (local.weekday(), local.time()) == (weekday, at)
        assert max(first, date(2027, 3, 1)) <= local.date() <= first + timedelta(days=days)
    whole = max(0, (first + timedelta(days=days) - max(first, date(2027, 3, 1))).days + 1)
    assert whole // 7 <= len(found) <= whole // 7 + 1


def test_a_holiday_is_skipped_and_says_so() -> None:
    """If wished; not otherwise. A plan that ended makes none."""
    holiday = {date(2027, 3, 2): "휴일"}
    days = date(2027, 3, 1), date(2027, 3, 10)
    assert [one.skip for one in planned(plan(), *days, holiday)] == [Skip.HOLIDAY, None]
    assert [one.skip for one in planned(plan(skip=False), *days, holiday)] == [None, None]
    assert len(planned(plan(last=date(2027, 3, 2)), *days, {})) == 1


def test_who_stands_in_is_rung() -> None:
    """On their days, by the calendar in Seoul."""
    own, other = uuid4(), uuid4()
    support = Support(
        id=uuid4(), referral_id=uuid4(), companion_id=own, state=SupportState.ACTIVE, consent_until=DUE + timedelta(days=30)
    )  # fmt: skip
    standing_in = [Substitute(companion_id=other, first=date(2027, 3, 2), last=date(2027, 3, 3))]
    midnight = datetime(2027, 3, 4, 0, 0, tzinfo=SEOUL)
    assert who(support, standing_in, midnight - timedelta(seconds=1)) == other
    assert who(support, standing_in, midnight) == own


def test_two_calls_of_a_companion_do_not_meet() -> None:
    """Half an hour between, on the same weekday, while both run."""
    first = plan()
    assert clash(plan(at=time(19, 45)), [first]) is first
    assert clash(plan(at=time(20)), [first]) is None
    assert clash(plan(weekday=2), [first]) is None
    assert clash(plan(), [plan(last=date(2027, 2, 1))]) is None
