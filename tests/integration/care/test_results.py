"""Results of checklists in a real database."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from care.checklists import errors
from care.checklists.loading import load
from care.checklists.records import Decision, Sheet, Viewer
from care.checklists.results import PURPOSE, Results
from care.proposals import Danger, Proposal
from core.database import Database
from core.errors import DatabaseUnavailable
from core.testing import ManualClock
from tests.integration.care.rooms import NOW, Taken, contact, person, sealer
from tests.integration.routing.rows import add_counsellor

ME = Viewer(user_id=uuid4())
ALL = Viewer(user_id=uuid4(), sees_all=True)
CATALOGUE = load()
LONELY = {"companionship": 3, "left_out": 3, "isolated": 3}


@pytest.fixture
def clock() -> ManualClock:
    """It stands still."""
    return ManualClock(NOW)


@pytest.fixture
def taken() -> Taken:
    """Who takes proposals."""
    return Taken()


@pytest.fixture
def results(db: Database, clock: ManualClock, taken: Taken) -> Results:
    """The room."""
    return Results(db, clock, sealer(PURPOSE), CATALOGUE, taken)


def sheet(
    instrument: str = "ucla3", answers: dict[str, int] | None = None, *, contact_id: UUID | None = None, finished: bool = False
) -> Sheet:
    """One that is filled in."""
    return Sheet(
        id=uuid4(), instrument=instrument, version="1", form="full", contact_id=contact_id, answers=answers or {}, finished=finished
    )  # fmt: skip


async def test_a_sheet_is_saved_with_every_answer_and_then_finished(results: Results, db: Database) -> None:
    """Incomplete until the last one; what was answered and written is sealed; a registration number is taken out."""
    one = replace(sheet(answers={"companionship": 3}), note="900101-1234567 이라고 함")
    saved = await results.save(one, ME)
    assert (saved.scored.missing, saved.scored.outcome) == (("left_out", "isolated"), None)
    kept = await results.result(one.id, ME)
    assert (kept.complete, kept.outcome, kept.scores, kept.answers) == (False, None, {}, {"companionship": 3})
    assert "1234567" not in kept.note
    await results.save(replace(one, answers=LONELY, finished=True), ME)
    kept = await results.result(one.id, ME)
    assert (kept.complete, kept.outcome, kept.scores, kept.finished_at) == (True, "lonely", {"total": 9}, NOW)
    with pytest.raises(errors.ResultFinished):
        await results.save(replace(one, answers=LONELY), ME)
    rows = await db.execute(text("SELECT * FROM checklist_results"))
    assert "companionship" not in json.dumps([str(value) for value in rows[0]])
    assert rows[0].edits == 2


async def test_an_alarm_is_proposed_at_once_and_once_and_stays(results: Results, taken: Taken, db: Database) -> None:
    """Before the sheet is complete; the answer is taken back, the alarm is not."""
    contact_id = await contact(db)
    one = sheet("phq9", {"9": 1}, contact_id=contact_id)
    saved = await results.save(one, ALL)
    assert (saved.alarms, saved.proposed, saved.scored.complete) == (("9",), True, False)
    expected = Proposal(danger=Danger.SUICIDE, source="checklist", about=one.id, contact_id=contact_id, by=ALL.user_id, reasons=("phq9:9",))
    assert taken.proposals == [expected]
    again = await results.save(replace(one, answers=dict.fromkeys("123456789", 0), finished=True), ALL)
    assert (again.alarms, again.scored.alarms, taken.proposals) == (("9",), (), [expected])
    kept = await results.result(one.id, ALL)
    assert (kept.outcome, kept.alarms, kept.proposed) == ("minimal", ("9",), ("9",))


async def test_a_proposal_that_nobody_took_comes_again(results: Results, taken: Taken) -> None:
    """The answers are kept all the same, and it is said that nobody was told."""
    taken.broken = True
    one = sheet("suicide_risk", {"thoughts": 2})
    assert not (await results.save(one, ME)).proposed
    assert (await results.result(one.id, ME)).proposed == ()
    taken.broken = False
    assert (await results.save(one, ME)).proposed
    assert len(taken.proposals) == 1


async def test_an_alarm_goes_out_whatever_is_wrong_with_keeping_it(results: Results, taken: Taken, db: Database) -> None:
    """A contact that is not there, or is somebody else's; a sheet that was finished."""
    someone = await add_counsellor(db, "101")
    for contact_id, error in ((uuid4(), errors.UnknownContact), (await contact(db, counsellor=someone), errors.NotTheirs)):
        with pytest.raises(error):
            await results.save(sheet("seoul", {"C3": 1}, contact_id=contact_id), ME)
    one = sheet("suicide_risk", {"thoughts": 0}, finished=True)
    await results.save(one, ME)
    with pytest.raises(errors.ResultFinished):
        await results.save(replace(one, answers={"thoughts": 2}), ME)
    assert [proposal.danger for proposal in taken.proposals] == [Danger.SUICIDE] * 3


async def test_an_alarm_goes_out_without_a_database(clock: ManualClock, taken: Taken) -> None:
    """And then it is said that the answers were not kept."""
    away = Database("postgresql://nobody@/nothing?host=/nowhere", pool_size=2)
    with pytest.raises(DatabaseUnavailable):
        await Results(away, clock, sealer(PURPOSE), CATALOGUE, taken).save(sheet("phq9", {"9": 3}), ME)
    assert len(taken.proposals) == 1
    await away.close()


async def test_two_savings_at_one_time_lose_no_alarm(results: Results, db: Database) -> None:
    """Each knows only its own; the row has both."""
    one = sheet("suicide_risk")
    await results.save(one, ME)
    await asyncio.gather(*(results.save(replace(one, answers={item: 2}), ME) for item in ("thoughts", "method", "intent", "plan")))
    kept = await results.result(one.id, ME)
    assert set(kept.alarms) == set(kept.proposed) == {"thoughts", "method", "intent", "plan"}


async def test_a_sheet_keeps_what_it_was_begun_with(results: Results, db: Database) -> None:
    """Instrument, version, form, contact; and it is nobody else's to go on with."""
    one = sheet()
    await results.save(one, ME)
    with pytest.raises(errors.AnotherInstrument):
        await results.save(replace(one, instrument="phq2"), ME)
    with pytest.raises(errors.AnotherInstrument):
        await results.save(replace(one, contact_id=await contact(db)), ALL)
    with pytest.raises(errors.UnknownResult):
        await results.save(one, Viewer(user_id=uuid4()))
    with pytest.raises(errors.UnknownInstrument):
        await results.save(replace(one, version="9"), ME)
    with pytest.raises(errors.AnswersRefused):
        await results.save(replace(one, answers={"isolated": 9}), ME)


async def test_lists_and_single_reads_agree_about_who_sees_what(results: Results, db: Database) -> None:
    """One's own, those of a contact of one's own, everything; and nothing for nobody."""
    mine, other = await add_counsellor(db, "101"), await add_counsellor(db, "102")
    contact_id = await contact(db, counsellor=mine)
    holder = Viewer(user_id=uuid4(), counsellor_id=mine)
    by_all, by_holder, self_test = (sheet(contact_id=contact_id) for _ in range(3))
    await results.save(by_all, ALL)
    await results.save(by_holder, holder)
    await results.save(self_test, Viewer(user_id=None, sees_all=True))
    every = {by_all.id, by_holder.id, self_test.id}
    viewers = {
        ALL: every,
        holder: every,
        Viewer(user_id=ALL.user_id): {by_all.id},
        Viewer(user_id=uuid4(), counsellor_id=other): set(),
        Viewer(user_id=None): set(),
    }
    for viewer, visible in viewers.items():
        assert {one.id for one in await results.of_contact(contact_id, viewer)} == visible
        for result_id in every:
            if result_id in visible:
                assert (await results.result(result_id, viewer)).id == result_id
            else:
                with pytest.raises(errors.UnknownResult):
                    await results.result(result_id, viewer)


async def test_trends_are_of_one_person_and_one_version(results: Results, db: Database, clock: ManualClock) -> None:
    """Complete and finished ones, in order; a withheld number has none; a file that was changed is told apart."""
    await person(db, b"one")
    first, second, other, withheld = [await contact(db, index=index) for index in (b"one", b"one", b"two", None)]
    for contact_id, answers, finished in (
        (first, dict.fromkeys(LONELY, 1), True),
        (second, LONELY, True),
        (second, LONELY, False),
        (second, {"isolated": 1}, True),
        (other, LONELY, True),
        (withheld, LONELY, True),
    ):
        clock.advance(60)
        await results.save(sheet(answers=answers, contact_id=contact_id, finished=finished), ALL)
    (trend,) = await results.trends(first, ALL)
    assert [point.scores["total"] for point in trend.points] == [3, 9]
    assert await results.trends(other, ALL) == await results.trends(withheld, ALL) == []
    await db.execute(text("UPDATE checklist_results SET fingerprint = 'changed' WHERE scores->>'total' = '3'"))
    assert [len(one.points) for one in await results.trends(second, ALL)] == [1, 1]
    with pytest.raises(errors.NotTheirs):
        await results.trends(first, ME)


async def test_a_person_decides_what_becomes_of_it(results: Results, clock: ManualClock) -> None:
    """The latest decision counts; nobody else's to decide."""
    one = sheet(answers=LONELY, finished=True)
    await results.save(one, ME)
    await results.decide(one.id, Decision.DECLINED, "지금은 원하지 않음", ME)
    clock.advance(60)
    kept = await results.decide(one.id, Decision.FOLLOWED, "", ALL)
    assert (kept.decision, kept.decided_at, kept.decided_by) == (Decision.FOLLOWED, clock.now(), ALL.user_id)
    with pytest.raises(errors.UnknownResult):
        await results.decide(one.id, Decision.FOLLOWED, "", Viewer(user_id=uuid4()))


async def test_a_person_who_is_erased_takes_their_results_along(results: Results, db: Database) -> None:
    """And a contact that is kept no longer does not."""
    who = await person(db, b"one")
    contact_id, unknown = await contact(db, index=b"one"), await contact(db)
    erased, kept = sheet(contact_id=contact_id), sheet(contact_id=unknown)
    await results.save(erased, ALL)
    await results.save(kept, ALL)
    await db.execute(text("DELETE FROM care_people WHERE id = :id"), {"id": who})
    await db.execute(text("DELETE FROM contacts WHERE id = :id"), {"id": unknown})
    with pytest.raises(errors.UnknownResult):
        await results.result(erased.id, ALL)
    assert (await results.result(kept.id, ALL)).contact_id is None
