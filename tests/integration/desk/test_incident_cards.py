"""Hand-over cards, disclosures and alarms over HTTP: who sees whose number, and what is on record of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from care.records.model import Caller, Content
from core.alarms import AlarmKind, Alarms
from core.audit import AccessLog
from core.database import Database
from core.sealing import load_chain_key
from core.settings import Settings
from core.testing import ManualClock
from desk.incidents.known import FromRecords
from desk.records.api import RecordsApi
from escalation.ledger import verify
from tests.integration.desk.crises import Crises, crises

LEDGER = "/api/disclosures?since=2026-03-01&until=2026-03-03"


@pytest.fixture
async def house(db: Database, settings: Settings) -> AsyncIterator[Crises]:
    """Nothing has happened yet."""
    async with crises(db, settings) as here:
        yield here


async def test_the_card_shows_the_number_while_the_incident_is_open_and_its_ends_afterwards(house: Crises) -> None:
    """To the counsellor of the call and to supervisors; each look is in the access log with the call and the task."""
    contact = await house.call()
    incident = await house.raised(contact)
    path = f"/api/incidents/{incident}/card"
    opened = [(await house.by[name].get(path)).json for name in ("first", "supervisor")]
    for card in opened:
        assert (card["caller"], card["covered"], card["test"]) == ("010-1234-5678", False, True)
        assert "본인 전화: 010-1234-5678" in card["lines"]["ko"]
        assert "Person's number: 010-1234-5678" in card["lines"]["en"]
        assert "[연습: 실제 기관이 아닙니다]" in card["lines"]["ko"]
        assert card["known"] == {"district": "도봉구", "name": "김하늘"}
        assert "이름: 김하늘" in card["lines"]["ko"]
    assert (await house.by["second"].get(path)).code == "not_found"
    reads = await house.log("person_data_read")
    assert [(row.about_kind, row.about, row.detail["task"], row.detail["covered"]) for row in reads] == [
        ("contact", str(contact), "crisis", False)
    ] * 2
    assert len(await house.log("incident_card_read")) == 4
    await house.by["first"].ask("PATCH", path, {"number": "02-2133-1234", "reporter": {"relation": "이웃", "number": "010 9999 8888"}})
    await house.by["first"].post(f"/api/incidents/{incident}/confirm")
    after = (await house.by["first"].get(path)).json
    assert (after["covered"], after["caller"], after["told"]["number"], after["reporter"]["number"]) == (
        True, "010-****-5678", "02-****-1234", "010-****-8888",
    )  # fmt: skip
    assert not any("1234-5678" in line or "9999" in line or "2133" in line for line in after["lines"]["ko"])
    assert (await house.by["first"].ask("PATCH", path, {"place": "역"})).code == "incident_over"


async def test_a_withheld_number_is_unknown_on_the_card(house: Crises) -> None:
    """Nothing is made up for it."""
    incident = await house.raised(await house.call(number=None))
    card = (await house.by["first"].get(f"/api/incidents/{incident}/card")).json
    assert card["caller"] is None
    assert "본인 전화: 모름" in card["lines"]["ko"]


async def test_two_people_write_one_card_at_the_same_time(house: Crises) -> None:
    """Both fields are kept, registration numbers are not, and what was typed goes before what stands elsewhere."""
    incident = await house.raised()
    path = f"/api/incidents/{incident}/card"
    answers = await asyncio.gather(
        house.by["first"].ask("PATCH", path, {"place": "방학로 1, 101동 202호", "means": "약"}),
        house.by["supervisor"].ask("PATCH", path, {"name": "하늘 900101-1234567", "district": "노원구"}),
    )
    assert [answer.status for answer in answers] == [200, 200]
    card = (await house.by["first"].get(f"{path}?partner=fire")).json
    told = card["told"]
    assert (told["place"], told["means"], told["district"], card["version"]) == ("방학로 1, 101동 202호", "약", "노원구", 2)
    assert told["name"] == "하늘 [주민등록번호 삭제됨]"
    first_lines = [line.partition(":")[0] for line in card["lines"]["en"]]
    assert first_lines.index("Injuries") < first_lines.index("Weapon")
    assert (await house.by["first"].get(f"{path}?partner=nobody")).code == "unknown_partner"
    assert (await house.by["first"].ask("PATCH", path, {"place": "가" * 1001})).code == "invalid"
    assert (await house.by["first"].ask("PATCH", path, {"job": "x"})).code == "invalid"
    stored = await house.db.execute(
        text("SELECT sealed, (SELECT string_agg(detail::text, '') FROM incident_events) AS events FROM incident_facts")
    )
    assert all("방학로".encode() not in row.sealed and "방학로" not in row.events for row in stored)


async def test_what_was_disclosed_is_written_down_for_good(house: Crises) -> None:
    """With items, recipient, ground and who decided; without a ground that fits, nothing is written. The ledger's twin rows agree."""
    incident = await house.raised()
    path = f"/api/incidents/{incident}/disclosures"
    made = await house.by["first"].post(path, {"recipient": "police", "items": ["place", "number", "place"], "ground": "pipa_18_2_3"})
    assert (made.status, made.json["items"], made.json["decided_by_name"]) == (201, ["place", "number"], "first")
    for wrong, code in (
        ({"recipient": "police", "items": [], "ground": "pipa_18_2_3"}, "invalid"),
        ({"recipient": "police", "items": ["shoes"], "ground": "pipa_18_2_3"}, "invalid"),
        ({"recipient": "경찰", "items": ["place"], "ground": "pipa_18_2_3"}, "invalid"),
        ({"recipient": "police", "items": ["place"], "ground": "because"}, "invalid"),
        ({"recipient": "police", "items": ["place"], "ground": "pipa_17_1_1"}, "wrong_disclosure"),
        ({"recipient": "police", "items": ["place"], "ground": "pipa_18_2_3", "consent": str(uuid4())}, "wrong_disclosure"),
    ):
        assert (await house.by["first"].post(path, wrong)).code == code, wrong
    consented = {"recipient": "welfare-office", "items": ["district"], "ground": "pipa_17_1_1", "consent": str(uuid4())}
    await house.by["first"].post(f"/api/incidents/{incident}/confirm")
    # Written after the event, too: better late than never.
    assert (await house.by["supervisor"].post(path, consented)).status == 201
    rows = (await house.by["first"].get(path)).json["disclosures"]
    assert [row["recipient"] for row in rows] == ["police", "welfare-office"]
    ledger = (await house.by["auditor"].get(LEDGER)).json
    assert ledger["disclosures"] == rows
    assert "제18조 제2항 제3호" in ledger["lines"]["ko"][0]
    assert "PIPA art. 18(2)3" in ledger["lines"]["en"][0]
    assert (await house.by["auditor"].get("/api/disclosures?since=2026-03-03&until=2026-03-04")).json["disclosures"] == []
    assert await verify(house.db) == ()


async def test_an_alarm_is_seen_once_by_whoever_was_first(house: Crises) -> None:
    """With its words and the incident that it is about; pages are told once, and the access log has both presses."""
    incident = await house.raised()
    raising = Alarms(house.journal, house.clock)
    raising.raise_(AlarmKind.LONG_WAIT, about=uuid4(), detail={})
    await house.written()
    house.clock.advance(1)
    await house.confirmations.look()
    listed = (await house.by["operator"].get("/api/alarms")).json
    assert listed["count"] == 2
    crisis = listed["alarms"][0]
    assert (crisis["kind"], crisis["ko"], crisis["en"]) == ("incident_raised", "위기 상황 발생", "a crisis was raised")
    assert (UUID(crisis["incident"]), crisis["level"], listed["alarms"][1]["incident"]) == (incident, "supervisor", None)
    path = f"/api/alarms/{crisis['id']}/seen"
    first = await house.by["supervisor"].post(path)
    house.clock.advance(60)
    assert (await house.by["supervisor"].post(path)).json == first.json
    assert first.json["seen_by"] == "supervisor"
    assert [one["kind"] for one in (await house.by["operator"].get("/api/alarms")).json["alarms"]] == ["long_wait"]
    told = await house.db.execute(text("SELECT data, permission FROM desk_events WHERE kind = 'alarm_seen'"))
    assert [(row.data["id"], row.permission) for row in told] == [(crisis["id"], "alarm.read")]
    assert len(await house.log("alarm_seen")) == 2
    assert (await house.by["supervisor"].post(f"/api/alarms/{uuid4()}/seen")).code == "not_found"


async def test_what_records_know_of_a_caller_stands_on_the_card(db: Database, settings: Settings) -> None:
    """The district of the talk's record, and name and address that they said themselves; nothing if they call for somebody else."""
    clock = ManualClock()
    records = RecordsApi(settings, db, clock, AccessLog(db, clock, load_chain_key(settings)))
    async with crises(db, settings, known=FromRecords(records.book, records.people)) as house:
        contact, me = await house.call(), uuid4()
        incident = await house.raised(contact)
        path = f"/api/incidents/{incident}/card"
        assert (await house.by["first"].get(path)).json["known"] == {}
        record = await records.book.get(await records.book.open(contact, counsellor_id=house.first))
        assert record.person_id is not None
        await records.people.describe(record.person_id, name="김하늘", address="방학로 1")
        for caller, known in ((Caller.SELF, {"district": "도봉구", "name": "김하늘", "place": "방학로 1"}), (Caller.FAMILY, {})):
            content = Content(district="dobong", caller=caller)
            record = (await records.book.save(record.id, content, version=record.version, by=me)).record
            card = (await house.by["first"].get(path)).json
            assert card["known"] == known
            assert ("이름: 김하늘" in card["lines"]["ko"]) == bool(known)
