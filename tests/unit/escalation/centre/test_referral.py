"""The machine of a referral: nothing lost silently, nothing sent without consent, none closed without an outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.centre import referral as r
from escalation.centre.calling import Barrier, may_call, permitted
from escalation.centre.errors import AlreadyClaimed, CentreError, ConsentIncomplete, IllegalTransition, NoConsent
from escalation.centre.model import (
    FREE,
    HELD,
    RESTING,
    Basis,
    Consent,
    Danger,
    Outcome,
    Permission,
    Recipient,
    Referral,
    Result,
    State,
    Urgency,
)
from escalation.centre.rules import load

RULES = load()
NOW = datetime(2027, 3, 2, 3, tzinfo=UTC)
ANNA, BORA, CHIEF = UUID(int=1), UUID(int=2), UUID(int=9)
CALLS = (UUID(int=11), UUID(int=12))


def consent(*, given_: bool = True, at: datetime = NOW, days: int = 90, **more: object) -> Consent:
    """A complete one, unless said otherwise."""
    values: dict[str, object] = {
        "id": uuid4(), "given": given_, "recipient": Recipient.CENTRE, "recipient_name": "고립예방센터", "purpose": "심층상담",
        "items": ("name", "number", "reason"), "until": at + timedelta(days=days), "right_to_refuse_told": True, "script_version": "1",
        "at": at, "asked_by": CHIEF, **more,
    }  # fmt: skip
    return Consent(**values)  # type: ignore[arg-type]


def proposed() -> Referral:
    """A new one."""
    return Referral(id=UUID(int=100), state=State.PROPOSED, urgency=Urgency.SOON, created_at=NOW, due_at=RULES.answer_by(NOW))


def after(*steps: r.Happened, case: Referral | None = None) -> Referral:
    """What a case becomes."""
    for step in steps:
        case = r.advance(case or proposed(), step, RULES)
    assert case is not None
    return case


def yes() -> r.Answered:
    """They agree to all."""
    return r.Answered(at=NOW, consent=consent(), permission=Permission(may_call=True))


def claimed() -> Referral:
    """On the worklist, and somebody has it."""
    return after(yes(), r.Sent(at=NOW), r.Claimed(at=NOW, staff_id=ANNA))


STEPS: list[Callable[[datetime], r.Happened]] = [
    lambda at: r.Answered(at=at, consent=consent(at=at), permission=Permission(may_call=True)),
    lambda at: r.Answered(at=at, consent=consent(at=at)),
    lambda at: r.Answered(at=at, consent=consent(at=at, given_=False)),
    lambda at: r.InDanger(at=at, danger=Danger(ground="pipa_17_1_2", decided_by=CHIEF, at=at)),
    lambda at: r.Sent(at=at),
    lambda at: r.SentLive(at=at, staff_id=ANNA),
    lambda at: r.LiveTaken(at=at, staff_id=ANNA),
    lambda at: r.LiveFailed(at=at),
    lambda at: r.Claimed(at=at, staff_id=ANNA),
    lambda at: r.Claimed(at=at, staff_id=BORA),
    lambda at: r.Released(at=at, staff_id=ANNA),
    lambda at: r.HandedOver(at=at, to=BORA, staff_id=ANNA),
    lambda at: r.HandedOver(at=at, to=ANNA),
    *(lambda at, call=call: r.Dialling(at=at, attempt_id=call) for call in CALLS),
    *(lambda at, call=call: r.TalkBegan(at=at, attempt_id=call) for call in CALLS),
    *(lambda at, call=call, result=result: r.Called(at=at, attempt_id=call, result=result) for call in CALLS for result in Result),
    lambda at: r.Permitted(at=at, permission=Permission(may_call=True)),
    lambda at: r.Permitted(at=at, permission=Permission(may_call=False)),
    lambda at: r.Permitted(at=at, permission=Permission()),
    lambda at: r.Counselling(at=at),
    lambda at: r.NextStep(at=at),
    lambda at: r.NextStep(at=at, due_at=at + timedelta(hours=3)),
    *(lambda at, urgency=urgency: r.MoreUrgent(at=at, urgency=urgency) for urgency in Urgency),
    *(lambda at, outcome=outcome: r.Closed(at=at, outcome=outcome) for outcome in Outcome),
    lambda at: r.Reopened(at=at),
    lambda at: r.Withdrawn(at=at),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(range(len(STEPS))), st.integers(0, 200)), max_size=40))
def test_whatever_happens_the_invariants_hold(story: list[tuple[int, int]]) -> None:
    """Open cases have a deadline, held ones an owner, closed ones an outcome, sent ones a basis; a refused step changes nothing."""
    case, at, refused = proposed(), NOW, False
    for index, hours in story:
        at += timedelta(hours=hours)
        step, before = STEPS[index](at), case
        try:
            case = r.advance(case, step, RULES)
        except CentreError:
            continue
        if isinstance(step, r.Answered | r.Withdrawn | r.InDanger):
            refused = case.state in (State.REFUSED, State.WITHDRAWN)
        assert (case.due_at is None) == (case.state in RESTING)
        assert (case.outcome is not None) == (case.state is State.CLOSED)
        assert (case.owner_id is not None) == (case.state in HELD | {State.LIVE})
        assert case.basis is not None or case.state in {State.PROPOSED, *RESTING}
        assert case.version == before.version + (case is not before)
        if refused and case.state is not State.CLOSED:
            assert case.state in (State.REFUSED, State.WITHDRAWN)
        # An open case leaves the books only by closing, refusing or withdrawing, each of which somebody said.
        if case.state in RESTING and before.state not in RESTING:
            assert isinstance(step, r.Closed | r.Answered | r.Withdrawn)


@given(st.lists(st.tuples(st.sampled_from(range(len(STEPS))), st.integers(0, 30)), max_size=40), st.booleans())
def test_nobody_is_called_back_without_permission(story: list[tuple[int, int]], has_number: bool) -> None:
    """Whatever the story, a call that is allowed has permission, an owner, a number, the right hour, and neither too many nor too close attempts."""
    case, at = proposed(), NOW
    for index, hours in story:
        at += timedelta(hours=hours)
        try:
            case = r.advance(case, STEPS[index](at), RULES)
        except CentreError:
            continue
        answer = may_call(case, at, RULES, has_number=has_number)
        if answer.barrier is not None:
            assert answer.until is None or answer.until > at
            continue
        assert case.permission.may_call is True or (case.basis is Basis.DANGER and case.permission.may_call is None)
        assert case.state in HELD
        assert case.owner_id is not None
        assert case.calling is None
        assert has_number
        assert 9 <= (at.hour + 9) % 24 < 21
        assert case.attempts < RULES.attempts
        assert not case.attempts or case.last_attempt_at is None or at >= case.last_attempt_at + RULES.spacing
        assert case.basis is Basis.DANGER or (case.consent_until is not None and at < case.consent_until)


def test_from_consent_to_closed_and_reopened() -> None:
    """The whole way."""
    case = claimed()
    assert (case.state, case.owner_id, case.due_at) == (State.CLAIMED, ANNA, NOW + timedelta(hours=72))
    case = after(r.Dialling(at=NOW, attempt_id=CALLS[0]), r.TalkBegan(at=NOW, attempt_id=CALLS[0]), case=case)
    assert (case.state, case.calling) == (State.IN_CONTACT, CALLS[0])
    case = after(r.Called(at=NOW, attempt_id=CALLS[0], result=Result.TALKED), r.Counselling(at=NOW), case=case)
    assert (case.state, case.calling) == (State.IN_COUNSELLING, None)
    case = after(r.Closed(at=NOW, outcome=Outcome.RELIEVED), case=case)
    assert (case.state, case.due_at, case.outcome) == (State.CLOSED, None, Outcome.RELIEVED)
    case = after(r.Reopened(at=NOW, urgency=Urgency.TODAY), case=case)
    assert (case.state, case.outcome, case.due_at) == (State.REOPENED, None, NOW + timedelta(hours=12))


@pytest.mark.parametrize("step", [r.Sent(at=NOW), r.SentLive(at=NOW, staff_id=ANNA)])
def test_nothing_is_sent_without_consent(step: r.Happened) -> None:
    """Neither before the answer, nor after a no, nor after it was taken back, nor when it has run out."""
    no = r.Answered(at=NOW, consent=consent(given_=False))
    for case in (proposed(), after(no), after(yes(), r.Withdrawn(at=NOW))):
        with pytest.raises(NoConsent):
            r.advance(case, step, RULES)
    late = r.Answered(at=NOW, consent=consent(at=NOW - timedelta(days=91)))
    with pytest.raises(NoConsent):
        r.advance(after(late), step, RULES)


def test_danger_is_the_only_other_ground() -> None:
    """Also after a refusal; then it is as urgent as can be."""
    danger = r.InDanger(at=NOW, danger=Danger(ground="pipa_17_1_2", decided_by=CHIEF, at=NOW))
    case = after(r.Answered(at=NOW, consent=consent(given_=False)), danger, r.Sent(at=NOW))
    assert (case.state, case.basis, case.urgency) == (State.WAITING, Basis.DANGER, Urgency.IMMEDIATE)


@pytest.mark.parametrize(
    ("changed", "lacking"),
    [
        ({"items": ()}, "items"), ({"items": ("everything",)}, "items"), ({"until": None}, "until"), ({"until": NOW}, "until"),
        ({"right_to_refuse_told": False}, "right_to_refuse_told"), ({"script_version": " "}, "script_version"), ({"purpose": ""}, "purpose"),
        ({"recipient_name": ""}, "recipient_name"), ({"under_14": True}, "guardian"), ({"recipient": Recipient.SERVICE}, "recipient"),
    ],
)  # fmt: skip
def test_half_a_consent_is_none(changed: dict[str, object], lacking: str) -> None:
    """What the law asks for is there, or the answer is refused by name of what lacks."""
    with pytest.raises(ConsentIncomplete) as refused:
        r.advance(proposed(), r.Answered(at=NOW, consent=consent(**changed)), RULES)  # type: ignore[arg-type]
    assert refused.value.missing == (lacking,)


def test_a_child_needs_a_guardian() -> None:
    """Who then answers for it."""
    assert after(r.Answered(at=NOW, consent=consent(under_14=True, by_guardian=True))).state is State.CONSENTED


def test_of_two_who_claim_one_has_it() -> None:
    """The same one twice is no harm."""
    case = claimed()
    assert r.advance(case, r.Claimed(at=NOW, staff_id=ANNA), RULES) is case
    with pytest.raises(AlreadyClaimed):
        r.advance(case, r.Claimed(at=NOW, staff_id=BORA), RULES)


def test_a_transfer_that_fails_waits_on_the_worklist() -> None:
    """And one that is taken after all, although it was given up, is in contact."""
    live = after(yes(), r.SentLive(at=NOW, staff_id=ANNA))
    failed = after(r.LiveFailed(at=NOW), case=live)
    assert (failed.state, failed.owner_id, failed.due_at) == (State.WAITING, None, NOW + timedelta(hours=72))
    assert after(r.LiveTaken(at=NOW, staff_id=ANNA), case=failed).state is State.IN_CONTACT
    assert after(r.LiveFailed(at=NOW), case=after(r.LiveTaken(at=NOW, staff_id=ANNA), case=live)).state is State.IN_CONTACT


def test_a_case_whose_consent_was_taken_back_is_not_reopened_but_asked_anew() -> None:
    """A no then leaves it closed."""
    case = after(r.Closed(at=NOW, outcome=Outcome.LINKED), r.Withdrawn(at=NOW), case=claimed())
    assert (case.state, case.basis, case.permission.may_call) == (State.CLOSED, None, False)
    with pytest.raises(NoConsent):
        r.advance(case, r.Reopened(at=NOW), RULES)
    assert after(r.Answered(at=NOW, consent=consent(given_=False)), case=case) is case
    asked = after(yes(), case=case)
    assert (asked.state, asked.outcome, asked.permission.may_call) == (State.CONSENTED, None, True)


def test_consent_is_renewed_while_the_work_goes_on() -> None:
    """Or refused: then the work ends."""
    later = NOW + timedelta(days=80)
    renewed = after(r.Answered(at=later, consent=consent(at=later)), case=claimed())
    assert (renewed.state, renewed.owner_id, renewed.consent_until) == (State.CLAIMED, ANNA, later + timedelta(days=90))
    ended = after(r.Answered(at=later, consent=consent(at=later, given_=False)), case=claimed())
    assert (ended.state, ended.owner_id, ended.permission.may_call) == (State.WITHDRAWN, None, False)


def test_what_comes_late_changes_nothing() -> None:
    """The end of a call that was given up, a transfer that ended when the case was closed."""
    case = after(r.Dialling(at=NOW, attempt_id=CALLS[0]), case=claimed())
    assert after(r.Called(at=NOW, attempt_id=CALLS[1], result=Result.NO_ANSWER), case=case) is case
    closed = after(r.Closed(at=NOW, outcome=Outcome.LINKED), case=case)
    ended = after(r.Called(at=NOW, attempt_id=CALLS[0], result=Result.TALKED), case=closed)
    assert (ended.state, ended.calling) == (State.CLOSED, None)
    assert after(r.LiveFailed(at=NOW), case=ended) is ended


def test_who_declines_is_not_called_again() -> None:
    """Until they say otherwise."""
    case = after(r.Dialling(at=NOW, attempt_id=CALLS[0]), r.Called(at=NOW, attempt_id=CALLS[0], result=Result.DECLINED), case=claimed())
    assert may_call(case, NOW + timedelta(days=1), RULES, has_number=True).barrier is Barrier.NO_PERMISSION
    again = after(r.Permitted(at=NOW, permission=Permission(may_call=True)), case=case)
    assert may_call(again, NOW + timedelta(days=1), RULES, has_number=True).barrier is None


@pytest.mark.parametrize("state", sorted(State))
def test_closing_needs_somebody_to_have_it_or_the_worklist(state: State) -> None:
    """What was never sent is refused, withdrawn or sent, not closed."""
    case = Referral(id=uuid4(), state=state, urgency=Urgency.SOON, created_at=NOW, due_at=NOW, owner_id=ANNA)
    if state in HELD | FREE:
        assert after(r.Closed(at=NOW, outcome=Outcome.DUPLICATE), case=case).state is State.CLOSED
    else:
        with pytest.raises(IllegalTransition):
            r.advance(case, r.Closed(at=NOW, outcome=Outcome.DUPLICATE), RULES)


def test_silence_is_no_permission_but_in_danger() -> None:
    """And a no is one in danger, too: then emergency services are the way."""
    for may, by_consent, by_danger in ((None, False, True), (False, False, False), (True, True, True)):
        permission = Permission(may_call=may)
        assert permitted(permission, Basis.CONSENT) is by_consent
        assert permitted(permission, Basis.DANGER) is by_danger
        assert not permitted(permission, None)
