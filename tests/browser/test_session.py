"""What happens to work when the session ends or the server is away."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.kit import Room
from tests.integration.desk.kit import PASSWORD
from tests.integration.desk.office import Office

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_an_edit_survives_the_end_of_the_session(here: Office, windows: Room) -> None:
    """The page stays as it is, asks to sign in where one is, and then saves what was typed."""
    seat = await windows.seat("chief")
    seat.expected.add(401)
    await seat.cell(2, 9).click()
    await seat.press("d")
    await seat.holds(2, 9, "D")
    here.clock.advance(3601)
    await seat.press("Shift+ArrowRight", "e")
    await expect(seat.dialog).to_contain_text("다시 로그인하세요")
    await expect(seat.dialog).to_contain_text("입력한 것은 그대로 있으며")
    assert (await here.held(2, 10), await here.held(2, 11)) == ([], [])
    await seat.picture("session-expired")
    await seat.press("Escape")
    await seat.dialog.get_by_label("이름").fill("chief")
    await seat.dialog.get_by_label("비밀번호").fill("wrong password")
    await seat.press("Enter")
    await expect(seat.dialog.locator(".wrong")).to_be_visible()
    await seat.dialog.get_by_label("비밀번호").fill(PASSWORD)
    await seat.press("Enter")
    await expect(seat.dialog).to_have_count(0)
    await seat.holds(2, 10, "E")
    await seat.holds(2, 11, "E")
    assert (await here.held(2, 10), await here.held(2, 11)) == (["E"], ["E"])
    await seat.press("n")
    await seat.holds(2, 11, "N")


async def test_an_edit_that_does_not_reach_the_server_waits_also_over_a_reload(here: Office, windows: Room) -> None:
    """It is shown as waiting, and sent once the server answers again."""
    seat = await windows.seat("chief")
    seat.expected.add(503)

    async def away(route: Route) -> None:
        await route.fulfill(status=503, body="")

    await seat.page.route("**/edits", away)
    await seat.cell(4, 9).click()
    await seat.press("n")
    await expect(seat.page.get_by_role("status")).to_contain_text("1칸이 서버 연결을 기다립니다")
    await seat.page.reload()
    await expect(seat.cell(4, 9)).to_have_accessible_name("정다솜, 1월 9일 (토), N, 저장 대기")
    assert await here.held(4, 9) == []
    await seat.page.unroute("**/edits")
    await seat.holds(4, 9, "N")
    assert await here.held(4, 9) == ["N"]
