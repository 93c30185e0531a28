"""Crises in calls of the centre, on a real database: the call becomes a contact once, in no line and in no statistics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.alarms import JOURNAL_STATEMENTS as ALARMS
from core.alarms import Alarms
from core.journal import Journal
from escalation.book import JOURNAL_STATEMENTS, IncidentBook
from escalation.centre.model import Result
from escalation.errors import UnknownContact
from escalation.model import Order, OrderKind, RaisedBy
from escalation.orders import Orders
from escalation.testing import shipped_partners
from helpline.crises_beside import BesideCrises
from helpline.linked_contacts import JOURNAL_STATEMENTS as LINKED
from helpline.linked_contacts import LinkedContacts
from routing.contacts import Contacts
from routing.measures import measure
from tests.integration.escalation.centre.kit import NUMBER, Centre

WORKER = UUID(int=9)


class Line:
    """A process with a telephone: its journal, its contacts, its book of incidents."""

    def __init__(self, house: Centre, folder: Path) -> None:
        self.house = house
        self.journal = Journal(house.db, {**JOURNAL_STATEMENTS, **ALARMS, **LINKED}, spool=folder)
        self.contacts = LinkedContacts(house.db, self.journal, house.clock, node="main", worker="w1")
        partners = shipped_partners()
        self.book = IncidentBook(
            house.db, self.journal, house.clock, partners, Alarms(self.journal, house.clock), raise_within_s=30, dial_within_s=30
        )
        self.orders = Orders(house.db, house.clock, partners)
        self.desk = BesideCrises(house.db, house.clock, self.orders)
        self.lines = Contacts(house.db, self.journal, house.cipher, house.clock, node="main", worker="w1")
        self.writing = asyncio.create_task(self.journal.run())

    async def row(self, contact_id: UUID) -> Any:  # noqa: ANN401 - a row of a statement
        """A contact."""
        return (await self.house.db.execute(text("SELECT * FROM contacts WHERE id = :id"), {"id": contact_id}))[0]

    async def incidents(self) -> list[tuple[UUID, bool, str]]:
        """Contact, whether it is a proposal, and by whom."""
        rows = await self.house.db.execute(text("SELECT contact_id, proposed, raised_by FROM incidents ORDER BY raised_at, id"))
        return [(row.contact_id, row.proposed, row.raised_by) for row in rows]


@pytest.fixture
async def line(house: Centre, tmp_path: Path) -> AsyncIterator[Line]:
    """One that runs."""
    line = Line(house, tmp_path / "line")
    yield line
    line.writing.cancel()
    with suppress(asyncio.CancelledError):
        await line.writing


async def talk(house: Centre) -> tuple[UUID, UUID]:
    """A case whose person talks with somebody of the centre: case and call."""
    referral_id, anna = await house.claimed()
    call_id = await house.calls.order(referral_id, anna, by=None)
    await house.calls.take(WORKER, house.cipher)
    await house.calls.talking(call_id)
    return referral_id, call_id


async def test_a_call_becomes_a_contact_with_its_persons_number_that_no_line_has(line: Line) -> None:
    """Once; no worker adopts it as a call of the line, nobody counts it, and when it is over it has ended as a talk."""
    _, call_id = await talk(line.house)
    with pytest.raises(UnknownContact):
        await line.book.raise_(call_id, raised_by=RaisedBy.CENTRE)
    await line.contacts.enter(call_id)
    await line.contacts.enter(call_id)
    row = await line.row(call_id)
    assert (row.kind, row.state, row.lane, row.queued_at, row.owner) == ("linked", "talking", "crisis", None, line.journal.id)
    assert line.house.cipher.decrypt(row.number_cipher) == NUMBER
    raised = await line.book.raise_(call_id, raised_by=RaisedBy.CENTRE)
    assert await line.book.next_attempt(raised.incident_id) is not None
    assert call_id not in {one.id for one in (*await line.lines.live(), *await line.lines.adopt())}
    now, hour = line.house.clock.now(), timedelta(hours=1)
    _, whole = await measure(line.house.db, now - hour, now + hour, every=hour, wrapup_s=30)
    assert (whole.entered, whole.outcomes) == (0, {})
    line.contacts.ended(call_id)
    await line.journal.flush()
    row = await line.row(call_id)
    assert (row.outcome, row.ended_at) == ("talked", now)
    await line.contacts.enter(call_id)
    assert (await line.row(call_id)).outcome == "talked", "over stays over"


async def test_the_desks_button_orders_the_call_that_goes_on(line: Line) -> None:
    """Pressed twice: one incident, one order; the process with the call takes it, and what is ordered after its end, too."""
    referral_id, call_id = await talk(line.house)
    incident_id = await line.desk.of_case(referral_id)
    assert await line.desk.of_case(referral_id) == incident_id
    assert await line.incidents() == [(call_id, False, "centre")]
    assert await line.book.take_orders(line.journal.id) == (), "nobody's yet"
    await line.contacts.claim([call_id])
    (order,) = await line.book.take_orders(line.journal.id)
    assert (order.kind, order.incident_id) == (OrderKind.RAISE, incident_id)
    assert await line.contacts.adopt() == {call_id}
    line.contacts.ended(call_id)
    await line.journal.flush()
    await line.desk._orders.order(OrderKind.DIAL_NEXT, call_id)
    late: tuple[Order, ...] = await line.book.take_orders(line.journal.id)
    assert [one.kind for one in late] == [OrderKind.DIAL_NEXT]
    assert await line.desk.of_case(referral_id) == incident_id, "the call is over, the crisis is not"


async def test_a_button_pressed_as_the_call_ends_is_refused_aloud(line: Line) -> None:
    """Its contact is over with it, and the order is taken by whoever comes first."""
    referral_id, call_id = await talk(line.house)
    await line.desk.of_case(referral_id)
    await line.contacts.claim([])
    assert (await line.row(call_id)).outcome is None, "the call goes on, perhaps in a program that is being started"
    await line.house.calls.ended(call_id, Result.TALKED)
    await line.contacts.claim([])
    assert (await line.row(call_id)).outcome == "talked"
    assert [one.kind for one in await line.book.take_orders(line.journal.id)] == [OrderKind.RAISE]


async def test_with_no_call_under_way_it_is_a_proposal(line: Line) -> None:
    """On the board, with the person's number; pressed again it is the same one."""
    referral_id, _ = await line.house.claimed()
    incident_id = await line.desk.of_case(referral_id)
    assert await line.desk.of_case(referral_id) == incident_id
    assert await line.incidents() == [(referral_id, True, "centre")]
    row = await line.row(referral_id)
    assert (row.kind, row.outcome, line.house.cipher.decrypt(row.number_cipher)) == ("linked", "no_call", NUMBER)


async def test_a_person_who_is_left_with_nobody_is_a_call_of_the_line(line: Line) -> None:
    """The line takes the contact by the person's channel: from then on it is taken up as every other call."""
    _, call_id = await talk(line.house)
    await line.contacts.enter(call_id)
    taken = await line.lines.take(f"linked-{call_id}-person")
    assert taken is not None
    assert (taken.id, taken.lane, taken.number) == (call_id, "crisis", NUMBER)
    assert call_id in {one.id for one in await line.lines.adopt()}
    assert await line.contacts.adopt() == frozenset()
