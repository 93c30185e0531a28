"""A counsellor's own shifts."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.kit import Room
from tests.integration.desk.office import Office, on

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_a_swap_is_asked_for_agreed_to_and_approved(here: Office, windows: Room) -> None:
    """By the two and then a supervisor; every page that is open shows it by itself."""
    await here.whole_month()
    assert (await here.publish()).status == 200
    first = await windows.seat("first")
    await expect(first.page.get_by_role("heading", name="다가오는 근무")).to_be_visible()
    assert "요청함" not in await first.page.get_by_role("navigation").inner_text()
    mine = first.page.locator("section", has=first.page.get_by_role("heading", name="다가오는 근무"))
    await expect(mine).to_contain_text("1월 7일 (목) 낮 07:00–15:00")
    second = await windows.seat("second")
    chief = await windows.seat("chief", path="/inbox")
    await expect(chief.page.get_by_text("근무 교환 요청 (0)")).to_be_visible()

    await first.button("교환 요청: 1월 7일 (목) 낮").click()
    choice = first.dialog.locator("tr", has_text="이바다").first
    await first.picture("swap")
    await choice.get_by_role("button", name="요청하기").click()
    await expect(first.page.get_by_text("요청했습니다.")).to_be_visible()
    await expect(chief.page.get_by_text("근무 교환 요청 (1)")).to_be_visible()
    await expect(chief.button("승인")).to_be_disabled()

    await second.button("동의").click()
    await expect(chief.button("승인")).to_be_enabled()
    await chief.button("승인").click()
    await expect(chief.page.get_by_text("근무 교환 요청 (0)")).to_be_visible()
    await expect(first.page.get_by_text("승인됨")).to_be_visible()
    assert await here.held(0, 7) != ["D"]
    assert "D" in await here.held(1, 7)
    await expect(first.page.get_by_role("main")).not_to_contain_text("1월 7일 (목) 낮 07:00–15:00")


async def test_leave_is_asked_for_and_the_roster_shows_others_shifts_only(here: Office, windows: Room) -> None:
    """What a counsellor may read is what is in force; nothing there can be changed."""
    await here.whole_month()
    assert (await here.publish()).status == 200
    await here.edit(here.cell(5, 20, "", "D"))
    first = await windows.seat("first")
    await first.page.get_by_label("첫날").fill(on(20))
    await first.page.get_by_label("메모").fill("이사")
    await first.button("요청하기").click()
    await expect(first.page.get_by_text("휴가 1월 20일 (수) · 요청됨")).to_be_visible()
    chief = await windows.seat("chief", path="/inbox")
    await expect(chief.page.get_by_role("listitem").filter(has_text="이사")).to_contain_text("김하늘")
    await chief.button("승인").click()
    await expect(first.page.get_by_text("휴가 1월 20일 (수) · 승인됨")).to_be_visible()

    await first.page.get_by_role("link", name="근무표").click()
    await expect(first.cell(0, 1).locator("span")).to_have_text("D")
    await expect(first.cell(5, 20).locator("span")).to_have_text("")
    await first.cell(5, 20).click()
    await first.press("n")
    await expect(first.cell(5, 20).locator("span")).to_have_text("")
    await expect(first.button("게시")).to_have_count(0)
    await first.picture("roster-of-a-counsellor")
