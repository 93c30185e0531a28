"""Checklists, isolation reports and the directory over HTTP, by who may do what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import aiohttp
import pytest
from sqlalchemy import text

from care.checklists import results as checklist_results
from care.checklists.loading import load
from care.checklists.results import Results
from care.directory.directory import Directory
from care.reports import reports as isolation_reports
from care.reports.reports import Reports
from care.reports.traces import Traces
from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Role
from desk.checklists.api import ChecklistsApi
from desk.directory.api import DirectoryApi
from desk.events import Events
from desk.reports.api import ReportsApi
from tests.integration.care.rooms import KEY, NOW, Taken, contact, sealer
from tests.integration.desk.kit import Answer, Browser, served
from tests.integration.routing.rows import add_counsellor


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A desk with these three rooms, and one browser for each role."""

    db: Database
    taken: Taken
    roles: dict[str, Browser]
    counsellor_id: UUID

    def __getitem__(self, role: str) -> Browser:
        return self.roles[role]


@pytest.fixture
async def house(db: Database, settings: Settings) -> AsyncIterator[House]:
    """Everybody signed in."""
    clock, taken = ManualClock(NOW), Taken()
    apis = (
        ChecklistsApi(Results(db, clock, sealer(checklist_results.PURPOSE), load(), taken), clock),
        ReportsApi(Reports(db, clock, sealer(isolation_reports.PURPOSE), Traces(KEY), taken), Events(db, clock), clock),
        DirectoryApi(Directory(db, clock), clock),
    )
    mine = await add_counsellor(db, "101")
    async with served(db, settings, clock=clock, apis=apis) as here, AsyncExitStack() as stack:
        browsers = {}
        for name, role, who in (
            *((str(role), role, None) for role in Role if role is not Role.COUNSELLOR),
            ("counsellor", Role.COUNSELLOR, mine),
            ("other", Role.COUNSELLOR, await add_counsellor(db, "102")),
        ):
            await here.person(name, role, counsellor=who)
            browsers[name] = await stack.enter_async_context(here.browser())
            assert (await browsers[name].sign_in(name)).status == 200
        yield House(db=db, taken=taken, roles=browsers, counsellor_id=mine)


async def put(browser: Browser, path: str, body: object) -> Answer:
    """Change."""
    return await browser.ask("PUT", path, body)


def sheet(checklist: str, answers: Mapping[str, object], **more: object) -> dict[str, object]:
    """A checklist that is filled in."""
    return {"checklist": checklist, "version": "1", "form": "full", "answers": answers, **more}


REPORT = {
    "urgency": "today",
    "signs": ["post_piles_up"],
    "subject": {"name": "김하늘", "district": "gangbuk", "number": "010-1234-5678"},
    "reporter": {"relation": "neighbour", "name": "이웃", "number": "02-120", "wants_feedback": True, "consent_script": "f-1"},
}


async def test_a_checklist_is_gone_through_with_a_caller(house: House) -> None:
    """The suicide prompts stand beside it; incomplete until the last answer; what it recommends a person decides."""
    me = house["counsellor"]
    listed = (await me.get("/api/checklists")).json["checklists"]
    assert (listed[0]["id"], listed[0]["everywhere"]) == ("suicide_risk", True)
    whole = (await me.get("/api/checklists/ucla3/1")).json
    assert (len(whole["items"]), whole["everywhere"]) == (3, ["suicide_risk"])
    assert "doi:" in whole["source"]
    contact_id = str(await contact(house.db, counsellor=house.counsellor_id, index=b"one"))
    path = f"/api/checklist-results/{uuid4()}"
    first = (await put(me, path, sheet("ucla3", {"isolated": 3}, contact=contact_id))).json
    assert (first["complete"], first["outcome"], first["missing"]) == (False, None, ["companionship", "left_out"])
    assert first["everywhere"] == ["suicide_risk"]
    answers = {"isolated": 3, "companionship": 2, "left_out": 2}
    done = (await put(me, path, sheet("ucla3", answers, contact=contact_id, finished=True))).json
    assert (done["outcome"]["id"], done["scores"], done["recommends"]) == ("lonely", {"total": 7}, ["talk", "places", "companion"])
    assert (await put(me, path, sheet("ucla3", answers, contact=contact_id))).code == "result_finished"
    assert (await me.post(f"{path}/decision", {"decision": "declined", "note": "다음에"})).json["decision"] == "declined"
    assert len((await me.get(f"/api/contacts/{contact_id}/checklist-results")).json["results"]) == 1
    # Lists and single reads agree for somebody who has nothing to do with it.
    assert (await house["other"].get(f"/api/contacts/{contact_id}/checklist-results")).json == {"results": []}
    assert (await house["other"].get(path)).code == "not_found"
    assert (await house["other"].get(f"/api/contacts/{contact_id}/checklist-trends")).code == "forbidden"
    assert (await house["centre"].get(path)).json["answers"] == answers
    rows = await house.db.execute(text("SELECT about, detail FROM access_log WHERE action = 'checklist_results_read'"))
    assert {row.about for row in rows} == {contact_id}


async def test_an_alarming_answer_is_told_at_once(house: House) -> None:
    """With the level unresolved; without anybody to take it the page learns that, too."""
    me = house["counsellor"]
    saved = (await put(me, f"/api/checklist-results/{uuid4()}", sheet("suicide_risk", {"thoughts": 1}))).json
    assert (saved["alarms"], saved["proposed"]) == (["thoughts"], True)
    assert (saved["level"]["settled"], saved["level"]["at_least"]["id"]) == (False, "concern")
    assert "intent" in saved["level"]["unresolved"]
    assert [str(one.danger) for one in house.taken.proposals] == ["suicide"]
    house.taken.broken = True
    assert not (await put(me, f"/api/checklist-results/{uuid4()}", sheet("phq9", {"9": 2}))).json["proposed"]


async def test_answers_that_do_not_exist_are_pointed_at(house: House) -> None:
    """By item."""
    path = f"/api/checklist-results/{uuid4()}"
    answer = await put(house["counsellor"], path, sheet("seoul", {"A1": 9, "Z": 1}, form="half"))
    assert (answer.status, {field["field"] for field in answer.json["fields"]}) == (422, {"answers.A1", "answers.Z", "form"})
    assert (await put(house["counsellor"], path, sheet("seoul", {"A1": True}))).status == 422
    assert (await put(house["counsellor"], path, sheet("seoul", {"A1": 1}, contact=str(uuid4())))).code == "unknown_contact"
    assert (await house["counsellor"].get("/api/checklists/seoul/7")).code == "unknown_checklist"


async def test_a_report_goes_from_the_call_to_the_centre_and_back_to_the_reporter(house: House) -> None:
    """Whoever made it sees it, a colleague does not; the worklist names nobody."""
    me, centre, path = house["counsellor"], house["centre"], f"/api/isolation-reports/{uuid4()}"
    made = (await put(me, path, REPORT)).json
    assert (made["danger"], made["report"]["subject"]["number"]) == (False, "010-1234-5678")
    assert (await me.get(path)).json == made["report"]
    assert len((await me.get("/api/me/isolation-reports")).json["reports"]) == 1
    assert (await house["other"].get("/api/me/isolation-reports")).json["reports"] == []
    for hidden in (path, f"{path}/reporter"):
        assert (await house["other"].get(hidden)).code == "not_found"
    assert (await put(house["other"], path, REPORT)).code == "not_found"
    work = await centre.get("/api/isolation-reports?district=gangbuk")
    assert len(work.json["reports"]) == 1
    assert not any(word in work.text for word in ("김하늘", "이웃", "5678"))
    assert (await centre.get(f"{path}/reporter")).json["relation"] == "neighbour"
    assert (await centre.post(f"{path}/claim")).json["report"]["state"] == "claimed"
    assert (await house["supervisor"].post(f"{path}/claim")).json["state"] == "claimed"
    assert (await centre.post(f"{path}/close", {"note": "방문함", "outcome": "supported"})).json["report"]["outcome"] == "supported"
    assert len((await centre.get("/api/isolation-reports?show=feedback")).json["reports"]) == 1
    assert (await centre.post(f"{path}/feedback", {"note": "알림"})).status == 200
    assert (await centre.post(f"{path}/feedback", {"note": "알림"})).code == "no_feedback_wanted"
    rows = await house.db.execute(text("SELECT action FROM access_log WHERE about_kind = 'isolation_report' ORDER BY id"))
    assert {"report_made", "report_read", "report_reporter_read", "report_closed"} <= {row.action for row in rows}


async def test_a_report_that_says_too_little_is_refused_with_what_is_missing(house: House) -> None:
    """In both languages; danger is told all the same."""
    empty = {"urgency": "now", "signs": [], "subject": {}, "reporter": {"relation": "other", "wants_feedback": True}}
    answer = await put(house["counsellor"], f"/api/isolation-reports/{uuid4()}", empty)
    fields = {field["field"] for field in answer.json["fields"]}
    assert fields == {"subject", "signs", "reporter.consent_script", "reporter.number"}
    assert len(house.taken.proposals) == 1


async def test_the_directory_says_what_is_open_and_when_next(house: House) -> None:
    """It is Sunday noon; a companion may look."""
    found = (await house["companion"].get("/api/directory?kind=mind_store&district=guro")).json["places"]
    assert [(one["key"], one["opening"]["status"]) for one in found] == [("mind-guro", "closed")]
    assert found[0]["opening"]["next_at"].startswith("2026-11-23T10:00:00+09:00")
    open_ = (await house["companion"].get("/api/directory?open_now=true&area=emergency")).json["places"]
    assert {one["phone"] for one in open_} == {"109", "112", "119"}
    at = "/api/directory?kind=mind_store&at=2026-11-23T10:30:00%2B09:00&open_now=true"
    assert len((await house["companion"].get(at)).json["places"]) == 5
    for query in ("at=0001-01-01T00:00:00Z", "at=9999-12-31T23:59:59Z", "kind=pub", "colour=red"):
        assert (await house["companion"].get(f"/api/directory?{query}")).status == 422
    assert len((await house["companion"].get("/api/directory/districts")).json["districts"]) == 25


async def test_an_entry_is_added_and_changed_by_hand(house: House) -> None:
    """Against the version that was seen."""
    path = f"/api/directory/places/{uuid4()}"
    entry = {
        "version": 0,
        "key": "it-da",
        "kind": "service",
        "name": "잇다플레이스",
        "source": "안내",
        "source_date": "2026-11-01",
        "planned": True,
    }
    assert (await put(house["centre"], path, entry)).json["opening"]["status"] == "planned"
    assert (await put(house["centre"], path, entry)).code == "place_changed"
    changed = (await put(house["centre"], path, {**entry, "version": 1, "planned": False, "hours": "매일 09:00-18:00"})).json
    assert (changed["version"], changed["opening"]["status"]) == (2, "open")
    wrong = await put(house["centre"], path, {**entry, "version": 2, "hours": "아침부터", "district": "x"})
    assert wrong.json["fields"][0]["field"] == "hours"
    assert (await put(house["centre"], f"/api/directory/places/{uuid4()}", {**entry, "key": "mind-guro"})).code == "key_taken"


async def load_file(browser: Browser, content: bytes) -> Answer:
    """Send a file."""
    form = aiohttp.FormData()
    form.add_field("file", content, filename="places.csv")
    return await browser.ask("POST", "/api/directory/import", data=form)


async def test_a_file_is_looked_at_before_it_is_applied(house: House) -> None:
    """What is wrong by cell; with an error nothing can be applied; another session can't apply it either."""
    head = "코드,구분,이름,출처,출처일,운영시간\n"
    faulty = (await load_file(house["centre"], f"{head}a,서비스,A,안내,2026-01-01,월요일\n".encode())).json
    assert [(one["cell"], one["level"]) for one in faulty["problems"]] == [("F2", "error")]
    assert (await house["centre"].post(f"/api/directory/import/{faulty['token']}/apply")).code == "import_faulty"
    good = (await load_file(house["centre"], f"{head}a,서비스,A,안내,2026-01-01,월 09:00-10:00\n".encode())).json
    assert ([(one["key"], one["new"]) for one in good["changes"]], good["problems"]) == ([("a", True)], [])
    path = f"/api/directory/import/{good['token']}/apply"
    assert (await house["supervisor"].post(path)).code == "import_gone"
    assert (await house["centre"].post(path)).json == {"written": 1}
    assert (await house["centre"].post(path)).code == "import_gone"
    assert "a" in {one["key"] for one in (await house["centre"].get("/api/directory?kind=service")).json["places"]}
