"""Crises over HTTP: who sees which, what a press does, and what is refused with words that help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.clock import seoul
from core.database import Database
from core.settings import Settings
from escalation import happenings as h
from escalation.model import Danger, RaisedBy, Result
from tests.integration.desk.crises import Crises, crises
from tests.kit.until import until

EVERYBODY = ("first", "second", "supervisor", "centre", "companion", "auditor", "operator")
SUPERVISOR = frozenset({"supervisor"})
COUNSELLORS = frozenset({"first", "second", "supervisor"})
ONE = "/api/incidents/{incident}"
#: Who may ask for what at all; of the two counsellors the first has the call.
ROUTES: dict[tuple[str, str], tuple[frozenset[str], object]] = {
    ("GET", "/api/incidents"): (COUNSELLORS, None),
    ("GET", "/api/incidents?day=2026-03-02"): (COUNSELLORS, None),
    ("GET", "/api/incidents/calls"): (COUNSELLORS, None),
    ("GET", "/api/partners"): (COUNSELLORS, None),
    ("GET", ONE): (COUNSELLORS, None),
    ("GET", f"{ONE}/card"): (COUNSELLORS, None),
    ("GET", f"{ONE}/words"): (COUNSELLORS, None),
    ("GET", f"{ONE}/disclosures"): (COUNSELLORS, None),
    ("POST", "/api/incidents"): (COUNSELLORS, {"contact": "{contact}"}),
    ("POST", f"{ONE}/orders"): (COUNSELLORS, {"kind": "stop", "attempts": 0}),
    ("POST", f"{ONE}/describe"): (COUNSELLORS, {"danger": "suicide"}),
    ("PATCH", f"{ONE}/card"): (COUNSELLORS, {"place": "101동 202호"}),
    ("POST", f"{ONE}/disclosures"): (COUNSELLORS, {"recipient": "police", "items": ["place"], "ground": "pipa_17_1_2"}),
    ("POST", f"{ONE}/close"): (COUNSELLORS, {"reason": "duplicate"}),
    ("POST", f"{ONE}/confirm"): (COUNSELLORS, None),
    ("GET", "/api/disclosures?since=2026-03-01&until=2026-03-03"): (frozenset({"supervisor", "auditor"}), None),
    ("GET", "/api/alarms"): (frozenset({"supervisor", "operator"}), None),
    ("POST", "/api/alarms/{alarm}/seen"): (SUPERVISOR, None),
}


@pytest.fixture
async def house(db: Database, settings: Settings) -> AsyncIterator[Crises]:
    """Nothing has happened yet."""
    async with crises(db, settings) as here:
        yield here


async def test_every_route_is_open_to_those_it_is_for_and_to_nobody_else(house: Crises) -> None:
    """Every route from every role; the other counsellor, who may ask, is told that there is nothing, or whose call it is."""
    served = {
        (route.method, route.path)
        for route in house.here.desk.routes
        if route.path.startswith(("/api/incidents", "/api/partners", "/api/disclosures", "/api/alarms"))
    }
    named = {
        (method, path.partition("?")[0].replace("{incident}", "{incident_id}").replace("{alarm}", "{alarm_id}")) for method, path in ROUTES
    }
    assert served == named
    contact = await house.call()
    incident, alarm = await house.raised(contact), uuid4()
    await house.db.execute(text("INSERT INTO alarms (id, kind, at) VALUES (CAST(:id AS uuid), 'long_wait', now())"), {"id": str(alarm)})
    wrong: list[str] = []
    for (method, path), (allowed, body) in ROUTES.items():
        address = path.format(incident=incident, alarm=alarm)
        if body is not None and "contact" in str(body):
            body = {"contact": str(contact)}
        for name in EVERYBODY:
            answer = await house.by[name].ask(method, address, body)
            open_to_them = answer.code != "forbidden"
            if open_to_them != (name in allowed):
                wrong.append(f"{name} {method} {path}: {answer.status}")
            if name == "second" and ("{incident}" in path or (method == "POST" and path == "/api/incidents")):
                assert answer.code in {"not_found", "call_of_another"}, (method, path, answer.text)
            elif open_to_them:
                assert answer.status < 300 or answer.code == "incident_over", (name, method, path, answer.text)
    assert wrong == []


async def test_lists_and_single_reads_agree_for_everybody(house: Crises) -> None:
    """What stands in a list can be read, and nothing else can: also after the call went to somebody else, and when it is over."""
    mine, handed = await house.raised(), await house.call()
    moved = await house.raised(handed)
    other = await house.raised(await house.call(house.second), counsellor_id=house.second)
    nobodys = await house.raised(await house.call(house.second), counsellor_id=None)
    await house.db.execute(text("UPDATE contacts SET counsellor_id = :id WHERE id = :contact"), {"id": house.second, "contact": handed})
    ended = await house.raised()
    assert (await house.by["first"].post(f"/api/incidents/{ended}/confirm")).status == 200
    seen: dict[str, set[UUID]] = {}
    for name in ("first", "second", "supervisor"):
        rows = []
        for address in ("/api/incidents", f"/api/incidents?day={seoul(house.clock.now()).date()}"):
            rows += (await house.by[name].get(address)).json["incidents"]
        seen[name] = {UUID(row["id"]) for row in rows}
        for row in rows:
            assert (await house.by[name].get(f"/api/incidents/{row['id']}")).json["incident"] == row
        for incident in {mine, moved, other, nobodys, ended} - seen[name]:
            assert (await house.by[name].get(f"/api/incidents/{incident}")).code == "not_found"
    assert seen["first"] == {mine, moved, ended}
    assert seen["second"] == {moved, other, nobodys}
    assert seen["supervisor"] == {mine, moved, other, nobodys, ended}


async def test_a_press_raises_one_incident_orders_to_dial_and_says_so(house: Crises) -> None:
    """The row and its NOTIFY are there when the answer comes; pressed again by the supervisor it is the same one, and nobody is dialled twice."""
    contact = await house.call()
    notices: list[str] = []
    listening = asyncio.create_task(house.db.listen("incident_orders", notices.append), name="orders heard")
    try:
        # It says once that it hears.
        await until(lambda: notices, 20)
        wanted = {"contact": str(contact), "danger": "suicide"}
        answers = await asyncio.gather(*(house.by[name].post("/api/incidents", wanted) for name in ("first", "supervisor", "first")))
        assert [answer.status for answer in answers] == [200, 200, 200], [answer.text for answer in answers]
        assert len({answer.json["incident"] for answer in answers}) == 1
        assert sorted(answer.json["new"] for answer in answers) == [False, False, True]
        await until(lambda: len(notices) > 1, 20)
        assert notices == ["", str(contact)]
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
    orders = await house.db.execute(text("SELECT kind, contact_id, counsellor_id, taken_at FROM incident_orders"))
    assert [(row.kind, row.contact_id, row.counsellor_id, row.taken_at) for row in orders] == [("raise", contact, house.first, None)]
    shown = (await house.by["supervisor"].get(f"/api/incidents/{answers[0].json['incident']}")).json
    assert (shown["incident"]["danger"], shown["next_partner"], shown["test"]) == ("suicide", "police", True)
    assert shown["chain"] == ["police", "fire", "suicide-line", "mental-health"]


async def test_whoever_raises_it_the_counsellor_of_the_call_is_reminded(house: Crises) -> None:
    """A supervisor's press in somebody's talk names that counsellor, and says who raised it."""
    incident = (await house.by["supervisor"].post("/api/incidents", {"contact": str(await house.call())})).json["incident"]
    row = (await house.by["first"].get("/api/incidents")).json["incidents"][0]
    assert (row["id"], row["raised_by"], row["counsellor"], row["counsellor_name"]) == (incident, "supervisor", str(house.first), "101")
    assert (row["next"]["kind"], row["next"]["level"]) == ("incident_raised", "supervisor")


async def test_without_a_live_call_it_is_said_what_helps_unless_one_is_open(house: Crises) -> None:
    """A call that is over can't be raised anew; while its counsellor still writes it can, and an open incident stays the same one."""
    first, contact = house.by["first"], await house.call()
    await house.hang_up(contact)
    over = await first.post("/api/incidents", {"contact": str(contact)})
    assert (over.status, over.code) == (409, "no_live_call")
    assert "112" in over.json["message"]["ko"]
    assert "112" in over.json["message"]["en"]
    assert (await first.post("/api/incidents", {"contact": str(uuid4())})).code == "not_found"
    assert (await house.by["second"].post("/api/incidents", {"contact": str(contact)})).code == "call_of_another"
    await house.db.execute(
        text("UPDATE presence SET system = 'wrapup', contact_id = :contact WHERE counsellor_id = :me"),
        {"contact": contact, "me": house.first},
    )
    assert [one["contact"] for one in (await first.get("/api/incidents/calls")).json["calls"]] == [str(contact)]
    raised = (await first.post("/api/incidents", {"contact": str(contact)})).json
    assert raised["new"] is True
    await house.db.execute(text("UPDATE presence SET system = 'idle', contact_id = NULL"))
    assert (await first.post("/api/incidents", {"contact": str(contact)})).json == {"incident": raised["incident"], "new": False}
    assert (await house.order(raised["incident"], "dial_next")).code == "no_live_call"
    assert (await house.order(raised["incident"], "redial")).json["new"] is True


async def test_a_checklists_proposal_becomes_real_by_a_press(house: Crises) -> None:
    """The second press is none."""
    contact = await house.call()
    incident = await house.raised(contact, proposed=True, danger=Danger.SUICIDE)
    assert (await house.by["first"].get("/api/incidents")).json["incidents"][0]["proposed"] is True
    answers = [(await house.by["first"].post("/api/incidents", {"contact": str(contact)})).json for _ in range(2)]
    assert answers == [{"incident": str(incident), "new": True}, {"incident": str(incident), "new": False}]
    assert (await house.by["first"].get("/api/incidents")).json["incidents"][0]["proposed"] is False


async def test_a_button_pressed_twice_is_one_order_and_a_late_one_is_told(house: Crises) -> None:
    """Twice at once, by two people; then from a page that does not show the call that has begun meanwhile."""
    incident = await house.raised()
    answers = await asyncio.gather(*(house.order(incident, "dial_next", who=who) for who in ("first", "first", "supervisor")))
    assert [answer.status for answer in answers] == [200] * 3
    assert sorted(answer.json["new"] for answer in answers) == [False, False, True]
    assert len({answer.json["id"] for answer in answers}) == 1
    await house.db.execute(text("UPDATE incident_orders SET taken_at = now()"))
    assert await house.book.next_attempt(incident) is not None
    await house.written()
    # Taken up a moment ago: still the same press.
    assert (await house.order(incident, "dial_next")).json["new"] is False
    house.clock.advance(10)
    late = await house.order(incident, "dial_next")
    assert (late.status, late.code, late.json["attempts"]) == (409, "incident_moved", 1)
    assert (await house.order(incident, "dial_next", attempts=1)).json["new"] is True
    shown = (await house.by["first"].get(f"/api/incidents/{incident}")).json["orders"]
    assert [(one["kind"], one["taken_at"] is None) for one in shown] == [("dial_next", True), ("dial_next", False)]


async def test_what_a_call_can_not_do_is_refused_with_a_reason(house: Crises) -> None:
    """An unknown partner, one who is on the phone, nobody there to join, an order that does not exist, an incident that is over."""
    incident = await house.raised()
    assert (await house.order(incident, "dial", partner="somebody")).code == "unknown_partner"
    assert (await house.order(incident, "dial")).code == "unknown_partner"
    assert (await house.order(incident, "join")).code == "nobody_there"
    assert (await house.order(incident, "raise")).code == "invalid"
    dial = await house.book.next_attempt(incident)
    assert dial is not None
    await house.written()
    assert (await house.order(incident, "dial", partner="police", attempts=1)).code == "partner_on_the_phone"
    assert (await house.order(incident, "join", attempts=1)).code == "nobody_there"
    house.book.note(incident, h.Answered(attempt_id=dial.attempt_id))
    await house.written()
    assert (await house.order(incident, "join", attempts=1)).json["new"] is True
    assert (await house.by["first"].post(f"/api/incidents/{incident}/confirm")).status == 200
    over = await house.order(incident, "join", attempts=1)
    assert (over.code, over.json["state"]) == ("incident_over", "confirmed")
    assert await house.db.execute(text("SELECT id FROM incident_orders WHERE kind = 'dial'")) == []


async def test_an_incident_ends_once_by_somebodys_word(house: Crises) -> None:
    """Confirmed twice is told; closed without words where they are needed is refused; what was said is sealed and read with a trace."""
    first = house.by["first"]
    confirmed, closed = await house.raised(), await house.raised()
    assert (await first.post(f"/api/incidents/{confirmed}/confirm")).json["state"] == "confirmed"
    assert (await first.post(f"/api/incidents/{confirmed}/confirm")).code == "incident_over"
    assert (await first.post(f"/api/incidents/{confirmed}/close", {"reason": "duplicate"})).code == "incident_over"
    path = f"/api/incidents/{closed}/close"
    assert (await first.post(path, {"reason": "other", "text": "  "})).code == "close_reason_missing"
    assert (await first.post(path, {"reason": "none"})).code == "invalid"
    assert (await first.post(path, {"reason": "other", "text": "가" * 20_000})).code == "invalid"
    assert (await first.post(path, {"reason": "other", "text": "가" * 100_000})).code == "too_large"
    done = await first.post(path, {"reason": "other", "text": "동생이 와 있다 900101-1234567"})
    assert (done.json["state"], done.json["close_reason"], done.json["ended_by"]) == ("closed", "other", "first")
    assert (await house.by["supervisor"].get(f"/api/incidents/{closed}/words")).json["text"] == "동생이 와 있다 [주민등록번호 삭제됨]"
    assert [str(row.about) for row in await house.log("incident_words_read")] == [str(closed)]
    rows = await house.db.execute(text("SELECT close_text, (SELECT string_agg(detail::text, '') FROM access_log) AS log FROM incidents"))
    assert all("동생".encode() not in (row.close_text or b"") and "동생" not in row.log for row in rows)
    timeline = (await first.get(f"/api/incidents/{closed}")).json["timeline"]
    assert (timeline[-1]["kind"], timeline[-1]["who"], timeline[-1]["detail"]["reason"]) == ("closed", "first", "other")


async def test_an_incident_shows_its_attempts_its_timeline_and_its_reminders(house: Crises) -> None:
    """From the first call to the reminder that nobody has confirmed."""
    incident = await house.raised(danger=Danger.MEDICAL)
    dial = await house.book.next_attempt(incident)
    assert dial is not None
    house.book.note(incident, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.BUSY))
    await house.written()
    house.clock.advance(301)
    await house.confirmations.look()
    shown = (await house.by["first"].get(f"/api/incidents/{incident}")).json
    attempt = shown["incident"]["attempts"][0]
    assert (attempt["partner"], attempt["result"], attempt["test"], shown["next_partner"]) == ("fire", "busy", True, "police")
    assert [line["kind"] for line in shown["timeline"]] == ["raised", "dialled", "attempt_failed"]
    assert shown["timeline"][0]["who"] == "101"
    assert [(one["kind"], one["level"]) for one in shown["reminders"]] == [
        ("partner_unreached", ""), ("incident_raised", "supervisor"), ("incident_unconfirmed", "counsellor"),
    ]  # fmt: skip
    due = shown["incident"]["next"]
    assert (due["kind"], shown["incident"]["nags"]) == ("incident_unconfirmed", 1)
    assert due["at"] == (seoul(house.clock.now()) + timedelta(seconds=120)).isoformat()


async def test_whose_whereabouts_are_needed_changes_who_is_next(house: Crises) -> None:
    """A medical case begins with 119; the whereabouts of somebody else are asked of the police."""
    incident = await house.raised(danger=Danger.MEDICAL)
    before = (await house.by["first"].get(f"/api/incidents/{incident}")).json
    told = await house.by["first"].post(f"/api/incidents/{incident}/describe", {"third_party": True})
    after = (await house.by["first"].get(f"/api/incidents/{incident}")).json
    assert (before["next_partner"], told.json["third_party"], after["next_partner"]) == ("fire", True, "police")
    partners = (await house.by["first"].get("/api/partners")).json
    assert partners["test"] is True
    assert next((one["id"], one["number"], one["open"], one["dialled"]) for one in partners["partners"]) == ("police", "112", True, True)
    assert partners["order"]["medical"] == ["fire", "police"]


async def test_open_pages_hear_of_incidents_and_reminders(db: Database, settings: Settings) -> None:
    """What the line announces becomes an event with the id only, for those who may see incidents."""
    async with crises(db, settings, work=True) as house:

        async def told() -> list[tuple[str, str]]:
            rows = await db.execute(text("SELECT data, permission FROM desk_events WHERE kind = 'incident_changed' ORDER BY id"))
            return [(row.data["incident"], row.permission) for row in rows if row.data["incident"]]

        incident = await house.raised()
        assert await until(told, 20) == [(str(incident), "incident.read")]
        await db.execute(text("DELETE FROM desk_events"))
        await house.confirmations.look()
        assert await until(told, 20) == [(str(incident), "incident.read")]


async def test_a_caller_who_pressed_the_danger_key_is_nobodys_secret(house: Crises) -> None:
    """Raised before a counsellor had the call: the supervisor sees it, and whoever has the call then."""
    contact = await house.call()
    await house.db.execute(text("UPDATE contacts SET counsellor_id = NULL WHERE id = :id"), {"id": contact})
    incident = (await house.book.raise_(contact, raised_by=RaisedBy.CALLER_KEY)).incident_id
    assert (await house.by["first"].get(f"/api/incidents/{incident}")).code == "not_found"
    assert (await house.by["supervisor"].get(f"/api/incidents/{incident}")).status == 200
    await house.db.execute(
        text("UPDATE presence SET system = 'talking', contact_id = :contact WHERE counsellor_id = :me"),
        {"contact": contact, "me": house.first},
    )
    assert (await house.by["first"].get(f"/api/incidents/{incident}")).status == 200
