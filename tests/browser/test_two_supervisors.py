"""Two supervisors at the same month."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.browser.kit import Room, Seat
from tests.integration.desk.office import Office

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_each_sees_what_the_other_does(here: Office, windows: Room) -> None:
    """Without loading anything anew, and by name."""
    chief = await windows.seat("chief")
    deputy = await windows.seat("deputy")
    await deputy.saved()
    await chief.cell(3, 7).click()
    await chief.press("n")
    await expect(deputy.cell(3, 7).locator("span")).to_have_text("N")
    await expect(deputy.cell(3, 7)).to_have_accessible_name("최누리, 1월 7일 (목), N, chief 님이 방금 바꿈")
    await deputy.picture("seen-by-the-other")


async def test_a_cell_that_another_has_changed_meanwhile_is_decided_by_who_typed_last(here: Office, windows: Room) -> None:
    """Whose it is, is said; each cell is chosen; nothing is overwritten before."""
    chief = await windows.seat("chief")
    deputy = await windows.seat("deputy")
    deputy.expected.add(409)
    let_go = await _held_back(deputy)
    await deputy.cell(0, 4).click()
    await deputy.press("Shift+ArrowRight", "e")
    await expect(deputy.page.get_by_role("status")).to_contain_text("2칸 저장 중")
    await chief.cell(0, 4).click()
    await chief.press("d", "n")
    await chief.holds(0, 5, "N")
    let_go.set()
    await expect(deputy.dialog).to_contain_text("같은 칸을 다른 사람도 바꾸었습니다")
    await expect(deputy.dialog).to_contain_text("chief")
    assert [await here.held(0, day) for day in (4, 5)] == [["D"], ["N"]]
    await deputy.picture("collision")
    await deputy.press("Escape")
    await expect(deputy.button("정하기")).to_be_disabled()
    await deputy.page.get_by_label("김하늘 1월 4일 (월): 상대 D").check()
    await deputy.page.get_by_label("김하늘 1월 5일 (화): 나 E").check()
    await deputy.button("정하기").click()
    await deputy.holds(0, 4, "D")
    await deputy.holds(0, 5, "E")
    assert [await here.held(0, day) for day in (4, 5)] == [["D"], ["E"]]
    await expect(chief.cell(0, 5).locator("span")).to_have_text("E")


async def _held_back(seat: Seat) -> asyncio.Event:
    """The first edit of this window stays on its way until the event is set."""
    let_go = asyncio.Event()

    async def wait(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await seat.page.route("**/edits", wait, times=1)
    return let_go
