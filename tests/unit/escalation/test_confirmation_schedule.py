"""When who is reminded of an incident: without end, until a human has ended it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.alarms import AlarmKind
from core.settings_escalation import EscalationSettings
from escalation.confirmation import Level, Standing, due, said
from escalation.model import ENDED, State

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SETTINGS = EscalationSettings(confirm_after_s=300, nag_every_s=120, supervisor_after_s=240)
FRESH = Standing(
    id=UUID(int=1), contact_id=UUID(int=2), raised_at=AT, state=State.RAISED, proposed=False, taken_over_at=None, exhausted=None
)


def reminders(standing: Standing, count: int) -> list[tuple[AlarmKind, Level, int]]:
    """The next ones, each said when it is due; times in seconds from the beginning."""
    found = []
    for _ in range(count):
        reminder = due(standing, SETTINGS)
        found.append((reminder.kind, reminder.level, round((reminder.at - AT).total_seconds())))
        standing = said(standing, reminder, reminder.at)
    return found


def test_first_the_counsellor_then_the_supervisor_then_again() -> None:
    """The shipped times: at once, after 5 minutes, every 2 minutes, from 4 minutes later on to the supervisor."""
    raised, unconfirmed = AlarmKind.INCIDENT_RAISED, AlarmKind.INCIDENT_UNCONFIRMED
    assert reminders(FRESH, 6) == [
        (raised, Level.SUPERVISOR, 0),
        (unconfirmed, Level.COUNSELLOR, 300),
        (unconfirmed, Level.COUNSELLOR, 420),
        (unconfirmed, Level.SUPERVISOR, 540),
        (unconfirmed, Level.SUPERVISOR, 660),
        (unconfirmed, Level.SUPERVISOR, 780),
    ]


def test_the_time_runs_from_the_hand_over() -> None:
    """Responders need their minutes; the counsellor is not disturbed while the partner is on the phone."""
    taken = replace(FRESH, told_at=AT, state=State.TAKEN_OVER, taken_over_at=AT + timedelta(seconds=200))
    assert reminders(taken, 1)[0][2] == 500


def test_an_unreached_chain_is_said_at_once_and_every_time() -> None:
    """To the supervisor, who has to call by hand; another round that fails is said again."""
    unreached = replace(FRESH, told_at=AT, state=State.UNREACHED, exhausted=4)
    assert reminders(unreached, 2) == [
        (AlarmKind.INCIDENT_UNREACHED, Level.SUPERVISOR, 0),
        (AlarmKind.INCIDENT_UNCONFIRMED, Level.SUPERVISOR, 300),
    ]
    assert due(replace(unreached, told_exhausted=4, exhausted=8), SETTINGS).kind is AlarmKind.INCIDENT_UNREACHED


def test_a_proposal_is_the_counsellors_first() -> None:
    """A person decides about it, and is reminded of it."""
    assert reminders(replace(FRESH, proposed=True), 2)[0][:2] == (AlarmKind.INCIDENT_RAISED, Level.COUNSELLOR)


@given(
    st.sampled_from(sorted(set(State) - ENDED)),
    st.none() | st.integers(0, 10),
    st.none() | st.integers(0, 5000),
    st.integers(0, 50),
    st.lists(st.integers(0, 2000), min_size=5, max_size=20),
)
def test_there_is_always_a_next_reminder(state: State, exhausted: int | None, taken_over_s: int | None, nags: int, gaps: list[int]) -> None:
    """However late each is said (a restart, the database away): the next one is at most one interval later, and none comes twice at once."""
    taken = None if taken_over_s is None else AT + timedelta(seconds=taken_over_s)
    standing = replace(FRESH, state=state, exhausted=exhausted, taken_over_at=taken, nags=nags)
    now = AT
    unconfirmed: list[datetime] = []
    for gap in gaps:
        reminder = due(standing, SETTINGS)
        now = max(now, reminder.at) + timedelta(seconds=gap)
        standing = said(standing, reminder, now)
        if reminder.kind is AlarmKind.INCIDENT_UNCONFIRMED:
            unconfirmed.append(now)
        following = due(standing, SETTINGS)
        first = (taken or AT) + timedelta(seconds=SETTINGS.confirm_after_s)
        assert following.at <= max(first, now + timedelta(seconds=SETTINGS.nag_every_s))
        if unconfirmed:
            assert following.at >= unconfirmed[-1] + timedelta(seconds=SETTINGS.nag_every_s)
    assert len(unconfirmed) >= len(gaps) - 2
