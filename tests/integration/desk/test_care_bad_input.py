"""What people and files get wrong in crises, referrals, records and imports: a clear error, nothing lost, and the safer way for the caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import SettingsError
from core.settings import Settings
from core.settings_escalation import EscalationSettings
from helpline import case_files
from tests.integration.desk.kit import Answer
from tests.integration.desk.whole_desk import WholeDesk, whole_desk

RRN = "900101-1234567"
LONG = "가" * 100_000


@pytest.fixture
async def desk(db: Database, settings: Settings) -> AsyncIterator[WholeDesk]:
    """All rooms; partners are called in test mode."""
    exercise = EscalationSettings(trunk="carrier", test_target="PJSIP/test")
    async with whole_desk(db, settings.model_copy(update={"escalation": exercise})) as here:
        yield here


async def count(desk: WholeDesk, table: str) -> int:
    """Rows of a table."""
    return int((await desk.db.execute(text(f"SELECT count(*) AS n FROM {table}")))[0].n)


def said(answer: Answer) -> tuple[int, str]:
    """Status and code; every problem speaks both languages."""
    assert answer.json["message"]["ko"]
    assert answer.json["message"]["en"]
    return answer.status, answer.code


async def test_crises_that_can_not_be(desk: WholeDesk) -> None:
    """An unknown partner, a number that is no partner's, two who escalate one call, no live call."""
    first, contact = desk.by["counsellor"], await desk.call()
    both = await asyncio.gather(*(desk.by[name].post("/api/incidents", {"contact": contact}) for name in ("counsellor", "supervisor")))
    assert sorted((answer.status, answer.json["new"]) for answer in both) == [(200, False), (200, True)]
    (incident,) = {answer.json["incident"] for answer in both}
    assert said(await desk.by["other"].post("/api/incidents", {"contact": contact})) == (403, "call_of_another")
    for partner in ("nobody", "010-1234-5678", "+821012345678", "PJSIP/anybody", "060-700-1234"):
        dialled = await first.post(f"/api/incidents/{incident}/orders", {"kind": "dial", "partner": partner, "attempts": 0})
        assert said(dialled) in {(422, "unknown_partner"), (404, "unknown_partner"), (422, "invalid")}, partner
    assert await desk.db.execute(text("SELECT FROM incident_orders WHERE kind = 'dial'")) == []
    over = await desk.call()
    await desk.hang_up(over)
    late = await first.post("/api/incidents", {"contact": over})
    assert said(late) == (409, "no_live_call")
    assert "112" in late.json["message"]["ko"]
    assert said(await first.post("/api/incidents", {"contact": str(uuid4())})) == (404, "not_found")
    assert await count(desk, "incidents") == 1
    # What was begun goes on, whatever was pressed besides.
    assert (await first.get(f"/api/incidents/{incident}")).json["incident"]["state"] == "raised"
    told = await first.ask("PATCH", f"/api/incidents/{incident}/card", {"place": LONG[:40_000]})
    assert said(told) == (422, "invalid")


def test_a_partner_that_must_never_be_dialled_is_refused_at_the_start(tmp_path: Path) -> None:
    """The partners file is the allow-list: 060 numbers, and what is no number, do not get into it."""
    partner = '[[partners]]\nid = "x"\nkind = "police"\nname_ko = "x"\nname_en = "x"\ntarget = "{}"\nneeds = ["place"]\n'
    for target in ("060-700-1234", "nobody"):
        (tmp_path / "partners.toml").write_text(partner.format(target), "utf-8")
        with pytest.raises(SettingsError, match=r"target|060"):
            case_files.load(Settings(data_dir=tmp_path, escalation=EscalationSettings(partners_file=tmp_path / "partners.toml")))


async def test_referrals_and_records_that_can_not_be(desk: WholeDesk) -> None:
    """A referral without consent, a record of somebody else's call, texts of 100,000 characters, registration numbers."""
    first, other, contact = desk.by["counsellor"], desk.by["other"], await desk.call()
    proposed = {"contact": contact, "reason": f"혼자 지냄 {RRN}", "urgency": "soon", "name": "김하늘"}
    referral = (await first.post("/api/referrals", proposed)).json["id"]
    assert said(await first.post(f"/api/referrals/{referral}/send", {}))[1] == "no_consent"
    assert (await first.get(f"/api/referrals/{referral}")).json["state"] == "proposed"
    assert (await desk.by["centre"].get(f"/api/centre/cases/{referral}")).status == 404
    assert await count(desk, "disclosures") == 0
    assert said(await first.post("/api/referrals", {**proposed, "reason": LONG}))[1] == "text_too_long"
    assert await count(desk, "referrals") == 1

    record = (await first.post(f"/api/contacts/{contact}/record")).json
    path = f"/api/records/{record['id']}"
    content = {"version": 0, "kinds": ["loneliness"], "caller": "self", "skills": [], "text": f"{RRN} 혼자 지냄"}
    saved = (await first.ask("PUT", path, content)).json
    assert (saved["removed"], RRN in saved["record"]["content"]["text"]) == ({"text": 1}, False)
    assert said(await first.ask("PUT", path, {**content, "version": 1, "text": LONG}))[0] == 422
    await desk.hang_up(contact)
    await other.post(f"/api/contacts/{await desk.call(desk.other, number=None)}/record")
    assert said(await other.post(f"/api/contacts/{contact}/record")) == (403, "not_your_call")
    assert said(await other.ask("PUT", path, content)) == (403, "not_your_call")
    assert (await first.get(path)).json["content"] == saved["record"]["content"]

    report = {"urgency": "today", "signs": ["not_seen"], "subject": {"name": "이웃", "whereabouts": f"{RRN} 302호"}}
    kept = (await first.ask("PUT", f"/api/isolation-reports/{uuid4()}", report)).json["report"]
    assert RRN not in str(kept)
    # Whatever is wrong with the words, somebody hears of the danger.
    live = await desk.call()
    too_long = {**report, "contact": live, "signs": ["spoke_of_death"], "subject": {"name": "이웃", "noticed": LONG}}
    refused = await first.ask("PUT", f"/api/isolation-reports/{uuid4()}", too_long)
    assert (said(refused), refused.json["fields"][0]["field"]) == ((422, "invalid"), "subject.noticed")
    assert await count(desk, "isolation_reports") == 1
    assert await count(desk, "incidents WHERE proposed") == 1
    live = await desk.call()
    sheet = {"checklist": "phq9", "version": "1", "form": "full", "answers": {"9": 1}, "contact": live, "note": LONG}
    refused = await first.ask("PUT", f"/api/checklist-results/{uuid4()}", sheet)
    assert (said(refused), refused.json["fields"][0]["field"]) == ((422, "invalid"), "note")
    assert await count(desk, "checklist_results") == 0
    assert await count(desk, "incidents WHERE proposed") == 2
    assert said(await other.ask("PUT", f"/api/checklist-results/{uuid4()}", {**sheet, "note": ""}))[0] in {403, 404}
    logged = await desk.db.execute(text("SELECT detail::text AS detail FROM access_log"))
    assert not any(RRN in row.detail or "혼자" in row.detail for row in logged)


async def test_files_with_wrong_columns(desk: WholeDesk) -> None:
    """Of the directory and of a roster: what is missing is said, nothing can be applied, and what was there is there."""
    chief = desk.by["supervisor"]

    async def load(path: str, content: str) -> dict[str, Any]:
        form = aiohttp.FormData()
        form.add_field("file", content.encode(), filename="x.csv")
        answer = await chief.ask("POST", path, data=form)
        assert answer.status == 200, answer.text
        found: dict[str, Any] = answer.json
        assert found["problems"]
        assert all(one["text"] for one in found["problems"])
        assert found["changes"] == []
        return found

    before = (await chief.get("/api/directory")).json
    columns = await load("/api/directory/import", "코드,이름,색깔\na,A,빨강\n")
    assert said(await chief.post(f"/api/directory/import/{columns['token']}/apply"))[1] == "import_faulty"
    assert (await chief.get("/api/directory")).json == before
    month = await load("/api/rosters/2027-01/import", "색깔,크기\n빨강,7\n")
    applied = await chief.post(f"/api/rosters/2027-01/import/{month['token']}/apply", {"base_version": 0})
    assert said(applied)[1] == "import_faulty"
    assert (await chief.get("/api/rosters/2027-01")).json["cells"] == []
