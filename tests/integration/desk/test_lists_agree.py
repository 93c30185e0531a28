"""Lists and single reads agree, for everybody, in every room: what stands in a list can be read and is the same there, and nothing else can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from tests.integration.desk.kit import Browser
from tests.integration.desk.whole_desk import WholeDesk, whole_desk

#: Kind -> lists that may have it, and where one is read. `{contact}`: each of the calls.
ROOMS: dict[str, tuple[tuple[str, ...], str]] = {
    "incident": (("/api/incidents",), "/api/incidents/{}"),
    "referral": (("/api/referrals", "/api/centre/worklist"), "/api/referrals/{}"),
    "case": (("/api/centre/worklist",), "/api/centre/cases/{}"),
    "accompaniment": (("/api/supports",), "/api/supports/{}"),
    "own accompaniment": (("/api/me/supports",), "/api/me/supports/{}"),
    "report": (("/api/isolation-reports", "/api/me/isolation-reports"), "/api/isolation-reports/{}"),
    "checklist": (("/api/contacts/{contact}/checklist-results",), "/api/checklist-results/{}"),
    "record": (("/api/records",), "/api/records/{}"),
    "place": (("/api/directory",), "/api/directory/places/{}"),
}


@pytest.fixture
async def desk(db: Database, settings: Settings) -> AsyncIterator[WholeDesk]:
    """All rooms."""
    async with whole_desk(db, settings) as here:
        yield here


async def made(by: Browser, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Done, and what came back."""
    answer = await by.ask(method, path, body)
    assert answer.status < 300, f"{method} {path}: {answer.text}"
    return answer.json if answer.text else {}


async def full(desk: WholeDesk) -> tuple[list[str], dict[str, set[str]]]:
    """Two counsellors with a call each, of which everything was made; one case is at the centre and with a companion. Calls, ids by kind."""
    by, chief = desk.by, desk.by["supervisor"]
    calls, ids = [], {kind: set[str]() for kind in ROOMS}
    until = (desk.here.clock.now() + timedelta(days=90)).isoformat()
    consent = {
        "given": True, "recipient_name": "고립예방센터", "purpose": "심층상담", "items": ["name", "number", "reason"], "until": until,
        "right_to_refuse_told": True, "script_version": "1",
    }  # fmt: skip
    for name, counsellor in (("counsellor", desk.counsellor), ("other", desk.other)):
        contact = await desk.call(counsellor)
        sheet, report = uuid4(), uuid4()
        ids["incident"].add((await made(by[name], "POST", "/api/incidents", {"contact": contact}))["incident"])
        answers = {"checklist": "ucla3", "version": "1", "form": "full", "answers": {"companionship": 1}, "contact": contact}
        await made(by[name], "PUT", f"/api/checklist-results/{sheet}", answers)
        told = {"urgency": "today", "signs": ["not_seen"], "subject": {"name": "이웃", "district": "gangbuk"}, "contact": contact}
        await made(by[name], "PUT", f"/api/isolation-reports/{report}", told)
        ids["record"].add((await made(by[name], "POST", f"/api/contacts/{contact}/record"))["id"])
        referral = (await made(by[name], "POST", "/api/referrals", {"contact": contact, "reason": "혼자 지냄", "urgency": "soon"}))["id"]
        ids["referral"].add(referral)
        ids["checklist"].add(str(sheet))
        ids["report"].add(str(report))
        calls.append(contact)
        if name == "counsellor":
            await made(by[name], "POST", f"/api/referrals/{referral}/answer", {**consent, "permission": {"may_call": True}})
            await made(by[name], "POST", f"/api/referrals/{referral}/send", {})
            await made(chief, "POST", "/api/centre/staff", {"name": "안나", "extension": "201", "user": str(desk.users["centre"])})
            await made(by["centre"], "POST", f"/api/centre/cases/{referral}/claim")
            await made(by["centre"], "POST", f"/api/referrals/{referral}/consents", {**consent, "recipient": "companions"})
            companion = {"name": "다솜", "number": "010-9999-8888", "user": str(desk.users["companion"]), "districts": [], "most": 2}
            asked = {"referral": referral, "companion": (await made(chief, "POST", "/api/companions", companion))["id"]}
            support = (await made(by["centre"], "POST", "/api/supports", {**asked, "permission": {"may_call": True}}))["id"]
            ids["accompaniment"].add(support)
            ids["own accompaniment"].add(support)
    # The same thing, seen as the centre's case.
    ids["case"] = ids["referral"]
    ids["place"] = {one["id"] for one in (await made(chief, "GET", "/api/directory"))["places"]}
    return calls, ids


def items(found: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever the API answers
    """What stands in a list, whatever it is called."""
    return [one for value in found.values() if isinstance(value, list) for one in value if isinstance(one, dict) and "id" in one]


def differs(item: dict[str, Any], single: dict[str, Any]) -> dict[str, object]:
    """Fields that a list and a single read both have, and have otherwise. Numbers are covered in single reads and left out of lists."""
    within = [single, *(value for value in single.values() if isinstance(value, dict))]
    same = next(one for one in within if one.get("id") == item["id"])
    shared = item.keys() & same.keys() - {"number"}
    assert len(shared) >= 3
    return {name: (item[name], same[name]) for name in shared if item[name] != same[name]}


async def test_what_stands_in_a_list_can_be_read_and_nothing_else_can(desk: WholeDesk) -> None:
    """Every room, every role: by the union of its lists and by each id that there is."""
    calls, ids = await full(desk)
    seen: dict[tuple[str, str], set[str]] = {}
    for kind, (lists, single) in ROOMS.items():
        for name, browser in desk.by.items():
            listed: dict[str, dict[str, Any]] = {}
            for address in {path.format(contact=contact) for path in lists for contact in calls}:
                answer = await browser.get(address)
                listed |= {one["id"]: one for one in items(answer.json)} if answer.status == 200 else {}
            readable = set()
            for one in ids[kind]:
                answer = await browser.get(single.format(one))
                if answer.status == 200:
                    readable.add(one)
                    if one in listed:
                        assert differs(listed[one], answer.json) == {}, (kind, name)
                else:
                    assert answer.code in {"not_found", "forbidden", "unknown_result", "not_companion"}, (kind, name, answer.text)
            assert set(listed) & ids[kind] == set(listed), (kind, name)
            seen[kind, name] = set(listed)
            # A supervisor's cases are found among all referrals; the worklist has what is to be done.
            wanted = seen["referral", name] if (kind, name) == ("case", "supervisor") else set(listed)
            assert readable == wanted, (kind, name)
    counts = {kind: [len(seen[kind, name]) for name in ("counsellor", "other", "supervisor", "centre", "companion")] for kind in ROOMS}
    assert counts == {
        "incident": [1, 1, 2, 0, 0], "referral": [1, 1, 2, 1, 0], "case": [0, 0, 1, 1, 0], "accompaniment": [0, 0, 1, 1, 0],
        "own accompaniment": [0, 0, 0, 0, 1], "report": [1, 1, 2, 2, 0], "checklist": [1, 1, 2, 2, 0],
        # Both calls came from one number, that of the case at the centre, and whoever is on the line with somebody sees their records.
        "record": [2, 2, 2, 2, 0], "place": [len(ids["place"])] * 5,
    }  # fmt: skip
    assert not any(seen[kind, name] for kind in ROOMS for name in ("auditor", "operator"))


async def test_a_record_names_what_belongs_to_it_to_whom_its_room_shows_it(desk: WholeDesk) -> None:
    """What is of the same call by itself, the rest by hand; what is not theirs to see is neither named nor linked."""
    calls, ids = await full(desk)
    first, second = desk.by["counsellor"], desk.by["other"]
    record = (await made(first, "GET", f"/api/contacts/{calls[0]}/record"))["id"]
    path = f"/api/records/{record}"

    async def links(by: Browser) -> dict[str, str]:
        found = await made(by, "GET", path)
        listed = next(one for one in (await made(by, "GET", "/api/records"))["records"] if one["id"] == record)
        assert listed["links"] == found["links"]
        return {f"{one['kind']} {one['state']}": one["by"] for one in found["links"]}

    of_the_call = {"incident raised": "call", "referral claimed": "call", "report open": "call", "checklist open": "call"}
    assert await links(first) == of_the_call
    # The other's referral is of the same number; supervisors see both, the centre no crisis and nothing that was not sent.
    assert await links(desk.by["supervisor"]) == {**of_the_call, "referral proposed": "person"}
    assert await links(desk.by["centre"]) == {name: by for name, by in of_the_call.items() if name != "incident raised"}
    manual = (await made(first, "POST", "/api/records", {"channel": "face_to_face"}))["id"]
    mine = next(one["id"] for one in (await made(first, "GET", "/api/incidents"))["incidents"])
    (other,) = ids["incident"] - {mine}
    for _ in range(2):
        linked = await made(first, "PUT", f"/api/records/{manual}/links/incident/{mine}", {"linked": True})
        assert linked["links"] == [{"kind": "incident", "id": mine, "state": "raised", "by": "hand"}]
    refused = await first.ask("PUT", f"/api/records/{manual}/links/incident/{other}", {"linked": True})
    assert refused.code == "not_found"
    assert (await second.ask("PUT", f"/api/records/{manual}/links/incident/{other}", {"linked": True})).code == "not_your_call"
    content = {"version": 0, "kinds": ["information"], "caller": "self", "skills": []}
    saved = await made(first, "PUT", f"/api/records/{manual}", content)
    await made(first, "POST", f"/api/records/{manual}/finalise", {"version": saved["record"]["version"]})
    for reason in ("", "  "):
        unexplained = await first.ask("PUT", f"/api/records/{manual}/links/incident/{mine}", {"linked": False, "reason": reason})
        assert (unexplained.status, unexplained.code) == (422, "reason_needed")
    gone = await made(first, "PUT", f"/api/records/{manual}/links/incident/{mine}", {"linked": False, "reason": "다른 사건"})
    assert gone["links"] == []
    rows = await desk.db.execute(text("SELECT detail FROM access_log WHERE action = 'record_linked' ORDER BY id DESC LIMIT 1"))
    assert rows[0].detail == {"linked": False, "reason": "다른 사건"}
