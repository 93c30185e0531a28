"""The book in memory, which the telephone is tested with."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings_escalation import EscalationSettings
from core.testing import ManualClock
from escalation import happenings as h
from escalation.errors import IllegalTransition, IncidentOver, UnknownContact, UnknownIncident
from escalation.model import Danger, OrderKind, RaisedBy, Result, State
from escalation.ports import Book
from escalation.testing import MemoryBook, shipped_partners

CONTACT = UUID(int=1)
FAILURES = (Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.UNREACHABLE, Result.FAILED)


@given(st.sampled_from(Danger) | st.none(), st.lists(st.sampled_from(FAILURES), min_size=4, max_size=4), st.integers(1, 5))
async def test_the_chain_goes_on_through_every_failure(danger: Danger | None, results: Sequence[Result], presses: int) -> None:
    """Pressed N times it is one incident with one dispatch; each partner once, in order; then unreached, and a human's."""
    book = MemoryBook(ManualClock())
    raised = [await book.raise_(CONTACT, raised_by=RaisedBy.COUNSELLOR_KEY, danger=danger) for _ in range(presses)]
    assert [answer.new for answer in raised] == [True] + [False] * (presses - 1)
    incident_id = raised[0].incident_id
    tried = []
    for result in results:
        if (dial := await book.next_attempt(incident_id)) is None:
            break
        tried.append(dial.partner_id)
        book.note(incident_id, h.AttemptFailed(attempt_id=dial.attempt_id, result=result))
    else:
        assert await book.next_attempt(incident_id) is None
    assert tried == [partner.id for partner in shipped_partners().chain(danger, ManualClock().now())]
    found = await book.open_of(CONTACT)
    assert found is not None
    assert (found.incident.state, found.legs) == (State.UNREACHED, ())


async def test_it_refuses_what_the_real_one_refuses() -> None:
    """An unknown contact or incident, an order without an incident, a call for one that is over."""
    book: Book = MemoryBook(ManualClock(), knows=lambda contact_id: contact_id == CONTACT)
    with pytest.raises(UnknownContact):
        await book.raise_(UUID(int=2), raised_by=RaisedBy.CALLER_KEY)
    with pytest.raises(UnknownIncident):
        await book.next_attempt(UUID(int=3))
    with pytest.raises(UnknownIncident):
        await book.order(OrderKind.JOIN, CONTACT)


async def test_orders_and_decisions() -> None:
    """A desk raises and orders; after a human's word nothing is dialled any more and a press begins another incident."""
    book = MemoryBook(ManualClock())
    ordered = await book.order(OrderKind.RAISE, CONTACT, danger=Danger.MEDICAL)
    assert (await book.order(OrderKind.RAISE, CONTACT)).incident_id == ordered.incident_id
    stop = await book.order(OrderKind.STOP, CONTACT)
    assert await book.take_orders(UUID(int=9)) == (ordered, stop)
    assert await book.take_orders(UUID(int=9)) == ()
    book.decide(ordered.incident_id, h.Confirmed(by=UUID(int=4)))
    with pytest.raises(IllegalTransition):
        book.decide(ordered.incident_id, h.Confirmed(by=UUID(int=4)))
    with pytest.raises(IncidentOver):
        await book.next_attempt(ordered.incident_id)
    assert (await book.raise_(CONTACT, raised_by=RaisedBy.SUPERVISOR)).new


async def test_who_is_called_back_is_in_the_incident_of_the_call_before() -> None:
    """As long as nothing was raised in the new one."""
    again = UUID(int=2)
    book = MemoryBook(ManualClock(), earlier=lambda contact_id: CONTACT if contact_id == again else None)
    raised = await book.raise_(CONTACT, raised_by=RaisedBy.COUNSELLOR_KEY)
    found = await book.open_of(again)
    assert found is not None
    assert found.incident.id == raised.incident_id
    new = await book.raise_(again, raised_by=RaisedBy.COUNSELLOR_KEY)
    found = await book.open_of(again)
    assert found is not None
    assert found.incident.id == new.incident_id
    assert await book.open_of(UUID(int=3)) is None


async def test_a_dial_in_test_mode_says_so() -> None:
    """Wherever the attempt is shown, nobody takes it for the real agency."""
    partners = shipped_partners(EscalationSettings(test_target="PJSIP/test-partner", ring_s=7))
    book = MemoryBook(ManualClock(), partners)
    raised = await book.raise_(CONTACT, raised_by=RaisedBy.COUNSELLOR_KEY)
    dial = await book.next_attempt(raised.incident_id)
    assert dial is not None
    assert (dial.endpoint, dial.test, dial.ring_s, dial.leg_id) == ("PJSIP/test-partner", True, 7, f"crisis-{dial.attempt_id}")
    assert book.incidents[raised.incident_id].attempts[0].test
