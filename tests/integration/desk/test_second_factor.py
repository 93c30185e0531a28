"""The second factor over HTTP."""

from __future__ import annotations

import base64

from desk.access import totp
from tests.integration.desk.kit import PASSWORD, Browser, Served


def secret_of(given: str) -> bytes:
    """As an authenticator reads it."""
    return base64.b32decode(given + "=" * (-len(given) % 8))


def code_now(desk: Served, secret: bytes, steps: int = 0) -> str:
    """What the authenticator shows, or showed, or will show."""
    return totp.code(secret, int(desk.clock.now().timestamp()) // totp.PERIOD_S + steps)


async def set_up(desk: Served, browser: Browser) -> bytes:
    """Somebody with a second factor, signed in."""
    await desk.person()
    await browser.sign_in("haneul")
    made = (await browser.post("/api/session/second-factor", {"password": PASSWORD})).json
    secret = secret_of(made["secret"])
    assert (await browser.post("/api/session/second-factor/confirm", {"code": code_now(desk, secret)})).json["second_factor"]
    return secret


async def test_it_counts_only_when_a_code_of_it_was_given(desk: Served, browser: Browser) -> None:
    """A picture that was never scanned locks nobody out."""
    await desk.person()
    await browser.sign_in("haneul")
    assert (await browser.get("/api/session/second-factor.svg")).code == "not_found"
    assert (await browser.post("/api/session/second-factor", {"password": "wrong"})).code == "password_wrong"
    made = (await browser.post("/api/session/second-factor", {"password": PASSWORD})).json
    assert made["uri"].startswith("otpauth://totp/")
    assert len(secret_of(made["secret"])) == 20
    picture = await browser.get("/api/session/second-factor.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert "style=" not in picture.text
    wrong = code_now(desk, secret_of(made["secret"]), steps=5)
    assert (await browser.post("/api/session/second-factor/confirm", {"code": wrong})).code == "code_wrong"
    async with desk.browser() as other:
        assert (await other.sign_in("haneul")).status == 200


async def test_signing_in_asks_for_a_code_and_takes_each_once(desk: Served, browser: Browser) -> None:
    """A code that was seen over a shoulder, or on the wire, is worth nothing."""
    secret = await set_up(desk, browser)
    async with desk.browser() as other:
        assert (await other.sign_in("haneul")).code == "code_required"
        # The one that confirmed the authenticator is used, too.
        assert (await other.sign_in("haneul", code=code_now(desk, secret))).code == "code_wrong"
        desk.manual.advance(60)
        code = code_now(desk, secret)
        assert (await other.sign_in("haneul", code="000000" if code != "000000" else "111111")).code == "code_wrong"
        assert (await other.sign_in("haneul", "wrong", code=code)).code == "sign_in_refused"
        assert (await other.sign_in("haneul", code=f"{code[:3]} {code[3:]}")).status == 200
        assert (await other.sign_in("haneul", code=code)).code == "code_wrong"
        # An older one neither, although it is within the window.
        assert (await other.sign_in("haneul", code=code_now(desk, secret, steps=-1))).code == "code_wrong"
        desk.manual.advance(30)
        assert (await other.sign_in("haneul", code=code_now(desk, secret, steps=1))).status == 200


async def test_codes_cannot_be_tried_one_after_the_other(desk: Served, browser: Browser) -> None:
    """Who has the password has a million codes before them, and a few tries."""
    await set_up(desk, browser)
    async with desk.browser() as thief:
        codes = [(await thief.sign_in("haneul", code=f"{index:06d}")).code for index in range(12)]
        assert codes.count("code_wrong") <= 8
        assert codes[-1] == "too_many_attempts"


async def test_it_is_removed_with_the_password_or_by_a_supervisor(desk: Served, browser: Browser) -> None:
    """A lost telephone."""
    await set_up(desk, browser)
    assert (await browser.post("/api/session/second-factor/remove", {"password": "wrong"})).code == "password_wrong"
    assert (await browser.post("/api/session/second-factor/remove", {"password": PASSWORD})).json["second_factor"] is False
    async with desk.browser() as other:
        assert (await other.sign_in("haneul")).status == 200


async def test_the_secret_is_sealed_in_the_database(desk: Served, browser: Browser) -> None:
    """And can't be moved to another account."""
    secret = await set_up(desk, browser)
    from sqlalchemy import text

    (row,) = await desk.db.execute(text("SELECT * FROM desk_users"))
    assert secret not in row.totp_secret
    assert len(row.totp_secret) > len(secret)
    other = await desk.person("bada")
    await desk.desk.accounts.change(other.id, {"totp_secret": row.totp_secret})
    desk.manual.advance(60)
    async with desk.browser() as thief:
        assert (await thief.sign_in("bada", code=code_now(desk, secret))).code == "code_wrong"
