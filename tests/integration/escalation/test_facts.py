"""What is known about a person in danger, on a real PostgreSQL: sealed, and never overwritten by somebody who did not know."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from core.ids import new_id
from core.sealing import Sealer
from core.testing import ManualClock
from escalation.card import Reporter, card, lines
from escalation.errors import TooLong, UnknownIncident
from escalation.facts import LONGEST, PURPOSE, FactBook, Facts, UnknownField
from escalation.model import RaisedBy
from escalation.rows import find, timeline
from escalation.testing import shipped_partners
from tests.integration.escalation.conftest import Crises

BY = UUID(int=77)


async def begun(crises: Crises) -> tuple[FactBook, UUID]:
    """A book and an incident."""
    raised = await crises.process().book.raise_(await crises.contact(), raised_by=RaisedBy.COUNSELLOR_KEY)
    return FactBook(crises.db, ManualClock(), Sealer({"k": bytes(32)}, PURPOSE)), raised.incident_id


async def test_two_people_write_one_card(crises: Crises) -> None:
    """At the same moment, different fields: both are kept, and the card has them."""
    book, incident_id = await begun(crises)
    assert await book.read(incident_id) == Facts()
    await asyncio.gather(
        book.tell(incident_id, {"place": "종로구 1-1"}, by=BY),
        book.tell(incident_id, {"weapon": "없음"}, by=BY),
        book.tell(incident_id, {"means": "약"}, by=BY, reporter=Reporter(relation="이웃")),
    )
    facts = await book.read(incident_id)
    assert (facts.version, facts.person.place, facts.person.weapon, facts.person.means) == (3, "종로구 1-1", "없음", "약")
    incident = await find(crises.db, incident_id)
    assert incident is not None
    made = card(incident, shipped_partners(), ManualClock().now(), person=facts.person, reporter=facts.reporter, caller_number="02-120")
    assert {"흉기: 없음", "신고자와의 관계: 이웃", "신고자 전화: 02-120"} <= set(lines(made))


async def test_it_is_unreadable_at_rest(crises: Crises) -> None:
    """No registration number is kept at all; the timeline names the fields, not what was said."""
    book, incident_id = await begun(crises)
    await book.tell(incident_id, {"name": "홍길동 900101-1234567"}, by=BY)
    rows = await crises.db.execute(text("SELECT sealed FROM incident_facts"))
    assert "홍길동".encode() not in rows[0].sealed
    facts = await book.read(incident_id)
    assert facts.person.name.startswith("홍길동")
    assert "1234567" not in facts.person.name
    line = (await timeline(crises.db, incident_id))[-1]
    assert (line.kind, line.detail) == ("facts_told", {"by": str(BY), "fields": "name"})


async def test_what_does_not_fit_is_refused(crises: Crises) -> None:
    """Too long, of no field, of no incident; what was known stays."""
    book, incident_id = await begun(crises)
    await book.tell(incident_id, {"place": "x"}, by=BY)
    with pytest.raises(TooLong, match=str(LONGEST)):
        await book.tell(incident_id, {"place": "가" * 100_000}, by=BY)
    with pytest.raises(TooLong):
        await book.tell(incident_id, {}, by=BY, reporter=Reporter(relation="가" * 100_000))
    with pytest.raises(UnknownField, match="shoe_size"):
        await book.tell(incident_id, {"shoe_size": "38"}, by=BY)
    with pytest.raises(UnknownIncident):
        await book.tell(new_id(), {"place": "x"}, by=BY)
    assert (await book.read(incident_id)).person.place == "x"
