"""Isolation reports in a real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from care.proposals import Danger
from care.reports import errors
from care.reports.model import NewReport, Outcome, Relation, Reporter, Sign, State, Subject, Urgency
from care.reports.reports import PURPOSE, Reports
from care.reports.traces import Traces
from core.database import Database
from core.testing import ManualClock
from tests.integration.care.rooms import KEY, NOW, Taken, contact, sealer

ME, CENTRE = uuid4(), uuid4()


@pytest.fixture
def clock() -> ManualClock:
    """It stands still."""
    return ManualClock(NOW)


@pytest.fixture
def taken() -> Taken:
    """Who takes proposals."""
    return Taken()


@pytest.fixture
def reports(db: Database, clock: ManualClock, taken: Taken) -> Reports:
    """The room."""
    return Reports(db, clock, sealer(PURPOSE), Traces(KEY), taken)


def told(
    urgency: Urgency = Urgency.TODAY, *, signs: frozenset[Sign] = frozenset({Sign.NOT_SEEN}), address: str = "", **more: object
) -> NewReport:
    """What is told of somebody."""
    subject = Subject(name="김하늘", address=address, noticed="우편물이 쌓임", district="gangbuk")
    return NewReport(**{"id": uuid4(), "urgency": urgency, "signs": signs, "subject": subject, **more})  # type: ignore[arg-type]


NEIGHBOUR = Reporter(
    relation=Relation.NEIGHBOUR, name="이웃", number="+821012345678", how_they_know="옆집", wants_feedback=True, consent_script="f-1"
)  # fmt: skip


async def test_reporter_and_subject_are_kept_apart_and_sealed(reports: Reports, db: Database) -> None:
    """Neither is read with the other, and neither stands in the database in words."""
    new = told(reporter=NEIGHBOUR, contact_id=await contact(db))
    made, proposed = await reports.make(new, ME)
    assert (made.subject, made.listed.feedback_wanted, proposed) == (new.subject, True, False)
    assert "이웃" not in repr(made)
    assert await reports.reporter(new.id) == NEIGHBOUR
    assert await reports.reporter((await reports.make(told(), ME))[0].listed.id) is None
    for table in ("isolation_reports", "report_reporters", "report_subjects", "report_traces", "report_events"):
        rows = str(
            [
                [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]
                for row in await db.execute(text(f"SELECT * FROM {table}"))
            ]
        )
        assert not any(word in rows for word in ("김하늘", "이웃", "12345678", "우편물"))
    with pytest.raises(errors.UnknownReport):
        await reports.reporter(uuid4())


async def test_the_same_report_sent_twice_is_one(reports: Reports, db: Database) -> None:
    """Also at one time."""
    new = told(reporter=NEIGHBOUR)
    await asyncio.gather(*(reports.make(new, ME) for _ in range(3)))
    assert len((await reports.report(new.id)).events) == 1
    with pytest.raises(errors.UnknownContact):
        await reports.make(told(contact_id=uuid4()), ME)


async def test_the_worklist_goes_by_urgency_and_then_by_when_it_is_due(reports: Reports, clock: ManualClock) -> None:
    """Those that are closed are gone from it."""

    async def make(urgency: Urgency, **more: object) -> UUID:
        new = told(urgency, **more)  # type: ignore[arg-type]
        await reports.make(new, ME)
        return new.id

    routine = await make(Urgency.ROUTINE)
    today = await make(Urgency.TODAY)
    sooner = await make(Urgency.TODAY, due_at=NOW + timedelta(hours=2))
    now = await make(Urgency.NOW)
    done = await make(Urgency.NOW)
    await reports.close(done, CENTRE, Outcome.SUPPORTED, "")
    assert [one.id for one in await reports.worklist()] == [now, sooner, today, routine]
    assert [one.id for one in await reports.worklist(district="dobong")] == []
    assert [one.id for one in await reports.made_by(CENTRE)] == []
    clock.advance(2 * 3600)
    assert [one.id for one in await reports.overdue()] == [now, sooner]


async def test_two_claim_one_report_and_one_has_it(reports: Reports) -> None:
    """The other learns so; only who has it gives it back; what happened is on record."""
    new = told()
    await reports.make(new, ME)
    claims = await asyncio.gather(*(reports.claim(new.id, who) for who in (CENTRE, uuid4(), uuid4())), return_exceptions=True)
    (won,) = [one for one in claims if not isinstance(one, BaseException)]
    assert all(isinstance(one, errors.ReportMoved) and one.state == "claimed" for one in claims if isinstance(one, BaseException))
    holder = won.listed.claimed_by
    assert holder is not None
    with pytest.raises(errors.ReportMoved):
        await reports.release(new.id, ME, "")
    await reports.note(new.id, holder, "전화를 받지 않음")
    after = await reports.release(new.id, holder, "교대")
    assert (after.listed.state, [one.what for one in after.events]) == (State.OPEN, ["made", "claimed", "noted", "released"])
    assert [one.note for one in after.events] == ["", "", "전화를 받지 않음", "교대"]


async def test_a_report_ends_with_an_outcome_and_can_be_opened_again(reports: Reports, clock: ManualClock) -> None:
    """Due anew."""
    new = told()
    await reports.make(new, ME)
    closed = await reports.close(new.id, CENTRE, Outcome.NOT_FOUND, "")
    assert (closed.listed.state, closed.listed.outcome) == (State.CLOSED, Outcome.NOT_FOUND)
    with pytest.raises(errors.ReportMoved):
        await reports.close(new.id, CENTRE, Outcome.SUPPORTED, "")
    clock.advance(3600)
    again = await reports.reopen(new.id, CENTRE, "다시 연락이 옴")
    assert (again.listed.state, again.listed.outcome, again.listed.due_at) == (State.OPEN, None, clock.now() + timedelta(hours=24))
    for move in (reports.claim(uuid4(), ME), reports.reopen(uuid4(), ME, "x"), reports.feedback_given(uuid4(), ME, "x")):
        with pytest.raises(errors.UnknownReport):
            await move


async def test_more_urgent_is_never_later(reports: Reports, clock: ManualClock) -> None:
    """And less urgent is counted from when that was decided."""
    new = told(Urgency.SOON, due_at=NOW + timedelta(minutes=20))
    await reports.make(new, ME)
    assert (await reports.set_urgency(new.id, CENTRE, Urgency.NOW, "")).listed.due_at == NOW + timedelta(minutes=20)
    clock.advance(600)
    assert (await reports.set_urgency(new.id, CENTRE, Urgency.ROUTINE, "")).listed.due_at == clock.now() + timedelta(days=7)


async def test_a_reporter_who_agreed_is_told_once(reports: Reports) -> None:
    """After it was closed; who wants to hear nothing is told nothing."""
    new, silent = told(reporter=NEIGHBOUR), told(reporter=replace(NEIGHBOUR, wants_feedback=False, consent_script=""))
    for one in (new, silent):
        await reports.make(one, ME)
    assert await reports.feedback_open() == []
    await reports.close(new.id, CENTRE, Outcome.SUPPORTED, "")
    await reports.close(silent.id, CENTRE, Outcome.SUPPORTED, "")
    assert [one.id for one in await reports.feedback_open()] == [new.id]
    assert not (await reports.feedback_given(new.id, CENTRE, "살펴보았다고 알림")).listed.feedback_wanted
    assert await reports.feedback_open() == []
    for report_id in (new.id, silent.id):
        with pytest.raises(errors.NoFeedbackWanted):
            await reports.feedback_given(report_id, CENTRE, "")


async def test_another_report_about_the_same_person_is_hinted(reports: Reports) -> None:
    """By place and name, however written; a stranger in another district is none."""
    first, second = told(address="서울 강북구 오현로 208, 302동 101호"), told(address="강북구 오현로208 302동 101호")
    stranger = replace(told(), subject=Subject(name="김하늘", district="dobong"))
    for one in (first, second, stranger):
        await reports.make(one, ME)
    (hint,) = (await reports.report(second.id)).hints
    assert (hint.report_id, hint.by, hint.state) == (first.id, ("name", "place"), State.OPEN)
    assert (await reports.report(stranger.id)).hints == ()


async def test_danger_is_told_at_once_even_if_the_report_is_refused(reports: Reports, taken: Taken) -> None:
    """And a report is kept even if nobody can be told."""
    with pytest.raises(errors.ReportIncomplete):
        await reports.make(replace(told(signs=frozenset({Sign.SPOKE_OF_DEATH})), subject=Subject()), ME)
    assert [one.danger for one in taken.proposals] == [Danger.SUICIDE]
    taken.broken = True
    made, proposed = await reports.make(told(Urgency.NOW), ME)
    assert (made.listed.state, proposed) == (State.OPEN, False)
