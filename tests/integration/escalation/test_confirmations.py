"""The confirmation loop on a real PostgreSQL: it survives restarts, says everything once, and does not stop by itself."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from care.proposals import Danger as CareDanger
from care.proposals import Proposal
from core.errors import CipherError
from core.ids import new_id
from core.sealing import Sealer
from core.settings_escalation import EscalationSettings
from core.testing import ManualClock
from escalation import happenings as h
from escalation.confirmation import ORDER_WAITS_S, Confirmations
from escalation.decisions import LONGEST_TEXT, PURPOSE, Decisions, ReasonMissing
from escalation.errors import IllegalTransition, TooLong, UnknownIncident
from escalation.model import CloseReason, Danger, OrderKind, RaisedBy, Result, State
from escalation.proposals import CrisisProposals
from escalation.rows import find, open_incidents, timeline
from tests.integration.escalation.conftest import Crises
from tests.kit.until import until

SETTINGS = EscalationSettings(confirm_after_s=300, nag_every_s=120, supervisor_after_s=240)
SEALER = Sealer({"k": bytes(32)}, PURPOSE)
BY = UUID(int=77)


async def levels(crises: Crises, incident_id: UUID) -> list[tuple[str, str]]:
    """Kind and level of the incident's alarms, in order."""
    rows = await crises.db.execute(text("SELECT kind, detail FROM alarms WHERE about = :id ORDER BY at, id"), {"id": incident_id})
    return [(row.kind, row.detail.get("level", "")) for row in rows]


async def test_it_reminds_until_a_human_acts_and_a_restart_forgets_nothing(crises: Crises) -> None:
    """Two loops look at once and one says it; a new one goes on where the others were; a confirmation ends it."""
    clock = ManualClock()
    process = crises.process(clock=clock)
    raised = await process.book.raise_(await crises.contact(), raised_by=RaisedBy.CALLER_KEY)
    loops = [Confirmations(crises.db, clock, SETTINGS) for _ in range(2)]
    for wait_s in (0, 299, 1, 60, 60, 119, 1, 120):
        clock.advance(wait_s)
        await asyncio.gather(*(loop.look() for loop in loops))
        # A restart at every step.
        loops = [Confirmations(crises.db, clock, SETTINGS) for _ in range(2)]
    unconfirmed = "incident_unconfirmed"
    assert await levels(crises, raised.incident_id) == [
        ("incident_raised", "supervisor"), (unconfirmed, "counsellor"), (unconfirmed, "counsellor"), (unconfirmed, "supervisor"),
        (unconfirmed, "supervisor"),
    ]  # fmt: skip
    clock.advance(3600)
    # After an hour of silence one reminder, not thirty.
    at = await loops[0].look()
    assert at is not None
    assert (at - clock.now()).total_seconds() == SETTINGS.nag_every_s
    assert len(await levels(crises, raised.incident_id)) == 6
    await Decisions(crises.db, clock, SEALER).confirm(raised.incident_id, by=BY)
    clock.advance(3600)
    assert await loops[0].look() is None
    assert len(await levels(crises, raised.incident_id)) == 6


async def test_an_unreached_incident_is_said_at_once(crises: Crises) -> None:
    """Every time the chain ends; to the supervisor."""
    clock = ManualClock()
    process = crises.process(clock=clock)
    loop = Confirmations(crises.db, clock, SETTINGS)
    raised = await process.book.raise_(await crises.contact(), raised_by=RaisedBy.COUNSELLOR_KEY, danger=Danger.VIOLENCE)
    for _ in range(2):
        while (dial := await process.book.next_attempt(raised.incident_id)) is not None:
            process.book.note(raised.incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.NO_ANSWER))
        await process.written()
        await loop.look()
        await loop.look()
    said = [one for one in await levels(crises, raised.incident_id) if one[0] != "partner_unreached"]
    assert said == [("incident_raised", "supervisor"), ("incident_unreached", "supervisor"), ("incident_unreached", "supervisor")]


async def test_it_hears_of_an_incident_at_once(crises: Crises) -> None:
    """Running, it does not wait for its next look: the commit announces itself."""
    clock = ManualClock()
    process = crises.process(clock=clock)
    loop = asyncio.create_task(Confirmations(crises.db, clock, SETTINGS).run(), name="confirmations")
    try:
        raised = await process.book.raise_(await crises.contact(), raised_by=RaisedBy.COUNSELLOR_KEY)
        await until(lambda: levels(crises, raised.incident_id), 20.0)
    finally:
        loop.cancel()


async def test_an_order_that_nobody_takes_is_said(crises: Crises) -> None:
    """Once; one that was taken is not."""
    clock = ManualClock()
    process = crises.process(clock=clock)
    contact_id = await crises.contact(owner=process.journal.id)
    ordered = await process.book.order(OrderKind.RAISE, contact_id)
    left = await process.book.order(OrderKind.RAISE, await crises.contact())
    await process.book.take_orders(process.journal.id)
    loop = Confirmations(crises.db, clock, SETTINGS)
    clock.advance(ORDER_WAITS_S)
    await loop.look()
    await loop.look()
    assert "incident_order_waits" not in await crises.alarms(ordered.incident_id)
    assert (await crises.alarms(left.incident_id)).count("incident_order_waits") == 1


async def test_decisions_are_on_record_and_the_words_are_sealed(crises: Crises) -> None:
    """Who, when, which reason; the words are unreadable in the row and have no registration number in them."""
    process = crises.process()
    decisions = Decisions(crises.db, ManualClock(), SEALER)
    raised = await process.book.raise_(await crises.contact(), raised_by=RaisedBy.COUNSELLOR_KEY)
    await decisions.describe(raised.incident_id, by=BY, danger=Danger.MEDICAL, third_party=True)
    described = await find(crises.db, raised.incident_id)
    assert described is not None
    assert (described.danger, described.third_party) == (Danger.MEDICAL, True)
    assert [incident.id for incident in await open_incidents(crises.db)] == [raised.incident_id]
    await decisions.close(raised.incident_id, by=BY, reason=CloseReason.OTHER, text="형이 데려감 900101-1234567")
    closed = await find(crises.db, raised.incident_id)
    assert closed is not None
    assert (closed.state, closed.ended_by, closed.close_reason) == (State.CLOSED, BY, CloseReason.OTHER)
    assert await open_incidents(crises.db) == ()
    words = await decisions.words(raised.incident_id)
    assert words.startswith("형이 데려감")
    assert "1234567" not in words
    rows = await crises.db.execute(text("SELECT close_text FROM incidents"))
    assert "형이".encode() not in rows[0].close_text
    with pytest.raises(CipherError):
        SEALER.open(rows[0].close_text, owner=new_id().bytes)
    assert [line.kind for line in await timeline(crises.db, raised.incident_id)] == ["raised", "described", "closed"]


async def test_a_decision_that_does_not_fit_is_refused(crises: Crises) -> None:
    """Twice, of an unknown incident, without a reason, or with a book instead of a text; nothing is changed then."""
    process = crises.process()
    decisions = Decisions(crises.db, ManualClock(), SEALER)
    raised = await process.book.raise_(await crises.contact(), raised_by=RaisedBy.COUNSELLOR_KEY)
    with pytest.raises(ReasonMissing):
        await decisions.close(raised.incident_id, by=BY, reason=CloseReason.OTHER, text="  ")
    with pytest.raises(TooLong, match=str(LONGEST_TEXT)):
        await decisions.close(raised.incident_id, by=BY, reason=CloseReason.OTHER, text="가" * 100_000)
    with pytest.raises(UnknownIncident):
        await decisions.confirm(new_id(), by=BY)
    await decisions.confirm(raised.incident_id, by=BY)
    for again in (decisions.confirm(raised.incident_id, by=BY), decisions.describe(raised.incident_id, by=BY)):
        with pytest.raises(IllegalTransition, match="already"):
            await again


async def test_a_checklists_proposal_becomes_one_incident_that_is_reminded_of(crises: Crises) -> None:
    """However often it comes; outside of a contact it is an alarm, once."""
    clock = ManualClock()
    proposals = CrisisProposals(crises.db, clock)
    contact_id, result_id = await crises.contact(), new_id()
    proposal = Proposal(
        danger=CareDanger.SUICIDE, source="checklist", about=result_id, contact_id=contact_id, by=None, reasons=("phq9_item_9",)
    )
    for _ in range(2):
        await proposals.propose(proposal)
    (incident,) = await open_incidents(crises.db)
    assert (incident.proposed, incident.danger, incident.contact_id) == (True, Danger.SUICIDE, contact_id)
    await Confirmations(crises.db, clock, SETTINGS).look()
    assert await levels(crises, incident.id) == [("incident_raised", "counsellor")]
    outside = Proposal(danger=CareDanger.OTHER, source="isolation_report", about=new_id(), contact_id=None, by=BY)
    for _ in range(2):
        await proposals.propose(outside)
    assert await crises.alarms(outside.about) == ["incident_raised"]


def test_both_rooms_know_the_same_dangers() -> None:
    """Care states its own, because it knows no incidents."""
    assert [str(danger) for danger in CareDanger] == [str(danger) for danger in Danger]
