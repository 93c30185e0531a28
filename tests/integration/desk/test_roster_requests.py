"""Leave, swaps and one's own shifts over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from tests.integration.desk.office import MONTH, Office, office, on


@pytest.fixture
async def desk_office(db: Database, settings: Settings) -> AsyncIterator[Office]:
    """An office without background tasks."""
    async with office(db, settings) as here:
        yield here


async def test_leave_is_asked_for_decided_and_withdrawn(desk_office: Office) -> None:
    """By the right ones, once, and only they read why."""
    asked = await desk_office.first.post("/api/leaves", {"first": on(10), "last": on(11), "kind": "other", "note": "병원"})
    assert (asked.status, asked.json["state"], asked.json["name"]) == (201, "requested", "101")
    path = f"/api/leaves/{asked.json['id']}"
    assert (await desk_office.first.post(f"{path}/approve")).code == "forbidden"
    assert (await desk_office.second.post(f"{path}/withdraw")).code == "not_found"
    assert (await desk_office.second.get("/api/leaves")).json == {"leaves": []}
    (seen,) = (await desk_office.deputy.get("/api/leaves")).json["leaves"]
    assert (seen["kind"], seen["note"]) == ("other", "병원")
    assert (await desk_office.deputy.post(f"{path}/approve")).json["state"] == "approved"
    assert (await desk_office.chief.post(f"{path}/refuse")).code == "request_gone"
    assert (await desk_office.first.post(f"{path}/withdraw")).json["state"] == "withdrawn"
    assert (await desk_office.chief.post(f"/api/leaves/{uuid4()}/approve")).status == 404
    rows = await desk_office.db.execute(text("SELECT detail FROM access_log WHERE action LIKE 'leave%'"))
    assert "병원" not in str([row.detail for row in rows])


async def test_leave_that_cannot_be_is_refused(desk_office: Office) -> None:
    """Backwards, for ever, for others, of nobody."""
    for body, code, field in (
        ({"first": on(5), "last": on(4)}, "invalid", "last"),
        ({"first": "2027-01-01", "last": "2029-01-01"}, "invalid", "last"),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "invalid", "first"),
        ({"first": on(5), "last": on(5), "kind": "party"}, "invalid", "kind"),
    ):
        answer = await desk_office.first.post("/api/leaves", body)
        assert (answer.code, answer.json["fields"][0]["field"]) == (code, field)
    other = {"first": on(5), "last": on(5), "person": str(desk_office.people[1])}
    assert (await desk_office.first.post("/api/leaves", other)).code == "forbidden"
    nobody = await desk_office.chief.post("/api/leaves", {**other, "person": str(uuid4())})
    assert (nobody.code, nobody.json["fields"][0]["field"]) == ("unknown_person", "person")
    assert (await desk_office.chief.post("/api/leaves", {"first": on(5), "last": on(5)})).code == "not_rostered"
    assert await desk_office.db.execute(text("SELECT FROM leaves")) == []


async def test_a_sick_call_counts_at_once_and_opens_the_shift(desk_office: Office) -> None:
    """The next look at the roster shows what is broken, and who may take it."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    person = str(desk_office.people[0])
    sick = await desk_office.chief.post("/api/leaves", {"first": on(4), "last": on(4), "kind": "sick", "person": person})
    assert sick.json["state"] == "approved"
    roster = (await desk_office.chief.get(MONTH)).json
    assert ("leave", person) in {(one["rule"], one["person"]) for one in roster["violations"]}
    found = (await desk_office.chief.get(f"{MONTH}/substitutes?day={on(5)}&code=D")).json["candidates"]
    assert found[0]["lawful"]


async def test_a_swap_goes_from_asking_to_being_in_force(desk_office: Office) -> None:
    """Options, asking, agreeing, approving: both shifts change hands for everybody."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"), desk_office.cell(1, 4, "", "E"), desk_office.cell(2, 4, "", "D"))
    assert (await desk_office.publish()).status == 200
    options = (await desk_office.first.get(f"/api/swaps/options?day={on(4)}&code=D")).json["options"]
    exchange = {"other": str(desk_office.people[1]), "their_day": on(4), "their_code": "E"}
    assert exchange in [{key: one[key] for key in exchange} for one in options]
    assert len([one for one in options if one["their_day"] is None]) == 14 - 2
    asked = await desk_office.first.post("/api/swaps", {"day": on(4), "code": "D", **exchange})
    assert (asked.status, asked.json["state"], asked.json["other_name"]) == (201, "requested", "102")
    path = f"/api/swaps/{asked.json['id']}"
    assert (await desk_office.chief.post(f"{path}/approve")).code == "request_gone"
    assert (await desk_office.first.post(f"{path}/agree")).code == "request_gone"
    assert (await desk_office.second.post(f"{path}/agree")).json["state"] == "agreed"
    assert (await desk_office.second.post(f"{path}/approve")).code == "forbidden"
    assert (await desk_office.chief.post(f"{path}/approve")).json["state"] == "approved"
    mine = (await desk_office.first.get(f"/api/me/shifts?from={on(1)}&to={on(31)}")).json
    assert [(one["day"], one["code"], one["starts_at"]) for one in mine["shifts"]] == [(on(4), "E", "2027-01-04T06:00:00Z")]
    assert mine["shifts"][0]["pauses"]
    assert mine["published"] == ["2027-01"]
    assert [one["state"] for one in (await desk_office.second.get("/api/swaps")).json["swaps"]] == ["approved"]
    assert (await desk_office.chief.get("/api/swaps")).json["swaps"]


async def test_a_swap_that_cannot_be_is_refused_with_the_reason(desk_office: Office) -> None:
    """Drafts, others' shifts, shifts that have begun, half of one, a rule of the law."""
    await desk_office.db.execute(
        text("INSERT INTO roster_people (counsellor_id, night_work) VALUES (:id, 'barred')"), {"id": desk_office.people[1]}
    )
    await desk_office.edit(desk_office.cell(0, 1, "", "D"), desk_office.cell(0, 4, "", "N"), desk_office.cell(1, 5, "", "D"))
    await desk_office.publish()
    await desk_office.edit(desk_office.cell(0, 9, "", "D"))
    second, third = str(desk_office.people[1]), str(desk_office.people[2])
    wrong: list[tuple[dict[str, str], str]] = [
        ({"day": on(9), "code": "D", "other": third}, "shift_not_there"),
        ({"day": on(4), "code": "D", "other": third}, "shift_not_there"),
        ({"day": on(4), "code": "N", "other": third, "their_day": on(4), "their_code": "D"}, "shift_not_there"),
        ({"day": on(1), "code": "D", "other": third}, "shift_begun"),
        ({"day": on(4), "code": "N", "other": third, "their_day": on(4)}, "invalid"),
        ({"day": on(4), "code": "N", "other": str(desk_office.people[0])}, "invalid"),
        ({"day": on(4), "code": "N", "other": str(uuid4())}, "unknown_person"),
    ]
    for body, code in wrong:
        assert (await desk_office.first.post("/api/swaps", body)).code == code, body
    answer = await desk_office.first.post("/api/swaps", {"day": on(4), "code": "N", "other": second})
    assert answer.code == "not_publishable"
    assert "야간 근무를 할 수 없" not in answer.text
    assert answer.json["violations"][0]["rule"] == "private"
    assert await desk_office.db.execute(text("SELECT FROM swaps")) == []
    options = (await desk_office.first.get(f"/api/swaps/options?day={on(4)}&code=N")).json["options"]
    assert second not in {one["other"] for one in options}
    assert (await desk_office.first.get(f"/api/swaps/options?day={on(9)}&code=D")).code == "shift_not_there"
    assert (await desk_office.chief.get(f"/api/swaps/options?day={on(4)}&code=N")).code == "not_rostered"


async def test_whoever_is_asked_or_decides_can_refuse_and_whoever_asked_can_withdraw(desk_office: Office) -> None:
    """Each once."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    await desk_office.publish()
    give = {"day": on(4), "code": "D", "other": str(desk_office.people[1])}
    for browser, how, state in (
        (desk_office.second, "refuse", "refused"),
        (desk_office.chief, "refuse", "refused"),
        (desk_office.first, "withdraw", "withdrawn"),
    ):
        path = f"/api/swaps/{(await desk_office.first.post('/api/swaps', give)).json['id']}"
        assert (await browser.post(f"{path}/{how}")).json["state"] == state
        assert (await browser.post(f"{path}/{how}")).code == "request_gone"


async def test_ones_calendar_is_read_by_a_secret_link_until_it_ends(desk_office: Office) -> None:
    """Without signing in; a new link ends the old one; the page learns that there is one, never which."""
    await desk_office.edit(desk_office.cell(0, 4, "", "N"), desk_office.cell(1, 4, "", "D"))
    await desk_office.publish()
    await desk_office.chief.post(
        "/api/leaves", {"first": on(8), "last": on(8), "kind": "sick", "person": str(desk_office.people[0])}
    )  # fmt: skip
    assert (await desk_office.first.get("/api/me/feed")).json == {"exists": False}
    url = (await desk_office.first.post("/api/me/feed")).json["url"]
    assert url.startswith(f"{desk_office.here.url}/ical/")
    path = url.removeprefix(desk_office.here.url)
    async with desk_office.here.browser() as calendar:
        answer = await calendar.get(path)
        assert answer.headers["Content-Type"].startswith("text/calendar")
        assert "20270104T230000" in answer.text
        assert "20270104T070000" not in answer.text
        assert "sick" not in answer.text.lower()
        other = "A" if path[6] != "A" else "B"
        assert (await calendar.get(f"/ical/{other}{path[7:]}")).status == 404
        assert (await calendar.get("/ical/x.ics")).status == 404
        again = (await desk_office.first.post("/api/me/feed")).json["url"]
        assert (await calendar.get(path)).status == 404
        assert (await desk_office.first.get("/api/me/feed")).json == {"exists": True}
        assert (await desk_office.first.ask("DELETE", "/api/me/feed")).status == 204
        assert (await calendar.get(again.removeprefix(desk_office.here.url))).status == 404
    rows = await desk_office.db.execute(text("SELECT secret_hash FROM feed_secrets"))
    assert rows == []


async def test_ones_own_shifts_are_asked_for_by_days_in_order(desk_office: Office) -> None:
    """Backwards, too many, half: refused."""
    for query in ("", f"?from={on(1)}", f"?from={on(2)}&to={on(1)}", "?from=2020-01-01&to=2027-01-01", "?from=x&to=y"):
        assert (await desk_office.first.get(f"/api/me/shifts{query}")).status == 422
    assert (await desk_office.chief.get(f"/api/me/shifts?from={on(1)}&to={on(2)}")).code == "not_rostered"
