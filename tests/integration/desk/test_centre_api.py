"""The centre over HTTP: who may what, what is shown to whom, and what the access log says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from desk.access.model import PERMISSIONS, Open, Role
from tests.integration.desk.centre_house import REASON, House, house
from tests.integration.desk.test_fuzz import attack, schemathesis

WEEK = [{"weekday": day, "starts": "09:00:00", "ends": "18:00:00"} for day in range(7)]


@pytest.fixture
async def home(db: Database, settings: Settings, tmp_path: Path) -> AsyncIterator[House]:
    """A desk with the centre."""
    async with house(db, settings, tmp_path / "journal") as here:
        yield here


async def test_from_consent_to_a_closed_case(home: House) -> None:
    """The whole way, over the API."""
    referral = await home.claimed()
    page = (await home["centre"].get(f"/api/centre/cases/{referral}")).json
    assert (page["name"], page["number"], page["mine"], page["notes"][0]["text"]) == ("김하늘", "010-****-5678", True, REASON)
    assert (page["call"]["barrier"], page["call"]["say_who"]) == (None, False)
    called = await home.do(referral, "call")
    assert called.status == 202
    assert (await home.do(referral, "crisis")).json == {"id": str(UUID(int=8))}
    assert home.outside.crises == [UUID(referral)]
    assert (await home.do(referral, "call")).json["why"] == "under_way"
    need = (await home.do(referral, "needs", {"area": "housing", "text": "난방"})).json["id"]
    link = (await home.do(referral, "links", {"need": need, "service": "주거복지센터"})).json["id"]
    assert (await home.do(referral, f"links/{link}/hand-over", {})).code == "no_consent"
    consent = home.other_answer("service", "주거복지센터")
    assert (await home["centre"].post(f"/api/referrals/{referral}/consents", consent)).status == 204
    assert (await home.do(referral, f"links/{link}/hand-over", {})).status == 204
    left = await home.do(referral, "close", {"outcome": "linked"})
    assert (left.code, left.json["links"]) == ("work_left", 1)
    assert (await home.do(referral, f"links/{link}", {"state": "accepted", "result": "다음 주"})).status == 204
    due = (home.clock.now() + timedelta(days=1)).isoformat()
    step = (await home.do(referral, "follow-ups", {"kind": "call", "due_at": due, "text": "안부"})).json["id"]
    assert (await home.do(referral, f"follow-ups/{step}", {"result": "통화"})).status == 204
    assert (await home.do(referral, "notes", {"kind": "counselling", "text": "길게 이야기함"})).status == 201
    closed = await home.do(referral, "close", {"outcome": "linked", "note": "연결됨"})
    assert (closed.json["referral"]["state"], closed.json["referral"]["outcome"]) == ("closed", "linked")
    listed = (await home["centre"].get("/api/centre/worklist?closed=true")).json["items"]
    assert [one["id"] for one in listed] == [referral]
    again = await home.do(referral, "reopen", {"urgency": "today", "note": "다시"})
    assert again.json["referral"]["state"] == "reopened"


async def test_what_was_not_sent_is_not_the_centres_to_see(home: House) -> None:
    """Neither in the list nor by its id; a supervisor sees it; after it was taken back it is gone again."""
    referral = await home.propose()
    for _ in range(2):
        assert (await home["centre"].get("/api/centre/worklist")).json["items"] == []
        assert (await home["centre"].get(f"/api/centre/cases/{referral}")).status == 404
        assert (await home.do(referral, "claim")).status == 404
        assert (await home["centre"].get(f"/api/referrals/{referral}")).status == 404
        assert (await home["supervisor"].get(f"/api/centre/cases/{referral}")).status == 200
        await home["counsellor"].post(f"/api/referrals/{referral}/answer", home.answer(given=False))
        assert (await home["counsellor"].post(f"/api/referrals/{referral}/send", {})).code == "no_consent"
    await home["counsellor"].post(f"/api/referrals/{referral}/answer", home.answer())
    await home["counsellor"].post(f"/api/referrals/{referral}/send", {})
    assert (await home["centre"].get(f"/api/centre/cases/{referral}")).status == 200
    assert (await home["counsellor"].post(f"/api/referrals/{referral}/withdraw")).status == 204
    assert (await home["centre"].get(f"/api/centre/cases/{referral}")).status == 404


async def test_a_counsellor_sees_their_own_and_how_they_stand(home: House) -> None:
    """Not the case, and nobody else's; list and single read agree."""
    mine = await home.sent()
    assert [one["id"] for one in (await home["counsellor"].get("/api/referrals")).json["referrals"]] == [mine]
    assert (await home["neighbour"].get("/api/referrals")).json["referrals"] == []
    assert (await home["neighbour"].get(f"/api/referrals/{mine}")).status == 404
    assert (await home["neighbour"].post(f"/api/referrals/{mine}/withdraw")).status == 404
    assert (await home["counsellor"].get(f"/api/centre/cases/{mine}")).code == "forbidden"
    assert set((await home["counsellor"].get(f"/api/referrals/{mine}")).json) == {
        "id", "state", "urgency", "created_at", "due_at", "outcome", "district",
    }  # fmt: skip


async def test_a_supervisor_sees_no_texts_and_gives_cases_to_others(home: House) -> None:
    """Names in outline."""
    referral = await home.claimed()
    page = await home["supervisor"].get(f"/api/centre/cases/{referral}")
    assert (page.json["name"], page.json["notes"][0]["text"]) == ("김*늘", None)
    assert REASON not in page.text
    body = {"to": str(home.staff["colleague"])}
    assert (await home.do(referral, "assign", body, by="supervisor")).json["owner_name"] == "colleague"
    assert (await home.do(referral, "needs", {"area": "medical", "text": ""})).code == "not_theirs"
    assert (await home.do(referral, "close", {"outcome": "relieved"}, by="supervisor")).code == "forbidden"
    assert (await home.do(referral, "close-for", {"outcome": "relieved"}, by="supervisor")).json["referral"]["state"] == "closed"


async def test_of_two_who_claim_one_has_it(home: House) -> None:
    """The other reads that somebody was first."""
    referral = await home.sent()
    answers = await asyncio.gather(home.do(referral, "claim"), home.do(referral, "claim", by="colleague"))
    assert sorted(one.code for one in answers) == ["", "already_claimed"]


async def test_a_caller_on_the_line_is_put_through_if_somebody_is_free(home: House) -> None:
    """On duty, signed in, free, with a telephone; else the worklist, and it is said why."""
    wanted = {"live": True}

    async def send() -> tuple[str, str]:
        referral = await home.propose()
        await home["counsellor"].post(f"/api/referrals/{referral}/answer", home.answer())
        answer = (await home["counsellor"].post(f"/api/referrals/{referral}/send", wanted)).json
        return answer["way"], answer["why"]

    assert await send() == ("worklist", "nobody_free")
    assert (await home["centre"].post("/api/centre/presence", {"human": "ready"})).status == 204
    assert await send() == ("worklist", "nobody_free")
    path = f"/api/centre/staff/{home.staff['centre']}/duties"
    assert (await home["supervisor"].ask("PUT", path, {"duties": WEEK})).status == 204
    await home.db.execute(text("UPDATE centre_staff SET extension = ''"))
    assert await send() == ("worklist", "nobody_free")
    await home.db.execute(text("UPDATE centre_staff SET extension = '201'"))
    assert await send() == ("live", "")
    assert home.outside.begun == [home.staff["centre"]]
    assert await send() == ("worklist", "nobody_free")
    shown = (await home["centre"].get("/api/centre/staff")).json
    assert [(one["name"], one["free"], one["until"] is not None) for one in shown["staff"]] == [
        ("centre", False, True), ("colleague", False, False),
    ]  # fmt: skip


async def test_bad_input_is_said_and_nothing_is_lost(home: House) -> None:
    """Half consents, long texts, wrong numbers, unknown calls, hours that are none."""
    referral = await home.propose()
    half = await home["counsellor"].post(f"/api/referrals/{referral}/answer", home.answer(items=[], right_to_refuse_told=False))
    assert (half.code, half.json["missing"]) == ("consent_incomplete", ["items", "right_to_refuse_told"])
    body = {"reason": "", "urgency": "soon"}
    assert (await home["counsellor"].post("/api/referrals", {**body, "number": "전화"})).code == "number_wrong"
    assert (await home["counsellor"].post("/api/referrals", {**body, "contact": str(uuid4())})).status == 404
    case = await home.claimed()
    long = await home.do(case, "notes", {"kind": "note", "text": "가" * 100_000})
    assert (long.code, long.json["length"], long.json["limit"]) == ("text_too_long", 100_000, 20_000)
    wrong = {"duties": [{"weekday": 1, "day": "2027-03-02", "starts": "09:00:00", "ends": "18:00:00"}]}
    assert (await home["supervisor"].ask("PUT", f"/api/centre/staff/{home.staff['centre']}/duties", wrong)).code == "invalid"
    assert (await home["supervisor"].ask("PUT", f"/api/centre/staff/{uuid4()}/duties", {"duties": []})).code == "unknown_staff"
    assert (await home.do(case, f"needs/{uuid4()}", {"state": "met"})).status == 404


async def test_every_access_stands_in_the_log_without_texts(home: House) -> None:
    """Reads, changes and refusals, with whom they are about."""
    referral = await home.claimed()
    await home["centre"].get(f"/api/centre/cases/{referral}")
    await home.do(referral, "claim", by="colleague")
    rows = await home.db.execute(text("SELECT action, about, detail FROM access_log WHERE about = :id ORDER BY id"), {"id": referral})
    actions = [row.action for row in rows]
    for action in ("referral_answered", "referral_sent", "disclosed", "case_claimed", "case_read"):
        assert action in actions
    everything = await home.db.execute(text("SELECT detail FROM access_log"))
    assert not any(secret in str([row.detail for row in everything]) for secret in (REASON, "김하늘", "1234"))


async def test_every_route_asks_for_its_permission(home: House) -> None:
    """From every role; whoever lacks it is told so, before anything is looked at."""
    routes = [*home.centre.routes(), *home.companions.routes()]
    asked = 0
    by_role = {
        Role.COUNSELLOR: "counsellor", Role.SUPERVISOR: "supervisor", Role.CENTRE: "centre", Role.COMPANION: "companion",
        Role.AUDITOR: "auditor", Role.OPERATOR: "operator",
    }  # fmt: skip
    for route in routes:
        assert route.audit is not None
        assert not isinstance(route.permission, Open)
        path = route.path
        for name in ("referral_id", "need_id", "link_id", "follow_up_id", "staff_id", "companion_id", "support_id", "plan_id"):
            path = path.replace(f"{{{name}}}", str(uuid4()))
        for role, who in by_role.items():
            if route.permission not in PERMISSIONS[role]:
                assert (await home[who].ask(route.method, path, {} if route.method != "GET" else None)).code == "forbidden"
                asked += 1
    assert asked > 100
    assert (await home["auditor"].get("/api/centre/worklist")).code == "forbidden"


@pytest.mark.timeout(300)
async def test_whatever_is_sent_it_answers_as_described(home: House) -> None:
    """Valid and invalid requests made from the description, to every route of the centre and of companions."""
    await home.claimed()
    document = (await home["centre"].get("/api/openapi.json")).json
    paths = tuple({route.path for route in (*home.centre.routes(), *home.companions.routes())})
    for who, only in (("centre", None), ("companion", "/api/me/supports")):
        token = (await home[who].sign_in(who)).cookies["annyeong120-session"].value
        await asyncio.to_thread(fuzz, home, document, token, paths, only)


def fuzz(home: House, document: dict[str, object], token: str, paths: tuple[str, ...], only: str | None) -> None:
    """In a thread: it waits for its answers."""
    for operations in document["paths"].values():  # type: ignore[attr-defined]
        for operation in operations.values():
            operation["security"] = []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if operation.path in paths and (only is None or operation.path.startswith(only)):
            for mode in schemathesis.GenerationMode:
                if mode is schemathesis.GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
                    attack(operation, mode, home.here.url, token, examples=3)
