"""Accounts of others, and the access log for auditors."""

from __future__ import annotations

from uuid import uuid4

import pytest
import structlog

from desk.access.model import MANAGES, Role
from tests.integration.desk.kit import Browser, Served


@pytest.mark.parametrize("mine", [Role.SUPERVISOR, Role.OPERATOR])
async def test_nobody_reaches_accounts_that_are_not_theirs_to_change(desk: Served, browser: Browser, mine: Role) -> None:
    """A supervisor can't become an auditor, nor take over an auditor's account."""
    await desk.person("haneul", mine)
    await browser.sign_in("haneul")
    for role in Role:
        may = role in MANAGES[mine]
        other = await desk.person(f"other-{role}", role)
        made = await browser.post("/api/users", {"sign_in_name": f"new-{role}", "name": "새", "role": str(role)})
        assert (made.status == 201) is may, role
        answers = [
            await browser.post(f"/api/users/{other.id}/password"),
            await browser.ask("PATCH", f"/api/users/{other.id}", {"name": "다른 이름"}),
            await browser.ask("DELETE", f"/api/users/{other.id}/second-factor"),
        ]
        assert [answer.status for answer in answers] == ([200] * 3 if may else [403] * 3), role
    someone = await desk.person("someone", Role.COUNSELLOR)
    raised = await browser.ask("PATCH", f"/api/users/{someone.id}", {"role": "auditor"})
    assert (raised.status == 200) is (Role.AUDITOR in MANAGES[mine])


async def test_nobody_closes_or_changes_their_own_account(desk: Served, browser: Browser) -> None:
    """The last one who may open accounts does not lock everybody out by a wrong click."""
    me = await desk.person("haneul", Role.OPERATOR)
    await browser.sign_in("haneul")
    assert (await browser.ask("PATCH", f"/api/users/{me.id}", {"disabled": True})).code == "forbidden"
    assert (await browser.ask("PATCH", f"/api/users/{me.id}", {"role": "supervisor"})).code == "forbidden"
    assert (await browser.ask("PATCH", f"/api/users/{me.id}", {"name": "새 이름"})).json["name"] == "새 이름"


async def test_names_taken_and_people_who_are_not_there_are_said(desk: Served, browser: Browser) -> None:
    """Two people with one name sign in by different ones."""
    await desk.person("haneul")
    await browser.sign_in("haneul")
    new = {"sign_in_name": "HANEUL", "name": "하늘", "role": "counsellor"}
    assert (await browser.post("/api/users", new)).code == "name_taken"
    assert (await browser.post("/api/users", {**new, "sign_in_name": "하늘2"})).status == 201
    assert (await browser.post("/api/users", {**new, "sign_in_name": "하늘3", "counsellor": str(uuid4())})).json["fields"][0][
        "field"
    ] == "counsellor"
    assert (await browser.post(f"/api/users/{uuid4()}/password")).code == "not_found"
    assert (await browser.post("/api/users", {**new, "role": "king"})).json["fields"][0]["code"] == "enum"


async def test_a_reset_password_ends_the_sessions_of_whom_it_is(desk: Served, browser: Browser) -> None:
    """The old one is worth nothing, and the browsers are strangers again."""
    await desk.person()
    other = await desk.person("bada", Role.COUNSELLOR)
    async with desk.browser() as theirs:
        await theirs.sign_in("bada")
        await browser.sign_in("haneul")
        password = (await browser.post(f"/api/users/{other.id}/password")).json["password"]
        assert (await theirs.ask("PUT", "/api/session/language", {"language": "en"})).code == "session_expired"
        assert (await theirs.sign_in("bada")).code == "sign_in_refused"
        assert (await theirs.sign_in("bada", password)).json["must_change_password"]


async def test_an_auditor_reads_who_did_what_and_stands_in_the_log_too(desk: Served, browser: Browser) -> None:
    """The newest first, by person, by object, page by page."""
    me = await desk.person()
    other = await desk.person("bada", Role.COUNSELLOR)
    await desk.person("gamsa", Role.AUDITOR)
    await browser.sign_in("haneul")
    await browser.post(f"/api/users/{other.id}/password")
    async with desk.browser() as auditor:
        await auditor.sign_in("gamsa")
        rows = (await auditor.get("/api/access-log")).json["rows"]
        assert [row["action"] for row in rows] == ["access_log_read", "signed_in", "password_reset", "signed_in"]
        about = (await auditor.get(f"/api/access-log?about={other.id}")).json["rows"]
        assert [(row["action"], row["actor"]) for row in about] == [("password_reset", str(me.id))]
        mine = (await auditor.get(f"/api/access-log?actor={me.id}&before=2")).json["rows"]
        assert [row["number"] for row in mine] == [1]
        assert (await auditor.get("/api/access-log?before=x")).json["fields"][0]["field"] == "query.before"
        assert (await auditor.get("/api/access-log?colour=red")).json["fields"][0]["code"] == "extra_forbidden"
        assert (await auditor.get("/api/access-log?before=1&before=2")).code == "invalid"


async def test_the_log_has_neither_passwords_nor_names_nor_cookies(desk: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is typed into whichever field."""
    # A command that ran in this process before may have silenced the module's own.
    monkeypatch.setattr("desk.access.sign_in.log", structlog.get_logger())
    await desk.person("haneul")
    with structlog.testing.capture_logs() as logs:
        await browser.sign_in("haneul", "mistyped password 7")
        await browser.sign_in("password in the name field", "x")
        signed_in = await browser.sign_in("haneul")
        await browser.post("/api/users", {"sign_in_name": "bada", "name": "바다", "role": "counsellor"})
    written = repr(logs)
    cookies = [cookie.value for cookie in signed_in.cookies.values()]
    for secret in ("mistyped", "name field", "haneul", "bada", "바다", *cookies):
        assert secret not in written
    assert {line["event"] for line in logs} >= {"desk_sign_in_refused", "desk_signed_in"}
