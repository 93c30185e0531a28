"""The incident's life, in any order of happenings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation import happenings as h
from escalation.errors import IllegalTransition
from escalation.incident import advance, state_of
from escalation.model import ENDED, CloseReason, Danger, Incident, RaisedBy, Result, State

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
BY = UUID(int=99)
ATTEMPTS = tuple(UUID(int=number) for number in range(1, 5))
RAISED = h.Raised(incident_id=UUID(int=7), contact_id=UUID(int=8), raised_by=RaisedBy.COUNSELLOR_KEY)


def dialled(attempt_id: UUID) -> h.Dialled:
    """A call to a partner."""
    return h.Dialled(attempt_id=attempt_id, partner_id=f"p{attempt_id.int}", leg_id=f"crisis-{attempt_id}")


attempt_ids = st.sampled_from(ATTEMPTS)
facts: st.SearchStrategy[h.Happening] = st.one_of(
    st.just(RAISED),
    st.builds(dialled, attempt_ids),
    *(st.builds(kind, attempt_id=attempt_ids) for kind in (h.Answered, h.Briefed, h.Private, h.Joined, h.TakenOver, h.PartnerLeft)),
    st.builds(h.AttemptFailed, attempt_id=attempt_ids, result=st.sampled_from(Result)),
    st.builds(h.Described, danger=st.none() | st.sampled_from(Danger), third_party=st.none() | st.booleans()),
    *(st.just(kind()) for kind in (h.NobodyLeft, h.CallerGone, h.Redialled, h.CallerBack, h.CounsellorGone, h.CounsellorBack)),
)
deeds: st.SearchStrategy[h.Happening] = st.one_of(
    st.just(h.Confirmed(by=BY)), st.builds(h.Closed, by=st.just(BY), reason=st.sampled_from(CloseReason))
)


def lived(*happenings: h.Happening) -> Incident:
    """An incident to which this happened, a second apart."""
    incident = advance(None, RAISED, AT)
    for number, happened in enumerate(happenings, start=1):
        incident = advance(incident, happened, AT + timedelta(seconds=number))
    return incident


@given(st.lists(facts, max_size=30))
def test_no_order_of_facts_ends_an_incident(happenings: list[h.Happening]) -> None:
    """Whatever the telephone says, and however late or often: only a human ends it."""
    incident = lived(*happenings)
    assert not incident.over
    assert incident.ended_at is None
    assert incident.state == state_of(incident)


@given(st.lists(facts, max_size=20), deeds, st.lists(facts, max_size=20))
def test_an_end_is_a_humans_word_and_stays(before: list[h.Happening], deed: h.Happening, after: list[h.Happening]) -> None:
    """Confirmed, or closed with a reason; what comes later does not bring it back to life, and a second word is refused."""
    incident = lived(*before, deed, *after)
    assert incident.state in ENDED
    assert incident.ended_by == BY
    assert (incident.state is State.CLOSED) == (incident.close_reason is not None)
    with pytest.raises(IllegalTransition, match="already"):
        advance(incident, h.Confirmed(by=BY), AT)


@given(st.lists(facts, max_size=20), facts)
def test_a_doubled_fact_changes_nothing(before: list[h.Happening], fact: h.Happening) -> None:
    """Events of the telephone come twice, from a repair or a restart; only calls to the caller are counted."""
    once = lived(*before, fact)
    twice = advance(once, fact, AT + timedelta(days=1))
    assert replace(twice, redials=0) == replace(once, redials=0)


@given(st.lists(facts, max_size=30))
def test_attempts_are_never_lost_and_end_once(happenings: list[h.Happening]) -> None:
    """Each dispatch is on record, in order, with one result and its times in order."""
    incident = lived(*happenings)
    wanted = list(dict.fromkeys(happened.attempt_id for happened in happenings if isinstance(happened, h.Dialled)))
    assert [attempt.id for attempt in incident.attempts] == wanted
    assert [attempt.number for attempt in incident.attempts] == list(range(1, len(wanted) + 1))
    for attempt in incident.attempts:
        assert attempt.live == (attempt.result is None) == (attempt.ended_at is None)
        assert attempt.started_at <= (attempt.answered_at or attempt.started_at) <= (attempt.ended_at or AT + timedelta(days=1))


def test_the_ordinary_way() -> None:
    """Raised, dialled, answered, briefed, alone with the counsellor, together, taken over, left, confirmed."""
    one = ATTEMPTS[0]
    steps: list[tuple[h.Happening, State]] = [
        (dialled(one), State.DIALLING),
        (h.Answered(attempt_id=one), State.ANSWERED),
        (h.Briefed(attempt_id=one), State.ANSWERED),
        (h.Private(attempt_id=one), State.ANSWERED),
        (h.Joined(attempt_id=one), State.JOINED),
        (h.TakenOver(attempt_id=one), State.TAKEN_OVER),
        (h.PartnerLeft(attempt_id=one), State.TAKEN_OVER),
        (h.CallerGone(), State.TAKEN_OVER),
        (h.Confirmed(by=BY), State.CONFIRMED),
    ]
    incident = lived()
    for happened, state in steps:
        incident = advance(incident, happened, AT)
        assert incident.state is state
    assert incident.attempts[0].result is Result.TAKEN_OVER


def test_a_partner_who_leaves_or_is_not_reached_leaves_an_open_incident() -> None:
    """The next one can be called at once; whoever left had not taken over."""
    one, two = ATTEMPTS[:2]
    left = lived(dialled(one), h.Joined(attempt_id=one), h.PartnerLeft(attempt_id=one))
    assert (left.state, left.attempts[0].result) == (State.RAISED, Result.LEFT)
    busy = lived(dialled(one), h.AttemptFailed(attempt_id=one, result=Result.BUSY), dialled(two))
    assert (busy.state, [attempt.number for attempt in busy.live]) == (State.DIALLING, [2])


def test_nobody_left_lasts_until_the_next_call() -> None:
    """Unreached is said only while nothing rings; another round begins after it."""
    one, two = ATTEMPTS[:2]
    failed = lived(dialled(one), h.AttemptFailed(attempt_id=one, result=Result.NO_ANSWER), h.NobodyLeft())
    assert failed.state is State.UNREACHED
    again = advance(failed, dialled(two), AT)
    assert again.state is State.DIALLING
    assert advance(again, h.AttemptFailed(attempt_id=two, result=Result.BUSY), AT).state is State.RAISED


def test_a_proposal_becomes_real_by_a_press_or_a_call() -> None:
    """A checklist recommends; a person decides."""
    proposed = advance(None, replace(RAISED, raised_by=RaisedBy.CHECKLIST, proposed=True), AT)
    assert proposed.proposed
    assert not advance(proposed, RAISED, AT).proposed
    assert not advance(proposed, dialled(ATTEMPTS[0]), AT).proposed
    assert advance(proposed, replace(RAISED, proposed=True), AT).proposed


def test_what_does_not_fit_is_refused() -> None:
    """Nothing happens to an incident that nobody raised, and no other contact's press belongs to this one."""
    with pytest.raises(IllegalTransition, match="nothing has been raised"):
        advance(None, h.NobodyLeft(), AT)
    with pytest.raises(IllegalTransition, match="another contact"):
        advance(lived(), replace(RAISED, contact_id=BY), AT)
