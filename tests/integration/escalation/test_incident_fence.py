"""Whose incident it is: a process that was replaced changes nothing, and a caller who is back is in the incident they dropped out of."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import Database
from core.ids import new_id
from core.testing import ManualClock
from escalation import happenings as h
from escalation.errors import CallElsewhere
from escalation.model import Dial, Incident, OrderKind, RaisedBy, Result, Stage, State
from escalation.rows import find, timeline
from escalation.testing import MemoryBook
from tests.integration.escalation.conftest import Crises, Process

KEY = RaisedBy.COUNSELLOR_KEY


async def dialled(process: Process, incident_id: UUID) -> Dial:
    """Somebody is left."""
    dial = await process.book.next_attempt(incident_id)
    assert dial is not None
    return dial


async def stored(crises: Crises, incident_id: UUID) -> Incident:
    """As the rows have it."""
    found = await find(crises.db, incident_id)
    assert found is not None
    return found


async def taken_over(crises: Crises, contact_id: UUID, owner: Process) -> None:
    """Another process has the call from now on."""
    await crises.db.execute(text("UPDATE contacts SET owner = :owner WHERE id = :id"), {"owner": owner.journal.id, "id": contact_id})


async def ended(crises: Crises, contact_id: UUID) -> None:
    """The call is over."""
    statement = "UPDATE contacts SET state = 'ended', outcome = 'talked', ended_at = now() WHERE id = :id"
    await crises.db.execute(text(statement), {"id": contact_id})


async def called_back(crises: Crises, contact_id: UUID, owner: Process) -> UUID:
    """Who dropped out of a crisis in that contact is on the telephone again, by this one."""
    again, request = await crises.contact(owner.journal.id), new_id()
    await crises.db.execute(
        text(
            "INSERT INTO callbacks (id, contact_id, reason, number_cipher, number_index, language, created_at, virtual_start, lane, state, "
            "due_at, outcome, ended_at) VALUES (:id, :contact, 'asked', '', '', 'ko', now(), now(), 'crisis', 'done', now(), 'talked', now())"
        ),
        {"id": request, "contact": contact_id},
    )
    statement = "UPDATE contacts SET callback_id = :request, kind = 'callback' WHERE id = :id"
    await crises.db.execute(text(statement), {"request": request, "id": again})
    return again


def everything(attempt_id: UUID) -> tuple[h.Fact, ...]:
    """What a process could still say of a call that it does not have any more."""
    return (
        h.Joined(attempt_id=attempt_id), h.TakenOver(attempt_id=attempt_id), h.PartnerLeft(attempt_id=attempt_id),
        h.AttemptFailed(attempt_id=attempt_id, result=Result.BUSY), h.NobodyLeft(), h.CalledOff(), h.CallerGone(),
        h.CounsellorGone(), h.CounsellorBack(counsellor_id=new_id()), h.CallerBack(),
    )  # fmt: skip


async def test_a_replaced_process_dials_nobody_and_changes_nothing(crises: Crises) -> None:
    """What it says stands in the timeline as late; who has the call now goes on. The book in memory does the same."""
    old, new = crises.process(), crises.process()
    contact_id = await crises.contact(old.journal.id)
    raised = await old.book.raise_(contact_id, raised_by=KEY)
    dial = await dialled(old, raised.incident_id)
    await taken_over(crises, contact_id, new)
    before = await stored(crises, raised.incident_id)
    with pytest.raises(CallElsewhere):
        await old.book.next_attempt(raised.incident_id)
    for fact in everything(dial.attempt_id):
        old.book.note(raised.incident_id, fact)
    await old.written()
    assert await stored(crises, raised.incident_id) == before
    lines = [(line.kind, "late" in line.detail) for line in await timeline(crises.db, raised.incident_id)]
    assert lines == [("raised", False), ("dialled", False), *((fact.kind, True) for fact in everything(dial.attempt_id))]

    found = await new.book.open_of(contact_id)
    assert found is not None
    assert not found.incident.called_off
    new.book.note(raised.incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.FAILED))
    await new.written()
    assert (await dialled(new, raised.incident_id)).number == 2
    # A person's word is never late: it is the same crisis.
    assert await old.book.raise_(contact_id, raised_by=KEY) == type(raised)(incident_id=raised.incident_id, new=False)

    owner = old.journal.id
    shared = MemoryBook(ManualClock(), owner=lambda _: owner)
    mine = shared.of(owner)
    twin = await mine.raise_(contact_id, raised_by=KEY)
    first = await mine.next_attempt(twin.incident_id)
    assert first is not None
    unchanged, owner = shared.incidents[twin.incident_id], new.journal.id
    with pytest.raises(CallElsewhere):
        await mine.next_attempt(twin.incident_id)
    for fact in everything(first.attempt_id):
        mine.note(twin.incident_id, fact)
    assert shared.incidents[twin.incident_id] == unchanged
    assert [fact.kind for _, fact in shared.late] == [fact.kind for fact in everything(first.attempt_id)]


async def test_what_a_replaced_process_dialled_without_the_database_is_told_and_no_attempt(crises: Crises) -> None:
    """It could not know better. The line of the timeline has the partner; the rows are those of the process that has the call."""
    old, new = crises.process(), crises.process()
    contact_id = await crises.contact(old.journal.id)
    raised = await old.book.raise_(contact_id, raised_by=KEY)
    away = Database("postgresql://postgres@/nowhere?host=/nonexistent", pool_size=1)
    old.book._db = away
    late = await dialled(old, raised.incident_id)
    await taken_over(crises, contact_id, new)
    theirs = await dialled(new, raised.incident_id)
    old.book.note(raised.incident_id, h.Answered(attempt_id=late.attempt_id))
    await old.written()
    incident = await stored(crises, raised.incident_id)
    assert [(attempt.id, attempt.stage) for attempt in incident.attempts] == [(theirs.attempt_id, Stage.DIALLING)]
    told = [(line.attempt_id, line.detail) for line in await timeline(crises.db, raised.incident_id) if line.detail.get("late")]
    assert told == [(late.attempt_id, {"partner": "police", "test": False, "late": True}), (late.attempt_id, {"late": True})]
    await away.close()


async def test_after_the_end_of_the_call_nobody_is_dialled_and_results_are_kept(crises: Crises) -> None:
    """By the process that had it."""
    process = crises.process()
    contact_id = await crises.contact(process.journal.id)
    raised = await process.book.raise_(contact_id, raised_by=KEY)
    dial = await dialled(process, raised.incident_id)
    await ended(crises, contact_id)
    process.book.note(raised.incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.WITHDRAWN))
    await process.written()
    with pytest.raises(CallElsewhere):
        await process.book.next_attempt(raised.incident_id)
    assert [attempt.result for attempt in (await stored(crises, raised.incident_id)).attempts] == [Result.WITHDRAWN]


async def test_who_is_called_back_is_in_the_incident_they_dropped_out_of(crises: Crises) -> None:
    """However often, and wherever: raised again it is the same one, orders reach the process that has the caller, and that one writes."""
    one, two = crises.process(), crises.process()
    contact_id = await crises.contact(one.journal.id)
    raised = await one.book.raise_(contact_id, raised_by=KEY)
    await ended(crises, contact_id)
    first_again = await called_back(crises, contact_id, one)
    await ended(crises, first_again)
    again = await called_back(crises, first_again, two)
    assert await two.book.raise_(again, raised_by=RaisedBy.COUNSELLOR_DESK) == type(raised)(incident_id=raised.incident_id, new=False)
    dial = await dialled(two, raised.incident_id)
    two.book.note(raised.incident_id, h.Joined(attempt_id=dial.attempt_id))
    await two.written()
    found = await crises.process().book.open_of(again)
    assert found is not None
    assert (found.incident.id, found.incident.contact_id, found.incident.state) == (raised.incident_id, contact_id, State.JOINED)
    ordered = await two.book.order(OrderKind.STOP, again)
    assert (ordered.incident_id, (await two.book.order(OrderKind.RAISE, again)).incident_id) == (raised.incident_id,) * 2
    # Nor is there a second one where the database was away.
    away = Database("postgresql://postgres@/nowhere?host=/nonexistent", pool_size=1)
    cut_off = crises.process()
    cut_off.book._db = away
    await cut_off.book.raise_(again, raised_by=KEY)
    await cut_off.written()
    assert [row.id for row in await crises.db.execute(text("SELECT id FROM incidents"))] == [raised.incident_id]
    assert [line.kind for line in await timeline(crises.db, raised.incident_id)].count("raised") == 4
    await away.close()


async def test_an_order_for_a_call_that_is_over_goes_to_who_has_its_caller_again(crises: Crises) -> None:
    """Nobody else takes it meanwhile."""
    one, two = crises.process(), crises.process()
    contact_id = await crises.contact(one.journal.id)
    await one.book.raise_(contact_id, raised_by=KEY)
    await ended(crises, contact_id)
    again = await called_back(crises, contact_id, two)
    await two.book.order(OrderKind.JOIN, contact_id)
    assert await one.book.take_orders(one.journal.id) == ()
    assert [order.kind for order in await two.book.take_orders(two.journal.id)] == [OrderKind.JOIN]
    await ended(crises, again)
    await two.book.order(OrderKind.REDIAL, contact_id)
    assert [order.kind for order in await one.book.take_orders(one.journal.id)] == [OrderKind.REDIAL]


async def test_who_goes_on_under_another_contact_stays_in_the_incident(crises: Crises) -> None:
    """Back from the safety net after the contact had ended: at once, and for everybody once that is on record."""
    process = crises.process()
    contact_id = await crises.contact(process.journal.id)
    raised = await process.book.raise_(contact_id, raised_by=KEY)
    await ended(crises, contact_id)
    further = await crises.contact(process.journal.id)
    found = await process.book.open_of(further, earlier=contact_id)
    assert found is not None
    assert (await dialled(process, raised.incident_id)).number == 1
    await crises.db.execute(
        text(
            "INSERT INTO events (contact_id, at, kind, detail) "
            "VALUES (:id, now(), 'continues', jsonb_build_object('contact', CAST(:earlier AS text)))"
        ),
        {"id": further, "earlier": str(contact_id)},
    )
    assert (await crises.process().book.raise_(further, raised_by=RaisedBy.CALLER_KEY)).incident_id == raised.incident_id


async def test_who_dials_again_is_known_by_the_number(crises: Crises) -> None:
    """Of an ended contact, or of one that they dropped out of; not of a proposal, of another number, or of a closed one."""
    process = crises.process()
    of = text("UPDATE contacts SET number_index = :index, number_cipher = :index, withheld = false WHERE id = :id")
    earlier, again, other = [await crises.contact(process.journal.id) for _ in range(3)]
    for contact_id, index in ((earlier, b"one"), (again, b"one"), (other, b"two")):
        await crises.db.execute(of, {"id": contact_id, "index": index})
    raised = await process.book.raise_(earlier, raised_by=KEY, proposed=True)
    await ended(crises, earlier)
    assert await process.book.dropped(again) is None
    await process.book.raise_(earlier, raised_by=KEY)
    assert (await process.book.dropped(again), await process.book.dropped(other), await process.book.dropped(earlier)) == (
        earlier,
        None,
        None,
    )
    await crises.db.execute(text("UPDATE contacts SET outcome = NULL, ended_at = NULL WHERE id = :id"), {"id": earlier})
    assert await process.book.dropped(again) is None
    process.book.note(raised.incident_id, h.CallerGone())
    await process.written()
    assert await process.book.dropped(again) == earlier
    away = Database("postgresql://postgres@/nowhere?host=/nonexistent", pool_size=1)
    process.book._db = away
    assert await process.book.dropped(again) is None
    await away.close()
