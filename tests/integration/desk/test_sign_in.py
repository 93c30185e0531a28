"""Signing in over HTTP: sessions, cookies, limits, passwords."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Role
from desk.access.passwords import PasswordBook
from tests.integration.desk.kit import PASSWORD, QUICK, Browser, Served, desk_settings, served


async def test_who_signs_in_is_told_who_they_are_and_what_they_may_do(desk: Served, browser: Browser) -> None:
    """The page builds itself from this answer."""
    user = await desk.person("하늘")
    assert (await browser.get("/api/session")).json == {
        "person": None, "permissions": [], "language": "ko", "must_change_password": False, "second_factor": False, "expired": False,
    }  # fmt: skip
    answer = await browser.sign_in(" 하늘 ")
    assert answer.status == 200
    assert answer.json["person"] == {"id": str(user.id), "name": "하늘", "role": "supervisor", "counsellor": None}
    assert "roster.edit" in answer.json["permissions"]
    assert (await browser.get("/api/session")).json == answer.json


async def test_a_wrong_password_and_an_unknown_name_look_the_same(desk: Served, browser: Browser) -> None:
    """Nobody learns which names exist."""
    await desk.person("haneul")
    wrong, unknown = await browser.sign_in("haneul", "something else"), await browser.sign_in("nobody", "something else")
    assert wrong.status == unknown.status == 401
    assert wrong.text == unknown.text
    assert wrong.code == "sign_in_refused"
    assert wrong.json["message"]["ko"]
    assert wrong.json["message"]["en"]
    assert not wrong.cookies


async def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(desk: Served, browser: Browser) -> None:
    """HttpOnly, SameSite=Strict, for every path; no domain."""
    await desk.person()
    cookies = (await browser.sign_in("haneul")).cookies
    assert set(cookies) == {"annyeong120-session", "annyeong120-device"}
    for cookie in cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Strict", "/", "")
        assert not cookie["secure"]


async def test_by_https_cookies_are_secure_and_bound_to_the_host(db: Database, tmp_path: Path) -> None:
    """`__Host-` and Secure, and browsers are told to stay with https."""
    settings = desk_settings(tmp_path, public_url="https://desk.example")
    async with served(db, settings) as here, here.browser() as browser:
        await here.person()
        answer = await browser.post("/api/session", {"name": "haneul", "password": PASSWORD}, origin="https://desk.example")
        assert answer.status == 200
        assert set(answer.cookies) == {"__Host-annyeong120-session", "__Host-annyeong120-device"}
        assert all(cookie["secure"] and not cookie["domain"] and cookie["path"] == "/" for cookie in answer.cookies.values())
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        assert (await browser.sign_in("haneul")).code == "origin_refused"


async def test_a_session_ends_when_nothing_was_done_for_too_long(desk: Served, browser: Browser) -> None:
    """Doing something puts it off; the answer says that it ended, so the page asks to sign in and keeps what was typed."""
    await desk.person()
    await browser.sign_in("haneul")
    idle_s = desk.settings.desk.session_idle_s
    for _ in range(3):
        desk.manual.advance(idle_s * 0.9)
        assert (await browser.get("/api/users")).status == 200
    desk.manual.advance(idle_s + 1)
    expired = await browser.get("/api/users")
    assert (expired.status, expired.code) == (401, "session_expired")
    assert (await browser.get("/api/session")).json["expired"] is True
    assert (await browser.sign_in("haneul")).status == 200
    assert (await browser.get("/api/users")).status == 200


async def test_what_the_page_does_by_itself_keeps_no_session_alive(desk: Served, browser: Browser) -> None:
    """Asking who is signed in is not doing something."""
    await desk.person()
    await browser.sign_in("haneul")
    for _ in range(3):
        desk.manual.advance(desk.settings.desk.session_idle_s * 0.45)
        asked = await browser.get("/api/session")
        assert asked.status == 200
    assert (await browser.get("/api/session")).json["person"] is None


async def test_a_session_ends_at_its_limit_whatever_is_done(desk: Served, browser: Browser) -> None:
    """A browser left open at the end of a shift is not a way in on the next day."""
    await desk.person()
    await browser.sign_in("haneul")
    step = desk.settings.desk.session_idle_s * 0.9
    for _ in range(int(desk.settings.desk.session_limit_s / step)):
        desk.manual.advance(step)
        assert (await browser.get("/api/users")).status == 200
    desk.manual.advance(step)
    assert (await browser.get("/api/users")).code == "session_expired"


async def test_signing_out_ends_the_session_for_who_copied_the_cookie_too(desk: Served, browser: Browser) -> None:
    """The database ends it, not the browser."""
    await desk.person()
    stolen = (await browser.sign_in("haneul")).cookies["annyeong120-session"].value
    assert (await browser.ask("DELETE", "/api/session")).status == 204
    async with desk.browser() as thief:
        thief.http.cookie_jar.update_cookies({"annyeong120-session": stolen})
        assert (await thief.get("/api/users")).code == "session_expired"


async def test_a_session_that_was_planted_in_the_browser_is_not_taken_over(desk: Served, browser: Browser) -> None:
    """Session fixation: signing in always makes a new secret, and ends the session that was there."""
    await desk.person("attacker", Role.COMPANION)
    await desk.person("haneul")
    async with desk.browser() as attacker:
        planted = (await attacker.sign_in("attacker")).cookies["annyeong120-session"].value
        browser.http.cookie_jar.update_cookies({"annyeong120-session": planted})
        made = (await browser.sign_in("haneul")).cookies["annyeong120-session"].value
        assert made != planted
        assert (await attacker.get("/api/session")).json["person"] is None
        invented = "x" * 43
        browser.http.cookie_jar.update_cookies({"annyeong120-session": invented})
        assert (await browser.sign_in("haneul")).cookies["annyeong120-session"].value != invented


async def test_sessions_survive_a_restart_of_the_program(db: Database, settings: Settings) -> None:
    """An update at noon signs nobody out."""
    clock = ManualClock()
    async with served(db, settings, clock=clock) as here:
        await here.person()
        browser = here.browser()
        await browser.sign_in("haneul")
    async with browser, served(db, settings, clock=clock):
        assert (await browser.get("/api/users")).status == 200


async def test_the_database_holds_nothing_that_signs_anybody_in(desk: Served, browser: Browser, db: Database) -> None:
    """A copy of the database has neither cookies nor passwords."""
    await desk.person()
    cookies = (await browser.sign_in("haneul")).cookies
    rows = await db.execute(text("SELECT to_jsonb(s) AS a FROM desk_sessions s UNION ALL SELECT to_jsonb(d) FROM desk_devices d"))
    users = await db.execute(text("SELECT * FROM desk_users"))
    stored = str(rows)
    assert all(cookie.value not in stored for cookie in cookies.values())
    assert users[0].password_hash.startswith("$argon2id$")


async def test_a_hash_with_old_parameters_is_made_anew_at_the_next_sign_in(db: Database, settings: Settings) -> None:
    """Stronger parameters reach everybody without anybody choosing a new password."""
    from argon2 import PasswordHasher

    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    async with served(db, settings) as here, here.browser() as browser:
        user = await here.person()
        before = (await here.desk.accounts.credentials(user.id)).password_hash
        here.desk.sign_in._passwords = PasswordBook(stronger)
        assert (await browser.sign_in("haneul")).status == 200
        after = (await here.desk.accounts.credentials(user.id)).password_hash
        assert "m=128,t=2" in after
        assert after != before
        assert (await browser.sign_in("haneul")).status == 200
        assert (await here.desk.accounts.credentials(user.id)).password_hash == after
    assert QUICK.check_needs_rehash(after)


async def test_a_one_time_password_opens_nothing_but_choosing_an_own_one(desk: Served, browser: Browser) -> None:
    """It works once, and only until the person has a password of their own."""
    await desk.person()
    await browser.sign_in("haneul")
    made = await browser.post("/api/users", {"sign_in_name": "bada", "name": "바다", "role": "counsellor"})
    assert made.status == 201
    password = made.json["password"]
    async with desk.browser() as theirs, desk.browser() as second:
        state = (await theirs.sign_in("bada", password)).json
        assert state["must_change_password"]
        assert state["permissions"] == []
        assert (await theirs.ask("PUT", "/api/session/language", {"language": "en"})).code == "password_change_required"
        assert (await second.sign_in("bada", password)).code == "sign_in_refused"
        changed = await theirs.post("/api/session/password", {"current": password, "new": PASSWORD})
        assert changed.status == 200
        assert not changed.json["must_change_password"]
        assert (await theirs.ask("PUT", "/api/session/language", {"language": "en"})).json["language"] == "en"
        assert (await second.sign_in("bada", PASSWORD)).status == 200


async def test_a_one_time_password_is_not_good_for_ever(desk: Served, browser: Browser) -> None:
    """A slip of paper that was lost is worth nothing after three days."""
    await desk.person()
    await browser.sign_in("haneul")
    password = (await browser.post("/api/users", {"sign_in_name": "bada", "name": "바다", "role": "counsellor"})).json["password"]
    desk.manual.advance(3 * 86400 + 1)
    async with desk.browser() as theirs:
        assert (await theirs.sign_in("bada", password)).code == "sign_in_refused"


async def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(desk: Served, browser: Browser) -> None:
    """Who fears that somebody knows the password gets them out by changing it."""
    await desk.person()
    async with desk.browser() as elsewhere:
        await elsewhere.sign_in("haneul")
        await browser.sign_in("haneul")
        assert (await elsewhere.get("/api/users")).status == 200
        new = "구름 아래 큰 나무 셋"
        wrong = await browser.post("/api/session/password", {"current": "not this one", "new": new})
        assert (wrong.status, wrong.code) == (403, "password_wrong")
        assert (await browser.post("/api/session/password", {"current": PASSWORD, "new": new})).status == 200
        assert (await elsewhere.get("/api/users")).code == "session_expired"
        assert (await browser.get("/api/users")).status == 200
        assert (await elsewhere.sign_in("haneul")).code == "sign_in_refused"
        assert (await elsewhere.sign_in("haneul", new)).status == 200


async def test_weak_passwords_are_refused_with_the_reason(desk: Served, browser: Browser) -> None:
    """In both languages, at the field."""
    await desk.person()
    await browser.sign_in("haneul")
    reasons = {"short": "too_short", "password1234": "common", "haneul1234": "own_name", PASSWORD: "same_as_before"}
    for new, why in reasons.items():
        answer = await browser.post("/api/session/password", {"current": PASSWORD, "new": new})
        assert (answer.status, answer.code) == (422, "weak_password")
        (wrong,) = answer.json["fields"]
        assert (wrong["field"], wrong["code"]) == ("new", why)
        assert wrong["message"]["ko"]
        assert wrong["message"]["en"]


async def test_a_password_is_the_same_from_every_keyboard(desk: Served, browser: Browser) -> None:
    """One system composes 한글, another does not."""
    import unicodedata

    await desk.person()
    assert unicodedata.normalize("NFD", PASSWORD) != PASSWORD
    assert (await browser.sign_in("haneul", unicodedata.normalize("NFD", PASSWORD))).status == 200


async def test_a_closed_account_is_out_at_once(desk: Served, browser: Browser) -> None:
    """Who has left the house does not finish the session."""
    await desk.person()
    other = await desk.person("bada", Role.COUNSELLOR)
    async with desk.browser() as theirs:
        await theirs.sign_in("bada")
        await browser.sign_in("haneul")
        assert (await browser.ask("PATCH", f"/api/users/{other.id}", {"disabled": True})).json["disabled_at"]
        assert (await theirs.ask("PUT", "/api/session/language", {"language": "en"})).code == "session_expired"
        assert (await theirs.sign_in("bada")).code == "sign_in_refused"
        assert (await browser.ask("PATCH", f"/api/users/{other.id}", {"disabled": False})).json["disabled_at"] is None
        assert (await theirs.sign_in("bada")).status == 200


async def test_sign_ins_at_the_same_moment_all_get_sessions_of_their_own(desk: Served, db: Database) -> None:
    """The start of a shift."""
    await desk.person()
    browsers = [desk.browser() for _ in range(8)]
    try:
        answers = await asyncio.gather(*(browser.sign_in("haneul") for browser in browsers))
        assert [answer.status for answer in answers] == [200] * 8
        assert len({answer.cookies["annyeong120-session"].value for answer in answers}) == 8
    finally:
        for browser in browsers:
            await browser.http.close()
