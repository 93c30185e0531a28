"""A month over HTTP: look, edit, undo, compare, publish; who may, and who sees what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
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


async def test_an_empty_month_says_whom_what_and_what_is_missing(desk_office: Office) -> None:
    """Everything a page draws is in one answer."""
    roster = (await desk_office.chief.get(MONTH)).json
    assert (roster["version"], roster["published_version"], roster["cells"]) == (0, None, [])
    assert roster["period"] == {"first": "2027-01-01", "last": "2027-01-31"}
    assert [one["extension"] for one in roster["people"]] == [str(101 + number) for number in range(14)]
    assert {one["code"] for one in roster["shift_types"]} >= {"D", "E", "N"}
    assert roster["holidays"]["2027-01-01"]
    assert sum(slot["minutes"] for slot in roster["coverage"]) == 31 * 1440
    assert {slot["have"] for slot in roster["coverage"]} == {0}
    assert all(slot["need"] >= 1 for slot in roster["coverage"])
    assert "cover_least" in {one["rule"] for one in roster["violations"]}
    assert "roster.publish" in roster["can"]


async def test_an_edit_says_what_follows_from_it_in_the_persons_language(desk_office: Office) -> None:
    """Cells, rules with sentences and mends, coverage, sharing."""
    await desk_office.chief.ask("PUT", "/api/session/language", {"language": "en"})
    answer = await desk_office.edit(desk_office.cell(0, 4, "", "N"), desk_office.cell(0, 5, "", "D", pinned=True))
    assert answer.status == 200, answer.text
    edited = answer.json
    assert edited["version"] == 1
    assert [(cell["codes"], cell["pinned"]) for cell in edited["cells"]] == [(["N"], False), (["D"], True)]
    (broken,) = [one for one in edited["violations"] if one["rule"] == "night_day"]
    assert (broken["person"], broken["day"], broken["level"]) == (str(desk_office.people[0]), on(5), "policy")
    assert "after" in broken["text"]
    assert broken["mend"]
    assert edited["fairness"][str(desk_office.people[0])]["nights"] == 1
    assert max(slot["have"] for slot in edited["coverage"]) == 1
    assert all((slot["minutes"] % 30, slot["minutes"] <= 480) == (0, True) for slot in edited["coverage"])


async def test_two_supervisors_at_one_cell_collide_and_nothing_of_the_second_edit_is_written(desk_office: Office) -> None:
    """The answer says what the cell holds now and by whom; other cells never collide."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    refused = await desk_office.edit(desk_office.cell(1, 4, "", "E"), desk_office.cell(0, 4, "", "N"), by=desk_office.deputy)
    assert (refused.status, refused.code) == (409, "edited_meanwhile")
    (cell,) = refused.json["cells"]
    assert (cell["person"], cell["day"], cell["codes"], cell["by"]) == (str(desk_office.people[0]), on(4), ["D"], "chief")
    assert refused.json["version"] == 1
    assert await desk_office.held(1, 4) == []
    both = await asyncio.gather(
        desk_office.edit(desk_office.cell(2, 4, "", "D")), desk_office.edit(desk_office.cell(3, 4, "", "D"), by=desk_office.deputy)
    )
    assert [one.status for one in both] == [200, 200]
    assert (await desk_office.chief.get(MONTH)).json["editors"] == ["deputy"]


BAD: list[tuple[dict[str, Any], int, str, str]] = [
    ({"person": str(uuid4())}, 422, "unknown_person", "changes.1.person"),
    ({"after": ["X"]}, 422, "unknown_shift", "changes.1.after"),
    ({"day": "2027-02-01"}, 422, "out_of_period", "changes.1.day"),
    ({"day": "0001-01-01"}, 422, "invalid", "changes.1.day"),
    ({"day": "2027-01-32"}, 422, "invalid", "changes.1.day"),
    ({"after": [""]}, 422, "invalid", "changes.1.after.0"),
    ({"after": "D"}, 422, "invalid", "changes.1.after"),
    ({"colour": "red"}, 422, "invalid", "changes.1.colour"),
]


async def test_what_cannot_be_is_refused_at_its_cell_and_nothing_is_written(desk_office: Office) -> None:
    """The first change of the two is right, and is not made either."""
    for wrong, status, code, field in BAD:
        answer = await desk_office.edit(desk_office.cell(0, 4, "", "D"), {**desk_office.cell(1, 4, "", "D"), **wrong})
        assert (answer.status, answer.code, answer.json["fields"][0]["field"]) == (status, code, field), wrong
        assert answer.json["message"]["ko"]
        assert answer.json["message"]["en"]
    assert (await desk_office.chief.get(MONTH)).json["version"] == 0


async def test_a_cell_twice_in_one_edit_is_refused(desk_office: Office) -> None:
    """Nobody knows which one is meant."""
    answer = await desk_office.edit(desk_office.cell(0, 4, "", "D"), desk_office.cell(0, 4, "", "E"))
    assert (answer.code, answer.json["fields"][0]["field"]) == ("invalid", "changes.1")


async def test_a_month_that_is_none_is_refused_and_the_first_and_last_ones_are_answered(desk_office: Office) -> None:
    """Before anything is made for it. Two weeks before, and holidays, exist at both ends, too."""
    for month in ("2027-13", "2027-1", "1999-01", "２０２７-01", "0000-00", "x"):
        assert (await desk_office.chief.get(f"/api/rosters/{month}")).status == 422
    assert await desk_office.db.execute(text("SELECT FROM rosters")) == []
    for month in ("2000-01", "2099-12"):
        assert (await desk_office.chief.get(f"/api/rosters/{month}")).status == 200


async def test_an_overlap_is_drafted_and_shown_but_not_published(desk_office: Office) -> None:
    """Two shifts at one time; a reason does not help."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D SB"), desk_office.cell(0, 3, "", "N"))
    await desk_office.db.execute(
        text("INSERT INTO shift_types (code, name, name_en, starts, minutes) VALUES ('D2', '낮2', 'Day 2', '08:00', 480)")
    )
    edited = (await desk_office.edit(desk_office.cell(0, 4, "D SB", "D D2"))).json
    assert "overlap" in {one["rule"] for one in edited["violations"] if one["level"] == "hard"}
    refused = await desk_office.publish()
    assert (refused.status, refused.code) == (409, "not_publishable")
    assert "overlap" in {one["rule"] for one in refused.json["violations"]}
    assert all(one["text"] for one in refused.json["violations"])
    assert await desk_office.db.execute(text("SELECT FROM published_shifts")) == []


async def test_undo_and_redo_are_ones_own(desk_office: Office) -> None:
    """And end with a clear answer."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    await desk_office.edit(desk_office.cell(1, 4, "", "E"), by=desk_office.deputy)
    undone = await desk_office.chief.post(f"{MONTH}/undo", {"base_version": 2, "reason": "a slip"})
    assert (undone.json["version"], undone.json["cells"][0]["codes"]) == (3, [])
    assert await desk_office.held(1, 4) == ["E"]
    again = await desk_office.chief.post(f"{MONTH}/undo", {"base_version": 3})
    assert (again.status, again.code) == (409, "nothing_to_undo")
    redone = await desk_office.chief.post(f"{MONTH}/redo", {"base_version": 3, "reason": "none after all"})
    assert redone.json["cells"][0]["codes"] == ["D"]
    history = (await desk_office.auditor.get(f"{MONTH}/history")).json["edits"]
    assert [(one["kind"], one["reason"]) for one in history[:2]] == [("redo", "none after all"), ("undo", "a slip")]
    (logged,) = (await desk_office.auditor.get("/api/access-log?action=roster_edit_redone")).json["rows"]
    assert logged["detail"]["reason"] == "none after all"


async def test_publishing_takes_reasons_and_says_what_is_thin_all_the_same(desk_office: Office) -> None:
    """The exact version; a month in force needs a reason to change."""
    version = await desk_office.whole_month()
    plain = await desk_office.chief.post(f"{MONTH}/publish", {"version": version})
    assert plain.code == "not_publishable"
    await desk_office.edit(desk_office.cell(13, 31, "", "D"))
    late = await desk_office.chief.post(f"{MONTH}/publish", {"version": version})
    assert (late.code, late.json["version"], late.json["cells"]) == ("edited_meanwhile", version + 1, [])
    done = await desk_office.publish()
    assert done.status == 200, done.text
    assert done.json["published_version"] == version + 1
    assert all("최소" in alarm for alarm in done.json["alarms"])
    roster = (await desk_office.chief.get(MONTH)).json
    assert roster["published_version"] == version + 1
    overridden = [one for one in roster["violations"] if one["level"] == "policy"]
    assert overridden
    assert {(one["overridden"], one["override_reason"]) for one in overridden} == {(True, "test")}
    for needed in (
        await desk_office.edit(desk_office.cell(13, 31, "D", "E")),
        await desk_office.edit(desk_office.cell(13, 31, "D", "E"), reason="  "),
        await desk_office.chief.post(f"{MONTH}/undo", {"base_version": version + 1}),
        await desk_office.publish(),
    ):
        assert (needed.status, needed.code, needed.json["fields"][0]["field"]) == (422, "reason_needed", "reason")
    assert await desk_office.held(13, 31) == ["D"]
    await desk_office.edit(desk_office.cell(13, 31, "D", "E"), reason="교대 변경")
    assert (await desk_office.publish(reason="교대 변경")).status == 200
    history = (await desk_office.chief.get(f"{MONTH}/history")).json
    assert [(one["version"], one["by"], one["reason"]) for one in history["publications"]] == [
        (version + 2, "chief", "교대 변경"), (version + 1, "chief", ""),
    ]  # fmt: skip
    assert [one["version"] for one in history["edits"]] == [3, 2, 1]


async def test_two_versions_are_compared(desk_office: Office) -> None:
    """By number, with what is in force, or with nothing where nothing is."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    await desk_office.edit(desk_office.cell(0, 4, "D", "E"), desk_office.cell(1, 5, "", "N"))
    diff = (await desk_office.chief.get(f"{MONTH}/diff")).json["changes"]
    assert [(one["before"], one["after"]) for one in diff] == [([], ["E"]), ([], ["N"])]
    diff = (await desk_office.chief.get(f"{MONTH}/diff?from=1&to=draft")).json["changes"]
    assert [(one["before"], one["after"]) for one in diff] == [(["D"], ["E"]), ([], ["N"])]
    assert (await desk_office.chief.get(f"{MONTH}/diff?from=0&to=9")).status == 404
    assert (await desk_office.chief.get(f"{MONTH}/diff?from=yesterday")).status == 422


async def test_substitutes_come_lawful_first_with_what_it_would_break(desk_office: Office) -> None:
    """Whoever has a shift at that time comes last."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"), desk_office.cell(1, 3, "", "N"))
    found = (await desk_office.chief.get(f"{MONTH}/substitutes?day={on(4)}&code=D")).json["candidates"]
    assert str(desk_office.people[0]) not in {one["person"] for one in found}
    assert len(found) == 13
    assert found[0]["lawful"]
    assert found[0]["breaks"] == []
    (after_night,) = [one for one in found if one["person"] == str(desk_office.people[1])]
    assert after_night["breaks"]
    assert found.index(after_night) > 5
    assert (await desk_office.chief.get(f"{MONTH}/substitutes?day={on(4)}&code=X")).code == "unknown_shift"
    assert (await desk_office.chief.get(f"{MONTH}/substitutes?day=2027-02-01&code=D")).code == "out_of_period"


async def test_a_counsellor_sees_what_is_in_force_and_of_others_only_their_shifts(desk_office: Office) -> None:
    """No draft, no wishes, no reasons; of oneself everything."""
    await desk_office.db.execute(
        text("INSERT INTO wishes (counsellor_id, day, wanted) VALUES (:a, '2027-01-20', false), (:b, '2027-01-21', false)"),
        {"a": desk_office.people[0], "b": desk_office.people[1]},
    )
    await desk_office.db.execute(
        text("INSERT INTO roster_people (counsellor_id, night_work) VALUES (:id, 'barred')"), {"id": desk_office.people[13]}
    )
    for who in (1, 2):
        sick = {"first": on(25), "last": on(26), "kind": "sick", "person": str(desk_office.people[who])}
        assert (await desk_office.chief.post("/api/leaves", sick)).status == 201
    assert (await desk_office.second.post("/api/leaves", {"first": on(28), "last": on(28), "note": "비밀"})).status == 201
    assert (await desk_office.first.get(MONTH)).json["version"] == 0
    await desk_office.edit(desk_office.cell(0, 4, "", "D"), desk_office.cell(1, 4, "", "E"))
    assert (await desk_office.publish()).status == 200
    await desk_office.edit(desk_office.cell(2, 4, "", "N"))
    seen = (await desk_office.first.get(MONTH)).json
    assert [(cell["person"], cell["codes"]) for cell in seen["cells"]] == [
        (str(desk_office.people[0]), ["D"]), (str(desk_office.people[1]), ["E"]),
    ]  # fmt: skip
    assert (seen["version"], seen["violations"], seen["coverage"]) == (1, [], [])
    assert {one["person"] for one in seen["wishes"]} == {str(desk_office.people[0])}
    assert set(seen["fairness"]) == {str(desk_office.people[0])}
    assert [(one["kind"], one["state"]) for one in seen["leaves"]] == [(None, "approved")] * 2
    assert {one["night_work"] for one in seen["people"] if one["id"] != str(desk_office.people[0])} == {None}
    own = (await desk_office.second.get(MONTH)).json["leaves"]
    assert {one["kind"] for one in own if one["person"] == str(desk_office.people[1])} == {"sick", "annual"}
    for secret in ("sick", "barred", "비밀"):
        assert secret not in (await desk_office.first.get(MONTH)).text


async def test_an_auditor_reads_drafts_and_changes_nothing_and_learns_of_nobodys_circumstances(desk_office: Office) -> None:
    """Pregnancy, sickness and wishes are not what an audit is about."""
    person = str(desk_office.people[0])
    await desk_office.db.execute(
        text("INSERT INTO roster_people (counsellor_id, night_work) VALUES (:id, 'barred')"), {"id": desk_office.people[0]}
    )
    await desk_office.chief.post("/api/leaves", {"first": on(8), "last": on(8), "kind": "sick", "person": person})
    await desk_office.edit(desk_office.cell(0, 4, "", "N"), desk_office.cell(0, 8, "", "D"))
    answer = await desk_office.auditor.get(MONTH)
    private = [one for one in answer.json["violations"] if one["person"] == person and one["rule"] == "private"]
    assert len(private) >= 2
    for secret in ("night_barred", "barred", "sick", "야간 근무를 할 수 없"):
        assert secret not in answer.text
    assert answer.json["version"] == 1
    for path, body in (
        ("edits", {"base_version": 1, "changes": [desk_office.cell(1, 4, "", "D")]}),
        ("undo", {"base_version": 1}),
        ("publish", {"version": 1}),
        ("solve", {"mode": "fill"}),
    ):
        assert (await desk_office.auditor.post(f"{MONTH}/{path}", body)).code == "forbidden"
    assert (await desk_office.auditor.get("/api/leaves")).code == "forbidden"


async def test_reading_and_changing_a_roster_stands_in_the_access_log(desk_office: Office) -> None:
    """Who, which month, why; also what was refused."""
    await desk_office.first.get(MONTH)
    await desk_office.chief.post(
        f"{MONTH}/edits", {"base_version": 0, "changes": [desk_office.cell(0, 4, "", "D")], "reason": "부탁"}
    )  # fmt: skip
    await desk_office.edit(desk_office.cell(0, 4, "", "E"))
    rows = await desk_office.db.execute(text("SELECT action, about, detail FROM access_log WHERE action LIKE 'roster%' ORDER BY id"))
    assert [(row.action, row.about) for row in rows] == [
        ("roster_read", "2027-01"), ("roster_edited", "2027-01"), ("roster_edited", "2027-01"), ("roster_edited", "2027-01"),
    ]  # fmt: skip
    assert rows[1].detail["reason"] == "부탁"
    assert rows[3].detail["refused"] == "edited_meanwhile"


async def test_an_expired_session_in_the_middle_of_an_edit_writes_nothing_and_goes_on_after_signing_in(desk_office: Office) -> None:
    """The page keeps what was typed, and sends it again."""
    desk_office.clock.advance(3601)
    refused = await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    assert (refused.status, refused.code) == (401, "session_expired")
    assert await desk_office.held(0, 4) == []
    await desk_office.chief.sign_in("chief")
    assert (await desk_office.edit(desk_office.cell(0, 4, "", "D"))).status == 200
