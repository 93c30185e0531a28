"""Guessing is slow, and nobody can be locked out by somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.database import Database
from desk.access.model import Role
from tests.integration.desk.kit import Answer, Browser, Served, desk_settings, served


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """A desk behind a proxy, so that a test may come from many addresses."""
    async with served(db, desk_settings(tmp_path, proxies=("127.0.0.1",))) as here:
        yield here


def came_from(address: str) -> dict[str, str]:
    """What the proxy says."""
    return {"X-Forwarded-For": address}


async def flood(desk: Served, name: str, sources: int, each: int) -> list[Answer]:
    """Wrong passwords from many addresses, each with a browser of its own."""
    tries = [(source, index) for source in range(sources) for index in range(each)]
    answers: list[Answer] = []
    async with desk.browser() as evil:
        # As many at once as may wait; more would be told to come again, which looks at no password.
        for begin in range(0, len(tries), 20):
            answers += await asyncio.gather(
                *(
                    evil.sign_in(name, f"wrong {index}", headers=came_from(f"198.51.100.{source}"))
                    for source, index in tries[begin : begin + 20]
                )
            )
    return answers


async def test_more_at_once_than_can_be_looked_at_are_told_to_come_again(desk: Served, browser: Browser) -> None:
    """Two hundred at the same moment: the database stays free for others, and the known browser is served meanwhile."""
    await desk.person()
    await browser.sign_in("haneul")
    async with desk.browser() as evil:
        crowd = asyncio.gather(*(evil.sign_in("haneul", "wrong", headers=came_from(f"198.51.100.{index}")) for index in range(200)))
        known = [(await browser.sign_in("haneul")).status for _ in range(3)]
        codes = {answer.code for answer in await crowd}
    assert known == [200] * 3
    assert "busy" in codes
    assert codes <= {"busy", "sign_in_refused", "too_many_attempts"}


async def test_a_flood_from_elsewhere_never_keeps_the_right_person_out_on_their_browser(desk: Served, browser: Browser) -> None:
    """Hundreds of wrong passwords from many addresses; the person signs in at the first try, and again."""
    await desk.person()
    await browser.sign_in("haneul")
    await browser.ask("DELETE", "/api/session")
    answers = await flood(desk, "haneul", sources=20, each=15)
    assert {answer.code for answer in answers} <= {"sign_in_refused", "too_many_attempts", "busy"}
    assert (await flood(desk, "haneul", sources=1, each=1))[0].code == "too_many_attempts"
    for _ in range(3):
        assert (await browser.sign_in("haneul", headers=came_from("198.51.100.1"))).status == 200


async def test_of_a_flood_only_so_many_passwords_are_looked_at(desk: Served, db: Database) -> None:
    """By address, by account and address, and by account; the answer says when to come again."""
    await desk.person()
    one = await flood(desk, "haneul", sources=1, each=30)
    looked_at = [answer for answer in one if answer.code == "sign_in_refused"]
    assert len(looked_at) == 8
    late = next(answer for answer in one if answer.code == "too_many_attempts")
    assert late.status == 429
    assert 0 < int(late.headers["Retry-After"]) <= 15 * 60
    many = await flood(desk, "haneul", sources=20, each=8)
    assert sum(answer.code == "sign_in_refused" for answer in many) <= 42
    assert await desk.attempts() <= 50
    (row,) = await db.execute(text("SELECT max(failures) AS most FROM desk_attempts"))
    assert row.most <= 52


async def test_guessing_at_many_accounts_from_one_address_is_slow_too(desk: Served) -> None:
    """One password tried on everybody."""
    for index in range(45):
        await flood(desk, f"nobody{index}", sources=1, each=1)
    assert (await flood(desk, "somebody", sources=1, each=1))[0].code == "too_many_attempts"
    assert await desk.attempts() == 40


async def test_the_count_is_over_after_its_window(desk: Served, browser: Browser) -> None:
    """And attempts that were refused do not make it longer."""
    await desk.person()
    answers = [await browser.sign_in("haneul", "wrong", headers=came_from("198.51.100.7")) for _ in range(12)]
    assert answers[-1].code == "too_many_attempts"
    assert (await browser.sign_in("haneul", headers=came_from("198.51.100.7"))).code == "too_many_attempts"
    desk.manual.advance(15 * 60 + 1)
    assert (await browser.sign_in("haneul", headers=came_from("198.51.100.7"))).status == 200


async def test_signing_in_rightly_counts_nothing(desk: Served) -> None:
    """A house behind one address, at the start of a shift."""
    await desk.person()
    for _ in range(15):
        async with desk.browser() as fresh:
            assert (await fresh.sign_in("haneul", headers=came_from("198.51.100.9"))).status == 200


async def test_a_known_browser_may_not_guess_for_ever_either(desk: Served, browser: Browser) -> None:
    """A browser that was left behind; and it is known only for its own person."""
    await desk.person()
    await desk.person("bada", Role.COUNSELLOR)
    await browser.sign_in("haneul")
    codes = [(await browser.sign_in("haneul", "wrong")).code for _ in range(12)]
    assert codes.count("sign_in_refused") == 10
    assert codes[-1] == "too_many_attempts"
    others = [(await browser.sign_in("bada", "wrong")).code for _ in range(10)]
    assert others.count("sign_in_refused") == 8


async def test_the_address_is_not_believed_from_whoever_says_it(db: Database, tmp_path: Path) -> None:
    """Without a proxy in the settings the header means nothing: a new address with every try gains nothing."""
    async with served(db, desk_settings(tmp_path)) as here, here.browser() as evil:
        await here.person()
        codes = [(await evil.sign_in("haneul", "wrong", headers=came_from(f"198.51.100.{index}"))).code for index in range(12)]
        assert codes.count("sign_in_refused") == 8


async def test_guessing_the_current_password_in_an_open_session_is_slow(desk: Served, browser: Browser) -> None:
    """A passer-by at a page that was left open."""
    await desk.person()
    await browser.sign_in("haneul")
    change = {"current": "wrong", "new": "구름 아래 큰 나무 셋"}
    codes = [(await browser.post("/api/session/password", change)).code for _ in range(12)]
    assert codes == ["password_wrong"] * 10 + ["too_many_attempts"] * 2
