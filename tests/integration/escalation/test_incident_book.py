"""The book of incidents on a real PostgreSQL: one incident, one dispatch, nothing lost by a kill, and dialled with the database away too."""

from __future__ import annotations

import asyncio
import random
import time
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import Database
from core.ids import new_id
from core.testing import ManualClock
from escalation import happenings as h
from escalation.errors import IncidentOver, UnknownContact, UnknownIncident, UnknownPartner
from escalation.model import Danger, Dial, Incident, OrderKind, RaisedBy, Result, State
from escalation.rows import find, timeline
from escalation.testing import MemoryBook
from tests.integration.escalation.conftest import Crises, Process
from tests.kit.postgres import Postgres
from tests.kit.until import until

KEY = RaisedBy.COUNSELLOR_KEY
DB_AWAY_S = 0.4


async def stored(crises: Crises, incident_id: UUID) -> Incident:
    """As the rows have it."""
    found = await find(crises.db, incident_id)
    assert found is not None
    return found


async def dialled(process: Process, incident_id: UUID, partner_id: str | None = None) -> Dial:
    """Somebody is left."""
    dial = await process.book.next_attempt(incident_id, partner_id)
    assert dial is not None
    return dial


async def test_two_counsellors_and_two_processes_raise_one_incident(crises: Crises) -> None:
    """Pressed twenty times at once, it is one incident, and exactly one of the presses dials."""
    one, two = crises.process(), crises.process()
    contact_id = await crises.contact()
    raised = await asyncio.gather(
        *(process.book.raise_(contact_id, raised_by=KEY, counsellor_id=new_id()) for process in (one, two) for _ in range(10))
    )
    assert len({answer.incident_id for answer in raised}) == 1
    assert [answer.new for answer in raised].count(True) == 1
    lines = await timeline(crises.db, raised[0].incident_id)
    assert [line.kind for line in lines] == ["raised"] * 20


async def test_two_processes_that_dial_at_once_call_two_partners(crises: Crises) -> None:
    """The same partner is never called twice at the same time; each attempt has its number."""
    one, two = crises.process(), crises.process()
    raised = await one.book.raise_(await crises.contact(), raised_by=KEY)
    dials = await asyncio.gather(dialled(one, raised.incident_id), dialled(two, raised.incident_id))
    assert {dial.partner_id for dial in dials} == {"police", "fire"}
    assert {dial.number for dial in dials} == {1, 2}
    assert len((await stored(crises, raised.incident_id)).attempts) == 2


async def test_the_attempt_is_there_before_anything_is_dialled(crises: Crises) -> None:
    """Killed right after: a restart finds the incident, the attempt and its leg."""
    killed = crises.process(writes=False)
    contact_id = await crises.contact()
    raised = await killed.book.raise_(contact_id, raised_by=KEY, danger=Danger.MEDICAL)
    dial = await dialled(killed, raised.incident_id)
    killed.book.note(raised.incident_id, h.Answered(attempt_id=dial.attempt_id))
    again = crises.process()
    found = await again.book.open_of(contact_id)
    assert found is not None
    assert (found.incident.id, found.incident.danger, found.incident.state) == (raised.incident_id, Danger.MEDICAL, State.DIALLING)
    assert found.legs == (dial.leg_id,) == (f"crisis-{dial.attempt_id}",)
    again.book.note(raised.incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.FAILED))
    assert (await dialled(again, raised.incident_id)).partner_id == "police"
    assert not (await again.book.raise_(contact_id, raised_by=KEY)).new


async def test_a_restart_tries_the_partner_again_whose_call_was_lost(crises: Crises) -> None:
    """By name at once, though the journal has not written yet that the lost call is over."""
    one = crises.process(writes=False)
    raised = await one.book.raise_(await crises.contact(), raised_by=KEY)
    first = await dialled(one, raised.incident_id)
    one.book.note(raised.incident_id, h.AttemptFailed(attempt_id=first.attempt_id, result=Result.FAILED))
    second = await dialled(one, raised.incident_id, first.partner_id)
    assert (second.partner_id, second.number) == (first.partner_id, 2)


async def test_the_chain_goes_on_through_every_failure_and_ends_unreached(crises: Crises) -> None:
    """Busy, silent, rejected, failed: the next one each time; then nobody, said loudly; and another press begins another round."""
    process = crises.process()
    raised = await process.book.raise_(await crises.contact(), raised_by=KEY)
    names = []
    for result in (Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.FAILED):
        dial = await dialled(process, raised.incident_id)
        names.append(dial.partner_id)
        process.book.note(raised.incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=result))
    assert names == ["police", "fire", "suicide-line", "mental-health"]
    assert await process.book.next_attempt(raised.incident_id) is None
    await process.written()
    incident = await stored(crises, raised.incident_id)
    assert (incident.state, incident.exhausted) == (State.UNREACHED, 4)
    assert [attempt.result for attempt in incident.attempts] == [Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.FAILED]
    assert await crises.alarms(raised.incident_id) == ["partner_unreached"] * 4
    assert (await dialled(process, raised.incident_id)).partner_id == "police"
    assert (await stored(crises, raised.incident_id)).state is State.DIALLING


async def test_what_does_not_fit_is_a_clear_error(crises: Crises) -> None:
    """An unknown contact, incident or partner, and an incident that is over."""
    process = crises.process()
    with pytest.raises(UnknownContact):
        await process.book.raise_(new_id(), raised_by=KEY)
    with pytest.raises(UnknownIncident):
        await process.book.next_attempt(new_id())
    contact_id = await crises.contact()
    raised = await process.book.raise_(contact_id, raised_by=KEY)
    with pytest.raises(UnknownPartner):
        await process.book.next_attempt(raised.incident_id, "friend")
    await crises.db.execute(
        text("UPDATE incidents SET state = 'confirmed', ended_at = now(), ended_by = :by WHERE id = :id"),
        {"by": new_id(), "id": raised.incident_id},
    )
    with pytest.raises(IncidentOver):
        await process.book.next_attempt(raised.incident_id)
    assert await process.book.open_of(contact_id) is None
    again = await process.book.raise_(contact_id, raised_by=KEY)
    assert again.new
    assert again.incident_id != raised.incident_id


async def test_a_proposal_waits_for_a_person(crises: Crises) -> None:
    """A press makes it real and dials, once; what the checklist knew stays."""
    process = crises.process()
    contact_id = await crises.contact()
    proposed = await process.book.raise_(contact_id, raised_by=RaisedBy.CHECKLIST, danger=Danger.SUICIDE, proposed=True)
    assert (proposed.new, (await stored(crises, proposed.incident_id)).proposed) == (True, True)
    assert not (await process.book.raise_(contact_id, raised_by=RaisedBy.CHECKLIST, proposed=True)).new
    other = crises.process()
    pressed = [await other.book.raise_(contact_id, raised_by=KEY) for _ in range(2)]
    assert [answer.new for answer in pressed] == [True, False]
    incident = await stored(crises, proposed.incident_id)
    assert (incident.proposed, incident.danger, incident.raised_by) == (False, Danger.SUICIDE, RaisedBy.CHECKLIST)


async def test_whereabouts_of_somebody_else_go_to_the_police(crises: Crises) -> None:
    """Though the danger is medical; also when the desk says so after the press."""
    process = crises.process()
    contact_id = await crises.contact()
    raised = await process.book.raise_(contact_id, raised_by=KEY, danger=Danger.MEDICAL)
    await crises.process().book.raise_(contact_id, raised_by=RaisedBy.COUNSELLOR_DESK, third_party=True)
    assert (await dialled(process, raised.incident_id)).partner_id == "police"


async def test_orders_are_taken_once_by_the_process_that_has_the_call(crises: Crises) -> None:
    """Announced after the commit; another owner gets nothing, and a second press is no second order."""
    one, two = crises.process(), crises.process()
    contact_id = await crises.contact(owner=one.journal.id)
    heard: list[str] = []
    listening = asyncio.create_task(crises.db.listen("incident_orders", heard.append), name="listener")
    await until(lambda: heard == [""])
    ordered = await two.book.order(OrderKind.RAISE, contact_id, counsellor_id=new_id(), danger=Danger.FIRE)
    again = await two.book.order(OrderKind.RAISE, contact_id)
    assert again.incident_id == ordered.incident_id
    by_name = await two.book.order(OrderKind.DIAL, contact_id, partner_id="fire")
    await until(lambda: heard[1:] == [str(contact_id)] * 2)
    listening.cancel()
    assert await two.book.take_orders(two.journal.id) == ()
    assert await one.book.take_orders(one.journal.id) == (ordered, by_name)
    assert await one.book.take_orders(one.journal.id) == ()
    with pytest.raises(UnknownPartner):
        await two.book.order(OrderKind.DIAL, contact_id, partner_id="friend")
    with pytest.raises(UnknownPartner):
        await two.book.order(OrderKind.DIAL, contact_id)
    with pytest.raises(UnknownIncident):
        await two.book.order(OrderKind.STOP, await crises.contact())
    with pytest.raises(UnknownContact):
        await two.book.order(OrderKind.RAISE, new_id())


async def test_two_desks_that_raise_at_once_write_one_order(crises: Crises) -> None:
    """Incident and order stand together; the same press ten times is one dispatch."""
    process = crises.process()
    contact_id = await crises.contact(owner=process.journal.id)
    ordered = await asyncio.gather(*(process.book.order(OrderKind.RAISE, contact_id) for _ in range(10)))
    assert len({order.incident_id for order in ordered}) == 1
    (taken,) = await process.book.take_orders(process.journal.id)
    assert taken in ordered


async def test_a_frozen_database_does_not_keep_a_partner_from_being_dialled(own_postgres: Postgres, crises: Crises) -> None:
    """Within the bounds, by the journal; when the database is back everything is there once, the late statements' rows included."""
    db = Database(own_postgres.fresh(), pool_size=2)
    there = Crises(db=db, folder=crises.folder / "frozen")
    try:
        contact_id = await there.contact()
        # The connections are made before.
        await asyncio.gather(db.ping(), db.ping())
        process = there.process(db=db, within_s=DB_AWAY_S)
        own_postgres.freeze()
        began = time.monotonic()
        raised = await process.book.raise_(contact_id, raised_by=KEY)
        first = await dialled(process, raised.incident_id)
        took = time.monotonic() - began
        # Two bounded waits and a look; far less than one of the database's own time-outs each.
        assert took < 5 * DB_AWAY_S + 1.5
        process.book.note(raised.incident_id, h.AttemptFailed(attempt_id=first.attempt_id, result=Result.BUSY))
        second = await dialled(process, raised.incident_id)
        assert (raised.new, first.partner_id, second.partner_id) == (True, "police", "fire")
        assert not (await process.book.raise_(contact_id, raised_by=KEY)).new
        own_postgres.thaw()
        await process.written()
        found = await process.book.open_of(contact_id)
        assert found is not None
        rows = await until(lambda: find(db, found.incident.id))
        assert rows is not None
        assert [(attempt.id, attempt.number, attempt.result) for attempt in rows.attempts] == [
            (first.attempt_id, 1, Result.BUSY),
            (second.attempt_id, 2, None),
        ]
        assert rows.state is State.DIALLING
    finally:
        for each in there.processes:
            await each.die()
        await db.close()


async def test_an_incident_begun_without_the_database_joins_the_one_that_is_there(crises: Crises) -> None:
    """Two processes began one each; what the second writes belongs to the first, and no call is lost."""
    away = Database("postgresql://postgres@/nowhere?host=/nonexistent", pool_size=2)
    contact_id = await crises.contact()
    cut_off, other = crises.process(), crises.process()
    cut_off.book._db = away
    mine = await cut_off.book.raise_(contact_id, raised_by=KEY)
    theirs = await other.book.raise_(contact_id, raised_by=RaisedBy.SUPERVISOR)
    dial = await dialled(cut_off, mine.incident_id)
    cut_off.book.note(mine.incident_id, h.Joined(attempt_id=dial.attempt_id))
    await cut_off.written()
    ids = await crises.db.execute(text("SELECT id FROM incidents WHERE contact_id = :id"), {"id": contact_id})
    assert len(ids) == 1
    incident = await stored(crises, ids[0].id)
    assert incident.state is State.JOINED
    assert [attempt.id for attempt in incident.attempts] == [dial.attempt_id]
    assert ids[0].id == theirs.incident_id
    await away.close()


ATTEMPT_FACTS = (h.Answered, h.Briefed, h.Private, h.Joined, h.TakenOver, h.PartnerLeft)
PLAIN_FACTS = (h.NobodyLeft, h.CallerGone, h.Redialled, h.CallerBack, h.CounsellorGone, h.CounsellorBack)


def anything(dice: random.Random, attempts: list[UUID]) -> h.Fact:
    """Something that may happen, in no sensible order."""
    if attempts and dice.random() < 0.7:
        attempt_id = dice.choice(attempts)
        if dice.random() < 0.3:
            return h.AttemptFailed(attempt_id=attempt_id, result=dice.choice(list(Result)))
        # Taking over is rare, or nothing else would be seen.
        kinds = ATTEMPT_FACTS if dice.random() < 0.1 else tuple(kind for kind in ATTEMPT_FACTS if kind is not h.TakenOver)
        return dice.choice(kinds)(attempt_id=attempt_id)
    return dice.choice(PLAIN_FACTS)()


@pytest.mark.parametrize("seed", range(4))
async def test_the_rows_say_what_the_record_says(crises: Crises, seed: int) -> None:
    """Over many happenings in any order, the rows, the process's memory and the book in memory agree to the last field."""
    dice = random.Random(seed)
    clock = ManualClock()
    process, memory = crises.process(clock=clock), MemoryBook(clock)
    for _ in range(12):
        contact_id = await crises.contact()
        raised = await process.book.raise_(contact_id, raised_by=KEY)
        twin = await memory.raise_(contact_id, raised_by=KEY)
        pairs: list[tuple[UUID, UUID]] = []
        for _ in range(dice.randrange(1, 14)):
            clock.advance(1)
            if dice.random() < 0.3:
                dial, other = await process.book.next_attempt(raised.incident_id), await memory.next_attempt(twin.incident_id)
                assert (dial is None) == (other is None)
                if dial is not None and other is not None:
                    assert (dial.partner_id, dial.number, dial.endpoint) == (other.partner_id, other.number, other.endpoint)
                    pairs.append((dial.attempt_id, other.attempt_id))
                continue
            state = dice.getstate()
            process.book.note(raised.incident_id, anything(dice, [mine for mine, _ in pairs]))
            dice.setstate(state)
            memory.note(twin.incident_id, anything(dice, [theirs for _, theirs in pairs]))
        await process.written()
        rows, remembered = await stored(crises, raised.incident_id), memory.incidents[twin.incident_id]
        assert shape(rows) == shape(remembered) == shape(process.book._known[raised.incident_id])


def shape(incident: Incident) -> tuple[object, ...]:
    """Everything but ids."""
    attempts = [
        (one.number, one.partner_id, one.stage, one.started_at, one.answered_at, one.ended_at, one.result) for one in incident.attempts
    ]
    return (
        incident.state, incident.exhausted, incident.taken_over_at, incident.caller_gone_at, incident.counsellor_gone_at,
        incident.redials, incident.proposed, attempts,
    )  # fmt: skip


async def test_called_off_stays_called_off_until_somebody_asks_again(crises: Crises) -> None:
    """Over a restart, too: a press or a dial ends it."""
    first, contact_id = crises.process(), await crises.contact()
    raised = await first.book.raise_(contact_id, raised_by=KEY)
    first.book.note(raised.incident_id, h.CalledOff())
    await first.written()
    again = crises.process()
    found = await again.book.open_of(contact_id)
    assert found is not None
    assert found.incident.called_off
    await again.book.raise_(contact_id, raised_by=RaisedBy.CALLER_KEY, proposed=True)
    assert (await stored(crises, raised.incident_id)).called_off
    await again.book.raise_(contact_id, raised_by=KEY)
    assert not (await stored(crises, raised.incident_id)).called_off


async def test_a_late_fact_is_kept_and_changes_nothing(crises: Crises) -> None:
    """After the end, too: the timeline has it, the state has not."""
    process = crises.process()
    raised = await process.book.raise_(await crises.contact(), raised_by=KEY)
    dial = await dialled(process, raised.incident_id)
    for _ in range(2):
        process.book.note(raised.incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.BUSY))
    process.book.note(raised.incident_id, h.Answered(attempt_id=dial.attempt_id))
    await process.written()
    lines = await timeline(crises.db, raised.incident_id)
    assert [line.kind for line in lines] == ["raised", "dialled", "attempt_failed", "attempt_failed", "answered"]
    incident = await stored(crises, raised.incident_id)
    assert (incident.state, incident.attempts[0].result) == (State.RAISED, Result.BUSY)
