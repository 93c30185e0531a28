"""What everybody must be able to read: by a screen reader, in the dark, on paper, with fingers."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.kit import Room
from tests.integration.desk.office import Office, on

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_axe_finds_nothing(here: Office, windows: Room) -> None:
    """On sign-in, roster, its dialogs, requests with the form for sick calls, and accounts; by day and by night."""
    await here.whole_month()
    await here.edit(here.cell(0, 5, "", "D"))
    seat = await windows.seat(bypass_csp=True)
    page = seat.page
    await page.goto(seat.url)
    await expect(page.get_by_label("비밀번호")).to_be_visible()
    assert await seat.axe() == []
    await seat.picture("sign-in")
    await seat.sign_in("chief")
    await seat.saved()
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert await seat.axe() == []
        await seat.picture(f"roster-{scheme}")
    await page.emulate_media(color_scheme="light")
    for button in ("게시", "자동 편성", "가져오기", "이력", "도움말", "칸", "모의 운영", "규칙", "필요 인원", "야간 건강진단"):
        await seat.button(button).click()
        await expect(seat.dialog).to_be_visible()
        await expect(seat.dialog.get_by_text("불러오는 중입니다")).to_have_count(0)
        assert await seat.axe("dialog") == [], button
        await seat.press("Escape")
        await expect(seat.dialog).to_have_count(0)
    for link in ("요청함", "계정", "내 계정"):
        await seat.go(link)
        await expect(page.get_by_text("불러오는 중입니다")).to_have_count(0)
        assert await seat.axe() == [], link


async def test_axe_finds_nothing_on_own_shifts(here: Office, windows: Room) -> None:
    """With shifts, a request, wishes and the calendar's address on it."""
    await here.whole_month()
    assert (await here.publish()).status == 200
    assert (await here.first.post("/api/leaves", {"first": on(20), "last": on(21), "kind": "annual"})).status == 201
    seat = await windows.seat("first", bypass_csp=True)
    await expect(seat.button("거두기")).to_be_visible()
    await seat.button("주소 만들기").click()
    await expect(seat.page.get_by_label("달력 주소")).to_have_value(re.compile(r"/ical/.+\.ics$"))
    assert await seat.axe() == []
    await seat.picture("own-shifts")


async def test_a_month_prints_on_one_sheet(here: Office, windows: Room) -> None:
    """A4, landscape, with every person and every day."""
    await here.whole_month()
    seat = await windows.seat("chief")
    await seat.saved()
    sheet = await seat.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", sheet)
    assert box is not None
    assert [round(float(side)) for side in box.groups()] == pytest.approx([842, 595], abs=1)
    await seat.page.emulate_media(media="print")
    await expect(seat.cell(13, 31)).to_be_visible()
    await expect(seat.button("게시")).to_be_hidden()
    await seat.picture("print")


async def test_a_month_is_edited_with_fingers(here: Office, windows: Room) -> None:
    """On a tablet: tap a cell, tap a shift; choose a range by two taps; swap by three."""
    seat = await windows.seat("chief", touch=True, viewport={"width": 1024, "height": 768})
    await seat.cell(0, 4).tap()
    await seat.page.get_by_role("button", name="D 낮").tap()
    await seat.holds(0, 4, "D")
    await seat.button("▦ 범위 선택").tap()
    await seat.cell(1, 6).tap()
    await seat.page.get_by_role("button", name="N 밤").tap()
    await seat.holds(1, 6, "N")
    await seat.button("▦ 범위 선택").tap()
    await seat.picture("tablet")
