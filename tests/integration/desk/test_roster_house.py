"""What the house sets over HTTP: wishes, rules, demand; what-ifs and the night workers' health check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk.events import Events
from desk.roster.room import RosterRoom
from helpline.what_if_process import WhatIfProcess
from shifts.forecast import Forecast
from shifts.what_if import Hour, Question, WhatIf
from tests.integration.desk.office import MONTH, Office, office, on
from tests.kit.until import until


@pytest.fixture
async def desk_office(db: Database, settings: Settings) -> AsyncIterator[Office]:
    """An office without background tasks."""
    async with office(db, settings) as here:
        yield here


async def _delete(office_: Office, who: str, path: str) -> int:
    browser = getattr(office_, who)
    return int((await browser.ask("DELETE", path)).status)


async def test_a_wish_is_made_replaced_seen_by_the_right_ones_and_withdrawn(desk_office: Office) -> None:
    """One a day; others' wishes are for who decides; the draft and its check know it at once."""
    days = f"/api/wishes?from={on(1)}&to={on(31)}"
    off = await desk_office.first.ask("PUT", "/api/wishes", {"day": on(5), "code": None, "wanted": False})
    assert (off.status, off.json["weight"], off.json["name"]) == (200, 3, "101")
    await desk_office.first.ask("PUT", "/api/wishes", {"day": on(6), "code": "E", "wanted": False})
    again = await desk_office.first.ask("PUT", "/api/wishes", {"day": on(6), "code": "D", "wanted": True})
    assert again.json["code"] == "D"
    assert len((await desk_office.first.get(days)).json["wishes"]) == 2
    assert (await desk_office.second.get(days)).json == {"wishes": []}
    person = str(desk_office.people[1])
    theirs = {"day": on(7), "person": person, "weight": 9}
    assert (await desk_office.first.ask("PUT", "/api/wishes", theirs)).code == "forbidden"
    assert (await desk_office.first.ask("PUT", "/api/wishes", {"day": on(7), "weight": 9})).code == "forbidden"
    assert (await desk_office.chief.ask("PUT", "/api/wishes", theirs)).json["weight"] == 9
    assert [one["name"] for one in (await desk_office.deputy.get(days)).json["wishes"]] == ["101", "101", "102"]
    await desk_office.edit(desk_office.cell(0, 5, "", "D"))
    found = (await desk_office.chief.get(f"{MONTH}/violations?person={desk_office.people[0]}&level=wish")).json["violations"]
    assert [one["kind"] for one in found if one["rule"] == "wish"] == ["wish", "wish"]
    assert await _delete(desk_office, "second", f"/api/wishes/{on(7)}?person={desk_office.people[0]}") == 403
    assert await _delete(desk_office, "first", f"/api/wishes/{on(5)}") == 204
    assert await _delete(desk_office, "first", f"/api/wishes/{on(5)}") == 404
    assert await _delete(desk_office, "chief", f"/api/wishes/{on(7)}?person={person}") == 204


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"day": "2026-12-31"}, "invalid", "day"),
        ({"day": "2028-12-31"}, "invalid", "day"),
        ({"day": on(5), "code": "X"}, "unknown_shift", "code"),
        ({"day": on(5), "code": "SB", "wanted": True}, "unknown_shift", "code"),
        ({"day": on(5), "weight": 11}, "invalid", "weight"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused_at_its_field(desk_office: Office, body: dict[str, Any], code: str, field: str) -> None:
    """Days past, shifts that are none of the line, weights out of bounds; nothing is kept."""
    answer = await desk_office.first.ask("PUT", "/api/wishes", body)
    assert (answer.code, answer.json["fields"][0]["field"]) == (code, field)
    assert (await desk_office.chief.ask("PUT", "/api/wishes", {"day": on(5), "person": str(uuid4())})).code == "unknown_person"
    assert (await desk_office.chief.ask("PUT", "/api/wishes", {"day": on(5)})).code == "not_rostered"
    assert await desk_office.db.execute(text("SELECT FROM wishes")) == []


async def _rule(here: Office, name: str, month: str = "2027-01") -> dict[str, Any]:
    rules = (await here.chief.get(f"/api/rules?month={month}")).json["rules"]
    (found,) = (one for one in rules if one["rule"] == name)
    return dict(found)


async def test_a_rule_is_changed_with_a_reason_and_checks_follow_from_that_month_on(desk_office: Office) -> None:
    """The month before keeps its own; the log has who, what and why."""
    await desk_office.edit(desk_office.cell(0, 4, "", "E"), desk_office.cell(0, 5, "", "D"))

    async def broken() -> bool:
        return "evening_day" in {one["rule"] for one in (await desk_office.chief.get(MONTH)).json["violations"]}

    assert await broken()
    change = {"month": "2027-02", "on": False, "reason": "시범 운영"}
    changed = await desk_office.chief.ask("PUT", "/api/rules/evening_day", change)
    assert (changed.status, changed.json["on"], changed.json["since"], changed.json["set_by"]) == (200, False, "2027-02-01", "chief")
    assert await broken()
    assert (await _rule(desk_office, "evening_day"))["on"]
    assert (await desk_office.deputy.ask("PUT", "/api/rules/evening_day", {**change, "month": "2027-01"})).status == 200
    assert not await broken()
    limit = {"month": "2027-01", "values": {"minutes": 480}, "reason": "짧은 근무"}
    assert (await desk_office.chief.ask("PUT", "/api/rules/rest_between", limit)).json["parameters"][0]["value"] == 480
    assert (await _rule(desk_office, "rest_between", "2028-06"))["parameters"][0]["value"] == 480
    rows = await desk_office.db.execute(text("SELECT about, detail FROM access_log WHERE action = 'rule_changed' ORDER BY id"))
    assert (rows[0].about, rows[0].detail["reason"]) == ("evening_day", "시범 운영")


@pytest.mark.parametrize(
    ("rule", "body", "field", "code"),
    [
        ("rest_between", {"values": {"minutes": 1441}}, "values.minutes", "out_of_bounds"),
        ("rest_between", {"values": {"hours": 3}}, "values.hours", "unknown_parameter"),
        ("rest_between", {"values": {"on": 0}}, "values.on", "unknown_parameter"),
        ("week_hours", {"values": {"minutes": 3121}}, "values.minutes", "out_of_bounds"),
        ("week_hours", {"on": False}, "on", "not_switchable"),
        ("rest_between", {}, "values", "nothing"),
        ("rest_between", {"month": "2026-12", "on": False}, "month", "past"),
        ("rest_between", {"on": False, "reason": " "}, "reason", "string_pattern_mismatch"),
    ],
)
async def test_a_rule_is_not_set_beyond_its_bounds(desk_office: Office, rule: str, body: dict[str, Any], field: str, code: str) -> None:
    """Each at its field; a hard rule cannot be loosened or switched off; nothing is kept."""
    answer = await desk_office.chief.ask("PUT", f"/api/rules/{rule}", {"month": "2027-01", "reason": "까닭", **body})
    assert (answer.code, answer.json["fields"][0]["field"], answer.json["fields"][0]["code"]) == ("invalid", field, code)
    assert await desk_office.db.execute(text("SELECT FROM rule_parameters")) == []


async def test_rules_are_read_by_who_sees_drafts_and_changed_by_supervisors_only(desk_office: Office) -> None:
    """An auditor reads them; a counsellor does not; nobody invents one."""
    change = {"month": "2027-01", "on": False, "reason": "까닭"}
    assert (await desk_office.auditor.get("/api/rules?month=2027-01")).status == 200
    assert (await desk_office.first.get("/api/rules?month=2027-01")).code == "forbidden"
    assert (await desk_office.auditor.ask("PUT", "/api/rules/evening_day", change)).code == "forbidden"
    assert (await desk_office.chief.ask("PUT", "/api/rules/no_such", change)).status == 404


async def test_the_forecast_is_taken_as_what_is_wanted_and_the_least_stays(desk_office: Office) -> None:
    """The least number of the house is kept in every minute; putting back what was there is one request."""
    before = [{"starts": "00:00", "minutes": 1440, "least": 1, "wanted": 2, "weekdays": [], "skill": None}]
    assert (await desk_office.chief.ask("PUT", "/api/demand", {"demand": before, "reason": "처음부터"})).status == 200
    assert (await desk_office.auditor.get("/api/demand")).json["demand"] == before
    proposed = (await desk_office.auditor.get("/api/demand/forecast")).json
    taken = await desk_office.chief.post("/api/demand/forecast", {"reason": "예측대로"})
    assert taken.json == proposed
    rows = taken.json["demand"]
    assert taken.json["days"] == 0
    assert {one["least"] for one in rows} == {1}
    assert max(one["wanted"] for one in rows) > min(one["wanted"] for one in rows)
    assert sum(one["minutes"] * (len(one["weekdays"]) or 7) for one in rows) == 7 * 1440
    wanted = {slot["wanted"] for slot in (await desk_office.chief.get(MONTH)).json["coverage"]}
    assert wanted == {one["wanted"] for one in rows}
    assert (await desk_office.chief.ask("PUT", "/api/demand", {"demand": before, "reason": "되돌림"})).json["demand"] == before
    assert (await desk_office.first.post("/api/demand/forecast", {"reason": "x"})).code == "forbidden"
    wrong = await desk_office.chief.ask("PUT", "/api/demand", {"demand": [{**before[0], "least": 3}], "reason": "x"})
    assert (wrong.code, wrong.json["fields"][0]["field"]) == ("invalid", "demand.0.wanted")


_FOUND = WhatIf(
    contacts=9, repetitions=1, service_level=0.5, gave_up=None, asa_s=3.0, wait_p90_s=9.0, into_the_void=0.0, occupancy=None,
    by_hour=(Hour(contacts_a_day=1.0, service_level=None, gave_up=None, asa_s=None),) * 24,
)  # fmt: skip


class Puppet:
    """A what-if that waits for a test."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.ended: asyncio.Future[WhatIf] = asyncio.get_running_loop().create_future()
        self.progress: Callable[[float], None] | None = None

    async def play(self, progress: Callable[[float], None] | None = None) -> WhatIf:
        """What the test says."""
        self.progress = progress
        return await self.ended


def _room(db: Database, settings: Settings, made: list[Puppet]) -> Callable[[Events], RosterRoom]:
    def puppet(question: Question) -> Puppet:
        made.append(Puppet(question))
        return made[-1]

    def room(events: Events) -> RosterRoom:
        clock: Any = events._clock
        assert isinstance(clock, ManualClock)
        return RosterRoom(db, clock, events, settings.desk, players=puppet)

    return room


async def _state(here: Office, path: str) -> dict[str, Any]:
    return dict((await here.chief.get(path)).json)


async def test_a_what_if_is_begun_looked_at_and_ended(db: Database, settings: Settings) -> None:
    """One at a time; its load is scaled; what fails says so; whoever ends it, the next one begins."""
    made: list[Puppet] = []
    path = f"{MONTH}/what-if"
    async with office(db, settings, work=True, roster=_room(db, settings, made)) as here:
        job = (await here.chief.post(path, {"load_percent": 200})).json["job"]
        await until(lambda: made and made[0].progress)
        assert made[0].progress is not None
        made[0].progress(0.5)
        state = await _state(here, f"{path}/{job}")
        assert (state["state"], state["progress"], state["version"], state["load_percent"]) == ("running", 0.5, 0, 200)
        second = await here.deputy.post(path, {})
        assert (second.code, second.json["job"]) == ("what_if_running", job)
        assert (await here.first.post(path, {})).code == "forbidden"
        assert (await here.deputy.ask("DELETE", f"{path}/{job}")).status == 204

        async def ended(job: str) -> str | None:
            state = (await _state(here, f"{path}/{job}"))["state"]
            return None if state == "running" else str(state)

        assert await until(lambda: ended(job)) == "cancelled"
        assert made[0].ended.cancelled()
        job = (await here.chief.post(path, {"repetitions": 1})).json["job"]
        await until(lambda: len(made) == 2 and made[1].progress)
        assert sum(map(sum, made[0].question.forecast.rates)) == pytest.approx(2 * sum(map(sum, made[1].question.forecast.rates)))
        made[1].ended.set_result(_FOUND)
        assert await until(lambda: ended(job)) == "done"
        result = (await _state(here, f"{path}/{job}"))["result"]
        assert (result["contacts"], result["by_hour"][23]["hour"]) == (9, 23)
        job = (await here.chief.post(path, {"repetitions": 1})).json["job"]
        await until(lambda: len(made) == 3 and made[2].progress)
        made[2].ended.set_exception(OSError("no memory"))
        assert await until(lambda: ended(job)) == "failed"
        assert (await here.chief.get(f"{path}/{uuid4()}")).code == "what_if_gone"


async def test_without_a_simulation_the_page_is_told(desk_office: Office) -> None:
    """A program put together without one."""
    assert (await desk_office.chief.post(f"{MONTH}/what-if", {})).code == "what_if_missing"


async def test_a_what_if_in_its_own_process_answers_and_ends_with_the_task_that_waits(desk_office: Office) -> None:
    """A real one, of a short load; a cancelled one leaves no process behind."""
    await desk_office.whole_month()
    draft = await desk_office.room.rosters.draft(desk_office.clock.now().date())
    flat = tuple((0.5,) * 24 for _ in range(7))
    question = Question(setting=draft.setting, roster=draft.roster, forecast=Forecast(rates=flat), repetitions=2)
    heard: list[float] = []
    found = await WhatIfProcess(question).play(heard.append)
    assert heard == [0.5, 1.0]
    assert found.contacts > 0
    assert len(found.by_hour) == 24
    task = asyncio.create_task(WhatIfProcess(question).play(), name="what-if")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_night_workers_to_be_examined_are_listed_with_their_figures(desk_office: Office) -> None:
    """Four stints a month over six months; what was in force counts, and only who decides reads it."""
    nights = [desk_office.cell(0, day, "", "N") for day in (1, 2, 3, 8, 9, 10, 15, 16, 17, 22, 23, 24)]
    await desk_office.edit(*nights, desk_office.cell(1, 5, "", "N"), desk_office.cell(2, 5, "", "D"))
    assert (await desk_office.publish()).status == 200
    await desk_office.db.execute(
        text(
            "INSERT INTO published_shifts SELECT counsellor_id, starts_at - make_interval(days => 31), ends_at - make_interval(days => 31),"
            " code, duty, day - 31, pauses, roster_id FROM published_shifts"
        )
    )
    answer = (await desk_office.chief.get(f"/api/night-health?until={on(31)}")).json
    assert (answer["months"], answer["least_stints"], answer["since"], answer["known_from"]) == (6, 24, "2026-08-01", "2026-12-01")
    assert [(one["name"], one["stints"], one["due"]) for one in answer["people"]] == [
        ("101", 24, True),
        ("102", 2, False),
        ("103", 0, False),
    ]
    assert (await desk_office.first.get("/api/night-health")).code == "forbidden"
    assert (await desk_office.auditor.get("/api/night-health")).code == "forbidden"


async def test_a_reason_given_with_an_edit_is_in_the_history(desk_office: Office) -> None:
    """Who reads why later finds it at the version."""
    await desk_office.chief.post(
        f"{MONTH}/edits", {"base_version": 0, "changes": [desk_office.cell(0, 4, "", "D")], "reason": "부탁을 받아서"}
    )
    await desk_office.edit(desk_office.cell(0, 5, "", "D"))
    edits = (await desk_office.auditor.get(f"{MONTH}/history")).json["edits"]
    assert [one["reason"] for one in edits] == [None, "부탁을 받아서"]


async def test_ones_own_leave_is_for_another_supervisor_to_approve(desk_office: Office) -> None:
    """Unless there is none: then the access log says so."""
    await desk_office.db.execute(
        text("UPDATE desk_users SET counsellor_id = :id WHERE sign_in_name = 'deputy'"), {"id": desk_office.people[2]}
    )
    asked = (await desk_office.deputy.post("/api/leaves", {"first": on(10), "last": on(10)})).json
    assert not asked["announced"]
    path = f"/api/leaves/{asked['id']}/approve"
    assert (await desk_office.deputy.post(path)).code == "own_request"
    await desk_office.db.execute(text("UPDATE desk_users SET disabled_at = now() WHERE sign_in_name = 'chief'"))
    assert (await desk_office.deputy.post(path)).json["state"] == "approved"
    rows = await desk_office.db.execute(text("SELECT about FROM access_log WHERE action = 'leave_own_approved'"))
    assert [row.about for row in rows] == [asked["id"]]


async def test_a_counsellors_own_sick_call_counts_at_once_and_one_planned_for_later_is_asked_for(desk_office: Office) -> None:
    """It is shown as announced, the roster has its holes; what is weeks ahead is a request."""
    await desk_office.edit(desk_office.cell(0, 2, "", "D"))
    sick = (await desk_office.first.post("/api/leaves", {"first": on(2), "last": on(3), "kind": "sick", "note": "독감"})).json
    assert (sick["state"], sick["announced"], sick["note"]) == ("approved", True, "독감")
    rules = {one["rule"] for one in (await desk_office.chief.get(MONTH)).json["violations"]}
    assert "leave" in rules
    assert [one["announced"] for one in (await desk_office.chief.get("/api/leaves")).json["leaves"]] == [True]
    later = (await desk_office.first.post("/api/leaves", {"first": on(20), "last": on(22), "kind": "sick"})).json
    assert (later["state"], later["announced"]) == ("requested", False)


_TERMS: dict[str, Any] = {
    "contract_minutes": 1200,
    "night_work": "barred",
    "protection": "pregnant",
    "supervisor": True,
    "since": on(3),
    "until": None,
}


async def test_terms_are_set_with_a_reason_and_rules_go_by_them_at_once(desk_office: Office) -> None:
    """Night work barred from now on breaks a hard rule of the draft; the log has no word of why it is barred."""
    await desk_office.edit(desk_office.cell(0, 5, "", "N"), desk_office.cell(0, 2, "", "D"))
    path = f"/api/roster-people/{desk_office.people[0]}"
    before = (await desk_office.chief.get("/api/roster-people")).json["people"]
    assert [one["name"] for one in before[:2]] == ["101", "102"]
    assert (before[0]["contract_minutes"], before[0]["night_work"], before[0]["protection"]) == (2400, "allowed", None)
    done = await desk_office.chief.ask("PUT", path, {**_TERMS, "reason": "asked for it"})
    assert done.status == 200, done.text
    assert {name: done.json[name] for name in _TERMS} == _TERMS
    assert (await desk_office.deputy.get("/api/roster-people")).json["people"][0] == done.json
    found = (await desk_office.chief.get(f"{MONTH}/violations?person={desk_office.people[0]}&level=hard")).json["violations"]
    assert {"night_barred", "employment"} <= {one["rule"] for one in found}
    (row,) = (await desk_office.auditor.get("/api/access-log?action=terms_changed")).json["rows"]
    assert (row["about"], row["detail"]["reason"], row["detail"]["contract_minutes"]) == (str(desk_office.people[0]), "asked for it", 1200)
    assert "pregnant" not in str(row)
    assert "barred" not in str(row)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"contract_minutes": 2401}, "contract_minutes"),
        ({"night_work": "allowed"}, "protection"),
        ({"until": on(2)}, "until"),
        ({"reason": " "}, "reason"),
    ],
)
async def test_terms_that_cannot_be_are_refused_at_their_field(desk_office: Office, wrong: dict[str, Any], field: str) -> None:
    """More than the law lets be agreed on, a ground without a bar, an end before the start, no reason: nothing is kept."""
    path = f"/api/roster-people/{desk_office.people[0]}"
    answer = await desk_office.chief.ask("PUT", path, {**_TERMS, "reason": "test", **wrong})
    assert (answer.code, answer.json["fields"][0]["field"]) == ("invalid", field)
    assert await desk_office.db.execute(text("SELECT FROM roster_people")) == []


async def test_terms_are_nobodys_but_who_decides_about_leave(desk_office: Office) -> None:
    """Counsellors, for themselves too, and auditors neither see nor set them; nobody's terms are not there."""
    path = f"/api/roster-people/{desk_office.people[0]}"
    for browser in (desk_office.first, desk_office.auditor):
        assert (await browser.get("/api/roster-people")).code == "forbidden"
        assert (await browser.ask("PUT", path, {**_TERMS, "reason": "test"})).code == "forbidden"
    assert (await desk_office.chief.ask("PUT", f"/api/roster-people/{uuid4()}", {**_TERMS, "reason": "test"})).status == 404


async def test_the_access_log_is_read_by_action_and_by_days_of_seoul(desk_office: Office) -> None:
    """Both days included; midnight in Seoul, not in Greenwich, parts them."""
    await desk_office.edit(desk_office.cell(0, 5, "", "D"))
    desk_office.clock.advance(13 * 3600)
    for browser, name in ((desk_office.chief, "chief"), (desk_office.auditor, "auditor")):
        assert (await browser.sign_in(name)).status == 200
    await desk_office.edit(desk_office.cell(0, 6, "", "D"), base=1)
    read = "/api/access-log?action=roster_edited"
    assert len((await desk_office.auditor.get(read)).json["rows"]) == 2
    (first,) = (await desk_office.auditor.get(f"{read}&from={on(1)}&to={on(1)}")).json["rows"]
    (second,) = (await desk_office.auditor.get(f"{read}&from={on(2)}")).json["rows"]
    assert (first["at"] < second["at"], first["detail"]["base_version"], second["detail"]["base_version"]) == (True, 0, 1)
    assert (await desk_office.auditor.get(f"{read}&to=2026-12-31")).json["rows"] == []
    assert (await desk_office.auditor.get("/api/access-log?from=yesterday")).code == "invalid"
