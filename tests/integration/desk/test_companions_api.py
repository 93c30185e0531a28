"""Companions over HTTP: matching, offering, planning, carrying on, the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from tests.integration.desk.centre_house import House, house

PLAN = {"weekday": 2, "at": "19:00:00", "first": "2027-03-01"}


@pytest.fixture
async def home(db: Database, settings: Settings, tmp_path: Path) -> AsyncIterator[House]:
    """A desk with the centre and two companions."""
    async with house(db, settings, tmp_path / "journal") as here:
        yield here


async def person(home: House) -> str:
    """A case of the centre, with consent to companions."""
    referral = await home.claimed()
    consent = home.other_answer("companions", "외로움돌봄동행단")
    assert (await home["centre"].post(f"/api/referrals/{referral}/consents", consent)).status == 204
    return referral


async def offered(home: House, referral: str, *, to: str = "companion") -> str:
    """Somebody was asked."""
    body = {"referral": referral, "companion": str(home.group[to]), "permission": {"may_call": True}}
    made = await home["centre"].post("/api/supports", body)
    assert made.status == 201, made.text
    return str(made.json["id"])


async def test_from_matching_to_the_end(home: House) -> None:
    """The whole way, over the API."""
    referral = await person(home)
    found = (await home["centre"].post("/api/companions/match", {"referral": referral, "district": "강북구"})).json["candidates"]
    assert [(one["name"], one["possible"]) for one in found] == [("companion", True), ("other", True)]
    assert {"reason": "same_district", "count": 1} in found[0]["reasons"]
    support = await offered(home, referral)
    mine, all_of_it = f"/api/me/supports/{support}", f"/api/supports/{support}"
    assert (await home["companion"].post(f"{mine}/call")).code == "wrong_state"
    assert (await home["companion"].post(f"{mine}/accept")).status == 204
    planned = await home["centre"].post(f"{all_of_it}/plans", PLAN)
    assert planned.status == 201
    assert (await home["centre"].post(f"{all_of_it}/plans", {**PLAN, "at": "19:10:00"})).code == "plan_clash"
    page = (await home["companion"].get(mine)).json
    assert (page["support"]["person"], [one["state"] for one in page["calls"]]) == ("김하늘", ["due", "due"])
    assert (await home["companion"].post(f"{mine}/notes", {"text": "산책 이야기"})).status == 201
    assert (await home["companion"].post(f"{mine}/call")).status == 202
    assert (await home["centre"].get(all_of_it)).json["notes"][0]["text"] == "산책 이야기"
    assert (await home["supervisor"].get(all_of_it)).json["notes"] == []
    assert (await home["supervisor"].get(all_of_it)).json["support"]["person"] == "김*늘"
    assert (await home["centre"].ask("DELETE", f"{all_of_it}/plans/{planned.json['id']}")).status == 204
    assert (await home["centre"].post(f"{all_of_it}/end", {"reason": "goal_reached"})).status == 204
    assert (await home["companion"].get(mine)).status == 404


async def test_a_companion_sees_nobodys_number_and_nobody_elses_people(home: House) -> None:
    """Nor finds the case by it; the list and the single read agree."""
    support = await offered(home, await person(home))
    page = await home["companion"].get(f"/api/me/supports/{support}")
    assert page.json["support"]["referral"] is None
    for secret in ("1234", "5678", "8888", "9999", "혼자 지내신"):
        assert secret not in page.text.replace(support, "")
    assert (await home["other"].get("/api/me/supports")).json["supports"] == []
    assert (await home["other"].get(f"/api/me/supports/{support}")).status == 404
    assert (await home["other"].post(f"/api/me/supports/{support}/accept")).status == 404
    assert (await home["companion"].get(f"/api/supports/{support}")).code == "forbidden"
    listed = await home["centre"].get("/api/companions")
    assert "8888" not in listed.text


async def test_who_stands_in_sees_the_person_on_their_days(home: House) -> None:
    """And does not decide whether the accompaniment is taken on."""
    support = await offered(home, await person(home))
    assert (await home["companion"].post(f"/api/me/supports/{support}/accept")).status == 204
    days = {"companion": str(home.group["other"]), "first": "2027-03-03", "last": "2027-03-03"}
    assert (await home["centre"].post(f"/api/supports/{support}/substitutes", days)).status == 204
    backwards = {**days, "first": "2027-03-04"}
    assert (await home["centre"].post(f"/api/supports/{support}/substitutes", backwards)).code == "invalid"
    assert (await home["other"].get(f"/api/me/supports/{support}")).status == 404
    # Sessions end meanwhile: a day later they sign in anew.
    home.clock.advance(86_400)
    await home["other"].sign_in("other")
    assert (await home["other"].get(f"/api/me/supports/{support}")).status == 200
    assert (await home["other"].post(f"/api/me/supports/{support}/decline")).status == 404


async def test_the_crisis_button_proposes_an_incident_and_is_work_at_the_centre(home: House) -> None:
    """One press."""
    referral = await person(home)
    support = await offered(home, referral)
    assert (await home["companion"].post(f"/api/me/supports/{support}/accept")).status == 204
    helped = await home["companion"].post(f"/api/me/supports/{support}/help", {"what": "crisis", "text": "죽고 싶다고 하심"})
    assert (helped.json["worklist"], helped.json["incident"] is not None) == (True, True)
    assert [str(one) for one in home.outside.crises] == [support]
    (item,) = (await home["centre"].get("/api/centre/worklist")).json["items"]
    assert (item["id"], item["urgency"], item["overdue"]) == (referral, "immediate", True)
    rows = await home.db.execute(text("SELECT detail FROM access_log WHERE action = 'support_help'"))
    assert [row.detail for row in rows] == [{"what": "crisis"}]


async def test_what_cannot_be_is_refused(home: House) -> None:
    """Without consent, a second companion, unknown people, hours that are none, one account twice."""
    referral = await home.claimed()
    body = {"referral": referral, "companion": str(home.group["companion"]), "permission": {}}
    assert (await home["centre"].post("/api/supports", body)).code == "no_consent"
    withheld = await person(home)
    await offered(home, withheld)
    second = {**body, "referral": withheld, "companion": str(home.group["other"])}
    assert (await home["centre"].post("/api/supports", second)).code == "has_companion"
    assert (await home["centre"].post("/api/supports", {**second, "companion": str(uuid4())})).code == "unknown_companion"
    assert (await home["centre"].post("/api/supports", {**second, "referral": str(uuid4())})).status == 404
    new = {"name": "한별", "number": "010-9999-7777"}
    wrong = {**new, "times": [{"weekday": 1, "starts": "21:00:00", "ends": "20:00:00"}]}
    assert (await home["supervisor"].post("/api/companions", wrong)).code == "invalid"
    assert (await home["supervisor"].post("/api/companions", {**new, "number": "없음"})).code == "number_wrong"
    rows = await home.db.execute(text("SELECT user_id FROM companions LIMIT 1"))
    assert (await home["supervisor"].post("/api/companions", {**new, "user": str(rows[0].user_id)})).code == "account_taken"


async def test_taking_the_consent_back_ends_the_accompaniment(home: House) -> None:
    """At once, for the companion as well."""
    referral = await person(home)
    support = await offered(home, referral)
    assert (await home["counsellor"].post(f"/api/referrals/{referral}/withdraw")).status == 204
    assert (await home["companion"].get(f"/api/me/supports/{support}")).status == 404
    assert (await home["companion"].get("/api/me/supports")).json["supports"] == []
